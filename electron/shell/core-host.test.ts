import { MessageChannel } from 'node:worker_threads';
import type { UtilityProcess } from 'electron';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { err, ok } from '../contract/result.ts';
import { createFakeCore, type FakeCore } from '../webhost/testing/fake-core.ts';
import { startCoreHost, type CoreHost } from './core-host.ts';
import { createCoreServer, type EventsPort } from './core-server.ts';
import type { ToCore } from './core-messages.ts';
import { FakeCoreProcess } from './testing/electron-fake.ts';

let children: FakeCoreProcess[];
let readies: number;
let failures: string[];
let host: CoreHost;

const sent = (child: FakeCoreProcess | undefined) => child?.received.map(({ message }) => message as ToCore) ?? [];

beforeEach(() => {
  vi.useFakeTimers();
  children = [];
  readies = 0;
  failures = [];
  host = startCoreHost({
    profile: '/profile',
    fork: () => {
      const child = new FakeCoreProcess();
      children.push(child);
      return child as unknown as UtilityProcess;
    },
    keychain: async () => ok(null),
    onReady: () => (readies += 1),
    onFailed: (message) => failures.push(message),
  });
});
afterEach(() => vi.useRealTimers());

describe('the host of the core’s process', () => {
  it('starts it, holds calls until it is ready, and matches answers to calls', async () => {
    const first = host.call('app.state', {});
    const second = host.call('vault.state', {});
    expect(sent(children[0])).toEqual([{ kind: 'start', profile: '/profile' }]);
    children[0]?.emit('message', { kind: 'ready' });
    expect(readies).toBe(1);
    expect(sent(children[0]).slice(1)).toEqual([
      { kind: 'call', id: 0, method: 'app.state', input: {} },
      { kind: 'call', id: 1, method: 'vault.state', input: {} },
    ]);
    children[0]?.emit('message', { kind: 'answer', id: 1, result: ok('second') });
    children[0]?.emit('message', { kind: 'answer', id: 0, result: ok('first') });
    expect(await Promise.all([first, second])).toEqual([ok('first'), ok('second')]);
  });

  it('answers what a dead process was asked, and starts another, ever later', async () => {
    children[0]?.emit('message', { kind: 'ready' });
    const asked = host.call('app.state', {});
    children[0]?.emit('exit', 1);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    expect(await host.call('app.state', {})).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    vi.advanceTimersByTime(250);
    expect(children).toHaveLength(2);
    children[1]?.emit('exit', 1);
    vi.advanceTimersByTime(999);
    expect(children).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(children).toHaveLength(3);
    children[2]?.emit('message', { kind: 'ready' });
    expect(readies).toBe(2);
  });

  it('says why a core cannot start and does not try again', () => {
    children[0]?.emit('message', { kind: 'failed', message: 'The profile is in use.' });
    children[0]?.emit('exit', 0);
    vi.advanceTimersByTime(60_000);
    expect([failures, children.length]).toEqual([['The profile is in use.'], 1]);
  });

  it('ignores messages that have no known shape', () => {
    for (const message of [undefined, 7, 'ready', { kind: 'other' }, { kind: 'answer', id: 'x' }]) {
      children[0]?.emit('message', message);
    }
    expect(readies).toBe(0);
  });

  it('closes in order, and by force when the core does not', async () => {
    children[0]?.emit('message', { kind: 'ready' });
    const closed = host.close();
    expect(sent(children[0]).at(-1)).toEqual({ kind: 'close' });
    expect(children[0]?.killed).toBe(false);
    vi.advanceTimersByTime(5000);
    await closed;
    expect(children[0]?.killed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(children).toHaveLength(1);
  });
});

describe('the core’s process', () => {
  const serve = (core: FakeCore) => {
    const messages: unknown[] = [];
    let closed = false;
    const receive = createCoreServer({
      createCore: async ({ profile }) =>
        profile === '/taken' ? err('in_use', 'The profile is in use.', { hint: 'Close the other.' }) : ok(core),
      send: (message) => messages.push(message),
      onClosed: () => (closed = true),
      useNode: (binary) => messages.push({ node: binary }),
    });
    return { messages, receive, isClosed: () => closed };
  };

  it('starts, answers and closes', async () => {
    const core = createFakeCore();
    const { messages, receive, isClosed } = serve(core);
    await receive({ kind: 'call', id: 1, method: 'app.state', input: {} }, []);
    await receive('garbage', []);
    expect(messages).toEqual([]);
    await receive({ kind: 'start', profile: '/free', nodeBinary: '/node' }, []);
    await receive({ kind: 'call', id: 2, method: 'app.state', input: {} }, []);
    expect(messages).toEqual([
      { node: '/node' },
      { kind: 'ready' },
      { kind: 'answer', id: 2, result: ok({ version: '0.1.0' }) },
    ]);
    expect(core.calls).toEqual([{ name: 'app.state', input: {}, client: 'electron' }]);
    await receive({ kind: 'close' }, []);
    expect(isClosed()).toBe(true);
  });

  it('says why it cannot start', async () => {
    const { messages, receive } = serve(createFakeCore());
    await receive({ kind: 'start', profile: '/taken' }, []);
    expect(messages).toEqual([{ kind: 'failed', message: 'The profile is in use. Close the other.' }]);
  });

  it('pours events into a page’s port, the state first, until the page goes', async () => {
    vi.useRealTimers();
    const core = createFakeCore();
    const { receive } = serve(core);
    await receive({ kind: 'start', profile: '/free' }, []);
    const { port1, port2 } = new MessageChannel();
    const events: unknown[] = [];
    port2.on('message', (event) => events.push(event));
    await receive({ kind: 'events' }, [port1 as unknown as EventsPort]);
    core.emit('activity', { message: 'one' });
    await vi.waitFor(() =>
      expect(events).toEqual([
        { stream: 'app.changed', event: { version: '0.1.0' } },
        { stream: 'activity', event: { message: 'one' } },
      ]),
    );
    port2.close();
    await vi.waitFor(() => expect(core.listeners('activity')).toBe(0));
  });
});
