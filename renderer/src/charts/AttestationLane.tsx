import { useState } from 'react';
import { cx, SimulatedTag, Table, type Column } from '../ui/index.ts';
import styles from './Chart.module.css';
import { cursorHandlers, useCursor } from './cursor.tsx';
import { Grid, KeyLine, XAxisRow } from './parts.tsx';
import { formatX, gutters, type XKind } from './x-axis.ts';
import { linearScale } from './scale.ts';
import { useWidth } from '../ui/useWidth.ts';

export interface LaneBlock {
  readonly from: number;
  readonly until: number;
  /** Each verified block is one piece of fresh evidence; where the next begins there is a cut. */
  readonly state: 'verified' | 'overridden' | 'gap' | 'refused' | 'lost';
}

export interface Lane {
  readonly node: string;
  /** Simulated hardware: hatched blocks, never the sheen. */
  readonly simulated: boolean;
  readonly blocks: ReadonlyArray<LaneBlock>;
  /** At the right end: "1:52 old", "lost 11:54". */
  readonly note?: string;
  /** Beside the end of a lane that was lost or refused. */
  readonly why?: string;
}

export interface AttestationLaneProps {
  readonly lanes: ReadonlyArray<Lane>;
  readonly xKind: XKind;
  readonly xDomain: readonly [number, number];
  readonly now?: number | undefined;
  readonly checkpoints?: ReadonlyArray<{ readonly x: number; readonly label: string }>;
  readonly showX?: boolean;
}

const laneHeight = 22;
const barHeight = 10;

const stateWords = {
  verified: 'verified',
  overridden: 'overridden by custodians',
  gap: 'no fresh evidence',
  refused: 'refused',
  lost: 'lost',
} as const;

/** The text alternative of one lane. */
export function describeLane(lane: Lane): string {
  const verified = lane.blocks.filter((block) => block.state === 'verified').length;
  const gaps = lane.blocks.filter((block) => block.state === 'gap').length;
  const end = lane.blocks.at(-1)?.state;
  return [
    `${lane.node}${lane.simulated ? ', SIMULATED' : ''}: evidence verified ${verified} ${verified === 1 ? 'time' : 'times'}`,
    gaps === 0 ? 'no gap' : `${gaps} ${gaps === 1 ? 'gap' : 'gaps'}`,
    ...(lane.blocks.some((block) => block.state === 'overridden') ? ['overridden by custodians'] : []),
    ...(end === 'lost' || end === 'refused' ? [`then ${stateWords[end]}`] : []),
    ...(lane.note === undefined ? [] : [lane.note]),
  ].join(', ');
}

