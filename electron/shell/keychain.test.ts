import { beforeEach, describe, expect, it } from 'vitest';
import { answerKeychain, keychainStatus } from './keychain.ts';
import { createKeychainClient } from './keychain-client.ts';
import { keychainState, safeStorage } from './testing/electron-fake.ts';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);

beforeEach(() => {
  keychainState.available = true;
  keychainState.backend = 'gnome_libsecret';
});

/** The core's side wired to the main process's side. */
function connect(platform: NodeJS.Platform) {
  const messages: unknown[] = [];
  const client = createKeychainClient((message) => {
    messages.push(message);
    if (message.kind === 'keychain') {
      void answerKeychain(safeStorage, platform, message).then((result) => client.answer(message.id, result));
    }
  });
  return { port: client.port, messages };
}

describe('the system’s keychain', () => {
  it('keeps a secret for the vault and gives it back', async () => {
    const { port, messages } = connect('linux');
    expect(await port.status()).toEqual({ available: true, backend: 'gnome_libsecret' });
    const box = await port.seal(secret);
    if (!box.ok) throw new Error(box.error.message);
    expect(Buffer.from(box.value).includes(Buffer.from(secret))).toBe(false);
    expect(await port.open(box.value)).toEqual({ ok: true, value: secret });
    expect(messages).toHaveLength(3);
  });

  it('is refused where it protects nothing: basic_text, unknown, or not available', async () => {
    for (const backend of ['basic_text', 'unknown'] as const) {
      keychainState.backend = backend;
      const { port } = connect('linux');
      expect(await port.status()).toMatchObject({
        available: false,
        backend,
        reason: expect.stringContaining(backend),
      });
      expect(await port.seal(secret)).toMatchObject({ error: { code: 'unavailable' } });
      expect(await port.open(secret)).toMatchObject({ error: { code: 'unavailable' } });
    }
    expect(await keychainStatus(safeStorage, 'darwin')).toEqual({ available: true, backend: 'keychain' });
    expect(await keychainStatus(safeStorage, 'win32')).toEqual({ available: true, backend: 'dpapi' });
    expect(await keychainStatus(safeStorage, 'freebsd')).toMatchObject({ available: false });
    keychainState.available = false;
    expect(await keychainStatus(safeStorage, 'darwin')).toMatchObject({ available: false, backend: 'keychain' });
  });

  it('that throws or answers nonsense is unavailable, and says nothing of what it was given', async () => {
    const broken = {
      ...safeStorage,
      encryptStringAsync: async (text: string): Promise<Buffer> => {
        throw new Error(`cannot encrypt ${text}`);
      },
    };
    const request = { act: 'seal', bytes: 'c2VjcmV0' } as const;
    const answer = await answerKeychain(broken, 'linux', request);
    expect(answer).toMatchObject({ error: { code: 'unavailable' } });
    expect(JSON.stringify(answer)).not.toContain('c2VjcmV0');
    const client = createKeychainClient((message) => {
      if (message.kind === 'keychain') client.answer(message.id, { ok: true, value: { not: 'bytes' } });
    });
    expect(await client.port.status()).toMatchObject({ available: false });
    expect(await client.port.seal(secret)).toMatchObject({ error: { code: 'unavailable' } });
  });
});
