import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { TrustAnchors } from '../anchors.ts';
import { assertClock, createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { isZero, toHex } from '../readers/bytes.ts';
import { iso, validatePath } from '../readers/chain.ts';
import { keyUsages, parseCertificate, type Certificate } from '../readers/x509.ts';
import { parseNitroDocument, type NitroDocument } from './document.ts';

export interface NitroInput {
  /** `cpu0` */
  readonly name: string;
  /** COSE_Sign1 as the hypervisor made it. */
  readonly document: Uint8Array;
  /** The nonce that this desk sent; undefined for evidence from the past, which then is listed as not fresh. */
  readonly nonce: Uint8Array | undefined;
  /** Allowed registers by index. A register that is named here and missing in the document fails. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  /**
   * true for a document from an archive: its age is then listed as not checked. The chain must be valid at `now` all the
   * same, and a document from the future is refused.
   */
  readonly archived?: boolean;
}

export interface NitroResult {
  readonly verdict: SubmoduleVerdict;
  /** Present when the document could be read, whatever the verdict. */
  readonly document: NitroDocument | undefined;
}

/** By how much the clock of the hypervisor and ours may differ. */
const allowedSkew = 5 * 60 * 1000;
/** The image, its kernel and its application: what is measured when an enclave starts. */
const imageRegisters = [0, 1, 2] as const;

/**
 * Verifies an AWS Nitro attestation document (ATTESTATION §4.3): format, certificate path to the pinned AWS root valid
 * now, ES384 signature, time, debug mode, registers and nonce.
 * @throws TypeError when `now` is not finite
 */
export function verifyNitro(input: NitroInput): NitroResult {
  assertClock(input.now);
  const { crypto } = input;
  const verdict = createVerdict({
    name: input.name,
    family: 'nitro',
    evidenceSha256: toHex(crypto.sha256(input.document)),
  });
  const title = 'The document is a well-formed Nitro attestation document';
  const parsed = parseNitroDocument(input.document);
  if (!parsed.ok) {
    verdict.fail('nitro.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), document: undefined };
  }
  const document = parsed.value;
  verdict.pass('nitro.format', title);
  verdict.claim('module_id', document.moduleId);
  verdict.claim('timestamp', iso(document.timestamp));
  for (const [index, digest] of document.pcrs) verdict.measurement(`pcr${index}`, toHex(digest));
  checkSignature(verdict, document, input);
  checkTime(verdict, document, input);
  checkRegisters(verdict, document, input);
  checkNonce(verdict, document, input);
  verdict.notChecked('Revocation of the AWS certificates: AWS publishes no revocation lists for Nitro.');
  return { verdict: verdict.build(), document };
}

function checkSignature(verdict: VerdictBuilder, document: NitroDocument, input: NitroInput): void {
  const { crypto, anchors, now } = input;
  const title = 'The certificates lead to the pinned AWS root';
  const chain: Certificate[] = [];
  for (const der of [document.certificate, ...document.caBundle.toReversed()]) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) {
      verdict.fail('nitro.chain', title, 'certificate-malformed', { detail: parsed.detail });
      return;
    }
    chain.push(parsed.value);
  }
  const problems = validatePath({ chain, anchors: anchors.awsNitro, now, crypto });
  const detail = problems.map((found) => found.detail).join(' ');
  verdict.judge('nitro.chain', title, problems.length === 0, problems[0]?.reason ?? '', { detail });
  const [leaf] = chain;
  const maySign = leaf?.keyUsage === undefined || leaf.keyUsage.has(keyUsages.digitalSignature);
  verdict.judge(
    'nitro.signature',
    'The document is signed by its certificate (ES384)',
    leaf?.publicKey.kind === 'P-384' &&
      maySign &&
      crypto.verifyEcdsa({
        curve: 'P-384',
        hash: 'sha384',
        key: { spki: leaf.publicKey.spki },
        encoding: 'raw',
        signature: document.signature,
        data: document.signed,
      }),
    'cose-signature',
    { detail: 'The signature does not verify: the document was changed, or is by another key.' },
  );
}

function checkTime(verdict: VerdictBuilder, { timestamp }: NitroDocument, { now, archived }: NitroInput): void {
  if (archived === true && timestamp <= now + allowedSkew) {
    verdict.notChecked(`Age: the document is of ${iso(timestamp)}, and nobody asked for a fresh one.`);
    return;
  }
  verdict.judge('nitro.time', 'The document was made now', Math.abs(now - timestamp) <= allowedSkew, 'document-time', {
    detail: `The document is of ${iso(timestamp)}, more than five minutes from now.`,
  });
}

function checkRegisters(verdict: VerdictBuilder, { pcrs }: NitroDocument, { pcrs: allowed, crypto }: NitroInput): void {
  const missing = [...new Set([...imageRegisters, ...allowed.keys()])].filter((index) => !pcrs.has(index));
  verdict.judge('nitro.registers', 'Every register that counts is there', missing.length === 0, 'register-missing', {
    detail: `Missing: ${missing.map((index) => `PCR${index}`).join(', ')}.`,
  });
  // The hypervisor zeroes the image registers of an enclave that the parent instance may look into. All three are
  // zero together; one alone is no image either.
  const zero = imageRegisters.filter((index) => isZero(pcrs.get(index) ?? new Uint8Array(0)));
  verdict.judge('nitro.debug', 'The enclave does not run in debug mode', zero.length === 0, 'debug-enabled', {
    detail: `${zero.map((index) => `PCR${index}`).join(', ')} is zero: the parent instance can read this enclave.`,
  });
  for (const [index, expected] of allowed) {
    const found = pcrs.get(index);
    if (found === undefined) continue;
    verdict.judge(
      `nitro.pcr${index}`,
      `PCR${index} is the expected one`,
      crypto.equal(found, expected),
      'register-mismatch',
      { expected: toHex(expected), found: toHex(found) },
    );
  }
  if (allowed.size === 0) verdict.notChecked('Which image runs: no expected registers were given.');
}

function checkNonce(verdict: VerdictBuilder, document: NitroDocument, { nonce, crypto }: NitroInput): void {
  if (nonce === undefined) {
    verdict.notChecked('Freshness: no nonce was given, so the document could be replayed within five minutes.');
    return;
  }
  const same = document.nonce !== undefined && crypto.equal(document.nonce, nonce);
  verdict.judge('nitro.nonce', 'The document answers our nonce', same, 'nonce-mismatch', {
    expected: toHex(nonce),
    found: document.nonce === undefined ? 'none' : toHex(document.nonce),
  });
}
