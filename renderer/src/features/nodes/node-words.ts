import type { NodeView } from '../../../../electron/contract/views.ts';
import { reasonWords, shortGpu, type Trust } from '../../ui/index.ts';

/** A node that is being checked is not yet known. */
export function trustOf(node: NodeView): Trust {
  return node.trust === 'checking' ? 'unknown' : node.trust;
}

/** The word beside the mark. */
export function wordOf(node: NodeView): string {
  if (node.trust === 'checking') return 'Checking';
  if (node.reachable === 'no') return 'No answer';
  return { verified: 'Verified', warning: 'Warning', refused: 'Refused', unknown: 'Never asked' }[node.trust];
}

/** Latest value of a DCGM field; undefined when it was not reported. */
export function reading(node: NodeView, field: string): number | undefined {
  return node.telemetry?.[field];
}

export interface NodeFilterInput {
  readonly text: string;
  readonly trust: 'any' | Trust;
  readonly gpus: ReadonlyArray<string>;
}

/** Nodes that hold every word of the text in name, place, hardware or reason, and have that trust and one of those GPUs. */

export function filterNodes(nodes: ReadonlyArray<NodeView>, filter: NodeFilterInput): ReadonlyArray<NodeView> {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  return nodes.filter((node) => {
    if (filter.gpus.length > 0 && !filter.gpus.includes(shortGpu(node.gpuModel))) return false;
    if (filter.trust !== 'any' && trustOf(node) !== filter.trust) return false;
    const text =
      `${node.name} ${node.city} ${node.country} ${node.region} ${node.cpuFamily} ${node.gpuModel} ${reasonWords(node.reason)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
