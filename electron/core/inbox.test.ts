import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox, type Inbox } from './inbox.ts';

let root = '';
let inbox: Inbox;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-inbox-'));
  inbox = createInbox(join(root, 'inbox'), (bytes) => new Uint8Array(randomBytes(bytes)));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function* bytes(...chunks: readonly number[]) {
  for (const size of chunks) yield new Uint8Array(size).fill(7);
}
const mebibyte = 1_048_576;

describe('inbox', () => {
  it('lays a file down whole, for this user only', async () => {
    const kept = await inbox.receive('quote.bin', bytes(10, 20));
    if (!kept.ok) throw new Error(kept.error.message);
    expect(kept.value).toMatchObject({ name: 'quote.bin', bytes: 30 });
    expect(readFileSync(kept.value.path)).toEqual(Buffer.alloc(30, 7));
    expect(statSync(kept.value.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(kept.value.path)).mode & 0o777).toBe(0o700);
  });

  it.each([
    '../../../etc/passwd',
    '..',
    '.',
    '',
    '/etc/passwd',
    'a/../../b',
    '..\\..\\x',
    '\0',
    '.bashrc',
    'x'.repeat(999),
  ])('takes the name %j as a label only', async (name) => {
    const kept = await inbox.receive(name, bytes(1));
    if (!kept.ok) throw new Error(kept.error.message);
    const inside = relative(join(root, 'inbox'), kept.value.path);
    expect(inside).toMatch(/^[0-9a-f]{32}[/\\][A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/);
    expect(readdirSync(root)).toEqual(['inbox']);
  });

  it('keeps nothing of what is too large or breaks off', async () => {
    expect(await inbox.receive('big', bytes(16 * mebibyte, 1))).toMatchObject({ error: { code: 'invalid_input' } });
    const broken = (async function* () {
      yield new Uint8Array(5);
      throw new Error('gone');
    })();
    expect(await inbox.receive('broken', broken)).toMatchObject({ error: { code: 'unavailable' } });
    expect(readdirSync(join(root, 'inbox'))).toEqual([]);
  });

  it('holds 16 MiB in all: the oldest makes room', async () => {
    const first = await inbox.receive('first', bytes(10 * mebibyte));
    const second = await inbox.receive('second', bytes(10 * mebibyte));
    expect(first.ok && existsSync(first.value.path)).toBe(false);
    expect(second.ok && existsSync(second.value.path)).toBe(true);
  });

  it('is empty after a lock, also of what was still coming in', async () => {
    await inbox.receive('first', bytes(10));
    const late = await inbox.receive(
      'late',
      (async function* () {
        yield new Uint8Array(5);
        await inbox.clear();
        yield new Uint8Array(5);
      })(),
    );
    expect(late).toMatchObject({ ok: false });
    expect(existsSync(join(root, 'inbox')) ? readdirSync(join(root, 'inbox')) : []).toEqual([]);
  });
});
