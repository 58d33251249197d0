import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { decodeQR } from 'qr/decode.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShareSet } from '../../contract/recovery.ts';
import { decodeShare, encodeShare, shareGroups, type ShareFields } from '../../domain/recovery/share-text.ts';
import { writeKit } from './kit-files.ts';

const fontDirectory = new URL('../../../assets/fonts/', import.meta.url).pathname;
const [vaultId, setId] = ['ab'.repeat(16), '0123456789abcdef'];
const shares: ShareFields[] = [1, 2, 3].map((index) => {
  const bytes = Uint8Array.from({ length: 33 }, (_, at) => (at * 37 + index * 11) % 256);
  return { vaultId, setId, index, threshold: 2, shares: 3, bytes };
});
const set: ShareSet = {
  setId,
  vaultId,
  threshold: 2,
  createdAt: '2026-11-22T10:00:00.000Z',
  shares: ['Alice Moreau', 'Bob', 'Notar Jürgen 公'].map((holder, at) => ({
    index: at + 1,
    holder,
    digest: `${at}1`.repeat(32),
  })),
};
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-kit-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const poppler = ['pdftoppm', 'pdftotext'].every((name) =>
  ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].some((folder) => existsSync(join(folder, name))),
);

describe('the recovery kit', () => {
  it('is one page for each holder, readable by the owner only, and never written over another file', async () => {
    const folder = join(root, 'kit');
    const written = await writeKit({ folder, set, shares, textFiles: true, fontDirectory });
    if (!written.ok) throw new Error(written.error.message);
    expect(readdirSync(folder)).toHaveLength(6);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    for (const [at, { path }] of written.value.files.entries()) {
      const pdf = readFileSync(path, 'latin1');
      expect(/\/Type \/Pages\s*\/Count (\d+)/.exec(pdf)?.[1]).toBe('1');
      const found = /NACRE-SHARE-2[ A-Z0-9]+/.exec(pdf)?.[0] ?? '';
      expect(decodeShare(found)).toMatchObject({ ok: true, value: { index: at + 1 } });
      expect(readFileSync(path.replace('.pdf', '.txt'), 'utf8').trim()).toBe(found);
    }
    const again = await writeKit({ folder, set, shares, textFiles: false, fontDirectory });
    expect(again).toMatchObject({ ok: false, error: { code: 'already_exists' } });
    await written.value.takeBack();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no page when one cannot be written', async () => {
    const folder = join(root, 'half');
    mkdirSync(folder);
    writeFileSync(join(folder, `nacre-share-3-of-3-${setId.slice(0, 8)}.pdf`), 'mine');
    const written = await writeKit({ folder, set, shares, textFiles: false, fontDirectory });
    expect(written).toMatchObject({ ok: false, error: { code: 'already_exists' } });
    expect(readdirSync(folder)).toHaveLength(1);
    writeFileSync(join(root, 'file'), '');
    const nowhere = await writeKit({ folder: join(root, 'file'), set, shares, textFiles: false, fontDirectory });
    expect(nowhere.ok).toBe(false);
  });

  it.skipIf(!poppler && process.env['CI'] === undefined)(
    'prints a code that is read back, and text that is text',
    async () => {
      const folder = join(root, 'print');
      const written = await writeKit({ folder, set, shares, textFiles: false, fontDirectory });
      if (!written.ok) throw new Error(written.error.message);
      for (const [at, { path }] of written.value.files.entries()) {
        const share = shares[at];
        if (share === undefined) throw new Error('a share is missing');
        const image = path.replace('.pdf', '');
        execFileSync('pdftoppm', ['-r', '110', '-png', '-singlefile', path, image]);
        expect(decodeQR(PNG.sync.read(readFileSync(`${image}.png`)))).toBe(encodeShare(share));
        const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
        for (const group of shareGroups(share)) expect(text).toContain(group);
        expect(text).toContain(`Recovery share ${at + 1} of 3`);
        expect(text).toContain('any 2 of the 3 shares');
      }
    },
    60_000,
  );
});
