import type { CollateralItem } from '../../../contract/collateral.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import type { TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { verifyRim } from '../nvidia/rim.ts';
import { fromHex } from '../readers/bytes.ts';
import { validatePath } from '../readers/chain.ts';
import { parseCrl, validateCrl } from '../readers/crl.ts';
import { authorityOf } from '../readers/ocsp-authority.ts';
import { certificateIdNamesIssuer, parseOcsp } from '../readers/ocsp.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import type { CollateralFacts } from './facts.ts';

interface Context {
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
}

/**
 * Whether the vendor signed an item, at the time the item itself is of: age is another question, asked whenever it is used.
 * Key sets have no such signature here: they are as good as the bundle they came in.
 * @returns what is wrong, undefined when nothing is
 */
export function whyNotGenuine(item: CollateralItem, facts: CollateralFacts, context: Context): string | undefined {
  switch (facts.kind) {
    case 'intel-tcb-info':
    case 'intel-qe-identity':
      return intelDocument(item, facts, context);
    case 'intel-root-crl':
    case 'intel-pck-crl':
      return revocationList(item, facts, context.anchors.intelSgx, context);
    case 'amd-crl':
      return revocationList(
        item,
        facts,
        context.anchors.amd.filter(({ product }) => product === facts.id).map(({ sha256 }) => sha256),
        context,
      );
    case 'nvidia-rim': {
      const result = verifyRim(decodeUtf8(facts.bytes) ?? '', {
        anchors: context.anchors.nvidiaRim,
        now: Date.parse(item.fetchedAt),
        crypto: context.crypto,
      });
      return result.ok ? undefined : result.detail;
    }
    case 'nvidia-ocsp':
      return revocationAnswer(item, facts, context);
    case 'nras-jwks':
      return undefined;
  }
}

function intelDocument(item: CollateralItem, facts: CollateralFacts, context: Context): string | undefined {
  const chain = readChain(item.chain);
  const [signer] = chain;
  if (signer === undefined) return 'The certificates that sign it are missing.';
  const [problem] = pathProblems(chain, facts.validFrom, context.anchors.intelSgx, context);
  if (problem !== undefined) return problem.detail;
  const good =
    signer.publicKey.kind === 'P-256' &&
    context.crypto.verifyEcdsa({
      curve: 'P-256',
      hash: 'sha256',
      key: { spki: signer.publicKey.spki },
      encoding: 'raw',
      signature: fromHex(item.signature ?? '') ?? new Uint8Array(),
      data: facts.bytes,
    });
  return good ? undefined : `It is not signed by ${signer.subject.text}.`;
}

function revocationList(
  item: CollateralItem,
  facts: CollateralFacts,
  anchors: readonly string[],
  context: Context,
): string | undefined {
  const chain = readChain(item.chain);
  const [issuer] = chain;
  if (issuer === undefined) return 'The certificate that signs it is missing.';
  const crl = parseCrl(facts.bytes);
  if (!crl.ok) return crl.detail;
  // Lists without an end are caught where they are used: there they are never current.
  const [problem] = [
    ...pathProblems(chain, facts.validFrom, anchors, context),
    ...validateCrl(crl.value, issuer, facts.validFrom, context.crypto),
  ];
  return problem?.detail;
}

/** Of a device's or a manifest signer's certificate. The chain begins with who issued that certificate. */
function revocationAnswer(item: CollateralItem, facts: CollateralFacts, context: Context): string | undefined {
  const { anchors, crypto } = context;
  const chain = readChain(item.chain);
  const [issuer] = chain;
  // An answer that nobody can check must not be kept: as the newest seen it would shut out those of NVIDIA.
  if (issuer === undefined) return 'The certificate of the issuer, who answers for it, is missing.';
  const answer = parseOcsp(facts.bytes);
  if (!answer.ok) return answer.detail;
  if (answer.value.singles.some(({ certificate }) => !certificateIdNamesIssuer(certificate, issuer, crypto)))
    return `It is not about a certificate of ${issuer.subject.text}.`;
  const at = answer.value.producedAt;
  const [problem] = pathProblems(chain, at, [...anchors.nvidiaDevice, ...anchors.nvidiaRim], context);
  if (problem !== undefined) return problem.detail;
  const authority = authorityOf(answer.value, issuer, crypto);
  return authority.ok ? undefined : authority.detail;
}

function pathProblems(chain: readonly Certificate[], now: number, anchors: readonly string[], { crypto }: Context) {
  return validatePath({ chain, anchors, now, crypto });
}

function readChain(pem: string | undefined): Certificate[] {
  const ders = parsePemCertificates(pem ?? '');
  if (!ders.ok || ders.value.length > 4) return [];
  const parsed = ders.value.map(parseCertificate);
  return parsed.every((one) => one.ok) ? parsed.flatMap((one) => (one.ok ? [one.value] : [])) : [];
}
