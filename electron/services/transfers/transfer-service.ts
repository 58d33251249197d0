import { ok, type Result } from '../../contract/result.ts';
import type { Throughput, TransferEstimate, TransferOutcome } from '../../contract/transfers.ts';
import type { Progress } from '../../contract/views.ts';
import { addThroughput, estimateTransfer, transferCost } from '../../domain/job/transfer.ts';
import { downloadArtifact, type DownloadOptions } from './download.ts';
import { allLimits, createTokenBucket, type Limiter } from './token-bucket.ts';
import { wait, type Patience, type TransferFigures } from './transfer.ts';
import { uploadDataset, type UploadOptions } from './upload.ts';

/** A node as a directory lists it. */
export interface TransferNode {
  readonly name: string;
  readonly region: string;
  readonly uploadMbps: number;
  readonly transferUsdPerGb?: number | undefined;
  readonly simulated: boolean;
}

/** What a desk remembers that a node has. The node's own answer decides; this is for estimates. */
export interface NodeDataset {
  readonly root: string;
  readonly bytes: number;
  readonly at: string;
}

/** Rows of the profile. Errors: those of the disk. */
export interface TransferStore {
  throughput(id: string): Result<Throughput | undefined>;
  putThroughput(id: string, throughput: Throughput): Result<void>;
  nodeDataset(node: string, root: string): Result<NodeDataset | undefined>;
  putNodeDataset(node: string, entry: NodeDataset): Result<void>;
}

/** While a transfer runs as a task: how it is stopped, paused and shown. */
export interface TrackedControl {
  readonly signal: AbortSignal;
  unpaused(): Promise<void>;
  progress(progress: Progress): void;
}

export interface TransferAbout {
  readonly kind: 'upload' | 'download';
  readonly title: string;
  readonly runId: string;
}

export interface TransferServiceOptions {
  readonly store: TransferStore;
  /** Limits in the settings: 10^6 bits a second, 0 for none. */
  readonly limits: () => { readonly uploadMbps: number; readonly downloadMbps: number };
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Runs a transfer as a task. */
  readonly track: <T>(
    about: TransferAbout,
    work: (control: TrackedControl) => Promise<Result<T>>,
  ) => Promise<Result<T>>;
  readonly patience?: Patience;
  /** Told when the store cannot take a measurement: the transfer itself is done. */
  readonly onTrouble: (problem: unknown) => void;
}

type Given = 'clock' | 'limit' | 'unpaused' | 'patience' | 'parallel';

export interface UploadRequest extends Omit<UploadOptions, Given> {
  readonly runId: string;
  readonly name: string;
  readonly node: TransferNode;
  readonly limitMbps?: number | undefined;
}

export interface DownloadRequest extends Omit<DownloadOptions, Given | 'onProgress'> {
  readonly runId: string;
  readonly limitMbps?: number | undefined;
}

export interface TransferService {
  /** What bringing a dataset to a node will take. Errors: those of the store. */
  estimate(
    node: TransferNode,
    dataset: { readonly root: string; readonly sealedBytes: number },
    limitMbps?: number,
  ): Result<TransferEstimate>;
  /** See `uploadDataset`; it is measured, and the node is remembered to have the dataset. */
  upload(request: UploadRequest): Promise<Result<TransferOutcome>>;
  /** See `downloadArtifact`. */
  download(request: DownloadRequest): Promise<Result<TransferFigures>>;
}

/** Transfers shorter than this say nothing about a line: bytes. */
const measurableBytes = 262_144;

