import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

describe('the memory of a process whose vault was locked', () => {
  it.runIf(process.platform === 'linux')(
    'holds no passphrase that came as bytes, no master key, no private or imported key and no secret of a device any more',
    () => {
      const root = mkdtempSync(join(tmpdir(), 'nacre-memory-'));
      const program = join(import.meta.dirname, 'testing', 'memory-process.ts');
      const { stdout, stderr } = spawnSync(process.execPath, [program, root], { encoding: 'utf8' });
      rmSync(root, { recursive: true, force: true });
      if (stdout === '') throw new Error(stderr);
      const said = JSON.parse(stdout) as {
        secrets: number;
        held: number;
        found: number[];
        prf: number;
        passphrase: { held: number; left: number; replaced: number; wiped: boolean };
        imported: Record<string, number>;
      };
      // Master key, signing seed, dataset secret, keychain secret; while one is lent, the search does find it.
      expect(said.secrets).toBe(4);
      expect(said.held).toBeGreaterThan(0);
      expect(said.found).toEqual([0, 0, 0, 0]);
      expect(said.prf).toBe(0);
      expect(said.passphrase.held).toBeGreaterThan(0);
      expect(said.passphrase).toMatchObject({ left: 0, replaced: 0, wiped: true });
      expect(said.imported).toEqual({ ed25519: 0, x25519: 0, secp256k1: 0 });
    },
  );
});
