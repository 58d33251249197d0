import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuiltinProgram } from '../contract/job.ts';
import { receiptStatementSchema } from '../contract/receipt.ts';
import { artifactSchema, payloadTypes, type Artifact, type Frame } from '../contract/wire.ts';
import { verifyJson } from '../domain/dsse/dsse.ts';
import { frameHash } from '../domain/telemetry/frame-chain.ts';
import { makeOwner, openArtifact, sealDataset, type Owner, type TestDataset } from './testing/dataset.ts';
import { startTestAgent, type TestAgent } from './testing/test-agent.ts';

const csv = readFileSync('assets/data/breast_cancer.csv');
const program: BuiltinProgram = {
  type: 'builtin',
  trainer: 'csv-classification',
  target: 'diagnosis',
  hidden: [],
  epochs: 12,
  batchSize: 32,
  learningRate: 0.02,
  heldOutShare: 0.2,
  seed: 3,
};
const isLinux = process.platform === 'linux';
let node: TestAgent;
let owner: Owner;
let dataset: TestDataset;

beforeAll(async () => {
  node = await startTestAgent();
  owner = await makeOwner();
  dataset = await sealDataset(csv, owner);
});
afterAll(async () => {
  await node.close();
  rmSync(node.workFolder, { recursive: true, force: true });
});

/** The code of an error answer. */
function codeOf(answer: { json: unknown }): unknown {
  return (answer.json as { error?: { code?: unknown } } | undefined)?.error?.code;
}

function lastState(frames: readonly Frame[]) {
  const body = frames.at(-1)?.body;
  return body?.kind === 'state' ? body : undefined;
}

async function launch(order: ReturnType<typeof node.desk.order>, data = dataset) {
  const prepared = await node.desk.submission(order, data, owner);
  const answer = await node.desk.send('POST', '/v1/jobs', prepared.submission);
  expect(answer.body.toString()).toContain(prepared.confirmation);
  return prepared;
}