/** When each node had fresh evidence, on the same scale as the charts above. */
export function AttestationLane({ lanes, xKind, xDomain, now, checkpoints = [], showX = true }: AttestationLaneProps) {
  const [ref, width] = useWidth(960);
  const [asTable, setAsTable] = useState(false);
  const cursor = useCursor();
  const { left, right } = gutters(width);
  const x = linearScale(xDomain, [left, Math.max(left + 10, width - right)]);
  const lanesEnd = lanes.length * laneHeight + 4;
  const height = lanesEnd + (checkpoints.length > 0 ? 18 : 2);
  const stops = [...new Set(lanes.flatMap((lane) => lane.blocks.map((block) => block.from)))].toSorted((a, b) => a - b);
  const anySimulated = lanes.some((lane) => lane.simulated);
  const anyReal = lanes.some((lane) => !lane.simulated);
  const anyGap = lanes.some((lane) => lane.blocks.some((block) => block.state === 'gap'));
  const anyOverridden = lanes.some((lane) => lane.blocks.some((block) => block.state === 'overridden'));
  const anyVerified = lanes.some((lane) => lane.blocks.some((block) => block.state === 'verified'));
  const anyLost = lanes.some((lane) =>
    lane.blocks.some((block) => block.state === 'lost' || block.state === 'refused'),
  );
  const lastCheckpoint = checkpoints.at(-1);
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.title}>
        <h2>Attestation lane</h2>
        {anySimulated ? <SimulatedTag /> : null}
        {anyReal ? <KeyLine kind="verified">verified, a cut at each renewal</KeyLine> : null}
        {anySimulated && (anyVerified || !anyOverridden) ? (
          <KeyLine kind="simulated">verified simulated evidence, a cut at each renewal</KeyLine>
        ) : null}
        {anyOverridden ? <KeyLine kind="overridden">{stateWords.overridden}</KeyLine> : null}
        {anyGap ? <KeyLine kind="gap">no fresh evidence</KeyLine> : null}
        {anyLost ? <KeyLine kind="lost">lost or refused</KeyLine> : null}
        {checkpoints.length === 0 ? null : <KeyLine kind="checkpoint">checkpoint</KeyLine>}
        <span className="grow" />
        <button type="button" className={styles.toggle} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'As chart' : 'As table'}
        </button>
      </figcaption>
      <div ref={ref}>
        {asTable ? (
          <LaneTable lanes={lanes} xKind={xKind} />
        ) : (
          <div
            className={styles.plot}
            role="slider"
            tabIndex={0}
            aria-label={`Attestation lane. ${lanes.map(describeLane).join('. ')}.`}
            aria-valuemin={xDomain[0]}
            aria-valuemax={xDomain[1]}
            aria-valuenow={cursor.x ?? xDomain[0]}
            aria-valuetext={cursor.x === undefined ? 'no cursor' : describeAt(lanes, cursor.x, xKind)}
            {...cursorHandlers(cursor, x, stops)}
          >
            <svg width={width} height={height} aria-hidden="true" className={styles.lines}>
              <Grid x={x} kind={xKind} width={width} height={height} />
              {now === undefined ? null : (
                <line className={styles.now} x1={x.at(now)} x2={x.at(now)} y1={0} y2={height} />
              )}
              {lanes.map((lane, index) => (
                <LaneRow key={lane.node} lane={lane} top={index * laneHeight} x={x} width={width} />
              ))}
              <line className={styles.axis} x1={left} x2={width - right} y1={lanesEnd} y2={lanesEnd} />
              {checkpoints.length === 0 ? null : (
                <text className={styles.text} x={0} y={height - 4}>
                  checkpoints
                </text>
              )}
              {checkpoints.map((checkpoint) => (
                <g key={checkpoint.x} transform={`translate(${x.at(checkpoint.x)} ${lanesEnd})`}>
                  <path className={styles.tick} d="M0 0v8" />
                  <rect
                    className={checkpoint === lastCheckpoint ? styles.checkpointLast : styles.checkpoint}
                    x={-2.5}
                    y={7}
                    width={5}
                    height={5}
                  />
                  {checkpoint === lastCheckpoint ? (
                    <text className={cx(styles.text, styles.mid, styles.halo)} x={8} y={14}>
                      {checkpoint.label}
                    </text>
                  ) : null}
                </g>
              ))}
              {cursor.x === undefined ? null : (
                <line className={styles.cursor} x1={x.at(cursor.x)} x2={x.at(cursor.x)} y1={0} y2={height} />
              )}
            </svg>
          </div>
        )}
        {showX && !asTable ? <XAxisRow x={x} width={width} kind={xKind} cursor={cursor.x} now={now} /> : null}
      </div>
    </figure>
  );
}

function describeAt(lanes: ReadonlyArray<Lane>, at: number, kind: XKind): string {
  const states = lanes.map((lane) => {
    const block = lane.blocks.find((candidate) => at >= candidate.from && at < candidate.until);
    return `${lane.node} ${block === undefined ? 'not in the run' : stateWords[block.state]}`;
  });
  return `${kind} ${formatX(at, kind)}: ${states.join(', ')}`;
}

