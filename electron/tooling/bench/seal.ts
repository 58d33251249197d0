import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createStandaloneSealing, readIdentityFile } from '../../core/sealing.ts';

const mebibyte = 1024 * 1024;

/** One figure: MiB a second of each round, and ours over the peer's in the same round. */
interface Comparison {
  readonly ours: number[];
  readonly peer: number[];
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number };
}

/**
 * Sealing and opening against Debian's `age`, file to file, one after the other in every round of one run, so that both
 * meet the same machine. Absolute figures move with it; the ratios are the result.
 *
 *     npm run -s bench -- seal [--mib 2048] [--rounds 5] [--folder /dev/shm] [--files 2000]
 */
export async function run(): Promise<unknown> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      mib: { type: 'string', default: '2048' },
      rounds: { type: 'string', default: '5' },
      folder: { type: 'string', default: '/dev/shm' },
      files: { type: 'string', default: '2000' },
    },
  });
  const mib = Number(values.mib);
  const rounds = Number(values.rounds);
  const files = Number(values.files);
  const space = statfsSync(values.folder);
  if (space.bavail * space.bsize < mib * mebibyte * 3.2) {
    throw new Error(`${values.folder} has no room for three files of ${mib} MiB; give a smaller --mib`);
  }
  const folder = mkdtempSync(path.join(values.folder, 'nacre-bench-'));
  try {
    return await measure(folder, mib, rounds, files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, mib: number, rounds: number, files: number): Promise<unknown> {
  const at = (name: string): string => path.join(folder, name);
  const age = spawnSync('age', ['--version'], { encoding: 'utf8' });
  if (age.status !== 0) throw new Error('the age program is needed to compare with');
  execFileSync('age-keygen', ['-o', at('identity')], { stdio: 'ignore' });
  const recipient = /age1[0-9a-z]+/.exec(readFileSync(at('identity'), 'utf8'))?.[0] ?? '';
  const identities = await readIdentityFile(at('identity'));
  if (!identities.ok) throw new Error(identities.error.message);
  writeRandom(at('plain'), mib);

  const sealing = createStandaloneSealing();
  const seal = async (source: string, out: string, manifest: boolean): Promise<void> => {
    const sealed = await sealing.seal({ path: source, recipients: [recipient], out, overwrite: true, manifest });
    if (!sealed.ok) throw new Error(sealed.error.message);
  };
  const open = async (file: string, out: string): Promise<void> => {
    const opened = await sealing.open({ file, identities: identities.value, out, overwrite: true });
    if (!opened.ok) throw new Error(opened.error.message);
  };
  const ageSeal = (source: string, out: string) => execFileSync('age', ['-r', recipient, '-o', out, source]);
  const ageOpen = (file: string, out: string) => execFileSync('age', ['-d', '-i', at('identity'), '-o', out, file]);

  try {
    // The workers start once a session, not once a file.
    await seal(at('plain'), at('sealed'), false);
    const report = {
      machine: { cpu: cpus()[0]?.model ?? 'unknown', threads: availableParallelism(), node: process.version },
      cipher: sealing.cipherName,
      peer: `age ${age.stdout.trim()}`,
      mib,
      rounds,
      folder: path.dirname(folder),
      seal: await compare(
        mib,
        rounds,
        () => seal(at('plain'), at('sealed'), false),
        async () => ageSeal(at('plain'), at('sealed')),
        at('sealed'),
      ),
      sealWithManifest: await compare(
        mib,
        rounds,
        () => seal(at('plain'), at('sealed'), true),
        async () => ageSeal(at('plain'), at('sealed')),
        at('sealed'),
      ),
      open: await (async () => {
        await seal(at('plain'), at('sealed'), false);
        return compare(
          mib,
          rounds,
          () => open(at('sealed'), at('opened')),
          async () => ageOpen(at('sealed'), at('opened')),
          at('opened'),
        );
      })(),
      peakMemoryMib: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    execFileSync('cmp', [at('plain'), at('opened')]);
    for (const name of ['plain', 'sealed', 'opened']) rmSync(at(name), { force: true });
    return { ...report, manyFiles: await manyFiles(at, files, seal, ageSeal) };
  } finally {
    await sealing.close();
  }
}

/** Rounds of ours and the peer's; the output is removed before each, because writing over a file costs less. */
async function compare(
  mib: number,
  rounds: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
  output: string,
): Promise<Comparison> {
  const figures = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Turn about, so that neither always meets the other's warm cache.
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const who of order) {
      rmSync(output, { force: true });
      const seconds = await timed(who === 'ours' ? ours : peer);
      figures[who].push(Math.round(mib / seconds));
    }
  }
  const ratios = figures.ours.map((rate, i) => rate / (figures.peer[i] ?? rate)).sort((a, b) => a - b);
  return {
    ...figures,
    ratio: {
      median: round2(ratios[Math.floor(ratios.length / 2)]),
      least: round2(ratios[0]),
      most: round2(ratios.at(-1)),
    },
  };
}

function round2(value: number | undefined): number {
  return Math.round((value ?? 0) * 100) / 100;
}

/** A folder of small files as one stream, against one `age` a file. */
async function manyFiles(
  at: (name: string) => string,
  files: number,
  seal: (source: string, out: string, manifest: boolean) => Promise<void>,
  ageSeal: (source: string, out: string) => unknown,
): Promise<unknown> {
  const size = 64 * 1024;
  mkdirSync(at('many'));
  mkdirSync(at('many.age'));
  const content = Buffer.alloc(size);
  for (let i = 0; i < files; i++) writeFileSync(path.join(at('many'), `${i}.bin`), randomFillSync(content));
  const ours = await timed(() => seal(at('many'), at('many.tar.age'), false));
  // One age a file takes long: a share of the files is enough to know what one costs.
  const sample = Math.min(files, 200);
  const peer = await timed(async () => {
    for (let i = 0; i < sample; i++) ageSeal(path.join(at('many'), `${i}.bin`), path.join(at('many.age'), `${i}.age`));
  });
  const peerSeconds = (peer / sample) * files;
  return {
    files,
    bytesEach: size,
    oursSeconds: Math.round(ours * 1000) / 1000,
    peerSeconds: Math.round(peerSeconds * 10) / 10,
    ratio: Math.round(peerSeconds / ours),
  };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1000;
}

function writeRandom(file: string, mib: number): void {
  const block = Buffer.alloc(mebibyte);
  const descriptor = openSync(file, 'w');
  for (let i = 0; i < mib; i++) writeSync(descriptor, randomFillSync(block));
  closeSync(descriptor);
}
