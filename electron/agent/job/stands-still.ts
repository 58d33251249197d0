import { readdirSync, readFileSync } from 'node:fs';

/**
 * Whether a process group has come to a stand by a signal: one of its processes is stopped, and none computes or waits for
 * a disk (proc(5): T, R, D). Waiting for the network or a child is no stand. Always false where there is no /proc.
 */
export function standsStill(group: number): boolean {
  let stopped = false;
  for (const name of processes()) {
    const stat = statOf(name);
    // The name of a program may hold anything; the fields after it are state, parent, group.
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(itsGroup) !== group) continue;
    if (state === 'R' || state === 'D') return false;
    stopped ||= state === 'T';
  }
  return stopped;
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty for a process that has ended meanwhile. */
function statOf(process: string): string {
  try {
    return readFileSync(`/proc/${process}/stat`, 'utf8');
  } catch {
    return '';
  }
}
