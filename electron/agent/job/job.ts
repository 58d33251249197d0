import type { JobOrder } from '../../contract/job.ts';
import { receiptLimits } from '../../contract/receipt.ts';
import type { Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { StartAnswer, StartRequest, WorkerPlace } from '../../contract/workers.ts';
import type { DsseEnvelope, JobStatus } from '../../contract/wire.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';
import { fileKeyOpener } from '../../domain/sealed/identities.ts';
import { createOpener } from '../../domain/sealed/opener.ts';
import type { Session } from '../evidence/sessions.ts';
import type { ArtifactFile, ArtifactStore, SealedArtifact } from '../storage/artifact-store.ts';
import type { DatasetStore } from '../storage/dataset-store.ts';
import { FrameLog } from './frame-log.ts';
import type { GpuTelemetry } from './gpu-simulation.ts';
import { makeReceipt } from './receipt.ts';
import type { Runner, RunnerContext, RunnerOutcome } from './runner.ts';
import { StartGate } from './start-gate.ts';

/** Checkpoints kept for the owner; older ones make room. */
const keptCheckpoints = 64;
/** How often the GPUs are read and the time is looked at. */
const tickMs = 1000;

export interface JobParts {
  readonly node: string;
  readonly agentVersion: string;
  readonly simulated: boolean;
  readonly measurement: string | undefined;
  readonly order: JobOrder;
  /** Raw Ed25519 key that signed the order: whose job this is. */
  readonly ownerKey: Uint8Array;
  readonly orderSha256: string;
  readonly manifest: Manifest;
  readonly earSha256: string;
  /** The exchange that the release rests on. */
  readonly releasedOn: string;
  readonly fileKey: Uint8Array;
  /** The checkpoint that the order resumes from, and its key. */
  readonly resume: Manifest | undefined;
  readonly resumeKey: Uint8Array | undefined;
  /** Its place among several workers; absent: it works alone, and at once. */
  readonly worker: WorkerPlace | undefined;
  readonly session: Session;
  readonly datasets: DatasetStore;
  readonly artifacts: ArtifactStore;
  readonly cipher: StreamCipher;
  readonly gpus: GpuTelemetry;
  readonly runner: Runner;
  readonly clock: () => Date;
}

/** One order at work: from the accepted release to the signed receipt. */
export class Job {
  readonly frames: FrameLog;
  readonly ownerKey: Uint8Array;
  readonly artifacts: ArtifactStore;
  readonly #parts: JobParts;
  readonly #gate: StartGate | undefined;
  readonly #abort = new AbortController();
  readonly #checkpoints: string[] = [];
  #state: JobStatus['state'] = 'accepted';
  #message: string | undefined;
  #receipt: DsseEnvelope | undefined;
  #busy = false;
  /** Why the job was ended by the clock. */
  #outOfTime: string | undefined;
  /** Settles when the job has ended and its plaintext is wiped; never rejects. */
  readonly ended: Promise<void>;

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.artifacts = parts.artifacts;
    this.ownerKey = parts.ownerKey;
    this.#gate = parts.worker && new StartGate(parts.worker);
    this.frames = new FrameLog({
      jobId: parts.order.jobId,
      node: parts.node,
      signer: parts.session.signer,
      clock: parts.clock,
    });
    this.frames.append({ kind: 'state', state: 'accepted' });
    this.ended = this.#run();
  }

  status(): JobStatus {
    return {
      jobId: this.#parts.order.jobId,
      state: this.#state,
      ...(this.#message === undefined ? {} : { message: this.#message }),
      lastSequence: this.frames.next - 1,
    };
  }

  /** Lets a worker begin. Errors: `not_permitted`, `invalid_input`; `wrong_state` when the job waits for nobody. */
  async start(request: StartRequest): Promise<Result<StartAnswer>> {
    if (this.#gate === undefined) return err('wrong_state', 'The job began by itself; it has no other workers.');
    const port = await this.#gate.start(request);
    return port.ok ? ok({ state: this.#state, masterPort: port.value }) : port;
  }

  /** Whether the GPUs work for this job right now. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The receipt of a job that succeeded. Errors: `wrong_state`. */
  receipt(): Result<DsseEnvelope> {
    if (this.#receipt !== undefined) return ok(this.#receipt);
    return err('wrong_state', `The job is ${this.#state}; a receipt is made when it has succeeded.`);
  }

  /** Ends the job; what was sealed so far stays. */
  stop(atOnce = false): void {
    this.#abort.abort(atOnce ? 'at once' : 'asked');
  }

  async #run(): Promise<void> {
    const { order, runner, clock } = this.#parts;
    const startedOn = clock();
    const tick = setInterval(() => {
      // The heartbeat is that of the work, not of the agent: a program that is stopped makes the node fall silent.
      if (runner.standsStill?.() !== true) this.#sendGpuFrames();
      this.#outOfTime ??= outOfTime(order, startedOn, clock());
      if (this.#outOfTime !== undefined) this.#abort.abort('asked');
    }, tickMs);
    let finish: (() => void) | undefined;
    try {
      finish = await this.#work(startedOn);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      finish = () => this.#end('failed', `The agent failed at this job: ${message}.`);
    } finally {
      clearInterval(tick);
      this.#busy = false;
      this.#parts.fileKey.fill(0);
      this.#parts.resumeKey?.fill(0);
      await runner.dispose().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.frames.append({ kind: 'log', stream: 'agent', line: `plaintext could not be wiped: ${message}` });
      });
      // The last frame says that the plaintext is gone, so it comes after the wiping.
      this.#finish(finish);
    }
  }

  /** What goes wrong at the very end is said by the status, when no frame can say it any more. */
  #finish(finish: (() => void) | undefined): void {
    try {
      finish?.();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#state = 'failed';
      this.#message = `The agent could not make the receipt: ${message}`.slice(0, 2048);
    }
  }

  /** Runs the program and seals what it leaves; gives back how to end. */
  async #work(startedOn: Date): Promise<() => void> {
    const { order, runner } = this.#parts;
    const started = await this.#gate?.opened(this.#abort.signal);
    if (started?.ok !== false) {
      this.#state = 'running';
      this.frames.append({ kind: 'state', state: 'running' });
      this.#busy = true;
      this.#sendGpuFrames();
    }
    const result = started?.ok === false ? started : await runner.run(this.#context(started?.value));
    this.#busy = false;
    if (!result.ok) {
      const { message } = result.error;
      const late = this.#outOfTime;
      if (late !== undefined) return () => this.#end('failed', late);
      if (this.#abort.signal.aborted) return () => this.#end('stopped', 'Stopped on request.');
      return () => this.#end('failed', message);
    }
    const tooMuch = beyondReceipt(result.value.files);
    if (tooMuch !== undefined) return () => this.#end('failed', tooMuch);
    const model = await this.artifacts.seal(
      { name: 'model.age', kind: 'model', step: result.value.lastStep },
      result.value.files,
      order.outputRecipients,
    );
    if (!model.ok) return () => this.#end('failed', model.error.message);
    this.frames.append({ kind: 'artifact', artifact: model.value.artifact });
    return () => this.#succeed(model.value, result.value, startedOn);
  }

  #end(state: 'failed' | 'stopped', message: string): void {
    this.#state = state;
    this.#message = message.length > 2048 ? `${message.slice(0, 2047)}…` : message;
    this.frames.end({ kind: 'state', state, message: this.#message });
  }

  /** The last frame and the receipt over it appear together. */
  #succeed(model: SealedArtifact, outcome: RunnerOutcome, startedOn: Date): void {
    const { session, clock, order, ...parts } = this.#parts;
    this.#state = 'succeeded';
    this.frames.end({ kind: 'state', state: 'succeeded' });
    const evidence = session.evidenceSha256;
    this.#receipt = makeReceipt(
      {
        ...parts,
        order,
        sessionId: session.id,
        signingKey: session.signer.publicKey,
        model,
        outcome,
        startedOn,
        finishedOn: clock(),
        chainHead: this.frames.head,
        frames: this.frames.next,
        evidenceSha256: evidence.slice(Math.max(0, evidence.indexOf(parts.releasedOn))),
      },
      session.signer,
    );
  }

  #context(masterPort: number | undefined): RunnerContext {
    const { order, manifest, fileKey, resume, resumeKey } = this.#parts;
    const step = order.attempt?.resume?.step;
    return {
      order,
      manifest,
      openDataset: (sink) => this.#openSealed(manifest, fileKey, sink),
      ...(resume === undefined || resumeKey === undefined || step === undefined
        ? {}
        : { resume: { step, open: (sink) => this.#openSealed(resume, resumeKey, sink) } }),
      ...(this.#gate === undefined || masterPort === undefined
        ? {}
        : { worker: { place: this.#gate.place, masterPort } }),
      emit: (body) => this.frames.append(body),
      checkpoint: (step, files) => this.#checkpoint(step, files),
      signal: this.#abort.signal,
    };
  }

  /** Opens a sealed file piece by piece; its key is wiped with that. */
  async #openSealed(
    manifest: Manifest,
    fileKey: Uint8Array,
    sink: (plain: Uint8Array) => void | Promise<void>,
  ): Promise<Result<number>> {
    const { datasets, ownerKey, cipher } = this.#parts;
    const opener = createOpener({ fileKey: fileKeyOpener(fileKey), cipher });
    const opened: Uint8Array[] = [];
    const keep = (plain: Uint8Array): void => void opened.push(plain.slice());
    const deliver = async (): Promise<void> => {
      for (const plain of opened.splice(0)) {
        await sink(plain);
        plain.fill(0);
      }
    };
    try {
      for await (const piece of datasets.read(ownerKey, manifest)) {
        if (this.#abort.signal.aborted) return err('cancelled', 'The job was stopped.');
        const pushed = opener.push(piece, keep);
        await deliver();
        if (!pushed.ok) return pushed;
      }
      const end = opener.end(keep);
      await deliver();
      return end;
    } finally {
      fileKey.fill(0);
    }
  }

  async #checkpoint(step: number, files: readonly ArtifactFile[]): Promise<void> {
    const number = String(step).padStart(6, '0');
    const twins = this.#checkpoints.filter((name) => name.startsWith(`checkpoint-${number}`)).length;
    const name = `checkpoint-${number}${twins === 0 ? '' : `-${twins + 1}`}.age`;
    const sealed = await this.artifacts
      .seal({ name, kind: 'checkpoint', step }, files, this.#parts.order.outputRecipients)
      .catch((error: unknown) => err('internal', error instanceof Error ? error.message : String(error)));
    if (!sealed.ok) {
      const line = `the checkpoint of step ${step} could not be sealed: ${sealed.error.message}`;
      this.frames.append({ kind: 'log', stream: 'agent', line });
      return;
    }
    this.#checkpoints.push(name);
    this.frames.append({ kind: 'artifact', artifact: sealed.value.artifact });
    if (this.#checkpoints.length > keptCheckpoints) {
      const oldest = this.#checkpoints.shift();
      if (oldest !== undefined) await this.artifacts.remove(oldest);
    }
  }

  #sendGpuFrames(): void {
    const { gpus } = this.#parts;
    for (const { gpu, uuid, fields } of gpus.read(this.#busy)) {
      this.frames.append({ kind: 'gpu', gpu, uuid, fields, simulated: gpus.simulated });
    }
  }
}

/** Why the files cannot all be named in a receipt; undefined when they can. */
function beyondReceipt(files: readonly ArtifactFile[]): string | undefined {
  const { files: most, fileNameCharacters } = receiptLimits;
  if (files.length > most) return `The job left ${files.length} files as its model; at most ${most} can be attested.`;
  const long = files.find(({ name }) => name.length > fileNameCharacters);
  return long === undefined
    ? undefined
    : `The path of ${long.name.slice(0, 64)}… is longer than ${fileNameCharacters} characters.`;
}

/** Why the clock ends the job; undefined while there is time. */
function outOfTime(order: JobOrder, startedOn: Date, now: Date): string | undefined {
  const { maximumSeconds } = order.budget;
  if (now.getTime() - startedOn.getTime() > maximumSeconds * 1000) {
    return `The job took longer than its budget of ${maximumSeconds} s.`;
  }
  if (now.getTime() > Date.parse(order.notAfter))
    return `The order expired at ${order.notAfter}, before the job was done.`;
  return undefined;
}
