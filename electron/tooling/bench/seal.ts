import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureMemory } from './sealing/memory.ts';
import { findTools, syncFile, type Tool, type Tools } from './sealing/peers.ts';

const mebibyte = 1024 * 1024;

interface Settings {
  readonly mib: number;
  readonly rounds: number;
  readonly files: number;
  readonly memoryGib: readonly number[];
}

/** Median, least and most of the rounds. */
interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Sealing and opening against `age`, `openssl`, `gpg` and npm `age-encryption`, file to file, one after the other in every
 * round of one run, so that all meet the same machine. Absolute figures move with it; the ratios are the result. They need
 * idle processors: two threads that share one file's write lock lose more to other work than a single one does.
 *
 * What to expect on two cores with tmpfs: a MiB costs `age` about 1.15 ms of processor time and ours 1.3 ms without a
 * manifest, shared by two threads. The SHA-256 of a manifest adds 0.6 to 0.75 ms (1.66 GiB/s a core), so that sealing
 * with one cannot pass about 1.2 times `age` there, however it is done; with four cores it can.
 *
 *     npm run -s bench -- seal [--quick] [--mib 2048] [--rounds 3] [--files 2000] [--tmpfs /dev/shm] [--disk DIR] [--large-gib 16]
 *         [--only tmpfs|disk|memory]
 */
export async function run(): Promise<unknown> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      quick: { type: 'boolean', default: false },
      mib: { type: 'string' },
      rounds: { type: 'string' },
      files: { type: 'string' },
      tmpfs: { type: 'string', default: '/dev/shm' },
      disk: { type: 'string', default: tmpdir() },
      'large-gib': { type: 'string' },
      only: { type: 'string', multiple: true, default: ['tmpfs', 'disk', 'memory'] },
    },
  });
  const { quick } = values;
  const largeGib = Number(values['large-gib'] ?? (quick ? 0 : 16));
  const settings: Settings = {
    mib: Number(values.mib ?? (quick ? 256 : 2048)),
    rounds: Number(values.rounds ?? 3),
    files: Number(values.files ?? (quick ? 500 : 2000)),
    memoryGib: quick || !values.only.includes('memory') ? [] : [2, ...(largeGib > 0 ? [largeGib] : [])],
  };
  const notes: string[] = [];
  const report: Record<string, unknown> = {
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      threads: availableParallelism(),
      memoryMib: Math.round(totalmem() / mebibyte),
      kernel: release(),
      node: process.version,
      loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
    },
    settings,
  };
  for (const [kind, place] of [
    ['tmpfs', values.tmpfs],
    ['disk', values.disk],
  ] as const) {
    if (!values.only.includes(kind)) continue;
    const needed = settings.mib * 4.2 + settings.files / 8;
    if (!hasRoom(place, needed, notes)) continue;
    await inFolder(place, async (folder, tools) => {
      report['cipher'] = tools.cipher;
      report['versions'] = tools.versions;
      if (kind === 'tmpfs') notes.push(...tools.missing);
      process.stderr.write(`${kind}: ${place}\n`);
      report[kind] = {
        folder: place,
        ...(await measureFiles(folder, tools, settings)),
        manyFiles: await measureManyFiles(folder, tools, settings),
      };
    });
  }
  const memory: unknown[] = [];
  for (const gib of settings.memoryGib) {
    if (!hasRoom(values.disk, gib * 1024 * 2.1, notes)) continue;
    await inFolder(values.disk, async (folder) => {
      const identity = path.join(folder, 'identity');
      const recipient = /age1[0-9a-z]+/.exec(readFileSync(identity, 'utf8'))?.[0] ?? '';
      memory.push(measureMemory(folder, gib, recipient, identity));
    });
  }
  return { ...report, memory, notes };
}

/** Whether a folder has room; if not, a note says so. */
function hasRoom(folder: string, mib: number, notes: string[]): boolean {
  if (!existsSync(folder)) {
    notes.push(`${folder} does not exist; nothing was measured there.`);
    return false;
  }
  const space = statfsSync(folder);
  const free = Math.floor((space.bavail * space.bsize) / mebibyte);
  if (free >= mib) return true;
  notes.push(
    `${folder} has ${free} MiB free; ${Math.ceil(mib)} MiB are needed, so it was left out. Give a smaller size.`,
  );
  return false;
}

