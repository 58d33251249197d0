import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { frameSchema } from '../../contract/wire.ts';
import { createEd25519Verifier } from '../../core/ed25519.ts';
import { createAgentClient } from '../../networks/agent-client/agent-client.ts';
import { openStore } from '../../services/store/store.ts';
import { createTelemetryService } from '../../services/telemetry/telemetry-service.ts';

const agents = 100;
const framesEach = 60;
const rounds = 5;
/** Of the measurement of lag: ticks of all agents a second, and how many. */
const ticksPerSecond = 5;
const ticks = 50;

interface Key {
  readonly jobId: string;
  readonly node: string;
  readonly signingKey: string;
}

interface Fleet {
  readonly url: string;
  readonly keys: readonly Key[];
  command(line: string): Promise<void>;
  stop(): Promise<void>;
}

type OnFrames = (key: Key, frames: readonly unknown[]) => Promise<void>;

async function startFleet(): Promise<Fleet> {
  const entry = fileURLToPath(new URL('./telemetry/agents-process.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [entry, String(agents)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse(String((await lines.next()).value)) as unknown;
  const { url, keys } = (await line()) as { url: string; keys: Key[] };
  return {
    url,
    keys,
    async command(text) {
      stdin.write(`${text}\n`);
      await line();
    },
    async stop() {
      const ended = once(child, 'exit');
      stdin.end();
      await ended;
    },
  };
}

/** Follows all agents until every one gave so many frames. @returns seconds from the first request to the last frame */
async function follow(fleet: Fleet, count: number, onFrames: OnFrames, ready?: () => void): Promise<number> {
  const started = performance.now();
  let opened = 0;
  await Promise.all(
    fleet.keys.map(async (key) => {
      const client = createAgentClient({ node: key.node, url: fleet.url });
      let seen = 0;
      const done = await client.events(
        key.jobId,
        0,
        async (frames) => {
          if (seen === 0 && (opened += 1) === agents) ready?.();
          seen += frames.length;
          await onFrames(key, frames);
          return seen < count;
        },
        new AbortController().signal,
      );
      client.close();
      if (!done.ok) throw new Error(done.error.message);
    }),
  );
  return (performance.now() - started) / 1000;
}

async function withCoreSide<T>(work: (receive: OnFrames) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nacre-bench-'));
  const store = openStore({ directory: folder, clock: Date.now, pid: process.pid });
  if (!store.ok) throw new Error(store.error.message);
  const telemetry = createTelemetryService({
    frames: store.value.frames,
    verify: createEd25519Verifier(),
    transaction: store.value.transaction,
  });
  try {
    return await work(async (key, frames) => {
      const identity = { ...key, signingKey: Buffer.from(key.signingKey, 'base64') };
      const { error } = await telemetry.receive(`run-${key.node}`, identity, frames);
      if (error !== undefined) throw new Error(error.message);
    });
  } finally {
    store.value.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const ignore: OnFrames = async () => undefined;

/**
 * Frames a second from 100 agents into the core (parsed, schema, chain, Ed25519 signature, stored on disk), beside the raw
 * rate of the same streams (TLS, SSE, JSON) by the same client; rounds take turns. Then the lag at a steady rate: from the
 * time that the worker wrote into the frame to when the core has stored it.
 */
export async function run(): Promise<unknown> {
  const fleet = await startFleet();
  try {
    const total = agents * framesEach;
    const rates: { core: number; raw: number }[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      await fleet.command(`fill ${framesEach}`);
      const raw = total / (await follow(fleet, framesEach, ignore));
      const core = total / (await withCoreSide((receive) => follow(fleet, framesEach, receive)));
      // The first round warms up.
      if (round > 0) rates.push({ core, raw });
    }
    return { agents, framesEach, rounds, ...summary(rates), lag: await measureLag(fleet) };
  } finally {
    await fleet.stop();
  }
}

async function measureLag(fleet: Fleet): Promise<unknown> {
  await fleet.command('fill 1');
  const lags: number[] = [];
  await withCoreSide(async (receive) => {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const followed = follow(
      fleet,
      ticks + 1,
      async (key, frames) => {
        await receive(key, frames);
        const now = Date.now();
        for (const { sequence, at } of frames.map((frame) => frameSchema.parse(frame))) {
          if (sequence > 0) lags.push(now - Date.parse(at));
        }
      },
      resolve,
    );
    await ready;
    for (let tick = 0; tick < ticks; tick += 1) {
      const next = performance.now() + 1000 / ticksPerSecond;
      await fleet.command('tick');
      await sleep(Math.max(0, next - performance.now()));
    }
    await followed;
  });
  const sorted = lags.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return {
    framesPerSecond: agents * ticksPerSecond,
    frames: sorted.length,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    maximumMs: sorted.at(-1),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function summary(rates: readonly { core: number; raw: number }[]) {
  const ratios = rates.map(({ core, raw }) => core / raw);
  return {
    coreFramesPerSecond: Math.round(median(rates.map(({ core }) => core))),
    rawFramesPerSecond: Math.round(median(rates.map(({ raw }) => raw))),
    ratio: Number(median(ratios).toFixed(2)),
    ratioSpread: [Math.min(...ratios), Math.max(...ratios)].map((ratio) => Number(ratio.toFixed(2))),
  };
}
