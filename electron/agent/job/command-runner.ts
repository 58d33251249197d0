import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { err, ok, type Result } from '../../contract/result.ts';
import type { CommandProgram } from '../../contract/job.ts';
import type { ArtifactFile } from '../storage/artifact-store.ts';
import { wipe, type Workspace } from '../storage/workspace.ts';
import { createArtifactFolder } from '../mlflow/artifact-folder.ts';
import { startTrackingServer, type TrackingServer } from '../mlflow/tracking-server.ts';
import { createTrackingStore, type MetricPoint } from '../mlflow/tracking-store.ts';
import { CheckpointWatcher } from './checkpoint-watcher.ts';
import { LineReader, RateLimit, SizeLimit } from './lines.ts';
import { metricBody, parseMetricLine } from './metric-lines.ts';
import type { Runner, RunnerContext, RunnerOutcome } from './runner.ts';
import { standsStill } from './stands-still.ts';

/** Lines a second that become frames: log lines, and metric lines. The rest is counted and said once. */
const logLinesPerSecond = 200;
const metricLinesPerSecond = 2000;
/**
 * Log that becomes frames, in all: bytes. Frames are kept by the agent and by every desk for good, and a log that is longer
 * belongs into a file of the output.
 */
const logBytes = 16 * 1_048_576;
/** Figures that one frame carries. */
const framedValues = 64;
/** How long a stopped command has to end by itself before it is killed: milliseconds. */
const graceMs = 2000;

interface Folders {
  readonly root: string;
  readonly dataset: string;
  readonly output: string;
  readonly checkpoints: string;
  readonly scratch: string;
  /** Files of the checkpoint that the order resumes from; empty without one. */
  readonly resume: string;
}

/**
 * Runs any program on the decrypted dataset: `DATASET_DIR`, `OUTPUT_DIR` and `CHECKPOINT_DIR` lie in memory-backed
 * storage, and `RESUME_DIR` too when the order resumes from a checkpoint; nothing of the agent's own environment reaches it, and it runs in its own process group.
 */
export class CommandRunner implements Runner {
  readonly #program: CommandProgram;
  readonly #workspace: Workspace;
  #folder: string | undefined;
  #group: number | undefined;

  constructor(program: CommandProgram, workspace: Workspace) {
    this.#program = program;
    this.#workspace = workspace;
  }

  async run(context: RunnerContext): Promise<Result<RunnerOutcome>> {
    const created = await this.#workspace.createFolder(`job-${context.order.jobId.slice(0, 16)}`);
    if (!created.ok) return created;
    this.#folder = created.value;
    const folders = await makeFolders(created.value);
    const placed = await placeDataset(context, folders.dataset);
    if (!placed.ok) return placed;
    if (context.resume !== undefined) {
      const resumed = await unpackTar(context.resume.open, folders.resume);
      if (!resumed.ok) return resumed;
    }
    return this.#execute(context, folders);
  }

  standsStill(): boolean {
    return this.#group !== undefined && standsStill(this.#group);
  }

  async dispose(): Promise<void> {
    if (this.#folder !== undefined) await wipe(this.#folder);
  }

  async #execute(context: RunnerContext, folders: Folders): Promise<Result<RunnerOutcome>> {
    const progress = { step: context.resume?.step ?? 0 };
    const tracking = await startTracking(folders, (points) => {
      for (const [step, figures] of byStep(points)) {
        progress.step = Math.max(progress.step, step);
        context.emit(metricBody(step, undefined, figures));
      }
    });
    try {
      return await this.#follow(context, folders, tracking, progress);
    } finally {
      await tracking.close();
    }
  }

