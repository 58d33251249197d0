import { spawn, type ChildProcess } from 'node:child_process';

/**
 * Waits for the agent's end. It reads `+ GROUP`, `- GROUP` and `done` from the agent; when that pipe ends without `done`, the
 * agent was killed: then every process of these groups, and every other one that works inside the folder, is killed, and
 * each file there is overwritten and removed. Signals that stop a group or a terminal do not end it.
 */
const script = `
trap '' HUP INT TERM
root=$1
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
    done) exit 0 ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
for process in /proc/[0-9]*; do
  case $(readlink "$process/cwd" 2>/dev/null) in
    "$root" | "$root"/*) kill -s KILL "\${process#/proc/}" 2>/dev/null ;;
  esac
done
find "$root" -type f -links 1 -exec sh -c '
  for file do
    blocks=$(( ($(wc -c < "$file") + 65535) / 65536 ))
    [ "$blocks" -eq 0 ] || dd if=/dev/zero of="$file" bs=65536 count="$blocks" conv=notrunc 2>/dev/null
  done' overwrite {} +
rm -rf "$root"
`;

/** A small process of its own that outlives a killed agent for as long as it takes to leave no plaintext behind. */
export class Guard {
  readonly #child: ChildProcess;

  /** @param root the agent's folder in memory-backed storage */
  constructor(root: string) {
    this.#child = spawn('/bin/sh', ['-c', script, 'nacre-agent-guard', root], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      // Its own session: what ends the agent's group does not end it.
      detached: true,
    });
    // Where there is no shell, the next agent's start wipes what this one left, as it does after a power cut.
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
  }

  /** A process group works on plaintext from now on. */
  add(group: number): void {
    this.#say(`+ ${group}`);
  }

  /** It has ended: its number may be another's soon. */
  remove(group: number): void {
    this.#say(`- ${group}`);
  }

  /** The agent has wiped everything itself. */
  dismiss(): void {
    this.#say('done');
    this.#child.stdin?.end();
  }

  #say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }
}
