import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allLimits, createTokenBucket } from './token-bucket.ts';

/** Time that passes only while someone sleeps. */
function fakeTime() {
  const time = { now: 0 };
  return {
    clock: () => time.now,
    pass: (ms: number) => void (time.now += ms),
    sleep: async (ms: number) => {
      time.now += ms;
      return true;
    },
  };
}
const never = new AbortController().signal;

describe('a bandwidth limit', () => {
  it('is kept to within 2 % and a burst, whatever the size of the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10_000, max: 50_000_000 }),
        fc.array(fc.integer({ min: 1, max: 4_194_304 }), { minLength: 1, maxLength: 60 }),
        async (rate, pieces) => {
          const time = fakeTime();
          const bucket = createTokenBucket({ rate: () => rate, ...time });
          let sent = 0;
          for (const piece of pieces) {
            await bucket.take(piece, never);
            // What has passed before this piece never exceeds the rate and one burst.
            expect(sent).toBeLessThanOrEqual(((time.clock() + 250) / 1000) * rate * 1.02 + 1);
            sent += piece;
          }
          const seconds = time.clock() / 1000;
          const last = pieces.at(-1) ?? 0;
          // And it is reached: nobody waits longer than the rate asks for.
          expect(seconds).toBeLessThanOrEqual(((sent - last) / rate) * 1.02 + 0.01 * pieces.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('measured over a minute of a slow line: 1 MB/s, four senders', async () => {
    const time = fakeTime();
    const bucket = createTokenBucket({ rate: () => 1e6, ...time });
    let sent = 0;
    while (time.clock() < 60_000) {
      await bucket.take(62_500, never);
      sent += 62_500;
    }
    const rate = sent / (time.clock() / 1000);
    expect(Math.abs(rate / 1e6 - 1)).toBeLessThan(0.01);
  });

  it('follows a change while someone waits, gives nothing for time that was idle, and ends with the signal', async () => {
    const time = fakeTime();
    let rate: number | undefined = 1000;
    const bucket = createTokenBucket({ ...time, rate: () => rate });
    time.pass(3_600_000);
    await bucket.take(10_000, never);
    const before = time.clock();
    await bucket.take(1, never);
    expect(time.clock() - before).toBeGreaterThan(9000);
    rate = undefined;
    expect(await bucket.take(1e9, never)).toBe(0);
    rate = 1;
    await bucket.take(100, never);
    const abort = new AbortController();
    const stopping = createTokenBucket({ clock: time.clock, rate: () => 1, sleep: async () => false });
    await stopping.take(100, abort.signal);
    await stopping.take(100, abort.signal);
    expect(allLimits([bucket, createTokenBucket({ ...time, rate: () => 5 })]).rate()).toBe(1);
    expect(allLimits([createTokenBucket({ ...time, rate: () => 0 })]).rate()).toBeUndefined();
  });
});
