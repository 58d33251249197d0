import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from '@hpke/core';
import canonicalize from 'canonicalize';
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sealFileKey } from './hpke-release.ts';

const suite = () => new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
const aad = {
  datasetRoot: 'aa'.repeat(32),
  jobId: 'bb'.repeat(32),
  policyDigest: 'cc'.repeat(32),
  notAfter: '2026-11-22T10:00:00Z',
};
const challenge = { v: 1, nonce: 'n' };
const evidence = { b: 2, a: [1, 'x'] };

async function release() {
  const pair = await suite().kem.generateKeyPair();
  const hpkeKey = new Uint8Array(await suite().kem.serializePublicKey(pair.publicKey));
  const fileKey = Uint8Array.from({ length: 16 }, (_, i) => i);
  const sealed = await sealFileKey({
    hpkeKey,
    sessionId: 'dd'.repeat(16),
    challenge,
    evidence,
    ear: 'e.a.r',
    aad,
    fileKey,
  });
  if (!sealed.ok) throw new Error(sealed.error.message);
  return { pair, fileKey, sealed: sealed.value };
}

async function open(made: Awaited<ReturnType<typeof release>>, withAad: unknown, ear = 'e.a.r') {
  const digest = createHash('sha384')
    .update(canonicalize(challenge) ?? '')
    .update(canonicalize(evidence) ?? '')
    .update(ear)
    .digest();
  const recipient = await suite().createRecipientContext({
    recipientKey: made.pair.privateKey,
    enc: new Uint8Array(Buffer.from(made.sealed.message.encapsulated, 'base64')).buffer,
    info: new Uint8Array(Buffer.concat([Buffer.from('nacre/key-release/v1'), digest])).buffer,
  });
  const aadBytes = Buffer.from(canonicalize(withAad) ?? '');
  const key = await recipient.open(
    new Uint8Array(Buffer.from(made.sealed.message.ciphertext, 'base64')).buffer,
    new Uint8Array(aadBytes).buffer,
  );
  const exporter = await recipient.export(new TextEncoder().encode('nacre/key-confirmation/v1').buffer, 48);
  return {
    key: new Uint8Array(key),
    confirmation: createHmac('sha384', Buffer.from(exporter)).update(aadBytes).digest('hex'),
  };
}

describe('key release', () => {
  it('opens at the attested key, and its confirmation is accepted only when right', async () => {
    const made = await release();
    const opened = await open(made, aad);
    expect(opened.key).toEqual(made.fileKey);
    expect(made.sealed.confirms(opened.confirmation)).toBe(true);
    const changed = (opened.confirmation.startsWith('0') ? '1' : '0') + opened.confirmation.slice(1);
    for (const bad of [changed, '', 'zz', opened.confirmation.slice(2)]) expect(made.sealed.confirms(bad)).toBe(false);
  });

  it('does not open under another order, policy or attestation result', async () => {
    const made = await release();
    await expect(open(made, { ...aad, jobId: 'ee'.repeat(32) })).rejects.toThrow();
    await expect(open(made, { ...aad, policyDigest: 'ee'.repeat(32) })).rejects.toThrow();
    await expect(open(made, aad, 'other')).rejects.toThrow();
  });

  it('refuses a key that is no P-384 point', async () => {
    for (const hpkeKey of [new Uint8Array(0), new Uint8Array(97), new Uint8Array(97).fill(4)]) {
      const sealed = await sealFileKey({
        hpkeKey,
        sessionId: 'dd'.repeat(16),
        challenge,
        evidence,
        ear: 'x',
        aad,
        fileKey: new Uint8Array(16),
      });
      expect(sealed).toMatchObject({ ok: false, error: { code: 'attestation_failed' } });
    }
  });
});
