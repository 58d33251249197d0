import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandProgram } from '../contract/job.ts';
import { startAnswerSchema, type WorkerPlace } from '../contract/workers.ts';
import { makeOwner, openArtifact, sealDataset, type Owner, type TestDataset } from './testing/dataset.ts';
import { codeOf, lastState, sampleCsv } from './testing/job-helpers.ts';
import { startTestAgent, type TestAgent } from './testing/test-agent.ts';

const ticket = 'ab'.repeat(32);
const startSha256 = createHash('sha256').update(Buffer.from(ticket, 'hex')).digest('hex');
const program: CommandProgram = {
  type: 'command',
  command: ['sh', '-c', 'echo "$RANK $WORLD_SIZE $MASTER_ADDR $MASTER_PORT" > "$OUTPUT_DIR/who"'],
};
let node: TestAgent;
let owner: Owner;
let dataset: TestDataset;

beforeAll(async () => {
  node = await startTestAgent();
  owner = await makeOwner();
  await node.desk.signIn(owner);
  dataset = await sealDataset(sampleCsv, owner);
  await node.desk.upload(dataset);
});
afterAll(async () => {
  await node.close();
  rmSync(node.workFolder, { recursive: true, force: true });
});

const together = (minimum = 2) =>
  node.desk.order(program, dataset, owner, node.node, {
    nodes: [node.node, 'other'],
    workers: { count: 2, minimum },
  });
const place = (changes: Partial<WorkerPlace> = {}): WorkerPlace => ({
  rank: 0,
  nodes: [node.node, 'other'],
  masterAddress: '127.0.0.1',
  startSha256,
  ...changes,
});

async function submit(order: ReturnType<typeof together>, worker: WorkerPlace | undefined) {
  const prepared = await node.desk.submission(order, dataset, owner, worker === undefined ? {} : { aad: { worker } });
  return { prepared, answer: await node.desk.send('POST', '/v1/jobs', prepared.submission) };
}

it('waits for its start ticket, then runs as the rank that was sealed into the release', async () => {
  const order = together();
  const { prepared, answer } = await submit(order, place({ rank: 1, nodes: ['other', node.node] }));
  expect(answer.status).toBe(200);
  const start = (body: unknown) => node.desk.send('POST', `/v1/jobs/${order.jobId}/start`, body);
  expect(codeOf(await start({ ticket: 'cd'.repeat(32), masterPort: 4000 }))).toBe('not_permitted');
  expect(codeOf(await start({ ticket }))).toBe('invalid_input');
  expect(codeOf(await start({ ticket, masterPort: 70_000 }))).toBe('invalid_input');
  expect((await node.desk.send('GET', `/v1/jobs/${order.jobId}`)).json).toMatchObject({ state: 'accepted' });
  expect(startAnswerSchema.parse((await start({ ticket, masterPort: 4321 })).json).masterPort).toBe(4321);
  // Whoever says it again, with whatever port, changes nothing.
  expect(startAnswerSchema.parse((await start({ ticket, masterPort: 4000 })).json).masterPort).toBe(4321);
  const frames = await node.desk.follow(order, node.node, prepared.evidence);
  expect(lastState(frames)?.state).toBe('succeeded');
  const sealed = await node.desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/model.age`);
  const model = await openArtifact(sealed.body, owner);
  expect(model.get('who')?.toString()).toBe('1 2 127.0.0.1 4321\n');
  const other = await node.desk.send('POST', `/v1/jobs/${'0'.repeat(64)}/start`, { ticket });
  expect(codeOf(other)).toBe('not_found');
});

it('gives rank 0 a port of its own, and can be stopped while it waits', async () => {
  const order = together(1);
  const { prepared } = await submit(order, place({ nodes: [node.node] }));
  const stopped = await node.desk.send('POST', `/v1/jobs/${order.jobId}/stop`, {});
  expect(stopped.json).toMatchObject({ state: 'stopped' });
  expect(lastState(await node.desk.follow(order, node.node, prepared.evidence))?.state).toBe('stopped');
  const alone = node.desk.order(program, dataset, owner, node.node, { workers: { count: 1, minimum: 1 } });
  const second = await submit(alone, place({ nodes: [node.node] }));
  expect(second.answer.status).toBe(200);
  const started = await node.desk.send('POST', `/v1/jobs/${alone.jobId}/start`, { ticket });
  expect(startAnswerSchema.parse(started.json).masterPort).toBeGreaterThan(1023);
  const frames = await node.desk.follow(alone, node.node, second.prepared.evidence);
  expect(lastState(frames)?.state).toBe('succeeded');
});

it.each([
  ['no place at all', undefined, undefined],
  ['a rank of another node', 1, undefined],
  ['a rank beyond the workers', 2, undefined],
  ['fewer workers than the order asks for', 0, ['']],
  ['a worker that the order does not name', 0, ['', 'stranger']],
  ['one node twice', 0, ['', '']],
])('takes no order whose release gives %s', async (_what, rank, others) => {
  const nodes = others?.map((name) => (name === '' ? node.node : name));
  const worker = rank === undefined ? undefined : place({ rank, ...(nodes === undefined ? {} : { nodes }) });
  const { answer } = await submit(together(), worker);
  expect(codeOf(answer)).toBe('denied_by_policy');
});

it('takes no place where the order names one worker', async () => {
  const order = node.desk.order(program, dataset, owner, node.node);
  expect(codeOf((await submit(order, place({ nodes: [node.node] }))).answer)).toBe('denied_by_policy');
});
