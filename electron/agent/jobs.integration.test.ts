import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiptStatementSchema } from '../contract/receipt.ts';
import { artifactSchema, payloadTypes, type Artifact } from '../contract/wire.ts';
import { verifyJson } from '../domain/dsse/dsse.ts';
import { leafHash, merkleRoot } from '../domain/merkle/merkle.ts';
import { frameHash } from '../domain/telemetry/frame-chain.ts';
import { makeOwner, openArtifact, sealDataset, type Owner, type TestDataset } from './testing/dataset.ts';
import { TestDesk } from './testing/desk.ts';
import { codeOf, lastState, launch, sampleCsv, sampleProgram } from './testing/job-helpers.ts';
import { startTestAgent, type TestAgent } from './testing/test-agent.ts';

const isLinux = process.platform === 'linux';
let node: TestAgent;
let owner: Owner;
let dataset: TestDataset;

beforeAll(async () => {
  node = await startTestAgent();
  owner = await makeOwner();
  await node.desk.signIn(owner);
  dataset = await sealDataset(sampleCsv, owner);
});
afterAll(async () => {
  await node.close();
  rmSync(node.workFolder, { recursive: true, force: true });
});

describe('the built-in trainer as a job', () => {
  it('trains, seals, signs every frame, and its receipt fits all of it', async () => {
    const { desk } = node;
    await desk.upload(dataset);
    const order = desk.order(sampleProgram, dataset, owner, node.node);
    const { evidence, submission, confirmation } = await launch(node, order, dataset, owner);
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
      heldOut: { accuracy, epochs: sampleProgram.epochs },
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
    const order = node.desk.order(sampleProgram, data, owner, node.node);
    const { evidence } = await launch(node, order, data, owner);
    const frames = await node.desk.follow(order, node.node, evidence);
    expect(lastState(frames)?.message).toBe('Row 2 (line 3), column "a": the cell is not a number.');
    expect(codeOf(await node.desk.send('GET', `/v1/jobs/${order.jobId}/receipt`))).toBe('wrong_state');
  });

  it('stops when asked, answers meanwhile, and takes one job at a time', async () => {
    const { desk } = node;
    const order = desk.order({ ...sampleProgram, epochs: 10_000, hidden: [256] }, dataset, owner, node.node, {
      checkpointEverySteps: 1e6,
    });
    const { evidence } = await launch(node, order, dataset, owner);
    await desk.follow(order, node.node, evidence, ({ body }) => body.kind === 'metric');
    const second = desk.order(sampleProgram, dataset, owner, node.node);
    const { submission } = await desk.submission(second, dataset, owner);
    expect(codeOf(await desk.send('POST', '/v1/jobs', submission))).toBe('in_use');
    const before = performance.now();
    await desk.send('GET', '/v1/status');
    expect(performance.now() - before).toBeLessThan(5000);
    const stopped = await desk.send('POST', `/v1/jobs/${order.jobId}/stop`);
    expect(stopped.json).toMatchObject({ state: 'stopped' });
    expect(lastState(await desk.follow(order, node.node, evidence))?.state).toBe('stopped');
  });

  it('ends when its order expires', async () => {
    const notAfter = new Date(Date.now() + 4000).toISOString();
    const changes = { notAfter, checkpointEverySteps: 1e6 };
    const order = node.desk.order(
      { ...sampleProgram, epochs: 10_000, hidden: [256] },
      dataset,
      owner,
      node.node,
      changes,
    );
    const { evidence } = await launch(node, order, dataset, owner);
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
  const { evidence } = await launch(node, order, dataset, owner);
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

  it('fails when its model has more files than a receipt can name', async () => {
    const many = "import os\nfor i in range(4096): open(os.path.join(os.environ['OUTPUT_DIR'], str(i)), 'w')";
    const { frames } = await runCommand(['python3', '-c', many]);
    expect(lastState(frames)?.message).toBe('The job left 4096 files as its model; at most 4095 can be attested.');
  });

  it('is killed with all its children when stopped, and its plaintext is gone', async () => {
    const order = node.desk.order(
      { type: 'command', command: ['sh', '-c', 'trap "" TERM; sleep 300 & echo child $!; sleep 300'] },
      dataset,
      owner,
      node.node,
    );
    const { evidence } = await launch(node, order, dataset, owner);
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
    await without.desk.signIn(owner);
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

describe('a job', () => {
  it('is seen and stopped by its owner only, and its artifacts are fetched piece by piece', async () => {
    const { desk } = node;
    await desk.upload(dataset);
    const order = desk.order(sampleProgram, dataset, owner, node.node);
    const { evidence } = await launch(node, order, dataset, owner);
    const at = `/v1/jobs/${order.jobId}`;
    const stranger = new TestDesk(`https://127.0.0.1:${node.agent.port}`);
    const ask = async () => {
      const codes = [];
      for (const [method, path] of [
        ['GET', at],
        ['GET', `${at}/events?from=0`],
        ['GET', `${at}/artifacts`],
        ['GET', `${at}/artifacts/model.age`],
        ['GET', `${at}/artifacts/model.age/parts`],
        ['GET', `${at}/receipt`],
        ['POST', `${at}/stop`],
      ] as const) {
        codes.push(codeOf(await stranger.send(method, path)));
      }
      return new Set(codes);
    };
    expect(await ask()).toEqual(new Set(['not_permitted']));
    await stranger.signIn(await makeOwner());
    expect(await ask()).toEqual(new Set(['not_found']));
    // The owner's own grant for another job opens this one no more than a stranger's.
    await stranger.signIn(owner, { jobId: 'ab'.repeat(32) });
    expect(await ask()).toEqual(new Set(['not_found']));
    await stranger.signIn(owner, { jobId: order.jobId });
    expect((await stranger.send('GET', at)).status).toBe(200);
    const frames = await desk.follow(order, node.node, evidence);
    expect(lastState(frames)?.state).toBe('succeeded');
    const [model] = frames.flatMap(({ body }) =>
      body.kind === 'artifact' && body.artifact.kind === 'model' ? [body.artifact] : [],
    );
    const { parts } = (await desk.send('GET', `${at}/artifacts/model.age/parts`)).json as { parts: string[] };
    const root = merkleRoot(parts.map((part) => leafHash(Buffer.from(part, 'hex'))));
    expect(Buffer.from(root).toString('hex')).toBe(model?.parts?.root);
    const whole = await desk.send('GET', `${at}/artifacts/model.age`);
    const piece = await desk.send('GET', `${at}/artifacts/model.age`, undefined, { range: 'bytes=100-299' });
    expect([piece.status, piece.body.equals(whole.body.subarray(100, 300))]).toEqual([206, true]);
    for (const range of ['bytes=300-299', `bytes=0-${whole.body.length}`, 'bytes=-5', 'lines=1-2']) {
      const refused = await desk.send('GET', `${at}/artifacts/model.age`, undefined, { range });
      expect(codeOf(refused), range).toBe('invalid_input');
    }
    stranger.close();
  });
});

describe('plaintext', () => {
  it('is nowhere in the traffic of a whole job', async () => {
    const traffic: Buffer[] = [];
    const proxy = createServer((near) => {
      const far = connect(node.agent.port, '127.0.0.1');
      near.on('data', (piece) => traffic.push(piece)).on('error', () => far.destroy());
      far.on('data', (piece) => traffic.push(piece)).on('error', () => near.destroy());
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const desk = new TestDesk(`https://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const data = await sealDataset(sampleCsv, owner);
    await desk.signIn(owner);
    await desk.upload(data);
    const order = desk.order(sampleProgram, data, owner, node.node);
    const { evidence } = await launch({ ...node, desk }, order, data, owner);
    expect(lastState(await desk.follow(order, node.node, evidence))?.state).toBe('succeeded');
    const model = await desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/model.age`);
    desk.close();
    proxy.close();
    const bytes = Buffer.concat(traffic);
    expect(bytes.length).toBeGreaterThan(sampleCsv.length + model.body.length);
    for (const row of sampleCsv.toString().split('\n').slice(0, 50)) expect(bytes.includes(row)).toBe(row === '');
    expect(bytes.includes('malignant')).toBe(false);
  });

  it('is nowhere in the folders of the agent', () => {
    const rows = sampleCsv.toString().trim().split('\n').slice(1, 6);
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
