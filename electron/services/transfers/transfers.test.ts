import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Throughput } from '../../contract/transfers.ts';
import { downloadArtifact } from './download.ts';
import { memoryArtifact, memoryNode, type Mishap } from './testing/nodes.ts';
import { createTokenBucket } from './token-bucket.ts';
import { wait } from './transfer.ts';
import { createTransferService, type NodeDataset, type TransferServiceOptions } from './transfer-service.ts';
import { uploadDataset, type UploadOptions } from './upload.ts';

const patience = { attempts: 4, firstDelayMs: 1, maximumDelayMs: 4 };
const partSize = 200_000;
const data = randomBytes(partSize * 5 + 1234);
const parts = Array.from({ length: 6 }, (_, i) => data.subarray(i * partSize, (i + 1) * partSize));
const envelope = { payloadType: 'x', payload: '', signatures: [{ keyid: '', sig: '' }] };

function request(node: ReturnType<typeof memoryNode>, changes: Partial<UploadOptions> = {}): UploadOptions {
  return {
    target: node.target,
    root: 'ab'.repeat(32),
    manifest: envelope,
    parts: parts.length,
    partSize,
    sealedBytes: data.length,
    readPart: async (index) => ok(parts[index] ?? new Uint8Array()),
    checkPart: async () => ok(undefined),
    onProgress: () => undefined,
    clock: () => performance.now(),
    signal: new AbortController().signal,
    patience,
    ...changes,
  };
}

describe('an upload', () => {
  it('brings every byte once over a good line, and nothing when all is there', async () => {
    const node = memoryNode(parts);
    const seen: number[] = [];
    const done = await uploadDataset(request(node, { onProgress: (progress) => seen.push(progress.done) }));
    expect(done).toMatchObject({ ok: true, value: { bytesPresent: 0, breaks: 0, bytes: data.length } });
    expect(Buffer.concat(node.held).equals(data)).toBe(true);
    expect(node.sent.bytes).toBe(data.length);
    expect(seen.at(-1)).toBe(data.length);
    const again = await uploadDataset(request(node));
    expect(again).toMatchObject({ ok: true, value: { bytesPresent: data.length, bytesSent: 0 } });
    node.drop(2);
    const one = await uploadDataset(request(node));
    expect(one).toMatchObject({ ok: true, value: { bytesSent: partSize } });
  });

  it('goes on at the byte where it broke', async () => {
    const mishaps: Mishap = (call) => (call % 3 === 1 ? 'half' : undefined);
    const node = memoryNode(parts, mishaps);
    const done = await uploadDataset(request(node, { parallel: 1 }));
    expect(done.ok).toBe(true);
    expect(Buffer.concat(node.held).equals(data)).toBe(true);
    expect(node.sent.bytes).toBeLessThan(data.length * 1.35);
  });

  it('sends less at a time over a line that breaks often', async () => {
    const sizes: number[] = [];
    const big = [randomBytes(4_000_000), randomBytes(4_000_000)];
    const node = memoryNode(big, (call) => (call > 0 && call < 12 && call % 2 === 0 ? 'lie' : undefined));
    const { target } = node;
    const watched = {
      ...target,
      putPart: (...input: Parameters<typeof target.putPart>) => {
        sizes.push(input[3].length);
        return target.putPart(...input);
      },
    };
    const done = await uploadDataset(
      request(node, {
        target: watched,
        parallel: 1,
        parts: 2,
        partSize: 4_000_000,
        sealedBytes: 8_000_000,
        readPart: async (index) => ok(big[index] ?? new Uint8Array()),
      }),
    );
    expect(done.ok).toBe(true);
    expect(sizes[0]).toBe(1_048_576);
    expect(Math.min(...sizes.slice(0, 14))).toBeLessThan(300_000);
  });

  it('gives up when nothing gets through, keeps no secret of why, and never tries again what cannot be cured', async () => {
    const dead = memoryNode(parts, () => err('timeout', 'silence'));
    expect(await uploadDataset(request(dead))).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(dead.sent.calls).toBeLessThan(4 * 4 + 4);
    const full = memoryNode(parts, () => err('disk_full', 'full'));
    expect(await uploadDataset(request(full))).toMatchObject({ ok: false, error: { code: 'disk_full' } });
    expect(full.sent.calls).toBeLessThanOrEqual(4);
  });

  it('tells a changed sealed file from a node that refuses good parts', async () => {
    const refuses = memoryNode(parts, () => err('integrity', 'not the part'));
    expect(await uploadDataset(request(refuses))).toMatchObject({
      ok: false,
      error: { code: 'integrity', message: 'not the part' },
    });
    const own = err('integrity', 'changed on this disk');
    const node = memoryNode(parts);
    const changed = await uploadDataset(
      request(node, { readPart: async (i) => ok(randomBytes(parts[i]?.length ?? 0)), checkPart: async () => own }),
    );
    expect(changed).toEqual(own);
  });

  it('answers garbage with an error: other parts than there are', async () => {
    const node = memoryNode(parts);
    const target = { ...node.target, beginUpload: async () => ok({ ...node.state(), parts: 7 }) };
    expect(await uploadDataset(request(node, { target }))).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  });

  it('proves a restarted agent before it sends on, and does not follow one that changes its key for ever', async () => {
    const other = err('attestation_failed', 'other key', { details: { reason: 'tls-key-mismatch' } });
    const first = memoryNode(parts, (call) => (call > 2 ? other : undefined));
    const second = memoryNode(parts);
    let proofs = 0;
    const begin = async () => (proofs === 0 ? ok(first.state()) : other);
    const done = await uploadDataset(
      request(first, {
        target: { ...first.target, beginUpload: begin },
        reconnect: async () => {
          proofs += 1;
          return ok(second.target);
        },
      }),
    );
    expect(done.ok).toBe(true);
    expect(proofs).toBe(1);
    expect(Buffer.concat(second.held).equals(data)).toBe(true);
    const endless = memoryNode(parts, () => other);
    const never = await uploadDataset(request(endless, { reconnect: async () => ok(endless.target) }));
    expect(never).toMatchObject({ ok: false, error: { code: 'attestation_failed' } });
    // Without a way to prove it, another key ends the transfer at once.
    expect(await uploadDataset(request(endless))).toMatchObject({ ok: false, error: { code: 'attestation_failed' } });
  });

  it('waits while it is paused, and stops at once when told', async () => {
    const node = memoryNode(parts);
    const { promise, resolve } = Promise.withResolvers<void>();
    const abort = new AbortController();
    const running = uploadDataset(request(node, { unpaused: () => promise, signal: abort.signal }));
    await new Promise((wake) => setTimeout(wake, 30));
    expect(node.sent.bytes).toBe(0);
    resolve();
    const done = await running;
    expect(done.ok && done.value.seconds).toBeLessThan(0.5);
    const stopped = new AbortController();
    stopped.abort();
    expect(await uploadDataset(request(memoryNode(parts), { signal: stopped.signal }))).toMatchObject({
      ok: false,
      error: { code: 'cancelled' },
    });
  });

  it('keeps to its rate', async () => {
    const node = memoryNode(parts);
    let now = 0;
    const time = { clock: () => now, sleep: async (ms: number) => ((now += ms), true) };
    const done = await uploadDataset(
      request(node, { ...time, parallel: 1, limit: createTokenBucket({ rate: () => 100_000, ...time }) }),
    );
    expect(done.ok && done.value.limitedSeconds).toBeGreaterThan(9);
    expect(data.length / (now / 1000)).toBeGreaterThan(95_000);
    expect(data.length / (now / 1000)).toBeLessThan(110_000);
  });
});

