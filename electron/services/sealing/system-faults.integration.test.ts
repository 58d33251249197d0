import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createDesk, nothingAt, take } from './testing/desk.ts';

const desk = createDesk();
const { at, fresh, identity, identityFile, recipient, service } = desk;
afterAll(() => desk.close());
const child = path.resolve(import.meta.dirname, 'testing/seal-process.ts');
const mebibyte = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

describe.runIf(isRoot)('what the system refuses while sealing (run as root)', () => {
  it('names the file of a folder that may not be read, and leaves nothing', () => {
    chmodSync(at(), 0o711);
    const theirs = fresh('-theirs');
    const folder = path.join(theirs, 'data');
    mkdirSync(folder, { recursive: true });
    copyFileSync(identityFile, path.join(theirs, 'identity'));
    for (let i = 0; i < 12; i++) writeFileSync(path.join(folder, `${i}.bin`), randomBytes(mebibyte));
    for (const name of ['', 'identity', 'data']) chownSync(path.join(theirs, name), nobody, nobody);
    chmodSync(path.join(folder, '7.bin'), 0);
    const out = path.join(theirs, 'data.age');
    const seal = () =>
      spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', child, 'seal', path.join(theirs, 'identity'), recipient, folder, out],
        { encoding: 'utf8', uid: nobody, gid: nobody, cwd: theirs },
      );
    const refused = seal();
    expect(JSON.parse(refused.stdout), refused.stderr).toMatchObject({
      ok: false,
      error: { code: 'not_permitted', message: expect.stringContaining(path.join(folder, '7.bin')) },
    });
    expect(nothingAt(out)).toBe(true);
    chmodSync(path.join(folder, '7.bin'), 0o644);
    const granted = seal();
    expect(JSON.parse(granted.stdout), granted.stderr).toMatchObject({ ok: true });
  }, 30_000);

  it('a disk that another writer fills up after the look at its free space', async (context) => {
    const disk = fresh('-disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    if (mounted.status !== 0) context.skip('this machine does not let a test mount');
    try {
      const plain = fresh('.bin');
      writeFileSync(plain, randomBytes(32 * mebibyte));
      // Each alone has room, and both look before either has written: the second meets the end in the middle.
      const answers = await Promise.all(
        ['one.age', 'two.age'].map((name) =>
          service.seal({ path: plain, recipients: [recipient], out: path.join(disk, name) }),
        ),
      );
      const [whole] = answers.filter(({ ok }) => ok);
      const [full] = answers.filter(({ ok }) => !ok);
      expect(full).toMatchObject({ error: { code: 'disk_full', details: { errno: 'ENOSPC' } } });
      if (whole?.ok !== true) throw new Error('one of the two has room');
      expect(readdirSync(disk)).toEqual([path.basename(whole.value.path)]);
      const opened = await service.open({ file: whole.value.path, identities: [identity], out: fresh('.opened') });
      expect(take(opened).plainBytes).toBe(32 * mebibyte);
    } finally {
      spawnSync('umount', [disk]);
    }
  }, 30_000);
});
