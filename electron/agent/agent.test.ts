import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payloadTypes } from '../contract/wire.ts';
import { signJson } from '../domain/dsse/dsse.ts';
import { makeOwner, sealDataset, type Owner, type TestDataset } from './testing/dataset.ts';
import { TestDesk } from './testing/desk.ts';
import { codeOf, lastState, launch, sampleCsv, sampleProgram } from './testing/job-helpers.ts';
import { startTestAgent, type TestAgent } from './testing/test-agent.ts';

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

describe('uploads', () => {
  it('are refused part by part when bytes differ, and resume with what is there', async () => {
    const { desk } = node;
    const data = await sealDataset(randomBytes(300_000), owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    expect((await desk.send('GET', at)).status).toBe(404);
    expect((await desk.send('PUT', `${at}/parts/0`, data.parts[0])).status).toBe(404);
    const begun = await desk.send('PUT', at, { manifest: data.envelope });
    expect(begun.json).toEqual({
      root: data.manifest.root,
      parts: data.parts.length,
      present: [],
      partial: [],
      checkedBytes: 0,
      complete: false,
    });
    const bad = Buffer.from(data.parts[1] ?? []);
    bad[7] = (bad[7] ?? 0) ^ 1;
    expect(codeOf(await desk.send('PUT', `${at}/parts/1`, bad))).toBe('integrity');
    expect((await desk.send('PUT', `${at}/parts/1`, data.parts[1]?.subarray(0, 999))).json).toEqual({
      bytes: 999,
      whole: false,
    });
    expect(codeOf(await desk.send('PUT', `${at}/parts/1?from=1000`, bad.subarray(1000)))).toBe('wrong_state');
    expect(codeOf(await desk.send('PUT', `${at}/parts/1?from=999`, bad.subarray(998)))).toBe('integrity');
    expect(codeOf(await desk.send('PUT', `${at}/parts/1`, Buffer.concat([bad, bad])))).toBe('integrity');
    expect(codeOf(await desk.send('PUT', `${at}/parts/99`, data.parts[0]))).toBe('not_found');
    await desk.send('PUT', `${at}/parts/2`, data.parts[2]);
    expect((await desk.send('PUT', at, { manifest: data.envelope })).json).toMatchObject({ present: [2] });
    await desk.upload(data);
    expect((await desk.send('GET', at)).json).toMatchObject({ complete: true });
  });

  it('make room for new ones, the longest unused first', async () => {
    const other = await startTestAgent();
    await other.desk.signIn(owner);
    const data = await Promise.all(Array.from({ length: 18 }, () => sealDataset(randomBytes(100), owner)));
    const put = ({ manifest, envelope }: TestDataset) =>
      other.desk.send('PUT', `/v1/datasets/${manifest.root}`, { manifest: envelope });
    for (const one of data.slice(0, 16)) await put(one);
    for (const one of [data[0], ...data.slice(16)]) if (one !== undefined) await put(one);
    const statuses = [];
    for (const { manifest } of data) {
      statuses.push((await other.desk.send('GET', `/v1/datasets/${manifest.root}`)).status);
    }
    expect(statuses).toEqual([200, 404, 404, ...Array.from({ length: 15 }, () => 200)]);
    const [folder = ''] = readdirSync(join(other.workFolder, 'datasets'));
    expect(readdirSync(join(other.workFolder, 'datasets', folder, 'manifests')).length).toBe(16);
    await other.close();
    rmSync(other.workFolder, { recursive: true, force: true });
  });

  it('survive a restart of the agent, mid-part too', async () => {
    const first = await startTestAgent();
    const { desk } = first;
    await desk.signIn(owner);
    const at = `/v1/datasets/${dataset.manifest.root}`;
    await desk.send('PUT', at, { manifest: dataset.envelope });
    await desk.send('PUT', `${at}/parts/1`, dataset.parts[1]);
    await desk.send('PUT', `${at}/parts/0`, dataset.parts[0]?.subarray(0, 5000));
    await first.close();
    const second = await startTestAgent({ workFolder: first.workFolder });
    await second.desk.signIn(owner);
    expect((await second.desk.send('GET', at)).json).toMatchObject({
      present: [1],
      partial: [{ part: 0, bytes: 5000 }],
    });
    const rest = await second.desk.send('PUT', `${at}/parts/0?from=5000`, dataset.parts[0]?.subarray(5000));
    expect(rest.json).toEqual({ bytes: dataset.parts[0]?.length, whole: true });
    await second.close();
    rmSync(first.workFolder, { recursive: true, force: true });
  });

  it('are read again when whole: a part that the disk changed is asked for once more', async () => {
    const first = await startTestAgent();
    const data = await sealDataset(randomBytes(300_000), owner);
    await first.desk.signIn(owner);
    await first.desk.upload(data);
    await first.close();
    const [folder = ''] = readdirSync(join(first.workFolder, 'datasets'));
    const digest = data.manifest.parts[2] ?? '';
    writeFileSync(join(first.workFolder, 'datasets', folder, 'parts', digest), randomBytes(65_536));
    const second = await startTestAgent({ workFolder: first.workFolder });
    await second.desk.signIn(owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    const state = async () => (await second.desk.send('GET', at)).json as { present: number[]; complete: boolean };
    await expect.poll(async () => (await state()).present).toEqual([0, 1, 3, 4]);
    expect((await state()).complete).toBe(false);
    await second.desk.upload(data);
    expect((await state()).complete).toBe(true);
    await second.close();
    rmSync(first.workFolder, { recursive: true, force: true });
  });

  it('refuse a manifest whose parts do not hash to its root', async () => {
    const data = await sealDataset(randomBytes(70_000), owner, { root: 'ab'.repeat(32) });
    const answer = await node.desk.send('PUT', `/v1/datasets/${data.manifest.root}`, { manifest: data.envelope });
    expect(codeOf(answer)).toBe('integrity');
  });

  it('keep the beginning of a part when the line is cut in it', async () => {
    const data = await sealDataset(randomBytes(200_000), owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    await node.desk.send('PUT', at, { manifest: data.envelope });
    node.fault = 'close-mid-upload';
    await expect(node.desk.send('PUT', `${at}/parts/0`, data.parts[0])).rejects.toThrow();
    node.fault = 'none';
    const state = async () => (await node.desk.send('GET', at)).json as { partial: { part: number; bytes: number }[] };
    await expect.poll(async () => (await state()).partial).toMatchObject([{ part: 0 }]);
    const [{ bytes = 0 } = {}] = (await state()).partial;
    expect(bytes).toBeGreaterThan(0);
    const rest = await node.desk.send('PUT', `${at}/parts/0?from=${bytes}`, data.parts[0]?.subarray(bytes));
    expect(rest.json).toMatchObject({ whole: true });
  });
});

describe('owners', () => {
  it('see nothing of each other: not that a part is there, not a job, and nothing without a ticket', async () => {
    const data = await sealDataset(randomBytes(200_000), owner);
    const at = `/v1/datasets/${data.manifest.root}`;
    await node.desk.upload(data);
    const stranger = new TestDesk(`https://127.0.0.1:${node.agent.port}`);
    for (const [method, path, body] of [
      ['GET', at],
      ['PUT', at, { manifest: data.envelope }],
      ['PUT', `${at}/parts/0`, data.parts[0]],
      ['GET', `/v1/jobs/${'ab'.repeat(32)}`],
      ['GET', `/v1/jobs/${'ab'.repeat(32)}/events`],
      ['POST', `/v1/jobs/${'ab'.repeat(32)}/stop`],
    ] as const) {
      expect(codeOf(await stranger.send(method, path, body)), `${method} ${path}`).toBe('not_permitted');
    }
    // Another owner, with a good grant of his own and a copy of the signed manifest.
    const thief = await makeOwner();
    await stranger.signIn(thief);
    expect(codeOf(await stranger.send('GET', at))).toBe('not_found');
    expect(codeOf(await stranger.send('PUT', at, { manifest: data.envelope }))).toBe('integrity');
    // The same parts under a manifest that he signed himself: as if nobody had ever sent them.
    const own = { manifest: signJson(payloadTypes.manifest, data.manifest, thief.signer) };
    expect((await stranger.send('PUT', at, own)).json).toMatchObject({ present: [], complete: false });
    stranger.close();
  });

  it('are let in only by a grant for this agent, for now, and by their own key', async () => {
    const { desk } = node;
    const other = await makeOwner();
    const key = Buffer.from(other.signer.publicKey).toString('base64');
    expect(codeOf(await desk.grant(owner, { ownerKey: key }))).toBe('integrity');
    expect(codeOf(await desk.grant(owner, { tlsSpkiSha256: 'ab'.repeat(32) }))).toBe('not_permitted');
    expect(codeOf(await desk.grant(owner, { notAfter: new Date(Date.now() - 1).toISOString() }))).toBe('invalid_input');
    expect(codeOf(await desk.grant(owner, { notAfter: '2999-01-01T00:00:00Z' }))).toBe('invalid_input');
    expect(codeOf(await desk.grant(owner, { ownerKey: 'AAAA' }))).toBe('invalid_input');
  });

  it('share a part between their own datasets, and lose it with the last of them', async () => {
    const other = await startTestAgent({ keptBytes: 500_000 });
    await other.desk.signIn(owner);
    const first = await sealDataset(randomBytes(200_000), owner);
    await other.desk.upload(first);
    const [folder = ''] = readdirSync(join(other.workFolder, 'datasets'));
    const parts = () => readdirSync(join(other.workFolder, 'datasets', folder, 'parts')).length;
    expect(parts()).toBe(first.parts.length);
    // A later version that begins with the same two parts.
    const second = await sealDataset(randomBytes(200_000), owner, {}, first.parts.slice(0, 2));
    const begun = await other.desk.send('PUT', `/v1/datasets/${second.manifest.root}`, { manifest: second.envelope });
    expect(begun.json).toMatchObject({ present: [0, 1] });
    await other.desk.upload(second);
    expect(parts()).toBe(first.parts.length + second.parts.length - 2);
    const third = await sealDataset(randomBytes(180_000), owner);
    await other.desk.upload(third);
    expect(codeOf(await other.desk.send('GET', `/v1/datasets/${first.manifest.root}`))).toBe('not_found');
    expect(parts()).toBe(second.parts.length + third.parts.length);
    await other.close();
    rmSync(other.workFolder, { recursive: true, force: true });
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
    const order = desk.order(sampleProgram, dataset, owner, node.node);
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
    const late = desk.order(sampleProgram, dataset, owner, node.node, {
      notAfter: new Date(Date.now() - 1).toISOString(),
    });
    expect(await submit({}, late)).toBe('invalid_input');
    expect(await submit({}, desk.order(sampleProgram, dataset, owner, 'another-node'))).toBe('denied_by_policy');
    expect(await submit({}, { ...order, name: 'changed after its id was made' })).toBe('integrity');
    const stranger = await makeOwner();
    const { submission } = await desk.submission(order, dataset, stranger);
    expect(codeOf(await desk.send('POST', '/v1/jobs', submission))).toBe('integrity');
    expect(codeOf(await desk.send('GET', `/v1/jobs/${order.jobId}`))).toBe('not_found');
  });

  it('wait for the whole dataset', async () => {
    const data = await sealDataset(randomBytes(100_000), owner);
    await node.desk.send('PUT', `/v1/datasets/${data.manifest.root}`, { manifest: data.envelope });
    const order = node.desk.order(sampleProgram, data, owner, node.node);
    const { submission } = await node.desk.submission(order, data, owner);
    expect(codeOf(await node.desk.send('POST', '/v1/jobs', submission))).toBe('wrong_state');
  });

  it('with a key of another file end the job, not the agent', async () => {
    await node.desk.upload(dataset);
    const order = node.desk.order(sampleProgram, dataset, owner, node.node);
    const wrong = { ...dataset, fileKey: new Uint8Array(16) };
    const { evidence } = await launch(node, order, wrong, owner);
    const frames = await node.desk.follow(order, node.node, evidence);
    expect(lastState(frames)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/released key is not the key/) as string,
    });
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
