import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openReadyCore, secret, startTestNetwork, value, type TestCore, type TestNetwork } from '../testing/harness.ts';

const token = 'beefcafe'.repeat(8);
const folder = mkdtempSync(join(tmpdir(), 'nacre-networks-'));
let network: TestNetwork;
let test: TestCore;
let labels: Record<string, string> = {};

/** Answers as Ray 2.60 was recorded to; the real cluster is met in networks/ray. */
const dashboard = createServer((request, response) => {
  const given = request.headers.authorization;
  const node = {
    node_id: 'ab12',
    node_ip: '127.0.0.1',
    is_head_node: false,
    state: 'ALIVE',
    resources_total: {},
    labels,
  };
  if (request.url === '/api/authentication_mode') response.end('{"authentication_mode":"token"}');
  else if (given === undefined) response.writeHead(401).end('Unauthorized');
  else if (given !== `Bearer ${token}`) response.writeHead(403).end('Forbidden');
  else if (request.url === '/api/version') response.end('{"version":"4","ray_version":"2.60.0"}');
  else response.end(JSON.stringify({ result: true, data: { result: { total: 1, result: [node] } } }));
});
let url = '';

beforeAll(async () => {
  await new Promise<void>((listening) => dashboard.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(dashboard.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'token'), `${token}\n`, { mode: 0o600 });
  network = await startTestNetwork();
  test = await openReadyCore(network);
}, 60_000);
afterAll(async () => {
  await test.end();
  await network.stop();
  dashboard.closeAllConnections();
  dashboard.close();
  rmSync(folder, { recursive: true, force: true });
});

const connect = (changes: Record<string, unknown> = {}) =>
  test.core.call('networks.connect', { kind: 'ray', url, tokenPath: join(folder, 'token'), ...changes });

it('adds a cluster, keeps its token in the vault alone, and removes both', async () => {
  const wrong = await connect({ tokenPath: undefined, token: secret('wrong') });
  expect(wrong.ok ? 'ok' : wrong.error.code).toBe('not_permitted');
  expect(value(await test.core.invoke('networks.list', {}))).toEqual([]);
  expect((await connect()).ok).toBe(true);
  const listed = value(await test.core.invoke('networks.list', {}));
  expect(listed).toMatchObject([{ url, state: 'connected', version: '2.60.0', nodes: [{ state: 'alive' }] }]);
  expect(JSON.stringify(listed)).not.toContain(token);
  const { profile } = value(await test.core.invoke('app.state', {}));
  const files = readdirSync(profile, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(1);
  for (const { parentPath, name } of files) {
    expect(readFileSync(join(parentPath, name)).includes(token), name).toBe(false);
  }
  const id = listed[0]?.id ?? '';
  expect(value(await test.core.invoke('networks.disconnect', { id }))).toBe(true);
  expect(value(await test.core.invoke('networks.disconnect', { id }))).toBe(false);
  expect(value(await test.core.invoke('networks.list', {}))).toEqual([]);
});

it('finds the agent beside a node by name and port, and none where one of them is another', async () => {
  const nodes = value(await test.core.invoke('nodes.list', {}));
  const known = nodes.find(({ name }) => name === 'frankfurt-h100');
  const port = new URL(known?.url ?? '').port;
  const agentOf = async (changes: Record<string, string>) => {
    labels = { 'nacre-node': 'frankfurt-h100', 'nacre-port': port, ...changes };
    expect((await connect()).ok).toBe(true);
    return value(await test.core.invoke('networks.list', {}))[0]?.nodes[0]?.agent;
  };
  expect(await agentOf({})).toMatchObject({ node: 'frankfurt-h100', simulated: true });
  expect(await agentOf({ 'nacre-port': '1' })).toBeUndefined();
  expect(await agentOf({ 'nacre-node': 'unknown-h100' })).toBeUndefined();
});

it('refuses a plain address of another machine unless it is accepted by name', async () => {
  const refused = await connect({ url: 'http://192.0.2.9:8265' });
  expect(refused.ok ? 'ok' : refused.error.code).toBe('denied_by_policy');
});

it('takes over the agents that come with a cluster, and lets them go with it', async () => {
  const bad = await connect({ agents: join(folder, 'token') });
  expect(bad.ok ? 'ok' : bad.error.code).toBe('damaged');
  const before = value(await test.core.invoke('network.state', {}));
  value(await test.core.invoke('network.stop', {}));
  expect(value(await test.core.invoke('nodes.list', {}))).toEqual([]);
  expect((await connect({ agents: network.directory })).ok).toBe(true);
  expect(value(await test.core.invoke('network.state', {}))).toMatchObject({ state: 'running', nodes: before.nodes });
  const [listed] = value(await test.core.invoke('networks.list', {}));
  expect(value(await test.core.invoke('networks.disconnect', { id: listed?.id ?? '' }))).toBe(true);
  expect(value(await test.core.invoke('network.state', {})).state).toBe('stopped');
});
