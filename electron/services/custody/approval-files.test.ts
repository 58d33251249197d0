import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalFile } from '../../contract/approval.ts';
import { signJson } from '../../domain/dsse/dsse.ts';
import { launcher, value } from '../approvals/testing/desk.ts';
import { animatedParts, readApprovalFiles, readCodeTexts, writeApprovalFile } from './approval-files.ts';
import { drawCodes, readCodes } from './qr-images.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'nacre-codes-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As large as a request with its order and policy. */
const file: ApprovalFile = {
  nacre: 'approval-request',
  v: 1,
  request: signJson('application/x', { text: 'a1b2'.repeat(900) }, launcher.signer),
};

describe('approval files', () => {
  it('carry the same document as a file, as one picture, and as a picture that went through JPEG', async () => {
    const plain = value(await writeApprovalFile(file, join(folder, 'request.json'), 'file'));
    expect(value(await readApprovalFiles([plain.path]))).toEqual(file);
    const drawn = value(await writeApprovalFile(file, join(folder, 'request.png'), 'png'));
    expect(drawn.codes).toBeGreaterThan(5);
    expect(value(await readApprovalFiles([drawn.path]))).toEqual(file);
    const pixels = PNG.sync.read(await readFile(drawn.path));
    await writeFile(join(folder, 'request.jpg'), jpeg.encode(pixels, 60).data);
    expect(value(await readApprovalFiles([join(folder, 'request.jpg')]))).toEqual(file);
    expect(await writeApprovalFile(file, plain.path, 'file')).toMatchObject({ error: { code: 'already_exists' } });
  });

  it('come back from several pictures, and say how many parts are missing', async () => {
    const { parts, fragments } = animatedParts(file, 400);
    const half = Math.ceil(fragments / 2);
    const paths = [join(folder, 'one.png'), join(folder, 'two.png')];
    await writeFile(paths[0] ?? '', drawCodes(parts.slice(0, half)));
    await writeFile(paths[1] ?? '', drawCodes(parts.slice(half, fragments)));
    expect(value(await readApprovalFiles(paths))).toEqual(file);
    const missing = await readApprovalFiles(paths.slice(0, 1));
    expect(missing).toMatchObject({ ok: false, error: { code: 'wrong_state' } });
    if (!missing.ok) expect(missing.error.message).toContain(`${half} of ${fragments} parts`);
    // The animation after its first round: only mixed parts.
    expect(value(readCodeTexts(parts.slice(fragments))).known).toBeGreaterThan(0);
  });

  it('name what is no such file', async () => {
    const cases: [string, string | Uint8Array, string][] = [
      ['text', 'hello', 'damaged'],
      ['kind', JSON.stringify({ nacre: 'wish', v: 1 }), 'damaged'],
      ['extra', JSON.stringify({ ...file, extra: 1 }), 'damaged'],
      ['newer', JSON.stringify({ ...file, v: 2 }), 'damaged'],
      ['cut.png', drawCodes(['A']).slice(0, 60), 'damaged'],
      ['huge.png', hugePng(), 'invalid_input'],
      ['foreign.png', drawCodes(['https://example.org']), 'invalid_input'],
      ['blank.png', PNG.sync.write(new PNG({ width: 50, height: 50 })), 'not_found'],
    ];
    for (const [name, content, code] of cases) {
      await writeFile(join(folder, name), content);
      expect(await readApprovalFiles([join(folder, name)]), name).toMatchObject({ ok: false, error: { code } });
    }
    expect(await readApprovalFiles([join(folder, 'nowhere')])).toMatchObject({ error: { code: 'not_found' } });
  });

  it('survive any bytes that begin like an image', async () => {
    const heads = [drawCodes(['A']).slice(0, 8), Uint8Array.of(0xff, 0xd8, 0xff)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }), async (head, tail) => {
        expect((await readCodes(Uint8Array.of(...head, ...tail), 'image')).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

/** A few bytes that ask for 100,000 by 100,000 pixels. */
function hugePng(): Uint8Array {
  const bytes = drawCodes(['A']);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(16, 100_000);
  view.setUint32(20, 100_000);
  return bytes;
}
