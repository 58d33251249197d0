import type { Series } from '../../contract/views.ts';
import { frameSchema, type Frame } from '../../contract/wire.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import { createGroupCommit } from './group-commit.ts';
import { createSeriesBuffer, type SeriesBuffer } from '../../domain/series/series-buffer.ts';
import {
  acceptFrame,
  chainStart,
  frameHash,
  type ChainIdentity,
  type ChainState,
} from '../../domain/telemetry/frame-chain.ts';

/** Where frames are kept: append-only, see services/store. */
export interface FrameStore {
  append(runId: string, node: string, frames: readonly { sequence: number; json: string }[]): Result<void>;
  read(
    runId: string,
    node: string,
    options?: { from?: number; limit?: number },
  ): Result<{ sequence: number; json: string }[]>;
  heads(runId: string): Result<{ node: string; sequence: number; frames: number }[]>;
}

export interface TelemetryService {
  /** Where the stored chain of a node stands: what to ask the agent for next. Errors: `damaged`, those of the disk. */
  chain(runId: string, node: string): Result<ChainState>;
  /**
   * Checks a frame from the wire against the chain, stores it, and only then lets it count.
   * Errors: `integrity` (see `acceptFrame`; or more than a run may keep), those of the disk. After an error nothing of the frame is kept.
   */
  ingest(runId: string, identity: ChainIdentity, input: unknown, lane?: string): Result<Frame>;
  /**
   * The same for frames that arrived together, of many nodes at once: what comes in one turn of the event loop is stored
   * in one transaction, because each waits for the disk (some 3 ms). Frames before a bad one are kept; the error comes
   * with them. Errors as `ingest`.
   */
  receive(
    runId: string,
    identity: ChainIdentity,
    inputs: readonly unknown[],
    lane?: string,
  ): Promise<{ readonly frames: readonly Frame[]; readonly error?: NacreError }>;
  /** All stored frames of a lane, each checked when it came. Errors: `damaged`, those of the disk. */
  frames(runId: string, lane: string): Result<Frame[]>;
  /** Drawn series by name; a name that never came gives an empty one. `node` narrows to one node. */
  series(query: { runId: string; names: readonly string[]; node?: string; maximumPoints: number }): Result<Series[]>;
  /** Forgets what is in memory of a run; the store keeps it. */
  release(runId: string): void;
}

/** Telemetry that one node may leave on this disk in one attempt: bytes. An honest agent stays far below (16 MiB of log). */
const laneBytesMaximum = 256 * 1_048_576;

interface NodeTelemetry {
  chain: ChainState;
  bytes: number;
  readonly series: Map<string, { readonly buffer: SeriesBuffer; readonly x: 'step' | 'time' }>;
  /** Latest fields of each GPU, for the mean of the node. */
  readonly gpus: Map<number, Readonly<Record<string, number>>>;
}

const units: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_GPU_UTIL: '%',
  DCGM_FI_DEV_MEM_COPY_UTIL: '%',
  DCGM_FI_DEV_FB_USED: 'MiB',
  DCGM_FI_DEV_FB_FREE: 'MiB',
  DCGM_FI_DEV_GPU_TEMP: '°C',
  DCGM_FI_DEV_MEMORY_TEMP: '°C',
  DCGM_FI_DEV_POWER_USAGE: 'W',
};

