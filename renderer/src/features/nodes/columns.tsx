import type { NodeView } from '../../../../electron/contract/views.ts';
import { cx, formatAge, formatCount, SimulatedTag, TrustLabel, type Column } from '../../ui/index.ts';
import { reading, reasonWords, shortGpu, trustOf, wordOf } from './node-words.ts';

const byText = (pick: (node: NodeView) => string) => (left: NodeView, right: NodeView) =>
  pick(left).localeCompare(pick(right), 'en');
const byNumber = (pick: (node: NodeView) => number | undefined) => (left: NodeView, right: NodeView) =>
  (pick(left) ?? Number.NEGATIVE_INFINITY) - (pick(right) ?? Number.NEGATIVE_INFINITY);
const trustOrder = { verified: 0, warning: 1, refused: 2, unknown: 3 } as const;

function figure(value: number | undefined, decimals = 0) {
  return value === undefined ? <span className="faint">none</span> : formatCount(value, decimals);
}

/** The columns of the table of nodes at the time `now`. */
export function nodeColumns(now: number): ReadonlyArray<Column<NodeView>> {
  return [
    {
      id: 'verdict',
      title: 'Verdict',
      width: '116px',
      cell: (node) => <TrustLabel trust={trustOf(node)} simulated={node.simulated} word={wordOf(node)} />,
      compare: (left, right) => trustOrder[trustOf(left)] - trustOrder[trustOf(right)],
    },
    {
      id: 'name',
      title: 'Node',
      width: 'minmax(110px, 1.2fr)',
      cell: (node) => <span className="mono">{node.name}</span>,
      compare: byText((node) => node.name),
    },
    {
      id: 'network',
      title: 'Network',
      width: '104px',
      cell: (node) => (node.simulated ? <SimulatedTag /> : <span className="dim">{node.network}</span>),
    },
    {
      id: 'place',
      title: 'Place',
      width: 'minmax(86px, 1fr)',
      cell: (node) => node.city,
      compare: byText((node) => node.city),
    },
    {
      id: 'cpu',
      title: 'CPU',
      width: '48px',
      cell: (node) => <span className="dim">{node.cpuFamily.toUpperCase().replace('SEV-SNP', 'SNP')}</span>,
    },
    {
      id: 'gpu',
      title: 'GPU',
      width: '74px',
      cell: (node) => `${node.gpuCount} × ${shortGpu(node.gpuModel)}`,
      compare: byText((node) => node.gpuModel),
    },
    {
      id: 'memory',
      title: 'GiB',
      width: '44px',
      align: 'end',
      cell: (node) => <span className="dim">{formatCount(node.gpuMemoryGib)}</span>,
      compare: byNumber((node) => node.gpuMemoryGib),
    },
    {
      id: 'price',
      title: '$ / h',
      width: '52px',
      align: 'end',
      cell: (node) => formatCount(node.usdPerHour, 2),
      compare: byNumber((node) => node.usdPerHour),
    },
    {
      id: 'upload',
      title: 'Mbit/s',
      width: '58px',
      align: 'end',
      cell: (node) => formatCount(node.uploadMbps),
      compare: byNumber((node) => node.uploadMbps),
    },
    {
      id: 'load',
      title: 'load, %',
      width: '56px',
      align: 'end',
      cell: (node) => figure(reading(node, 'DCGM_FI_DEV_GPU_UTIL')),
      compare: byNumber((node) => reading(node, 'DCGM_FI_DEV_GPU_UTIL')),
    },
    {
      id: 'proof',
      title: 'proof',
      width: '72px',
      align: 'end',
      cell: (node) =>
        node.verifiedAt === undefined ? (
          <span className="faint">none</span>
        ) : (
          formatAge(node.verifiedAt, now).replace(' old', '')
        ),
      compare: byText((node) => node.verifiedAt ?? ''),
    },
    {
      id: 'policy',
      title: 'policy',
      width: 'minmax(110px, 1.2fr)',
      cell: (node) => (
        <span className={cx(node.trust === 'refused' && 'is-refused', node.trust === 'warning' && 'is-warning')}>
          {node.runIds.length > 0
            ? 'in a run'
            : node.trust === 'verified'
              ? 'fits'
              : node.reason === undefined
                ? wordOf(node).toLowerCase()
                : reasonWords(node.reason)}
        </span>
      ),
    },
  ];
}
