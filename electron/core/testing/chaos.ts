import { generateIdentity, identityToRecipient } from 'age-encryption';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { manifestSchema } from '../../contract/sealed.ts';
import { readUnverified } from '../../domain/dsse/dsse.ts';
import { createSeededRandom } from './seeded-random.ts';
import { startCutProxy, type CutProxy } from './cut-proxy.ts';

export interface ChaosOptions {
  /** Empty; everything lies in it. */
  readonly folder: string;
  readonly bytes: number;
  readonly partSize: number;
  readonly kills: number;
  readonly seed: number;
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number;
  /** Keep what went over the line, to look for plaintext in it. */
  readonly keepTraffic: boolean;
}

const victims = ['sealer', 'agent', 'link'] as const;
type Victim = (typeof victims)[number];

export interface ChaosFigures {
  readonly seed: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly sealedBytes: number;
  /** On the wire from the desk, over all connections and all lives of the desk. */
  readonly bytesSent: number;
  readonly ratio: number;
  readonly seconds: number;
  /** What became of the sealing that was killed: `resumed` when it was gone on with. */
  readonly sealing: string;
  /** The parts on the agent's disk, in order, are the sealed file. */
  readonly whole: boolean;
  /** The sealed file opens to the plaintext, by another implementation of age (`age -d`) where there is one. */
  readonly sealedSha256: string;
  readonly plainSha256: string;
  readonly sealedPath: string;
  readonly agentFolder: string;
  readonly traffic: Buffer;
}

/** A sentence that the plaintext consists of, to be looked for where no plaintext may be. */
export const plainMarker = 'NACRE-PLAINTEXT-MUST-NEVER-LEAVE ';

const progressSchema = z.object({ phase: z.enum(['seal', 'upload']), done: z.number(), total: z.number() });
const sealedSchema = z.object({ sealed: z.string() });
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * One upload of a file that is sealed first, during which the sealing and sending process, the agent's process and the line
 * between them are killed at random places. The same seed gives the same places; what exactly is in flight there is up to
 * the machine.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosFigures> {
  const { folder, seed } = options;
  const random = createSeededRandom(seed);
  const identity = await generateIdentity();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'seed'), randomBytes(32), { mode: 0o600 });
  await writeFile(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
  const plainSha256 = await writePlain(join(folder, 'plain'), options.bytes);
  const started = performance.now();
  const world = new World(options, await identityToRecipient(identity), await startCutProxy(options.keepTraffic));
  try {
    // A tenth of the kills meets the sealing, the others the upload; each at its own share of the way.
    const sealing = Math.max(1, Math.round(options.kills / 10));
    const places = {
      seal: Array.from({ length: sealing }, random).sort((a, b) => a - b),
      upload: Array.from({ length: options.kills - sealing }, random).sort((a, b) => a - b),
    };
    await world.startAgent();
    world.startDesk();
    const kills: Record<Victim, number> = { sealer: 0, agent: 0, link: 0 };
    for (;;) {
      const event = await world.next();
      if (event === 'done') break;
      const share = event.done / event.total;
      const [place] = places[event.phase];
      if (place === undefined || share < place) continue;
      places[event.phase].shift();
      const victim: Victim = event.phase === 'seal' ? 'sealer' : (victims[Math.floor(random() * 3)] ?? 'link');
      kills[victim] += 1;
      await world.kill(victim);
    }
    const seconds = (performance.now() - started) / 1000;
    const sealedPath = join(folder, 'data.age');
    const envelope = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as unknown;
    const manifest = readUnverified(envelope, manifestSchema);
    if (!manifest.ok) throw new Error(manifest.error.message);
    const sealedSha256 = await sha256Of([sealedPath]);
    const agentFolder = join(folder, 'agent');
    const [owner = ''] = await readdir(join(agentFolder, 'datasets'));
    const parts = manifest.value.parts.map((digest) => join(agentFolder, 'datasets', owner, 'parts', digest));
    const bytesSent = world.proxy.sent();
    return {
      seed,
      kills,
      sealedBytes: manifest.value.sealedBytes,
      bytesSent,
      ratio: bytesSent / manifest.value.sealedBytes,
      seconds,
      sealing: world.sealed,
      whole: (await sha256Of(parts)) === sealedSha256,
      sealedSha256,
      plainSha256,
      sealedPath,
      agentFolder,
      traffic: world.proxy.heard(),
    };
  } finally {
    await world.end();
  }
}