describe('a download', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nacre-download-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const fetch = ({ artifact, source }: Pick<ReturnType<typeof memoryArtifact>, 'artifact' | 'source'>, name: string) =>
    downloadArtifact({
      source,
      jobId: 'j',
      artifact,
      path: join(folder, name),
      onProgress: () => undefined,
      clock: () => performance.now(),
      signal: new AbortController().signal,
      patience,
    });

  it('is whole under its name or not there at all', async () => {
    const good = memoryArtifact(data, 65_536);
    expect(await fetch(good, 'good')).toMatchObject({ ok: true, value: { bytes: data.length } });
    expect((await readFile(join(folder, 'good'))).equals(data)).toBe(true);
    expect(good.sent.bytes).toBe(data.length);
    const { parts: _parts, ...single } = good.artifact;
    expect(await fetch({ artifact: single, source: good.source }, 'single')).toMatchObject({ ok: true });
    for (const change of [
      { sha256: 'ab'.repeat(32) },
      { parts: { size: 65_536, root: 'ab'.repeat(32) } },
      { bytes: 1 },
    ]) {
      const answer = await fetch({ artifact: { ...good.artifact, ...change }, source: good.source }, 'bad');
      expect(answer).toMatchObject({ ok: false, error: { code: 'integrity' } });
    }
    expect((await readdir(folder)).sort()).toEqual(['good', 'single']);
  });

  it('goes on at the byte where it broke; asks once more for a wrong part; refuses it the second time', async () => {
    const breaks = memoryArtifact(data, 65_536, (call) => (call % 4 === 1 ? 'half' : undefined));
    expect(await fetch(breaks, 'breaks')).toMatchObject({ ok: true });
    expect((await readFile(join(folder, 'breaks'))).equals(data)).toBe(true);
    expect(breaks.sent.bytes).toBe(data.length);
    const once = memoryArtifact(data, 65_536, (call) => (call === 3 ? 'lie' : undefined));
    expect(await fetch(once, 'once')).toMatchObject({ ok: true });
    const liar = memoryArtifact(data, 65_536, () => 'lie');
    expect(await fetch(liar, 'liar')).toMatchObject({ ok: false, error: { code: 'integrity' } });
    expect(await readdir(folder)).not.toContain('liar.partial');
  });

  it('finds the good parts that an earlier desk left', async () => {
    const dead = memoryArtifact(data, 65_536, (call) => (call > 5 ? err('unavailable', 'gone') : undefined));
    expect(await fetch(dead, 'later')).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const left = await readFile(join(folder, 'later.partial'));
    left[5] = (left[5] ?? 0) ^ 1;
    await writeFile(join(folder, 'later.partial'), left);
    const back = memoryArtifact(data, 65_536);
    const done: Result<{ bytesPresent: number }> = await fetch(back, 'later');
    expect(done.ok && done.value.bytesPresent).toBeGreaterThanOrEqual(4 * 65_536);
    expect(back.sent.bytes).toBeLessThan(data.length - 3 * 65_536);
    expect((await readFile(join(folder, 'later'))).equals(data)).toBe(true);
  });
});

