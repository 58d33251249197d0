import type { Calibration, KdfParameters } from '../../contract/vault.ts';
import type { VaultCrypto } from './crypto-types.ts';

export interface CalibrationInput {
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly floor: KdfParameters;
  /** Milliseconds from any origin that never go back. */
  readonly stopwatch: () => number;
  /** Bytes of the machine's memory: at most a quarter is proposed. */
  readonly memoryBytes: number;
  readonly targetMs: number;
}

const wantedPasses = 3;
const maximumKib = 4 * 1_048_576;

/**
 * Measures Argon2id on this machine from the floor upwards and proposes the largest memory that leaves three passes
 * within the wanted time (memory costs an attacker with special hardware more than passes do; RFC 9106 §4 chooses in
 * this order), then fills the rest with passes. Never below the floor, however slow the machine.
 */
export async function calibrate(input: CalibrationInput): Promise<Omit<Calibration, 'current'>> {
  const { crypto, random, floor, stopwatch, targetMs } = input;
  const measured: Calibration['measured'] = [];
  const once = async (memoryKib: number, passes: number): Promise<number> => {
    const began = stopwatch();
    crypto.wipe(await crypto.argon2id(random(16), random(16), { memoryKib, passes }));
    return Math.round((stopwatch() - began) * 10) / 10;
  };
  // The lesser of two: other work on the machine only ever makes it slower, and a weaker vault would be for good.
  const measure = async (memoryKib: number, passes: number): Promise<number> => {
    const milliseconds = Math.min(await once(memoryKib, passes), await once(memoryKib, passes));
    measured.push({ memoryMib: memoryKib / 1024, passes, milliseconds });
    return milliseconds;
  };
  const largest = Math.max(floor.memoryKib, Math.min(maximumKib, input.memoryBytes / 1024 / 4));
  let memoryKib = floor.memoryKib;
  let onePass = await measure(memoryKib, 1);
  while (memoryKib * 2 <= largest && onePass * 2 * wantedPasses <= targetMs) {
    memoryKib *= 2;
    onePass = await measure(memoryKib, 1);
  }
  // A burst of other work during the last measurement must not double the cost for good.
  if (onePass * wantedPasses > targetMs && memoryKib > floor.memoryKib) {
    memoryKib /= 2;
    onePass = measured.at(-2)?.milliseconds ?? onePass / 2;
  }
  const passes = Math.min(64, Math.max(floor.passes, Math.floor(targetMs / Math.max(onePass, 0.01))));
  const expectedMs = await measure(memoryKib, passes);
  return {
    targetMs,
    measured,
    proposed: { memoryMib: memoryKib / 1024, passes, expectedMs },
    implementation: crypto.name,
  };
}