type Event = z.infer<typeof progressSchema> | 'done';

/** The three things that die. */
class World {
  readonly proxy: CutProxy;
  /** What the sealer found of its earlier lives. */
  sealed = 'none';
  readonly #options: ChaosOptions;
  readonly #recipient: string;
  readonly #until: number;
  #agent: ChildProcess | undefined;
  #desk: ChildProcess | undefined;
  #events: Event[] = [];
  #wake: (() => void) | undefined;
  #trouble: Error | undefined;
  #ended = false;

  constructor(options: ChaosOptions, recipient: string, proxy: CutProxy) {
    this.#options = options;
    this.#recipient = recipient;
    this.proxy = proxy;
    this.#until = performance.now() + options.timeoutMs;
  }

  async startAgent(): Promise<void> {
    const agent = spawn(process.execPath, [
      here('../../agent/testing/agent-process.ts'),
      join(this.#options.folder, 'agent'),
    ]);
    this.#agent = agent;
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: agent.stdout }).once('line', resolve);
      agent.once('exit', () => reject(new Error('the agent did not start')));
    });
    this.proxy.lead(Number(new URL(z.object({ url: z.string() }).parse(JSON.parse(line)).url).port));
  }

  startDesk(): void {
    const { folder, partSize } = this.#options;
    const desk = spawn(process.execPath, [
      here('./chaos-process.ts'),
      folder,
      this.proxy.url,
      this.#recipient,
      String(partSize),
    ]);
    this.#desk = desk;
    let complaint = '';
    desk.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-2000)));
    createInterface({ input: desk.stdout }).on('line', (line) => {
      if (desk !== this.#desk) return;
      const said = JSON.parse(line) as unknown;
      const event = progressSchema.safeParse(said);
      const sealed = sealedSchema.safeParse(said);
      if (sealed.success) this.sealed = sealed.data.sealed;
      else this.#push(event.success ? event.data : 'done');
    });
    desk.once('exit', (code) => {
      if (desk !== this.#desk || this.#ended || code === 0) return;
      this.#trouble = new Error(`the desk ended by itself (${code}): ${complaint}`);
      this.#wake?.();
    });
  }

  #push(event: Event): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async next(): Promise<Event> {
    for (;;) {
      if (this.#trouble !== undefined) throw this.#trouble;
      const done = this.#events.includes('done');
      // Only the newest place matters: older ones are passed.
      const event = this.#events.at(-1);
      this.#events = done ? ['done'] : [];
      if (event !== undefined) return done && event === 'done' ? 'done' : event;
      if (performance.now() > this.#until) throw new Error('the upload did not end in time');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async kill(victim: Victim): Promise<void> {
    if (victim === 'link') {
      this.proxy.cut();
      return;
    }
    const child = victim === 'agent' ? this.#agent : this.#desk;
    if (victim === 'sealer') this.#desk = undefined;
    await killAndWait(child);
    if (victim === 'agent') {
      this.proxy.lead(0);
      await this.startAgent();
    } else {
      this.#events = [];
      this.startDesk();
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await killAndWait(this.#desk);
    await killAndWait(this.#agent);
    this.proxy.close();
  }
}

async function killAndWait(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

const plainLine = (number: number) => `${plainMarker}${String(number).padStart(14, '0')}\n`;

/** A file of the marker and numbers, so that no two pieces of it are alike. @returns its SHA-256 */
async function writePlain(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const size = plainLine(0).length;
  const pieces = function* () {
    const perPiece = 20_000;
    for (let at = 0; at < bytes; at += perPiece * size) {
      const first = at / size;
      const piece = Buffer.from(Array.from({ length: perPiece }, (_, i) => plainLine(first + i)).join('')).subarray(
        0,
        bytes - at,
      );
      hash.update(piece);
      yield piece;
    }
  };
  await pipeline(Readable.from(pieces()), createWriteStream(path));
  return hash.digest('hex');
}

/** Of files one after the other. */
export async function sha256Of(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Removes what a run left. */
export async function clearChaos(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