/** Transfers of one desk: limited together, each a task, each measured. */
export function createTransferService(options: TransferServiceOptions): TransferService {
  const { store, clock } = options;
  const bucket = (mbps: () => number | undefined) =>
    createTokenBucket({ rate: () => bytesPerSecond(mbps()), clock, sleep: wait });
  const all = {
    upload: bucket(() => options.limits().uploadMbps),
    download: bucket(() => options.limits().downloadMbps),
  };
  const limitFor = (kind: 'upload' | 'download', own: number | undefined): Limiter =>
    own === undefined ? all[kind] : allLimits([bucket(() => own), all[kind]]);
  const patience = options.patience === undefined ? {} : { patience: options.patience };

  const remember = (node: TransferNode, figures: TransferFigures, root: string): Result<void> => {
    const at = new Date(clock()).toISOString();
    const known = store.putNodeDataset(node.name, { root, bytes: figures.bytes, at });
    if (!known.ok) return known;
    const sent = figures.bytes - figures.bytesPresent;
    // A transfer that was held back measures the limit, not the line.
    const held = figures.limitedSeconds > figures.seconds / 10;
    if (sent < measurableBytes || figures.seconds <= 0 || held) return ok(undefined);
    for (const id of [nodeId(node.name), regionId(node.region)]) {
      const before = store.throughput(id);
      if (!before.ok) return before;
      const written = store.putThroughput(id, addThroughput(before.value, sent / figures.seconds, at));
      if (!written.ok) return written;
    }
    return ok(undefined);
  };

  return {
    estimate(node, dataset, limitMbps) {
      const measured = store.throughput(nodeId(node.name));
      if (!measured.ok) return measured;
      const inRegion = store.throughput(regionId(node.region));
      if (!inRegion.ok) return inRegion;
      const there = store.nodeDataset(node.name, dataset.root);
      if (!there.ok) return there;
      const limits = [limitMbps, options.limits().uploadMbps].filter((mbps) => mbps !== undefined && mbps > 0);
      return ok(
        estimateTransfer({
          node: node.name,
          region: node.region,
          uploadMbps: node.uploadMbps,
          transferUsdPerGb: node.transferUsdPerGb,
          simulated: node.simulated,
          bytes: dataset.sealedBytes,
          bytesPresent: there.value?.bytes ?? 0,
          measured: measured.value,
          measuredInRegion: inRegion.value,
          limitMbps: limits.length === 0 ? undefined : Math.min(...(limits as number[])),
          now: clock(),
        }),
      );
    },

    async upload({ runId, name, node, limitMbps, onProgress, signal, ...rest }) {
      const title = `Uploading ${name} to ${node.name}`;
      const done = await options.track({ kind: 'upload', title, runId }, (control) =>
        uploadDataset({
          ...rest,
          ...patience,
          clock,
          limit: limitFor('upload', limitMbps),
          signal: AbortSignal.any([signal, control.signal]),
          unpaused: control.unpaused,
          onProgress: (progress) => {
            control.progress(progress);
            onProgress(progress);
          },
        }),
      );
      if (!done.ok) return done;
      const figures = done.value;
      const remembered = remember(node, figures, rest.root);
      if (!remembered.ok) options.onTrouble(remembered.error);
      const usd = transferCost(figures.bytesSent + figures.bytesReceived, node.transferUsdPerGb);
      return ok({
        seconds: figures.seconds,
        ...(usd === undefined ? {} : { usd }),
        bytesSent: figures.bytesSent,
        bytesReceived: figures.bytesReceived,
        bytesPresent: figures.bytesPresent,
        breaks: figures.breaks,
      });
    },

    download({ runId, limitMbps, signal, ...rest }) {
      const title = `Fetching ${rest.artifact.name} from ${rest.source.node}`;
      return options.track({ kind: 'download', title, runId }, (control) =>
        downloadArtifact({
          ...rest,
          ...patience,
          clock,
          limit: limitFor('download', limitMbps),
          signal: AbortSignal.any([signal, control.signal]),
          unpaused: control.unpaused,
          onProgress: control.progress,
        }),
      );
    },
  };
}

function bytesPerSecond(mbps: number | undefined): number | undefined {
  return mbps === undefined || mbps <= 0 ? undefined : (mbps * 1e6) / 8;
}

const nodeId = (name: string) => `local/node/${name}`;
const regionId = (region: string) => `local/region/${region}`;