  async #follow(
    context: RunnerContext,
    folders: Folders,
    tracking: TrackingServer,
    progress: { step: number },
  ): Promise<Result<RunnerOutcome>> {
    const [program = '', ...parameters] = this.#program.command;
    const child = spawn(program, parameters, {
      cwd: folders.scratch,
      env: { ...commandEnvironment(folders, tracking, context.resume?.step), ...workerEnvironment(context.worker) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#group = child.pid;
    if (child.pid !== undefined) this.#workspace.guard(child.pid);
    const stop = (): void => killGroup(child, context.signal.reason === 'at once' ? 0 : graceMs);
    context.signal.addEventListener('abort', stop);
    if (context.signal.aborted) stop();
    const watcher = new CheckpointWatcher(folders.checkpoints, (file) =>
      context.checkpoint(stepOf(file.name) ?? progress.step, [file]),
    );
    watcher.start();
    const ended = exitOf(child);
    const metrics = new RateLimit(metricLinesPerSecond);
    const logs = new RateLimit(logLinesPerSecond);
    const room = new SizeLimit(logBytes);
    const log = (stream: 'stdout' | 'stderr', line: string): void => {
      if (!logs.take()) return;
      if (room.take(line)) context.emit({ kind: 'log', stream, line });
      else if (room.dropped === 1) {
        const full = `the log is full at ${logBytes / 1_048_576} MiB; its later lines are left out, metrics go on`;
        context.emit({ kind: 'log', stream: 'agent', line: full });
      }
    };
    const reading = Promise.all([
      readLines(child.stdout, (line) => {
        const metric = parseMetricLine(line, progress.step);
        if (metric === undefined) {
          log('stdout', line);
        } else {
          progress.step = Math.max(progress.step, metric.step);
          if (metrics.take()) context.emit(metric);
        }
      }),
      readLines(child.stderr, (line) => {
        log('stderr', line);
      }),
    ]);
    const exit = await ended;
    // A grandchild may hold the pipes open; it goes with its group.
    killGroup(child, 0);
    this.#group = undefined;
    if (child.pid !== undefined) this.#workspace.release(child.pid);
    await reading;
    context.signal.removeEventListener('abort', stop);
    await watcher.finish();
    for (const [limit, what] of [
      [logs, 'log lines came too fast and were left out'],
      [metrics, 'metric lines came too fast and were left out'],
      [room, 'log lines came after the log was full and were left out'],
    ] as const) {
      if (limit.dropped > 0) context.emit({ kind: 'log', stream: 'agent', line: `${limit.dropped} ${what}` });
    }
    if (context.signal.aborted) return err('cancelled', 'The job was stopped.');
    if (exit !== undefined) return err('invalid_input', exit);
    return ok({ files: await listFiles(folders.output), lastStep: progress.step });
  }
}

/** The step that a checkpoint's name tells; when it is found, the program may be further on already. */
function stepOf(name: string): number | undefined {
  const digits = /^checkpoint-(\d{1,9})(?!\d)/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** MLflow's tracking REST for this job; artifacts go into the output, and with it into the sealed model. */
async function startTracking(
  folders: Folders,
  onMetrics: (points: readonly MetricPoint[]) => void,
): Promise<TrackingServer> {
  return startTrackingServer({
    store: createTrackingStore({ clock: Date.now, random, onMetrics }),
    artifacts: createArtifactFolder(join(folders.output, 'mlflow')),
    random,
  });
}

/** Figures by step, in the order of logging; a name twice in one step begins a frame of its own. */
function byStep(points: readonly MetricPoint[]): [step: number, figures: Record<string, number>][] {
  const groups: [number, Record<string, number>][] = [];
  for (const { key, value, step } of points) {
    const last = groups.at(-1);
    const full = last !== undefined && Object.keys(last[1]).length >= framedValues;
    if (last === undefined || last[0] !== step || Object.hasOwn(last[1], key) || full)
      groups.push([step, { [key]: value }]);
    else last[1][key] = value;
  }
  return groups;
}

/** What torch.distributed and its like read. Which port rank 0 got is all that a scheduler has a say in. */
function workerEnvironment(worker: RunnerContext['worker']): NodeJS.ProcessEnv {
  if (worker === undefined) return {};
  const { rank, nodes, masterAddress } = worker.place;
  return {
    RANK: String(rank),
    WORLD_SIZE: String(nodes.length),
    LOCAL_RANK: '0',
    LOCAL_WORLD_SIZE: '1',
    MASTER_ADDR: masterAddress,
    MASTER_PORT: String(worker.masterPort),
    // Gloo would offer the address of the network card to the others: on one machine nothing leaves the loopback.
    ...(masterAddress === '127.0.0.1' && process.platform === 'linux' ? { GLOO_SOCKET_IFNAME: 'lo' } : {}),
  };
}

/**
 * Nothing is inherited but where programs are found. The tracking token is the one secret that MLflow's client takes
 * from the environment alone; it is this job's own, opens nothing but its metrics, and ends with it.
 */
function commandEnvironment(
  folders: Folders,
  tracking: TrackingServer,
  resumeStep: number | undefined,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    HOME: folders.scratch,
    TMPDIR: folders.scratch,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    DATASET_DIR: folders.dataset,
    OUTPUT_DIR: folders.output,
    CHECKPOINT_DIR: folders.checkpoints,
    ...(resumeStep === undefined ? {} : { RESUME_DIR: folders.resume, RESUME_STEP: String(resumeStep) }),
    MLFLOW_TRACKING_URI: tracking.url,
    MLFLOW_TRACKING_TOKEN: tracking.token,
    // It would look for a repository around the script, and report to its maker.
    GIT_PYTHON_REFRESH: 'quiet',
    MLFLOW_DISABLE_TELEMETRY: 'true',
  };
}

async function makeFolders(root: string): Promise<Folders> {
  const folders = {
    root,
    dataset: join(root, 'dataset'),
    output: join(root, 'output'),
    checkpoints: join(root, 'checkpoints'),
    scratch: join(root, 'scratch'),
    resume: join(root, 'resume'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return folders;
}

/** Resolves when the program has ended: undefined when well, otherwise a sentence. */
async function exitOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((done) => {
    child.once('error', (error) => done(`The command could not be started: ${error.message}.`));
    child.once('exit', (code, signal) => {
      if (code === 0) done(undefined);
      else done(signal === null ? `The command ended with exit code ${code}.` : `The command was ended by ${signal}.`);
    });
  });
}

/** Asks the whole group to end, and kills it after the grace time (at once for 0). */
function killGroup(child: ChildProcess, grace: number): void {
  const { pid } = child;
  if (pid === undefined) return;
  const send = (signal: NodeJS.Signals): void => {
    try {
      // A negative id names the group; Windows has none, there the process itself is ended.
      process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      // Already gone, which is what is wanted.
    }
  };
  if (grace === 0) {
    send('SIGKILL');
    return;
  }
  send('SIGTERM');
  const timer = setTimeout(() => send('SIGKILL'), grace);
  child.once('exit', () => clearTimeout(timer));
}

async function readLines(stream: Readable, sink: (line: string) => void): Promise<void> {
  const lines = new LineReader(sink);
  try {
    for await (const piece of stream) lines.push(piece as Buffer);
  } catch {
    // The pipe broke with its process; what came before is kept.
  }
  lines.end();
}

/** Writes the decrypted dataset: one file under its own name, or the tree of a folder. */
async function placeDataset(context: RunnerContext, folder: string): Promise<Result<void>> {
  const { kind, name } = context.manifest;
  if (kind === 'folder') return unpackTar(context.openDataset, folder);
  const file = await open(join(folder, basename(name.replaceAll('\\', '/')) || 'dataset'), 'wx', 0o600);
  try {
    const opened = await context.openDataset(async (plain) => {
      await file.write(plain);
    });
    return opened.ok ? ok(undefined) : opened;
  } finally {
    await file.close();
  }
}

/** Writes a tar as it is opened. Errors: `damaged`, those of `openSealed`. */
async function unpackTar(openSealed: RunnerContext['openDataset'], folder: string): Promise<Result<void>> {
  const reader = extract();
  const unpacking = (async (): Promise<Result<void>> => {
    for await (const entry of reader) {
      const path = resolve(folder, entry.header.name);
      if (!path.startsWith(folder + sep)) return err('damaged', 'The sealed folder names a file outside of itself.');
      if (entry.header.type === 'directory') await mkdir(path, { recursive: true });
      if (entry.header.type === 'file') {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      } else {
        entry.resume();
      }
    }
    return ok(undefined);
  })().catch((): Result<void> => err('damaged', 'The sealed folder is not a readable tar, or does not fit in memory.'));
  const opened = await openSealed(async (plain) => {
    // The view is reused: the tar reader gets its own copy.
    if (!reader.destroyed && !reader.write(Buffer.from(plain))) {
      await Promise.race([new Promise<void>((drained) => reader.once('drain', () => drained())), unpacking]);
    }
  });
  reader.end(new Uint8Array(0));
  const unpacked = await unpacking;
  return opened.ok ? unpacked : opened;
}

/** Regular files below a folder; links are not followed. */
async function listFiles(folder: string, below = ''): Promise<ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path);
    const relative = below === '' ? name : `${below}/${name}`;
    if (found.isDirectory()) files.push(...(await listFiles(path, relative)));
    else if (found.isFile()) {
      files.push({ name: relative, size: found.size, read: () => createReadStream(path) as AsyncIterable<Uint8Array> });
    }
  }
  return files;
}