async function inFolder(place: string, work: (folder: string, tools: Tools) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(place, 'nacre-bench-'));
  try {
    const tools = await findTools(folder);
    try {
      await work(folder, tools);
    } finally {
      await tools.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureFiles(folder: string, tools: Tools, settings: Settings): Promise<Record<string, unknown>> {
  const at = (name: string): string => path.join(folder, name);
  writeRandom(at('plain'), settings.mib);
  const sizes = new Set(tools.peers.map((tool) => Math.min(tool.mibMaximum, settings.mib)));
  for (const mib of sizes)
    execFileSync('sh', [
      '-c',
      'head -c "$1" "$2" > "$3"',
      'sh',
      String(mib * mebibyte),
      at('plain'),
      at(`plain.${mib}`),
    ]);
  const source = (tool: Tool): { file: string; mib: number } => {
    const mib = Math.min(tool.mibMaximum, settings.mib);
    return mib === settings.mib ? { file: at('plain'), mib } : { file: at(`plain.${mib}`), mib };
  };
  rmSync(at(`plain.${settings.mib}`), { force: true });
  // The workers start once a session, not once a file.
  await tools.ours.seal(at('plain'), at('sealed'));
  const seal = await compare([tools.ours, tools.oursWithoutManifest, ...tools.peers], settings.rounds, async (tool) => {
    const { file, mib } = source(tool);
    rmSync(at('sealed'), { force: true });
    warmPages(at('warm'), mib);
    return rate(mib, async () => {
      await tool.seal(file, at('sealed'));
      syncFile(at('sealed'));
    });
  });
  const openers = [tools.ours, ...tools.peers.filter((tool) => tool.open !== undefined)];
  const open = await compare(openers, settings.rounds, async (tool) => {
    const { file, mib } = source(tool);
    for (const name of ['sealed', 'opened']) rmSync(at(name), { force: true });
    await tool.seal(file, at('sealed'));
    syncFile(at('sealed'));
    warmPages(at('warm'), mib);
    const measured = await rate(mib, async () => {
      await tool.open?.(at('sealed'), at('opened'));
      syncFile(at('opened'));
    });
    execFileSync('cmp', [file, at('opened')]);
    return measured;
  });
  for (const name of ['plain', 'sealed', 'opened', ...[...sizes].map((mib) => `plain.${mib}`)])
    rmSync(at(name), { force: true });
  return { seal, open };
}

/** Rates of every tool, and the first one's over each. The order turns, so that none always meets another's warm cache. */
async function compare(
  tools: readonly Tool[],
  rounds: number,
  measure: (tool: Tool) => Promise<number>,
): Promise<Record<string, { mibPerSecond: Spread; overAge: Spread; oursOverIt: Spread }>> {
  const rates = new Map<string, number[]>(tools.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < tools.length; i++) {
      const tool = tools[(i + round) % tools.length];
      if (tool !== undefined) rates.get(tool.name)?.push(await measure(tool));
    }
  }
  for (const [name, each] of rates) process.stderr.write(`  ${name}: ${each.map(Math.round).join(', ')} MiB/s\n`);
  const ours = rates.get(tools[0]?.name ?? '') ?? [];
  const age = rates.get('age') ?? [];
  return Object.fromEntries(
    [...rates].map(([name, theirs]) => [
      name,
      { mibPerSecond: spread(theirs, 0), overAge: over(theirs, age), oursOverIt: over(ours, theirs) },
    ]),
  );
}

/** A folder of small files as one stream, against one `age` a file: seconds a file, each round. */
async function measureManyFiles(folder: string, tools: Tools, settings: Settings): Promise<unknown> {
  const many = path.join(folder, 'many');
  const out = path.join(folder, 'many.out');
  const age = tools.peers.find(({ name }) => name === 'age');
  mkdirSync(many);
  const content = Buffer.alloc(64 * 1024);
  for (let i = 0; i < settings.files; i++) writeFileSync(path.join(many, `${i}.bin`), randomFillSync(content));
  // One age a file takes long: a share of the files is enough to know what one costs.
  const sample = Math.min(settings.files, 100);
  const ratios: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < Math.max(3, settings.rounds); round++) {
    const seconds = (await timed(() => tools.oursWithoutManifest.seal(many, out))) / settings.files;
    rmSync(out);
    mkdirSync(out);
    const theirs = await timed(async () => {
      for (let i = 0; i < sample; i++) await age?.seal(path.join(many, `${i}.bin`), path.join(out, `${i}.age`));
    });
    rmSync(out, { recursive: true });
    ours.push(seconds * settings.files);
    ratios.push(theirs / sample / seconds);
  }
  rmSync(many, { recursive: true });
  return {
    files: settings.files,
    bytesEach: content.length,
    oursSeconds: spread(ours, 3),
    timesAgePerFile: spread(ratios, 1),
  };
}

function over(one: readonly number[], other: readonly number[]): Spread {
  return spread(
    one.map((each, i) => each / (other[i] ?? each)),
    2,
  );
}

function spread(values: readonly number[], digits: number): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value: number | undefined): number => Math.round((value ?? 0) * 10 ** digits) / 10 ** digits;
  return { median: round(sorted[Math.floor(sorted.length / 2)]), least: round(sorted[0]), most: round(sorted.at(-1)) };
}

async function rate(mib: number, act: () => Promise<unknown>): Promise<number> {
  return mib / (await timed(act));
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1000;
}

/**
 * Has the machine hold as many free pages as the next measurement writes. A virtual machine may hand pages back to its host
 * a second after they were freed (free page reporting), and then every page a tool writes is a fault in the host: measured up
 * to 4 ms of system time a MiB instead of 0.7, for whoever comes after a pause. With this all meet the same.
 */
function warmPages(file: string, mib: number): void {
  const block = Buffer.alloc(mebibyte, 1);
  const descriptor = openSync(file, 'w');
  for (let i = 0; i < mib * 1.05; i++) writeSync(descriptor, block);
  closeSync(descriptor);
  rmSync(file);
}

function writeRandom(file: string, mib: number): void {
  const block = Buffer.alloc(mebibyte);
  const descriptor = openSync(file, 'w');
  for (let i = 0; i < mib; i++) writeSync(descriptor, randomFillSync(block));
  closeSync(descriptor);
}
