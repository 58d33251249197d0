import type { AlertLevel } from '../../contract/health.ts';

export interface XidMeaning {
  readonly level: AlertLevel;
  readonly words: string;
  readonly act: string;
}

const replace = 'Take the node out of work: its results and its memory cannot be relied on.';
const restart = 'The GPU needs a reset; the run on it will not go on.';
const program = 'Most often the program is at fault; look at its log before the node is blamed.';

/** NVIDIA's XID catalogue as far as a renter acts on it. */
const meanings: Readonly<Record<number, XidMeaning>> = {
  13: { level: 'warning', words: 'graphics engine exception', act: program },
  31: { level: 'warning', words: 'memory page fault', act: program },
  43: { level: 'warning', words: 'GPU stopped processing', act: program },
  45: { level: 'notice', words: 'work cleaned up after an earlier error', act: program },
  48: { level: 'critical', words: 'double-bit memory error', act: replace },
  61: { level: 'critical', words: 'internal micro-controller breakpoint', act: restart },
  62: { level: 'critical', words: 'internal micro-controller halt', act: restart },
  63: {
    level: 'warning',
    words: 'a memory row was remapped',
    act: 'It takes effect at the next reset; watch for more.',
  },
  64: { level: 'critical', words: 'a memory row could not be remapped', act: replace },
  74: { level: 'critical', words: 'NVLink error', act: 'Training over several GPUs of this node will fail.' },
  79: { level: 'critical', words: 'GPU has fallen off the bus', act: replace },
  92: { level: 'warning', words: 'high rate of single-bit memory errors', act: 'Watch it; rows are remapped next.' },
  94: { level: 'warning', words: 'contained memory error', act: 'The program that met it was ended; others go on.' },
  95: { level: 'critical', words: 'uncontained memory error', act: replace },
  119: { level: 'critical', words: 'GPU system processor does not answer', act: restart },
  120: { level: 'critical', words: 'GPU system processor error', act: restart },
  140: { level: 'critical', words: 'unrecovered memory error', act: replace },
  143: { level: 'critical', words: 'GPU did not initialise', act: restart },
};

/** What an XID says. One that is not in the catalogue is a warning: unknown is not harmless. */
export function xidMeaning(code: number): XidMeaning {
  return (
    meanings[code] ?? { level: 'warning', words: 'not in this catalogue', act: 'Look it up in NVIDIA’s XID catalogue.' }
  );
}
