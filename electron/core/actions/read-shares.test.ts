import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeShare, type ShareFields } from '../../domain/recovery/share-text.ts';
import { drawCodes } from '../../services/custody/qr-images.ts';
import { writeKit } from '../../services/recovery/kit-files.ts';
import { readShares } from './read-shares.ts';

const fontDirectory = new URL('../../../assets/fonts/', import.meta.url).pathname;
const share: ShareFields = {
  vaultId: 'ab'.repeat(16),
  setId: '0123456789abcdef',
  index: 2,
  threshold: 2,
  shares: 3,
  bytes: Uint8Array.from({ length: 33 }, (_, at) => at * 7),
};
const { setId, vaultId, threshold } = share;
const held = { index: 2, holder: 'Bob', digest: '00'.repeat(32) };
const set = { setId, vaultId, threshold, createdAt: '2026-11-22T10:00:00.000Z', shares: [held] };
const text = encodeShare(share);
let root = '';
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(root, name), content);
  return { path: join(root, name) };
};
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-shares-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('shares', () => {
  it('are read as typed, from the page, its text file, a list of groups and a picture of the code', async () => {
    const kit = await writeKit({ folder: root, set, shares: [share], textFiles: true, fontDirectory });
    if (!kit.ok) throw new Error(kit.error.message);
    const pdf = kit.value.files[0]?.path ?? '';
    const groups = text.split(' ').slice(1).join('\n');
    const read = await readShares([
      { text },
      { path: pdf },
      { path: pdf.replace('.pdf', '.txt') },
      file('groups.txt', groups),
      file('code.png', drawCodes([text])),
    ]);
    expect(read).toEqual({ ok: true, value: [text, text, text, groups, text] });
  });

  it('that are not in a file are refused by its name, and nothing of it is repeated', async () => {
    const other = { ...share, index: 3 };
    const refused: [string, string | Uint8Array, string][] = [
      ['two.png', drawCodes([text, encodeShare(other)]), 'two.png shows several codes'],
      ['other.png', drawCodes(['https://example.org/']), 'other.png shows no code'],
      ['bad.png', drawCodes([text]).subarray(0, 60), 'bad.png'],
      ['letter.txt', 'secret words '.repeat(200), 'There is no recovery share in letter.txt'],
      ['binary', Uint8Array.of(0, 1, 2, 255), 'There is no recovery share in binary'],
    ];
    for (const [name, content, message] of refused) {
      const read = await readShares([file(name, content)]);
      expect(read).toMatchObject({ ok: false, error: { message: expect.stringContaining(message) } });
      expect(JSON.stringify(read)).not.toContain('secret words');
    }
    expect(await readShares([{ path: join(root, 'none') }])).toMatchObject({ ok: false, error: { code: 'not_found' } });
  });

  it('survive any bytes of a file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const read = await readShares([file('junk', bytes)]);
        if (read.ok) expect(read.value[0]?.length ?? 0).toBeLessThanOrEqual(512);
      }),
      { numRuns: 100 },
    );
  });
});