describe('uploads', () => {
  it('are refused part by part when bytes differ, and resume with what is there', async () => {
    const { desk } = node;
    const data = await sealDataset(randomBytes(300_000), owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    expect((await desk.send('GET', at)).status).toBe(404);
    expect((await desk.send('PUT', `${at}/parts/0`, data.parts[0])).status).toBe(404);
    const begun = await desk.send('PUT', at, { manifest: data.envelope });
    expect(begun.json).toEqual({ root: data.manifest.root, parts: data.parts.length, present: [], complete: false });
    const bad = Buffer.from(data.parts[1] ?? []);
    bad[7] = (bad[7] ?? 0) ^ 1;
    expect(codeOf(await desk.send('PUT', `${at}/parts/1`, bad))).toBe('integrity');
    expect(codeOf(await desk.send('PUT', `${at}/parts/1`, bad.subarray(1)))).toBe('integrity');
    expect(codeOf(await desk.send('PUT', `${at}/parts/1`, Buffer.concat([bad, bad])))).toBe('integrity');
    expect(codeOf(await desk.send('PUT', `${at}/parts/99`, data.parts[0]))).toBe('not_found');
    await desk.send('PUT', `${at}/parts/2`, data.parts[2]);
    expect((await desk.send('PUT', at, { manifest: data.envelope })).json).toMatchObject({ present: [2] });
    await desk.upload(data);
    expect((await desk.send('GET', at)).json).toMatchObject({ complete: true });
  });

  it('survive a restart of the agent', async () => {
    const first = await startTestAgent();
    const { desk } = first;
    const at = `/v1/datasets/${dataset.manifest.root}`;
    await desk.send('PUT', at, { manifest: dataset.envelope });
    await desk.send('PUT', `${at}/parts/1`, dataset.parts[1]);
    await first.close();
    const second = await startTestAgent({ workFolder: first.workFolder });
    expect((await second.desk.send('GET', at)).json).toMatchObject({ present: [1] });
    await second.close();
    rmSync(first.workFolder, { recursive: true, force: true });
  });

  it('refuse a manifest whose parts do not hash to its root', async () => {
    const data = await sealDataset(randomBytes(70_000), owner, { root: 'ab'.repeat(32) });
    const answer = await node.desk.send('PUT', `/v1/datasets/${data.manifest.root}`, { manifest: data.envelope });
    expect(codeOf(answer)).toBe('integrity');
  });

  it('leave nothing of a part whose sender goes away, and name it when the node cuts the line', async () => {
    const data = await sealDataset(randomBytes(200_000), owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    await node.desk.send('PUT', at, { manifest: data.envelope });
    node.fault = 'close-mid-upload';
    await expect(node.desk.send('PUT', `${at}/parts/0`, data.parts[0])).rejects.toThrow();
    node.fault = 'none';
    expect((await node.desk.send('GET', at)).json).toMatchObject({ present: [] });
    const folder = join(node.workFolder, 'datasets', data.manifest.root);
    await expect.poll(() => readdirSync(folder)).toEqual(['manifest.json']);
  });
});

describe('challenges', () => {
  const jobId = 'cd'.repeat(32);

  it('get one answer each; a session keeps its keys, another has others', async () => {
    const { desk } = node;
    const challenge = desk.challenge(jobId);
    const first = await desk.evidence(challenge);
    expect(first.runtime.challenge).toEqual(challenge);
    expect(codeOf(await desk.send('POST', '/v1/evidence', { challenge }))).toBe('already_exists');
    const again = await desk.evidence(desk.challenge(jobId, { sessionId: challenge.sessionId }));
    expect(again.runtime.hpkeKey).toBe(first.runtime.hpkeKey);
    expect(again.runtime.signingKey).toBe(first.runtime.signingKey);
    const other = await desk.evidence(desk.challenge(jobId));
    expect(other.runtime.hpkeKey).not.toBe(first.runtime.hpkeKey);
    expect(other.runtime.signingKey).not.toBe(first.runtime.signingKey);
  });

  it('are refused when expired or good for too long, and the attested key is the one of the connection', async () => {
    const { desk } = node;
    const at = (ms: number) => ({
      challenge: desk.challenge(jobId, { expires: new Date(Date.now() + ms).toISOString() }),
    });
    expect(codeOf(await desk.send('POST', '/v1/evidence', at(-1000)))).toBe('invalid_input');
    expect(codeOf(await desk.send('POST', '/v1/evidence', at(3_600_000)))).toBe('invalid_input');
    const answer = await desk.send('POST', '/v1/evidence', at(60_000));
    expect(answer.spkiSha256).toBe(node.tls.spkiSha256);
    expect(answer.json).toMatchObject({ runtime: { tlsSpkiSha256: answer.spkiSha256 } });
  });
});

describe('garbage', () => {
  it('is answered with an error, whatever it is', async () => {
    const { desk } = node;
    const bodies = [
      randomBytes(1000),
      Buffer.from('{"challenge":'),
      Buffer.from('null'),
      Buffer.from('[]'),
      {},
      { challenge: 1 },
    ];
    const root = 'ef'.repeat(32);
    for (const [method, path] of [
      ['POST', '/v1/evidence'],
      ['POST', '/v1/jobs'],
      ['PUT', `/v1/datasets/${root}`],
    ] as const) {
      for (const body of bodies) expect(codeOf(await desk.send(method, path, body)), path).toBe('invalid_input');
    }
    expect(codeOf(await desk.send('POST', '/v1/evidence', Buffer.alloc(2_000_000, 0x20)))).toBe('invalid_input');
    for (const path of ['/', '/v1', '/v1/jobs/..%2f', `/v1/jobs/${root}`, `/v1/jobs/${root}/events`, '/v1/status/x']) {
      expect(codeOf(await desk.send('GET', path)), path).toBe('not_found');
    }
    expect((await desk.send('GET', '/v1/status')).json).toMatchObject({ agent: 'nacre-agent', simulated: true });
  });

  it('does not reach the server when it is not TLS', async () => {
    const { connect } = await import('node:net');
    const socket = connect(node.agent.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect((await node.desk.send('GET', '/v1/status')).status).toBe(200);
  });
});

describe('key releases', () => {
  it('are refused when anything they are bound to differs, and then no job starts', async () => {
    const { desk } = node;
    await desk.upload(dataset);
    const order = desk.order(program, dataset, owner, node.node);
    const submit = async (changes: Parameters<typeof desk.submission>[3], of = order) => {
      const { submission } = await desk.submission(of, dataset, owner, changes);
      return codeOf(await desk.send('POST', '/v1/jobs', submission));
    };
    const other = 'ab'.repeat(32);
    // Told from the message alone.
    expect(await submit({ aad: { datasetRoot: other } })).toBe('denied_by_policy');
    expect(await submit({ aad: { jobId: other } })).toBe('denied_by_policy');
    expect(await submit({ aad: { policyDigest: other } })).toBe('denied_by_policy');
    expect(await submit({ aad: { notAfter: new Date(Date.now() - 1000).toISOString() } })).toBe('denied_by_policy');
    expect(await submit({ aad: { notAfter: 'never' } })).toBe('denied_by_policy');
    expect(await submit({ message: { sessionId: '00'.repeat(16) } })).toBe('denied_by_policy');
    expect(await submit({ challenge: { jobId: other } })).toBe('denied_by_policy');
    expect(await submit({ challenge: { policyDigest: other } })).toBe('denied_by_policy');
    // Told by HPKE.
    expect(await submit({ sealedAad: { something: 'else' } })).toBe('integrity');
    expect(await submit({ sealedEar: 'another verdict' })).toBe('integrity');
    expect(await submit({ message: { ear: 'another verdict' } })).toBe('integrity');
    const elsewhere = await desk.evidence(desk.challenge(order.jobId));
    expect(await submit({ message: { sessionId: elsewhere.runtime.challenge.sessionId } })).toBe('integrity');
    expect(await submit({ message: { ciphertext: '****' } })).toBe('invalid_input');
    // Told from the order.
    const late = desk.order(program, dataset, owner, node.node, { notAfter: new Date(Date.now() - 1).toISOString() });
    expect(await submit({}, late)).toBe('invalid_input');
    expect(await submit({}, desk.order(program, dataset, owner, 'another-node'))).toBe('denied_by_policy');
    expect(await submit({}, { ...order, name: 'changed after its id was made' })).toBe('integrity');
    const stranger = await makeOwner();
    const { submission } = await desk.submission(order, dataset, stranger);
    expect(codeOf(await desk.send('POST', '/v1/jobs', submission))).toBe('integrity');
    expect(codeOf(await desk.send('GET', `/v1/jobs/${order.jobId}`))).toBe('not_found');
  });

  it('wait for the whole dataset', async () => {
    const data = await sealDataset(randomBytes(100_000), owner);
    await node.desk.send('PUT', `/v1/datasets/${data.manifest.root}`, { manifest: data.envelope });
    const order = node.desk.order(program, data, owner, node.node);
    const { submission } = await node.desk.submission(order, data, owner);
    expect(codeOf(await node.desk.send('POST', '/v1/jobs', submission))).toBe('wrong_state');
  });

  it('with a key of another file end the job, not the agent', async () => {
    await node.desk.upload(dataset);
    const order = node.desk.order(program, dataset, owner, node.node);
    const wrong = { ...dataset, fileKey: new Uint8Array(16) };
    const { evidence } = await launch(order, wrong);
    const frames = await node.desk.follow(order, node.node, evidence);
    expect(lastState(frames)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/released key is not the key/) as string,
    });
  });
});

describe('the built-in trainer as a job', () => {
  it('trains, seals, signs every frame, and its receipt fits all of it', async () => {
    const { desk } = node;
    await desk.upload(dataset);
    const order = desk.order(program, dataset, owner, node.node);
    const { evidence, submission, confirmation } = await launch(order);
    // The same submission again is the same acceptance: an answer may have been lost.
    const again = await desk.send('POST', '/v1/jobs', submission);
    expect(again.json).toEqual({ jobId: order.jobId, confirmation });
    const frames = await desk.follow(order, node.node, evidence);
    expect(lastState(frames)?.state).toBe('succeeded');
    const metrics = frames.flatMap(({ body }) => (body.kind === 'metric' ? [body] : []));
    expect(metrics.length).toBeGreaterThan(100);
    const accuracy = metrics.at(-1)?.values['held_out_accuracy'] ?? 0;
    expect(accuracy).toBeGreaterThanOrEqual(0.94);
    expect(
      frames.some(({ body }) => body.kind === 'gpu' && body.simulated && 'DCGM_FI_DEV_GPU_UTIL' in body.fields),
    ).toBe(true);

    const { artifacts } = (await desk.send('GET', `/v1/jobs/${order.jobId}/artifacts`)).json as {
      artifacts: Artifact[];
    };
    expect(artifacts.map((artifact) => artifactSchema.parse(artifact).kind)).toContain('checkpoint');
    const announced = frames.flatMap(({ body }) => (body.kind === 'artifact' ? [body.artifact] : []));
    expect(announced).toEqual(artifacts);
    const files = new Map<string, Map<string, Buffer>>();
    for (const { name, sha256, bytes } of artifacts) {
      const { body } = await desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/${name}`);
      expect(body.length).toBe(bytes);
      expect(createHash('sha256').update(body).digest('hex')).toBe(sha256);
      files.set(name, await openArtifact(body, owner));
    }
    const model = files.get('model.age');
    expect([...(model?.keys() ?? [])]).toEqual(['model.json', 'model.safetensors']);
    expect(JSON.parse(model?.get('model.json')?.toString() ?? '')).toMatchObject({
      target: 'diagnosis',
      heldOutAccuracy: accuracy,
    });

    const receipt = await desk.send('GET', `/v1/jobs/${order.jobId}/receipt`);
    const publicKey = new Uint8Array(Buffer.from(evidence.runtime.signingKey, 'base64'));
    const statement = verifyJson(receipt.json, receiptStatementSchema, {
      payloadType: payloadTypes.inToto,
      trusted: [{ publicKey }],
    });
    if (!statement.ok) throw new Error(statement.error.message);
    const { subject, predicate } = statement.value.value;
    expect(subject[0]).toEqual({ name: 'model.age', digest: { sha256: artifacts.at(-1)?.sha256 } });
    for (const { name, digest } of subject.slice(1)) {
      expect(
        createHash('sha256')
          .update(model?.get(name) ?? '')
          .digest('hex'),
      ).toBe(digest.sha256);
    }
    const last = frames.at(-1);
    if (last === undefined) throw new Error('no frames');
    expect(predicate.nacre).toMatchObject({
      simulated: true,
      chainHead: frameHash(last),
      frames: frames.length,
      heldOut: { accuracy, epochs: program.epochs },
    });
    expect(predicate.buildDefinition.externalParameters).toMatchObject({
      jobId: order.jobId,
      datasetRoot: order.dataset.root,
    });

    // A reader that comes back gets the rest from where it was.
    const rest: number[] = [];
    for await (const { id } of desk.events(`/v1/jobs/${order.jobId}/events?from=${frames.length - 3}`)) rest.push(id);
    expect(rest).toEqual([frames.length - 3, frames.length - 2, frames.length - 1]);
    expect((await desk.send('GET', '/metrics')).body.toString()).toMatch(
      /# SIMULATED[^]*DCGM_FI_DEV_POWER_USAGE\{gpu="0"/,
    );
  });

  it('says what is wrong with the data', async () => {
    const data = await sealDataset(Buffer.from('a,diagnosis\n1,x\nfoo,y\n'), owner);
    await node.desk.upload(data);
    const order = node.desk.order(program, data, owner, node.node);
    const { evidence } = await launch(order, data);
    const frames = await node.desk.follow(order, node.node, evidence);
    expect(lastState(frames)?.message).toBe('Row 2 (line 3), column "a": the cell is not a number.');
    expect(codeOf(await node.desk.send('GET', `/v1/jobs/${order.jobId}/receipt`))).toBe('wrong_state');
  });

  it('stops when asked, answers meanwhile, and takes one job at a time', async () => {
    const { desk } = node;
    const order = desk.order({ ...program, epochs: 10_000, hidden: [256] }, dataset, owner, node.node, {
      checkpointEverySteps: 1e6,
    });
    const { evidence } = await launch(order);
    await desk.follow(order, node.node, evidence, ({ body }) => body.kind === 'metric');
    const second = desk.order(program, dataset, owner, node.node);
    const { submission } = await desk.submission(second, dataset, owner);
    expect(codeOf(await desk.send('POST', '/v1/jobs', submission))).toBe('in_use');
    const before = performance.now();
    await desk.send('GET', '/v1/status');
    expect(performance.now() - before).toBeLessThan(1000);
    const stopped = await desk.send('POST', `/v1/jobs/${order.jobId}/stop`);
    expect(stopped.json).toMatchObject({ state: 'stopped' });
    expect(lastState(await desk.follow(order, node.node, evidence))?.state).toBe('stopped');
  });

  it('ends when its order expires', async () => {
    const notAfter = new Date(Date.now() + 1500).toISOString();
    const changes = { notAfter, checkpointEverySteps: 1e6 };
    const order = node.desk.order({ ...program, epochs: 10_000, hidden: [256] }, dataset, owner, node.node, changes);
    const { evidence } = await launch(order);
    const frames = await node.desk.follow(order, node.node, evidence);
    expect(lastState(frames)).toMatchObject({
      state: 'failed',
      message: `The order expired at ${notAfter}, before the job was done.`,
    });
  });
});

async function runCommand(command: string[]) {
  await node.desk.upload(dataset);
  const order = node.desk.order({ type: 'command', command }, dataset, owner, node.node);
  const { evidence } = await launch(order);
  return { order, evidence, frames: await node.desk.follow(order, node.node, evidence) };
}

describe.runIf(isLinux)('a command as a job', () => {
  const script = `
import json, os, sys, time
rows = open(os.path.join(os.environ['DATASET_DIR'], 'table.csv')).read().splitlines()
print('rows', len(rows) - 1)
print(json.dumps({'step': 1, 'loss': 0.5, 'epoch': 1}))
print(json.dumps({'step': 2, 'loss': float('nan'), 'accuracy': 0.5}))
print('x' * 20000)
print('environment', sorted(k for k in os.environ if 'SECRET' in k), file=sys.stderr)
open(os.path.join(os.environ['CHECKPOINT_DIR'], 'weights.bin'), 'wb').write(b'123')
os.makedirs(os.path.join(os.environ['OUTPUT_DIR'], 'deep'))
open(os.path.join(os.environ['OUTPUT_DIR'], 'deep', 'model.txt'), 'w').write('learned')
os.symlink('/etc/passwd', os.path.join(os.environ['OUTPUT_DIR'], 'passwd'))
sys.exit(int(sys.argv[1]))
`;
  it('gets the data in memory, its metrics and logs become frames, its files come home sealed', async () => {
    process.env['NACRE_TEST_SECRET'] = 'must not be inherited';
    const { order, frames } = await runCommand(['python3', '-c', script, '0']);
    delete process.env['NACRE_TEST_SECRET'];
    expect(lastState(frames)?.message).toBeUndefined();
    expect(lastState(frames)?.state).toBe('succeeded');
    const metrics = frames.flatMap(({ body }) => (body.kind === 'metric' ? [body] : []));
    expect(metrics).toEqual([
      { kind: 'metric', step: 1, epoch: 1, values: { loss: 0.5 } },
      { kind: 'metric', step: 2, values: { accuracy: 0.5 }, nonFinite: { loss: 'NaN' } },
    ]);
    const logs = frames.flatMap(({ body }) => (body.kind === 'log' ? [`${body.stream}: ${body.line}`] : []));
    expect(logs).toContain('stdout: rows 569');
    expect(logs).toContain('stderr: environment []');
    expect(logs.some((line) => line.length < 8300 && line.endsWith('x…'))).toBe(true);
    const model = await openArtifact(
      (await node.desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/model.age`)).body,
      owner,
    );
    expect([...model]).toEqual([['deep/model.txt', Buffer.from('learned')]]);
    const saved = await node.desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/checkpoint-000002.age`);
    expect((await openArtifact(saved.body, owner)).get('weights.bin')?.toString()).toBe('123');
  });

  it('fails with its exit code, or when it cannot be started', async () => {
    expect(lastState((await runCommand(['python3', '-c', script, '3'])).frames)?.message).toBe(
      'The command ended with exit code 3.',
    );
    expect(lastState((await runCommand(['/no/such/program'])).frames)?.message).toMatch(/could not be started/);
  });

  it('is killed with all its children when stopped, and its plaintext is gone', async () => {
    const order = node.desk.order(
      { type: 'command', command: ['sh', '-c', 'trap "" TERM; sleep 300 & echo child $!; sleep 300'] },
      dataset,
      owner,
      node.node,
    );
    const { evidence } = await launch(order);
    let child = 0;
    await node.desk.follow(order, node.node, evidence, ({ body }) => {
      if (body.kind === 'log') child = Number(/^child (\d+)$/.exec(body.line)?.[1] ?? child);
      return child !== 0;
    });
    const own = readdirSync('/dev/shm').filter((name) => name.startsWith(`nacre-agent-${process.pid}-`));
    expect(execFileSync('grep', ['-rl', 'malignant', ...own.map((name) => `/dev/shm/${name}`)]).length).toBeGreaterThan(
      0,
    );
    await node.desk.send('POST', `/v1/jobs/${order.jobId}/stop`);
    await expect.poll(() => isRunning(child)).toBe(false);
    for (const name of own) expect(readdirSync(`/dev/shm/${name}`)).toEqual([]);
  });

  it('is refused where there is no memory-backed storage', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nacre-no-memory-'));
    // A folder that does not exist stands for a system without /dev/shm.
    const without = await startTestAgent({ memoryFolder: join(folder, 'absent') });
    await without.desk.upload(dataset);
    const order = without.desk.order({ type: 'command', command: ['true'] }, dataset, owner, without.node);
    const { submission, evidence } = await without.desk.submission(order, dataset, owner);
    await without.desk.send('POST', '/v1/jobs', submission);
    const frames = await without.desk.follow(order, without.node, evidence);
    expect(lastState(frames)?.message).toMatch(/no memory-backed storage/);
    await without.close();
    rmSync(without.workFolder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });
});

function isRunning(pid: number): boolean {
  try {
    // A zombie is no longer running, only not yet collected by its new parent.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('plaintext', () => {
  it('is nowhere in the folders of the agent', () => {
    const rows = csv.toString().trim().split('\n').slice(1, 6);
    let files = 0;
    const search = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) search(path);
        else {
          files += 1;
          const bytes = readFileSync(path);
          for (const row of rows) expect(bytes.includes(row), path).toBe(false);
          expect(bytes.includes('malignant'), path).toBe(false);
        }
      }
    };
    search(node.workFolder);
    expect(files).toBeGreaterThan(5);
  });

  it.runIf(isLinux)('that a dead agent left in memory is wiped by the next one', async () => {
    // A process id that is certainly free: one that has just ended.
    const dead = Number(execFileSync('sh', ['-c', 'echo $$']).toString());
    const leftover = `/dev/shm/nacre-agent-${dead}-0123456789ab`;
    execFileSync('mkdir', ['-p', `${leftover}/job`]);
    writeFileSync(`${leftover}/job/table.csv`, 'secret');
    const next = await startTestAgent();
    expect(readdirSync('/dev/shm')).not.toContain(`nacre-agent-${dead}-0123456789ab`);
    await next.close();
    rmSync(next.workFolder, { recursive: true, force: true });
  });
});

it('a hanging node answers nothing but its status; a node with garbage answers no JSON', async () => {
  const { desk } = node;
  node.fault = 'garbage';
  const garbage = await desk.send('POST', '/v1/evidence', { challenge: desk.challenge('cd'.repeat(32)) });
  expect([garbage.status, garbage.json]).toEqual([200, undefined]);
  node.fault = 'hang';
  const hanging = httpsRequest(`https://127.0.0.1:${node.agent.port}/v1/evidence`, {
    method: 'POST',
    rejectUnauthorized: false,
  });
  hanging.on('error', () => undefined);
  const answered = new Promise((resolve) => hanging.on('response', () => resolve('answered')));
  hanging.end('{}');
  const silence = new Promise((resolve) => setTimeout(() => resolve('silence'), 500));
  expect(await Promise.race([answered, silence])).toBe('silence');
  hanging.destroy();
  expect((await desk.send('GET', '/v1/status')).status).toBe(200);
  node.fault = 'none';
});
