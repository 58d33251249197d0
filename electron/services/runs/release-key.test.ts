import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from '@hpke/core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditKind } from '../../contract/audit.ts';
import type { JobOrder } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { createSigner, signJson } from '../../domain/dsse/dsse.ts';
import { payloadTypes } from '../../contract/wire.ts';
import type { Approved } from '../approvals/approved.ts';
import type { VerifiedNode } from '../evidence/verified-node.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import { releaseKey, signOrder, type SignedOrder } from './release-key.ts';

const signer = createSigner(new Uint8Array(32).fill(3));
const now = Date.UTC(2026, 10, 22);
const root = 'aa'.repeat(32);
const policyDigest = 'cc'.repeat(32);
const order = {
  jobId: 'bb'.repeat(32),
  dataset: { root },
  nodes: ['a'],
  policyDigest,
  notAfter: new Date(now + 1000).toISOString(),
} as JobOrder;
// The brands are given only by their services; a test of what comes after them has to claim them.
const dataset = { root, manifestEnvelope: signJson(payloadTypes.manifest, {}, signer) } as SealedDataset;
const free = { use: (_act: string, act: () => unknown) => act() } as unknown as Approved<'key-release'>;
let node: VerifiedNode;
let signed: SignedOrder;

beforeAll(async () => {
  const suite = new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
  const pair = await suite.kem.generateKeyPair();
  node = {
    name: 'a',
    jobId: order.jobId,
    policyDigest,
    sessionId: 'dd'.repeat(16),
    evidenceSha256: 'ee'.repeat(32),
    simulated: true,
    freshUntil: now + 5000,
    verification: { node: 'a', simulated: true, verifiedAt: '', submodules: [] },
    challenge: {},
    evidence: {},
    ear: 'x.y.z',
    hpkeKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)),
  } as unknown as VerifiedNode;
  const made = signOrder(order, (value) => ok(signJson(payloadTypes.jobOrder, value, signer)));
  if (!made.ok) throw new Error(made.error.message);
  signed = made.value;
});

function context(log: Result<void> = ok(undefined)) {
  const steps: string[] = [];
  const fileKey = new Uint8Array(16).fill(9);
  return {
    steps,
    fileKey,
    value: {
      audit: (kind: AuditKind) => {
        steps.push(kind);
        return log;
      },
      fileKey: async () => {
        steps.push('unwrap');
        return ok(fileKey);
      },
      clock: () => now,
    },
  };
}

describe('releaseKey', () => {
  it('logs, then unwraps, then wipes', async () => {
    const { value, steps, fileKey } = context();
    const release = await releaseKey(node, dataset, signed, free, value);
    expect(release.ok).toBe(true);
    expect(steps).toEqual(['key-released', 'unwrap']);
    expect([...fileKey]).toEqual(Array.from({ length: 16 }, () => 0));
    if (release.ok) {
      expect(release.value.submission.release.aad).toEqual({
        datasetRoot: root,
        jobId: order.jobId,
        policyDigest,
        notAfter: order.notAfter,
      });
      expect(JSON.stringify(release.value.submission)).not.toContain(
        Buffer.from(new Uint8Array(16).fill(9)).toString('base64').slice(0, 20),
      );
    }
  });

  it.each(['disk_full', 'integrity', 'locked'] as const)(
    'is refused with nothing to send, and without touching the key, when the audit log cannot be written (%s)',
    async (code) => {
      const { value, steps, fileKey } = context(err(code, 'The entry was not written.'));
      const released = await releaseKey(node, dataset, signed, free, value);
      // Nothing but the log's own error: no submission, so there is nothing that a caller could send.
      expect(released).toEqual(err(code, 'The entry was not written.'));
      expect(steps).toEqual(['key-released']);
      expect([...fileKey]).toEqual(Array.from({ length: 16 }, () => 9));
    },
  );

  it('touches neither log nor key when the approval does not hold', async () => {
    const { value, steps } = context();
    const asked: string[] = [];
    const spent = {
      requestId: 'ff'.repeat(32),
      use: (act: string) => {
        asked.push(act);
        return err('approval_missing', 'used already');
      },
    } as unknown as Approved<'key-release'>;
    expect(await releaseKey(node, dataset, signed, spent, value)).toMatchObject({
      error: { code: 'approval_missing' },
    });
    const measured = { ...node.verification, submodules: [{ name: 'cpu0', family: 'snp', measurements: { m: 'ab' } }] };
    await releaseKey({ ...node, verification: measured } as unknown as VerifiedNode, dataset, signed, spent, value);
    // Another measurement is another act: an approval of the one does not fit the other.
    expect(new Set(asked).size).toBe(2);
    expect(steps).toEqual([]);
  });

  it('refuses what does not belong together before it logs or unwraps anything', async () => {
    const cases: [string, VerifiedNode, SealedDataset, number][] = [
      ['integrity', node, { ...dataset, root: '00'.repeat(32) } as SealedDataset, now],
      ['integrity', { ...node, jobId: '00'.repeat(32) }, dataset, now],
      ['denied_by_policy', { ...node, policyDigest: '00'.repeat(32) }, dataset, now],
      ['denied_by_policy', { ...node, name: 'b' }, dataset, now],
      ['timeout', node, dataset, now + 2000],
      ['attestation_failed', node, dataset, now + 6000],
      ['attestation_failed', { ...node, freshUntil: Number.NaN }, dataset, now],
    ];
    for (const [code, who, what, time] of cases) {
      const { value, steps } = context();
      const answer = await releaseKey(who, what, signed, free, { ...value, clock: () => time });
      expect(answer).toMatchObject({ ok: false, error: { code } });
      expect(steps).toEqual([]);
    }
  });
});
