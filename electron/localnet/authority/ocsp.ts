import { createHash } from 'node:crypto';
import type { CollateralItem } from '../../contract/collateral.ts';
import { readFacts } from '../../domain/evidence/collateral/facts.ts';
import { parseCertificate, type Certificate } from '../../domain/evidence/readers/x509.ts';
import type { CertificateSigner } from '../../domain/evidence/simulated/certificate-builder.ts';
import { buildOcsp } from '../../domain/evidence/simulated/ocsp-builder.ts';

const lifetime = 25 * 365.25 * 24 * 3_600_000;

/**
 * What a SIMULATED manufacturer answers about a certificate that it issued: good. NVIDIA's answers last a day; a network
 * that nobody can ask again gives one that lasts as long as its certificates.
 * @param at milliseconds since the epoch
 */
export function answerGood(
  certificate: Uint8Array,
  issuer: Uint8Array,
  signer: CertificateSigner,
  at: number,
): Uint8Array {
  const about = { certificate: read(certificate), issuer: read(issuer), status: 'good' } as const;
  return buildOcsp({ ...about, thisUpdate: at, nextUpdate: at + lifetime }, signer);
}

/** One answer as collateral. */
export function answerItem(der: Uint8Array, source: string, fetchedAt: string): CollateralItem {
  const sha256 = createHash('sha256').update(der).digest('hex');
  const content = Buffer.from(der).toString('base64');
  const item: CollateralItem = { kind: 'nvidia-ocsp', id: '?', source, fetchedAt, sha256, content };
  const facts = readFacts(item);
  if (!facts.ok) throw new Error(`an answer that was just made cannot be read: ${facts.detail}`);
  return { ...item, id: facts.value.id };
}

function read(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der);
  if (!parsed.ok) throw new Error(`a certificate that was just made cannot be read: ${parsed.detail}`);
  return parsed.value;
}
