import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

const script = `
  const [core, action, recipient, identity, from, out] = process.argv.slice(1);
  const { createStandaloneSealing, readIdentityFile } = await import(core);
  const sealing = createStandaloneSealing();
  const started = performance.now();
  let done;
  if (action === 'seal') done = await sealing.seal({ path: from, recipients: [recipient], out, manifest: true });
  else {
    const identities = await readIdentityFile(identity);
    done = identities.ok ? await sealing.open({ file: from, identities: identities.value, out }) : identities;
  }
  const seconds = (performance.now() - started) / 1000;
  await sealing.close();
  console.log(JSON.stringify({ ok: done.ok, message: done.ok ? '' : done.error.message, seconds, peak: process.resourceUsage().maxRSS }));
`;

/**
 * Peak resident memory (MiB) of a process that seals, and of one that opens, a file of this size. Its bytes are not zeros,
 * which would leave holes and not be written. Needs room for twice the size.
 */
export function measureMemory(folder: string, gib: number, recipient: string, identity: string): unknown {
  const at = (name: string): string => path.join(folder, name);
  const descriptor = openSync(at('large'), 'w');
  const block = randomFillSync(Buffer.alloc(2 ** 20));
  for (let mib = 0; mib < gib * 1024; mib++) writeSync(descriptor, block);
  closeSync(descriptor);
  try {
    const seal = runOne('seal', recipient, identity, at('large'), at('large.age'));
    rmSync(at('large'));
    const open = runOne('open', recipient, identity, at('large.age'), at('large.out'));
    return {
      gib,
      peakMib: { seal: seal.peakMib, open: open.peakMib },
      seconds: { seal: seal.seconds, open: open.seconds },
    };
  } finally {
    for (const name of ['large', 'large.age', 'large.out']) rmSync(at(name), { force: true });
  }
}

function runOne(action: string, ...rest: string[]): { peakMib: number; seconds: number } {
  const core = path.resolve(import.meta.dirname, '../../../core/sealing.ts');
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, core, action, ...rest];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`measuring memory failed: ${ran.stderr.slice(0, 500)}`);
  const answer = JSON.parse(ran.stdout) as { ok: boolean; message: string; seconds: number; peak: number };
  if (!answer.ok) throw new Error(answer.message);
  return { peakMib: Math.round(answer.peak / 1024), seconds: Math.round(answer.seconds * 10) / 10 };
}
