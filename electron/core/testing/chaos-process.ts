import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadTypes, type DsseEnvelope } from '../../contract/dsse.ts';
import { ok, type Result } from '../../contract/result.ts';
import { manifestSchema } from '../../contract/sealed.ts';
import { createSigner, readUnverified, signJson } from '../../domain/dsse/dsse.ts';
import { createAgentClient, type AgentClient } from '../../networks/agent-client/agent-client.ts';
import { loadSealedDataset } from '../../services/sealing/sealed-dataset.ts';
import { uploadDataset } from '../../services/transfers/upload.ts';
import { createStandaloneSealing, readIdentityFile } from '../sealing.ts';

/**
 * A desk as a process of its own that a test may kill at any moment: seals `FOLDER/plain` to `FOLDER/data.age` when that is
 * not done yet, then uploads it. `node chaos-process.ts FOLDER AGENT_URL RECIPIENT PART_SIZE`. Its signing key lies in
 * `FOLDER/seed`, the identity in `FOLDER/identity`: both are made for the test. stdout, JSON lines: `{"phase", "done", "total"}`, `{"sealed"}` says whether an
 * interrupted sealing was gone on with; at the end `{"figures"}`.
 */
const [folder = '', url = '', recipient = '', partSize = ''] = process.argv.slice(2);
const say = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`);
const signer = createSigner(new Uint8Array(await readFile(join(folder, 'seed'))));
const out = join(folder, 'data.age');
const manifestPath = join(folder, 'manifest.json');
const signal = new AbortController().signal;
const identities = value(await readIdentityFile(join(folder, 'identity')));

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

async function sealOnce(): Promise<DsseEnvelope> {
  const known = await readFile(manifestPath, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as DsseEnvelope;
  const sealing = createStandaloneSealing();
  const sealed = value(
    await sealing.seal({
      path: join(folder, 'plain'),
      recipients: [recipient],
      out,
      signer,
      partSize: Number(partSize),
      // What an earlier life of this process has sealed is gone on with.
      lendIdentities: (work) => work(identities),
      // A seal that ended just before its manifest was written is made again.
      overwrite: true,
      onProgress: ({ bytes, total }) => say({ phase: 'seal', done: bytes, total }),
    }),
  );
  await sealing.close();
  say({ sealed: sealed.earlier });
  if (sealed.envelope === undefined) throw new Error('a signer was given');
  await writeFile(`${manifestPath}.tmp`, JSON.stringify(sealed.envelope));
  await rename(`${manifestPath}.tmp`, manifestPath);
  return sealed.envelope;
}

async function connect(): Promise<Result<AgentClient>> {
  const client = createAgentClient({ node: 'test-node', url });
  const status = await client.status();
  if (!status.ok) return status;
  const grant = {
    version: 1,
    ownerKey: Buffer.from(signer.publicKey).toString('base64'),
    tlsSpkiSha256: client.observedKey(),
    nonce: randomBytes(16).toString('hex'),
    notAfter: new Date(Date.now() + 3_600_000).toISOString(),
  };
  client.useGrant(signJson(payloadTypes.accessGrant, grant, signer));
  return ok(client);
}

/** The agent may be starting anew just now. */
async function connectPatiently(): Promise<AgentClient> {
  for (;;) {
    const client = await connect();
    if (client.ok) return client.value;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

const envelope = await sealOnce();
const manifest = value(readUnverified(envelope, manifestSchema));
const dataset = value(
  await loadSealedDataset({
    path: out,
    envelope,
    trusted: [{ publicKey: signer.publicKey }],
    identities: () => ok([]),
  }),
);
const figures = value(
  await uploadDataset({
    target: await connectPatiently(),
    root: manifest.root,
    manifest: envelope,
    parts: manifest.parts.length,
    partSize: manifest.partSize,
    sealedBytes: manifest.sealedBytes,
    readPart: dataset.readPartUnchecked,
    checkPart: dataset.readPart,
    reconnect: connect,
    onProgress: ({ done, total }) => say({ phase: 'upload', done, total }),
    clock: Date.now,
    patience: { attempts: 60, firstDelayMs: 50, maximumDelayMs: 500 },
    signal,
  }),
);
say({ figures });
process.exit(0);
