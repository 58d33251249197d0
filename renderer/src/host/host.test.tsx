// @vitest-environment jsdom
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFixtureHost } from '../testing/fixture-host.ts';
import { makeAppState, makeNode } from '../testing/sample-views.ts';
import { readResult } from './envelope.ts';
import { createQueryClient, HostProvider, useMethod } from './index.ts';
import { createWebClient } from './web-client.ts';

afterEach(cleanup);

describe('envelope', () => {
  it('passes results and names what is not one', () => {
    expect(readResult({ ok: true, value: 3 })).toEqual({ ok: true, value: 3 });
    expect(
      readResult({ ok: false, error: { code: 'locked', message: 'The vault is locked.', hint: 'Unlock it.' } }),
    ).toEqual({
      ok: false,
      error: { code: 'locked', message: 'The vault is locked.', hint: 'Unlock it.' },
    });
    for (const bad of [
      null,
      undefined,
      'x',
      3,
      [],
      {},
      { ok: 'yes' },
      { ok: false },
      { ok: false, error: { code: 1 } },
    ]) {
      expect(readResult(bad)).toMatchObject({ ok: false, error: { code: 'internal' } });
    }
    expect(readResult({ ok: false, error: { code: 'made-up', message: 'x' } })).toMatchObject({
      error: { code: 'internal' },
    });
  });
});

class FakeSocket extends EventTarget {
  readyState = 1;
  sent: string[] = [];
  send(text: string) {
    this.sent.push(text);
  }
}

function openClient(answer: () => Promise<Response>) {
  const sockets: FakeSocket[] = [];
  const client = createWebClient(new URL('http://127.0.0.1:4000'), {
    fetch: answer as typeof fetch,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
  return { client, sockets };
}

describe('web client', () => {
  it('turns a silent, a foreign and a broken host into results', async () => {
    const call = async (answer: () => Promise<Response>) => openClient(answer).client.call('app.state', {});
    expect(await call(async () => Promise.reject(new TypeError('refused')))).toMatchObject({
      error: { code: 'unavailable' },
    });
    expect(await call(async () => new Response('', { status: 401 }))).toMatchObject({
      error: { code: 'not_permitted' },
    });
    expect(await call(async () => new Response('<html>'))).toMatchObject({ error: { code: 'unavailable' } });
    expect(await call(async () => new Response('{"hello":1}'))).toMatchObject({ error: { code: 'internal' } });
    expect(await call(async () => new Response('{"ok":true,"value":7}'))).toEqual({ ok: true, value: 7 });
  });

  it('follows streams over one socket, says what was missed, and opens again', () => {
    vi.useFakeTimers();
    const { client, sockets } = openClient(async () => new Response('{}'));
    const heard = vi.fn<(event: unknown) => void>();
    const missed = vi.fn<() => void>();
    const states: string[] = [];
    client.onConnection((state) => states.push(state));
    client.onMissed(missed);
    const stop = client.subscribe('app.changed', heard);
    client.subscribe('node.changed', () => undefined);
    expect(sockets).toHaveLength(1);
    const socket = sockets[0] as FakeSocket;
    socket.dispatchEvent(new Event('open'));
    expect(socket.sent.map((text) => JSON.parse(text) as unknown)).toContainEqual({ subscribe: 'app.changed' });
    const tell = (data: string) => socket.dispatchEvent(new MessageEvent('message', { data }));
    tell(JSON.stringify({ stream: 'app.changed', event: { version: '1' } }));
    tell(JSON.stringify({ stream: 'other', event: 1 }));
    tell('null');
    expect(heard).toHaveBeenCalledExactlyOnceWith({ version: '1' });
    tell('{"missed":true}');
    tell('not json');
    expect(missed).toHaveBeenCalledTimes(2);
    stop();
    expect(socket.sent.map((text) => JSON.parse(text) as unknown)).toContainEqual({ unsubscribe: 'app.changed' });
    socket.dispatchEvent(new Event('close'));
    vi.advanceTimersByTime(1000);
    expect(sockets).toHaveLength(2);
    expect(states).toEqual(['connecting', 'open', 'closed']);
    vi.useRealTimers();
  });
});

function Names() {
  const nodes = useMethod('nodes.list', {});
  return (
    <p>
      {nodes.data?.map((node) => `${node.name} ${node.trust}`).join(', ') ?? nodes.error?.error.message ?? 'waiting'}
    </p>
  );
}

describe('what the renderer holds', () => {
  it('follows pushed views and is thrown away when the vault locks', async () => {
    const host = createFixtureHost({ 'nodes.list': () => [makeNode({ name: 'local-01', trust: 'verified' })] });
    const queries = createQueryClient();
    queries.setQueryData(['app.state', {}], makeAppState());
    const onLock = vi.fn<() => void>();
    const { unmount } = render(
      <HostProvider client={host} queryClient={queries} onLock={onLock}>
        <Names />
      </HostProvider>,
    );
    await screen.findByText('local-01 verified');
    act(() => host.push('node.changed', makeNode({ name: 'local-01', trust: 'refused' })));
    await screen.findByText('local-01 refused');

    act(() =>
      host.push('app.changed', makeAppState({ vault: { state: 'locked', path: 'vault.db', unlockFailures: 0 } })),
    );
    expect(onLock).toHaveBeenCalledOnce();
    unmount();
    const held = queries
      .getQueryCache()
      .getAll()
      .filter((query) => query.state.data !== undefined);
    expect(held.map((query) => query.queryKey[0]).toSorted()).toEqual(['app.state', 'vault.state']);
    expect(JSON.stringify(held.map((query) => query.state.data))).not.toContain('local-01');
  });

  it('shows the error of the core, not an exception', async () => {
    render(
      <HostProvider
        client={createFixtureHost({
          'nodes.list': () => ({ ok: false, error: { code: 'locked', message: 'The vault is locked.' } }),
        })}
        queryClient={createQueryClient()}
      >
        <Names />
      </HostProvider>,
    );
    await screen.findByText('The vault is locked.');
  });
});