/** Verified telemetry of all runs: chain state and typed series in memory, frames in the store. */
export function createTelemetryService(options: {
  frames: FrameStore;
  verify: VerifySignature;
  /** All of the work or nothing; `frames` takes part in it. */
  transaction: (work: () => Result<void>) => Result<void>;
  /** See `laneBytesMaximum`. */
  laneBytes?: number;
}): TelemetryService {
  const laneBytes = options.laneBytes ?? laneBytesMaximum;
  const runs = new Map<string, Map<string, NodeTelemetry>>();

  // What is in memory stands for what is on disk; without that it is read again.
  const group = createGroupCommit(options.transaction, () => runs.clear());

  const load = (runId: string): Result<Map<string, NodeTelemetry>> => {
    const known = runs.get(runId);
    if (known !== undefined) return ok(known);
    const heads = options.frames.heads(runId);
    if (!heads.ok) return heads;
    const nodes = new Map<string, NodeTelemetry>();
    for (const { node } of heads.value) {
      const rows = options.frames.read(runId, node);
      if (!rows.ok) return rows;
      const telemetry = emptyNode();
      let last: Frame | undefined;
      for (const row of rows.value) {
        const frame = frameSchema.safeParse(parse(row.json));
        if (!frame.success)
          return err('damaged', `Stored telemetry of ${node} cannot be read at frame ${row.sequence}.`);
        count(telemetry, frame.data);
        telemetry.bytes += row.json.length;
        last = frame.data;
      }
      // Each frame was checked when it came; only the head is needed to go on.
      if (last !== undefined) telemetry.chain = { next: last.sequence + 1, head: frameHash(last) };
      nodes.set(node, telemetry);
    }
    runs.set(runId, nodes);
    return ok(nodes);
  };

  const nodeOf = (runId: string, node: string): Result<NodeTelemetry> => {
    const nodes = load(runId);
    if (!nodes.ok) return nodes;
    let telemetry = nodes.value.get(node);
    if (telemetry === undefined) {
      telemetry = emptyNode();
      nodes.value.set(node, telemetry);
    }
    return ok(telemetry);
  };

  const service: TelemetryService = {
    chain(runId, node) {
      const telemetry = nodeOf(runId, node);
      return telemetry.ok ? ok(telemetry.value.chain) : telemetry;
    },
    ingest(runId, identity, input, lane = identity.node) {
      const found = nodeOf(runId, lane);
      if (!found.ok) return found;
      const telemetry = found.value;
      const accepted = acceptFrame(telemetry.chain, input, identity, options.verify);
      if (!accepted.ok) return accepted;
      const { frame, state } = accepted.value;
      const json = JSON.stringify(frame);
      if (telemetry.bytes + json.length > laneBytes) {
        return err(
          'integrity',
          `Node ${identity.node} sends more telemetry than a run may keep (${laneBytes} bytes).`,
          {
            hint: 'An agent bounds what it sends. Do not retry on this node.',
            details: { node: identity.node, reason: 'telemetry-too-long' },
          },
        );
      }
      const stored = options.frames.append(runId, lane, [{ sequence: frame.sequence, json }]);
      if (!stored.ok) return stored;
      telemetry.bytes += json.length;
      telemetry.chain = state;
      count(telemetry, frame);
      return ok(frame);
    },
    async receive(runId, identity, inputs, lane) {
      const frames: Frame[] = [];
      let error: NacreError | undefined;
      const committed = await group.add(() => {
        for (const input of inputs) {
          const frame = service.ingest(runId, identity, input, lane);
          if (!frame.ok) {
            error = frame.error;
            return;
          }
          frames.push(frame.value);
        }
      });
      if (!committed.ok) return { frames: [], error: committed.error };
      return error === undefined ? { frames } : { frames, error };
    },
    frames(runId, lane) {
      const rows = options.frames.read(runId, lane);
      if (!rows.ok) return rows;
      const frames: Frame[] = [];
      for (const row of rows.value) {
        const frame = frameSchema.safeParse(parse(row.json));
        if (!frame.success)
          return err('damaged', `Stored telemetry of ${lane} cannot be read at frame ${row.sequence}.`);
        frames.push(frame.data);
      }
      return ok(frames);
    },
    series({ runId, names, node, maximumPoints }) {
      const nodes = load(runId);
      if (!nodes.ok) return nodes;
      const chosen = [...nodes.value].filter(([lane]) => node === undefined || nodeOfLane(lane) === node);
      const drawn: Series[] = [];
      for (const name of names) {
        const found = chosen.flatMap(([, telemetry]) => telemetry.series.get(name) ?? []);
        const unit = units[name] ?? '';
        if (found.length === 0)
          drawn.push({ name, unit, x: name.startsWith('DCGM_') ? 'time' : 'step', points: [], raw: 0 });
        const [only] = found;
        if (found.length > 1 && only !== undefined && chosen.every(([lane], i) => i === 0 || lane.includes('#'))) {
          drawn.push(
            joined(
              name,
              unit,
              only.x,
              found.map(({ buffer }) => buffer),
              maximumPoints,
            ),
          );
          continue;
        }
        for (const { buffer, x } of found) {
          drawn.push({ name, unit, x, points: buffer.draw(maximumPoints), raw: buffer.length });
        }
      }
      return ok(drawn);
    },
    release: (runId) => void runs.delete(runId),
  };
  return service;
}

/** Lanes of later attempts are named after their node and their number; see domain/job/attempts. */
function nodeOfLane(lane: string): string {
  return lane.split('#')[0] ?? lane;
}

/** One line through the attempts of a run: where one was taken up again, its earlier steps are those of the later one. */
function joined(
  name: string,
  unit: string,
  x: 'step' | 'time',
  attempts: readonly SeriesBuffer[],
  maximumPoints: number,
): Series {
  const each = Math.max(10, Math.floor(maximumPoints / attempts.length));
  let points: Series['points'] = [];
  for (const buffer of attempts) {
    const drawn = buffer.draw(each);
    const from = drawn[0]?.x ?? Number.POSITIVE_INFINITY;
    points = [...points.filter((point) => point.x < from), ...drawn];
  }
  return { name, unit, x, points, raw: attempts.reduce((sum, { length }) => sum + length, 0) };
}

function emptyNode(): NodeTelemetry {
  return { chain: chainStart, bytes: 0, series: new Map(), gpus: new Map() };
}

function count(telemetry: NodeTelemetry, frame: Frame): void {
  const { body } = frame;
  if (body.kind === 'metric') {
    for (const [name, value] of Object.entries(body.values)) push(telemetry, name, 'step', body.step, value);
    // A loss that is no number is drawn as a gap, never as the last good value.
    for (const name of Object.keys(body.nonFinite ?? {})) push(telemetry, name, 'step', body.step, Number.NaN);
    return;
  }
  if (body.kind !== 'gpu') return;
  const at = Date.parse(frame.at);
  if (Number.isNaN(at)) return;
  const known = telemetry.gpus.has(body.gpu);
  telemetry.gpus.set(body.gpu, body.fields);
  const highest = Math.max(...telemetry.gpus.keys());
  // One point a round: when the last GPU of the node has reported. A node's line is the mean of its GPUs.
  if (body.gpu !== highest || (!known && telemetry.gpus.size !== body.gpu + 1)) return;
  for (const name of Object.keys(body.fields)) {
    const values = [...telemetry.gpus.values()].flatMap((fields) => fields[name] ?? []);
    push(telemetry, name, 'time', at, values.reduce((sum, value) => sum + value, 0) / values.length);
  }
}

function push(telemetry: NodeTelemetry, name: string, x: 'step' | 'time', at: number, value: number): void {
  let entry = telemetry.series.get(name);
  if (entry === undefined) {
    entry = { buffer: createSeriesBuffer(), x };
    telemetry.series.set(name, entry);
  }
  entry.buffer.push(at, value);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
