import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { payloadTypes } from '../../contract/dsse.ts';
import { ok } from '../../contract/result.ts';
import { createSigner, signJson } from '../../domain/dsse/dsse.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';
import { createAgentClient } from '../../networks/agent-client/agent-client.ts';
import { uploadDataset } from '../../services/transfers/upload.ts';

const partSize = 4 * 1_048_576;
const signer = createSigner(new Uint8Array(randomBytes(32)));

/** A line that hands everything over `delayMs` later, each way. */
async function delayedLine(target: number, delayMs: number): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((one) => {
    const other = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs));
      from.on('error', () => to.destroy());
      from.on('close', () => setTimeout(() => to.destroy(), delayMs));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function measure(url: string, parallel: number, count: number): Promise<number> {
  const parts = Array.from({ length: count }, () => randomBytes(partSize));
  const digests = parts.map((part) => createHash('sha256').update(part).digest());
  const root = Buffer.from(merkleRoot(digests.map(leafHash))).toString('hex');
  const manifest = {
    version: 1,
    name: 'bench',
    kind: 'file',
    sealedBytes: count * partSize,
    plainBytes: count * partSize,
    partSize,
    parts: digests.map((digest) => digest.toString('hex')),
    root,
    ageHeaderSha256: '00'.repeat(32),
    recipients: [],
    createdAt: new Date().toISOString(),
  };
  const client = createAgentClient({ node: 'bench', url });
  await client.status();
  const grant = {
    version: 1,
    ownerKey: Buffer.from(signer.publicKey).toString('base64'),
    tlsSpkiSha256: client.observedKey(),
    nonce: randomBytes(16).toString('hex'),
    notAfter: new Date(Date.now() + 600_000).toISOString(),
  };
  client.useGrant(signJson(payloadTypes.accessGrant, grant, signer));
  const started = performance.now();
  const done = await uploadDataset({
    target: client,
    root,
    manifest: signJson(payloadTypes.manifest, manifest, signer),
    parts: count,
    partSize,
    sealedBytes: count * partSize,
    readPart: async (index) => ok(parts[index] ?? new Uint8Array()),
    checkPart: async () => ok(undefined),
    onProgress: () => undefined,
    clock: () => performance.now(),
    signal: new AbortController().signal,
    parallel,
  });
  client.close();
  if (!done.ok) throw new Error(done.error.message);
  return (count * partSize) / 1e6 / ((performance.now() - started) / 1000);
}

/** MB/s of uploads to an agent of its own process, by parts in flight and delay of the line; the check at the end counts. */
export async function run(): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'nacre-bench-'));
  const agent = spawn(process.execPath, [
    fileURLToPath(new URL('../../agent/testing/agent-process.ts', import.meta.url)),
    folder,
  ]);
  try {
    const line = (await once(createInterface({ input: agent.stdout }), 'line')) as string[];
    const port = Number(new URL((JSON.parse(line[0] ?? '') as { url: string }).url).port);
    const found: Record<string, Record<string, number>> = {};
    for (const [delayMs, count] of [
      [0, 64],
      [20, 24],
    ] as const) {
      const rates: Record<string, number> = {};
      for (const parallel of [1, 2, 4, 8]) {
        const way = await delayedLine(port, delayMs);
        rates[`${parallel} in flight`] = Math.round(await measure(way.url, parallel, count));
        way.close();
      }
      found[`${2 * delayMs} ms there and back`] = rates;
    }
    return { unit: 'MB/s', partMiB: partSize / 1_048_576, found };
  } finally {
    agent.stdin.end();
    await once(agent, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}