describe('the book of transfers', () => {
  it('measures nodes and regions, remembers what they have, and estimates by it', async () => {
    const throughput = new Map<string, Throughput>();
    const datasets = new Map<string, NodeDataset>();
    let now = Date.parse('2026-01-01T00:00:00Z');
    const limits = { uploadMbps: 0, downloadMbps: 0 };
    const options: TransferServiceOptions = {
      store: {
        throughput: (id) => ok(throughput.get(id)),
        putThroughput: (id, measured) => ok(void throughput.set(id, measured)),
        nodeDataset: (node, root) => ok(datasets.get(`${node}/${root}`)),
        putNodeDataset: (node, entry) => ok(void datasets.set(`${node}/${entry.root}`, entry)),
      },
      limits: () => limits,
      clock: () => now,
      track: (_about, work) =>
        work({ signal: new AbortController().signal, unpaused: async () => undefined, progress: () => undefined }),
      onTrouble: (problem) => expect(problem).toBeUndefined(),
    };
    const service = createTransferService(options);
    const node = { name: 'a', region: 'eu', uploadMbps: 8, transferUsdPerGb: 1000, simulated: true };
    const wanted = { root: 'ab'.repeat(32), sealedBytes: data.length };
    const first = service.estimate(node, wanted);
    expect(first).toMatchObject({
      ok: true,
      value: { basis: 'directory', seconds: data.length / 1e6, bytesPresent: 0 },
    });
    expect(first.ok && first.value.note).toContain("Not measured yet: using the directory's figure (SIMULATED).");
    expect(first.ok && first.value.usd).toBeCloseTo(data.length / 1e6, 9);

    const memory = memoryNode(parts);
    const { target } = memory;
    // Every call takes a tenth of a second.
    const slow = {
      ...target,
      putPart: (...input: Parameters<typeof target.putPart>) => {
        now += 100;
        return target.putPart(...input);
      },
    };
    const { clock: _clock, patience: _patience, ...rest } = request(memory, { target: slow });
    const done = await service.upload({ ...rest, runId: 'r', name: 'd', node });
    expect(done).toMatchObject({ ok: true, value: { bytesPresent: 0, breaks: 0 } });
    const measured = throughput.get('local/node/a');
    expect(measured).toMatchObject({ count: 1 });
    expect(measured?.bytesPerSecond).toBeCloseTo(data.length / (memory.sent.calls * 0.1), 3);
    // There: nothing to send any more. Another dataset: by what was measured; another node of the region: by that.
    expect(service.estimate(node, wanted)).toMatchObject({ ok: true, value: { bytes: 0, seconds: 0, basis: 'node' } });
    const other = { ...wanted, root: 'cd'.repeat(32) };
    now += 3 * 3_600_000;
    const again = service.estimate(node, other);
    expect(again.ok && again.value.note).toContain('1 transfer, last 3 h ago');
    expect(service.estimate({ ...node, name: 'b' }, other)).toMatchObject({ ok: true, value: { basis: 'region' } });
    // A limit is counted, the tighter of the two.
    limits.uploadMbps = 0.8;
    expect(service.estimate(node, other, 0.4)).toMatchObject({ ok: true, value: { seconds: data.length / 50_000 } });
    expect(service.estimate(node, other)).toMatchObject({ ok: true, value: { seconds: data.length / 100_000 } });
    // What a limit held back measures nothing.
    memory.drop(0);
    memory.drop(1);
    const held = await service.upload({
      ...rest,
      runId: 'r',
      name: 'd',
      node,
      limitMbps: 1e-9,
      signal: AbortSignal.timeout(50),
    });
    expect(held).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(throughput.get('local/node/a')).toEqual(measured);
    expect(await wait(0, AbortSignal.abort())).toBe(false);
  });
});
