import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, FrameBody } from '../../contract/wire.ts';
import { createSigner, verifyEd25519 } from '../dsse/dsse.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { acceptFrame, chainStart, frameHash, frameMessage, type ChainIdentity } from './frame-chain.ts';

const signer = createSigner(new Uint8Array(32).fill(7));
const identity: ChainIdentity = { jobId: 'ab'.repeat(32), node: 'local-1', signingKey: signer.publicKey };

function chain(bodies: readonly FrameBody[]): Frame[] {
  const frames: Frame[] = [];
  for (const body of bodies) {
    const last = frames.at(-1);
    const unsigned = {
      version: 1 as const,
      jobId: identity.jobId,
      node: identity.node,
      sequence: frames.length,
      previous: last === undefined ? chainStart.head : frameHash(last),
      at: '2026-11-22T10:00:00Z',
      body,
    };
    frames.push({ ...unsigned, signature: encodeBase64(signer.sign(frameMessage(unsigned))) });
  }
  return frames;
}

function follow(frames: readonly unknown[], who = identity) {
  let state = chainStart;
  for (const frame of frames) {
    const accepted = acceptFrame(state, frame, who, verifyEd25519);
    if (!accepted.ok) return accepted;
    state = accepted.value.state;
  }
  return { ok: true as const, value: state };
}

const bodies = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('metric' as const),
      step: fc.nat(),
      values: fc.dictionary(fc.string({ maxLength: 8 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    }),
    fc.record({ kind: fc.constant('log' as const), stream: fc.constant('stdout' as const), line: fc.string() }),
  ),
  { minLength: 1, maxLength: 4 },
);

describe('frame chain', () => {
  it('accepts what an honest agent signs, after a trip through JSON', () => {
    fc.assert(
      fc.property(bodies, (list) => {
        const frames = JSON.parse(JSON.stringify(chain(list))) as Frame[];
        const done = follow(frames);
        expect(done).toMatchObject({ ok: true, value: { next: list.length } });
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a dropped, repeated, swapped, changed, unsigned or foreign frame with its own reason', () => {
    const frames = chain([
      { kind: 'metric', step: 1, values: { loss: 1 } },
      { kind: 'metric', step: 2, values: { loss: 0.5 } },
      { kind: 'metric', step: 3, values: { loss: 0.2 } },
    ]);
    const [a, b, c] = frames as [Frame, Frame, Frame];
    const other = createSigner(new Uint8Array(32).fill(8));
    const cases: [string, unknown[], ChainIdentity?][] = [
      ['frame-sequence', [a, c]],
      ['frame-sequence', [a, a]],
      ['frame-signature', [a, { ...b, body: { kind: 'metric', step: 2, values: { loss: 0.4 } } }]],
      ['frame-previous', [a, { ...b, previous: 'cd'.repeat(32) }]],
      ['frame-signature', [a, { ...b, signature: 'AAAA' }]],
      ['frame-signature', [a], { ...identity, signingKey: other.publicKey }],
      ['frame-other-job', [a], { ...identity, jobId: 'cd'.repeat(32) }],
      ['frame-other-node', [a], { ...identity, node: 'local-2' }],
      ['frame-malformed', [{ ...a, extra: 1 }]],
      ['frame-malformed', ['garbage']],
    ];
    for (const [reason, list, who] of cases) {
      const answer = follow(list, who);
      expect(answer.ok, reason).toBe(false);
      if (!answer.ok) expect(answer.error).toMatchObject({ code: 'integrity', details: { reason } });
    }
  });
});
