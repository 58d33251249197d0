import type { NodeView } from '../../../../electron/contract/views.ts';
import {
  cx,
  formatAge,
  formatCount,
  reasonWords,
  shortGpu,
  SimulatedTag,
  TrustLabel,
  type Column,
} from '../../ui/index.ts';
import { reading, trustOf, wordOf } from './node-words.ts';

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
      width: '104px',
      cell: (node) => <TrustLabel trust={trustOf(node)} simulated={node.simulated} word={wordOf(node)} />,
      compare: (left, right) => trustOrder[trustOf(left)] - trustOrder[trustOf(right)],
    },
    {
      id: 'name',
      title: 'Node',
      width: 'minmax(104px, 1fr)',
      cell: (node) => <span className="mono">{node.name}</span>,
      compare: byText((node) => node.name),
    },
    {
      id: 'network',
      title: 'Network',
      width: '84px',
      cell: (node) => (node.simulated ? <SimulatedTag /> : <span className="dim">{node.network}</span>),
    },
    {
      id: 'place',
      title: 'Place',
      width: 'minmax(68px, 0.7fr)',
      cell: (node) => node.city,
      compare: byText((node) => node.city),
    },
    {
      id: 'cpu',
      title: 'CPU',
      optional: true,
      width: '32px',
      cell: (node) => <span className="dim">{node.cpuFamily.toUpperCase().replace('SEV-SNP', 'SNP')}</span>,
    },
    {
      id: 'gpu',
      title: 'GPU',
      width: '66px',
      cell: (node) => `${node.gpuCount} × ${shortGpu(node.gpuModel)}`,
      compare: byText((node) => node.gpuModel),
    },
    {
      id: 'memory',
      title: 'GiB',
      optional: true,
      width: '32px',
      align: 'end',
      cell: (node) => <span className="dim">{formatCount(node.gpuMemoryGib)}</span>,
      compare: byNumber((node) => node.gpuMemoryGib),
    },
    {
      id: 'price',
      title: '$ / h',
      width: '40px',
      align: 'end',
      cell: (node) => formatCount(node.usdPerHour, 2),
      compare: byNumber((node) => node.usdPerHour),
    },
    {
      id: 'upload',
      title: 'Mbit/s',
      optional: true,
      width: '46px',
      align: 'end',
      cell: (node) => formatCount(node.uploadMbps),
      compare: byNumber((node) => node.uploadMbps),
    },
    {
      id: 'load',
      title: 'Load, %',
      optional: true,
      width: '48px',
      align: 'end',
      cell: (node) => figure(reading(node, 'DCGM_FI_DEV_GPU_UTIL')),
      compare: byNumber((node) => reading(node, 'DCGM_FI_DEV_GPU_UTIL')),
    },
    {
      id: 'proof',
      title: 'Proof',
      width: '48px',
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
      title: 'Policy',
      width: 'minmax(160px, 1.6fr)',
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
