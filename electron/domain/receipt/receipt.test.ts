import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../../contract/dsse.ts';
import type { ReceiptStatement } from '../../contract/receipt.ts';
import { createSigner, signJson } from '../dsse/dsse.ts';
import { attestedKey, organisation, payloadOf, sampleRun } from '../pack/testing/sample-run.ts';
import { standInMaker } from '../pack/testing/stand-in-evidence.ts';
import { countersignReceipt, isCountersigned, readReceipt } from './receipt.ts';

const statement = payloadOf<ReceiptStatement>(sampleRun(standInMaker).receipt);
const signed = signJson(payloadTypes.inToto, statement, attestedKey);
const stranger = createSigner(new Uint8Array(32).fill(99));
const keys = { signingKey: attestedKey.publicKey, organisationKey: organisation.publicKey };

function countersigned() {
  const made = countersignReceipt(signed, organisation);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

describe('receipts', () => {
  it('are read under the attested key only', () => {
    const read = readReceipt(signed, attestedKey.publicKey);
    expect(read).toMatchObject({ ok: true, value: { statement: { predicate: { nacre: { frames: 6 } } } } });
    expect(readReceipt(signed, stranger.publicKey)).toMatchObject({ error: { code: 'integrity' } });
    const foreign = signJson(payloadTypes.inToto, statement, stranger);
    // It names the attested key, but the key that signed it is another.
    expect(readReceipt(foreign, stranger.publicKey)).toMatchObject({ error: { code: 'integrity' } });
    const order = signJson(payloadTypes.jobOrder, statement, attestedKey);
    expect(readReceipt(order, attestedKey.publicKey)).toMatchObject({ error: { code: 'invalid_input' } });
  });

  it('are countersigned over the same bytes, once', () => {
    const twice = countersignReceipt(countersigned(), organisation);
    expect(twice).toEqual({ ok: true, value: countersigned() });
    expect(countersigned().payload).toBe(signed.payload);
    expect(isCountersigned(countersigned(), keys)).toBe(true);
    expect(readReceipt(countersigned(), attestedKey.publicKey).ok).toBe(true);
    expect(countersignReceipt(signJson(payloadTypes.jobOrder, {}, attestedKey), organisation).ok).toBe(false);
  });

  it('are not countersigned when a signature is missing, foreign, additional, changed or in another place', () => {
    const good = countersigned();
    const [agent, owner] = good.signatures as [(typeof good.signatures)[0], (typeof good.signatures)[0]];
    const bent = { ...owner, sig: `${owner.sig.startsWith('A') ? 'B' : 'A'}${owner.sig.slice(1)}` };
    for (const signatures of [[agent], [owner, agent], [agent, owner, owner], [agent, bent], [agent, agent]]) {
      expect(isCountersigned({ ...good, signatures }, keys)).toBe(false);
    }
    expect(isCountersigned(good, { ...keys, organisationKey: stranger.publicKey })).toBe(false);
  });
});
