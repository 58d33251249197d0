import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Result } from '../../../contract/result.ts';
import { generateIdentity, parseIdentity, type Identity } from '../../../domain/sealed/identities.ts';
import { createSealingPool } from '../../../workers/sealing-pool.ts';
import { createSealingService, type SealingService } from '../sealing-service.ts';

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** The value, or a failed test that says why there is none. */
export function take<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

/** A folder of its own, a key pair, and a sealing service with two real worker threads. */
export interface Desk {
  readonly service: SealingService;
  readonly identity: Identity;
  readonly recipient: string;
  /** File with the identity, as age reads it. */
  readonly identityFile: string;
  at(...names: string[]): string;
  /** A name that was not used before. */
  fresh(suffix: string): string;
  close(): Promise<void>;
}

export function createDesk(): Desk {
  const folder = mkdtempSync(path.join(tmpdir(), 'nacre-sealing-'));
  const secret = generateIdentity(random);
  const identity = take(parseIdentity(secret));
  const recipient = identity.recipient ?? '';
  const identityFile = path.join(folder, 'identity');
  writeFileSync(identityFile, `${secret}\n`, { mode: 0o600 });
  const service = createSealingService({ pool: createSealingPool({ size: 2 }), random, clock: Date.now });
  let count = 0;
  return {
    service,
    identity,
    recipient,
    identityFile,
    at: (...names) => path.join(folder, ...names),
    fresh: (suffix) => path.join(folder, `${++count}${suffix}`),
    async close() {
      await service.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Nothing under the name, and no partial file left. */
export function nothingAt(file: string): boolean {
  return readdirSync(path.dirname(file)).every((name) => !name.includes(path.basename(file)));
}