function LaneRow({
  lane,
  top,
  x,
  width,
}: {
  readonly lane: Lane;
  readonly top: number;
  readonly x: ReturnType<typeof linearScale>;
  readonly width: number;
}) {
  const barTop = top + (laneHeight - barHeight) / 2;
  const ended = lane.blocks.find((block) => block.state === 'lost' || block.state === 'refused');
  const endsAt = ended === undefined ? undefined : x.at(ended.from);
  return (
    <g>
      <text className={styles.name} x={0} y={top + 15}>
        {lane.node.length > 14 ? `${lane.node.slice(0, 13)}…` : lane.node}
        <title>{lane.node}</title>
      </text>
      {lane.blocks.map((block, index) => {
        const left = x.at(block.from);
        const length = Math.max(1, x.at(block.until) - left);
        if (block.state === 'lost' || block.state === 'refused') return null;
        const follows = index > 0 && lane.blocks[index - 1]?.state === 'verified' && block.state === 'verified';
        return (
          <g key={block.from}>
            {block.state === 'overridden' ? (
              <rect
                className={styles.overriddenBar}
                x={left + 2}
                y={barTop + 3}
                width={Math.max(1, length - 4)}
                height={barHeight - 6}
              />
            ) : null}
            {block.state === 'gap' || block.state === 'overridden' ? (
              <rect
                data-state={block.state}
                className={styles.gapBlock}
                x={left + 0.5}
                y={barTop + 0.5}
                width={Math.max(1, length - 1)}
                height={barHeight - 1}
              />
            ) : (
              <rect
                data-state="verified"
                data-simulated={lane.simulated}
                className={lane.simulated ? styles.simulated : styles.verified}
                x={lane.simulated ? left + 0.5 : left}
                y={lane.simulated ? barTop + 0.5 : barTop}
                width={lane.simulated ? Math.max(1, length - 1) : length}
                height={lane.simulated ? barHeight - 1 : barHeight}
              />
            )}
            {follows ? (
              <line className={styles.cut} x1={left} x2={left} y1={barTop - 1} y2={barTop + barHeight + 1} />
            ) : null}
          </g>
        );
      })}
      {endsAt === undefined ? null : (
        <>
          <rect className={styles.lost} x={endsAt} y={barTop - 1} width={8} height={barHeight + 2} />
          {lane.why === undefined ? null : (
            <>
              <line className={styles.lostLine} x1={endsAt + 12} x2={endsAt + 40} y1={top + 11} y2={top + 11} />
              <text className={cx(styles.text, styles.lostText, styles.halo)} x={endsAt + 46} y={top + 15}>
                {lane.why}
              </text>
            </>
          )}
        </>
      )}
      {lane.note === undefined ? null : (
        <text
          className={cx(styles.text, ended === undefined ? styles.strong : styles.lostText)}
          x={width - gutters(width).right + 8}
          y={top + 15}
        >
          {lane.note}
        </text>
      )}
    </g>
  );
}

function LaneTable({ lanes, xKind }: { readonly lanes: ReadonlyArray<Lane>; readonly xKind: XKind }) {
  const rows = lanes.flatMap((lane) =>
    lane.blocks.map((block) => ({
      ...block,
      node: lane.node,
      simulated: lane.simulated,
      key: `${lane.node}:${block.from}`,
    })),
  );
  return (
    <div className={styles.table}>
      <Table
        label="Attestation lane, as a table"
        rows={rows}
        rowKey={(row) => row.key}
        flush
        columns={laneColumns(xKind)}
      />
    </div>
  );
}

interface LaneTableRow extends LaneBlock {
  readonly key: string;
  readonly node: string;
  readonly simulated: boolean;
}

function laneColumns(xKind: XKind): ReadonlyArray<Column<LaneTableRow>> {
  return [
    {
      id: 'node',
      title: 'Node',
      width: 'minmax(120px, 1fr)',
      cell: (row) => <span className="mono">{row.node}</span>,
    },
    {
      id: 'state',
      title: 'Evidence',
      width: 'minmax(160px, 1fr)',
      cell: (row) => `${stateWords[row.state]}${row.simulated ? ', SIMULATED' : ''}`,
    },
    { id: 'from', title: 'From', width: '100px', align: 'end', cell: (row) => formatX(row.from, xKind) },
    { id: 'until', title: 'Until', width: '100px', align: 'end', cell: (row) => formatX(row.until, xKind) },
  ];
}
