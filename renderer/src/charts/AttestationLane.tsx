import { SimulatedTag, formatCount, plural } from '../ui/index.ts';
import styles from './Charts.module.css';
import { plotMargin } from './StepPlot.tsx';

export interface LaneBlock {
  readonly fromStep: number;
  readonly untilStep: number;
  readonly state: 'verified' | 'gap' | 'refused' | 'lost';
}

export interface LaneNode {
  readonly name: string;
  readonly blocks: readonly LaneBlock[];
  /** At the right end: "1:52 old". */
  readonly end: string;
}

export interface AttestationLaneProps {
  readonly lanes: readonly LaneNode[];
  readonly lastStep: number;
  readonly checkpoints: ReadonlyArray<{ readonly step: number }>;
  /** Simulated evidence is hatched and never gets the pearl. */
  readonly simulated: boolean;
  readonly cursor: number | undefined;
}

const blockHeight = 9;

/** Evidence by step: a block from each renewal to the next, a cut at each renewal; a gap is an empty warned block. */
export function AttestationLane({ lanes, lastStep, checkpoints, simulated, cursor }: AttestationLaneProps) {
  const percent = (step: number) => `${(Math.min(step, lastStep) / Math.max(1, lastStep)) * 100}%`;
  return (
    <div className={styles.lanes}>
      <div className={styles.titleLine}>
        <h2>Attestation lane</h2>
        {simulated ? <SimulatedTag /> : null}
        <span className={styles.key}>
          <svg width="20" height={blockHeight} aria-hidden="true">
            <Block x="0" width="20" state="verified" simulated={simulated} />
          </svg>
          {simulated ? 'evidence checked, no hardware behind it' : 'verified, a cut at each renewal'}
        </span>
        <span className={styles.key}>
          <svg width="20" height={blockHeight} aria-hidden="true">
            <Block x="1" width="18" state="gap" simulated={simulated} />
          </svg>
          no fresh evidence
        </span>
        <span className={styles.key}>
          <svg width="7" height="7" aria-hidden="true">
            <rect width="7" height="7" className={styles.checkpoint} />
          </svg>
          checkpoint
        </span>
      </div>
      {lanes.map((lane) => (
        <div
          key={lane.name}
          className={styles.lane}
          style={{ gridTemplateColumns: `${plotMargin.left}px minmax(0, 1fr) ${plotMargin.right}px` }}
        >
          <span className="mono clip">{lane.name}</span>
          <svg role="img" height={blockHeight} width="100%" aria-label={`${lane.name}: ${describe(lane.blocks)}`}>
            {lane.blocks.map((block) => (
              <Block
                key={`${block.fromStep}-${block.state}`}
                x={percent(block.fromStep)}
                width={`${((Math.max(block.untilStep, block.fromStep) - block.fromStep) / Math.max(1, lastStep)) * 100}%`}
                state={block.state}
                simulated={simulated}
              />
            ))}
            {lane.blocks.slice(1).map((block) => (
              <rect
                key={`cut-${block.fromStep}`}
                x={percent(block.fromStep)}
                width="1.5"
                height={blockHeight}
                className={styles.cut}
              />
            ))}
            {cursor === undefined ? null : (
              <rect x={percent(cursor)} width="1" height={blockHeight} className={styles.cursorFill} />
            )}
          </svg>
          <span className="small faint clip">{lane.end}</span>
        </div>
      ))}
      <div
        className={styles.lane}
        style={{ gridTemplateColumns: `${plotMargin.left}px minmax(0, 1fr) ${plotMargin.right}px` }}
      >
        <span className="small faint">checkpoints</span>
        <svg height={blockHeight} width="100%" role="img" aria-label={plural(checkpoints.length, 'sealed checkpoint')}>
          {checkpoints.map((checkpoint) => (
            <rect
              key={checkpoint.step}
              x={percent(checkpoint.step)}
              y="1"
              width="6"
              height="6"
              transform="translate(-6 0)"
              className={styles.checkpoint}
            />
          ))}
        </svg>
        <span className="small faint">{formatCount(checkpoints.length)} sealed</span>
      </div>
    </div>
  );
}

interface BlockProps {
  readonly x: string;
  readonly width: string;
  readonly state: LaneBlock['state'];
  readonly simulated: boolean;
}

function Block({ x, width, state, simulated }: BlockProps) {
  if (state === 'gap') return <rect x={x} y="0.5" width={width} height={blockHeight - 1} className={styles.gapBlock} />;
  if (state !== 'verified') return <rect x={x} width={width} height={blockHeight} className={styles.refusedBlock} />;
  return (
    <rect
      x={x}
      y={simulated ? 0.5 : 0}
      width={width}
      height={simulated ? blockHeight - 1 : blockHeight}
      fill={simulated ? 'url(#nacre-hatch)' : 'url(#nacre-pearl-lane)'}
      className={simulated ? styles.simulatedBlock : undefined}
    />
  );
}

function describe(blocks: readonly LaneBlock[]): string {
  if (blocks.length === 0) return 'no evidence yet';
  return blocks
    .map((block) => `${block.state} from step ${formatCount(block.fromStep)} to ${formatCount(block.untilStep)}`)
    .join(', ');
}
