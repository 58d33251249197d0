import { decodeBase64 } from '../../encoding/base64.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { statedArchitecture, type NvidiaArchitecture } from '../nvidia/identity.ts';
import { decodeGpuReport } from '../nvidia/report.ts';
import { Malformed, concat, fromHex } from '../readers/bytes.ts';
import { jsonItems, jsonText, type JsonNode } from '../readers/json.ts';
import { parsePemCertificates } from '../readers/pem.ts';

/** CPU and GPU evidence of one machine, as a provider publishes it, and what its layout says binds them. */
export interface CompositeEvidence {
  readonly layout: 'tinfoil-v3' | 'near' | 'ionet';
  /** Which hardware the CPU evidence is of. */
  readonly cpu: 'tdx' | 'snp';
  /** The CPU quote or report, where the layout carries it. */
  readonly quote: Uint8Array | undefined;
  /** The nonce that the evidence says it answers, 32 bytes. */
  readonly nonce: Uint8Array;
  readonly gpus: readonly GpuPart[];
  readonly reportData: ReportDataRule;
  /** How GPU evidence and CPU quote hang together by the layout. */
  readonly gpuBinding: GpuBinding;
  /** SHA-256 of the SubjectPublicKeyInfo of the TLS key that REPORTDATA covers. */
  readonly tlsKey: Uint8Array | undefined;
  /** The certificate that comes with the evidence, DER. */
  readonly tlsCertificate: Uint8Array | undefined;
  /** Things that the evidence names and no hardware signature covers, as sentences. */
  readonly unbound: readonly string[];
  readonly claims: readonly (readonly [name: string, value: string])[];
}

/** What REPORTDATA of the CPU quote must be. */
export interface ReportDataRule {
  /** 64 bytes. */
  readonly expected: Uint8Array;
  /** In words: `TLS key, HPKE key, nonce, GPU evidence`. */
  readonly covers: string;
  /**
   * The layout does not document its formula: a REPORTDATA that holds the nonce in one half then still shows freshness,
   * and what this sentence names is unbound.
   */
  readonly otherwiseUnbound?: string;
}

export type GpuBinding =
  /** REPORTDATA covers a hash of the GPU evidence. */
  | { readonly kind: 'hash'; readonly computed: Uint8Array; readonly stated: Uint8Array | undefined }
  /** Only one nonce is shared. */
  | { readonly kind: 'nonce' }
  /** The document speaks of no GPU at all. */
  | { readonly kind: 'none' };

/** Evidence of one GPU out of a provider's list. */
export interface GpuPart {
  readonly architecture: NvidiaArchitecture;
  readonly report: Uint8Array;
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[];
  /** What the list says the nonce is; the report's own is what counts. */
  readonly statedNonce: Uint8Array | undefined;
}

/** Evidence files of providers with eight GPUs take some 120 KiB. */
export const maximumCompositeBytes = 1_048_576;
const maximumGpus = 32;

/** NVIDIA's list of evidence (`evidence_list` or `evidences`) of an object. @throws Malformed */
export function readGpuParts(payload: JsonNode): readonly GpuPart[] {
  const items = jsonItems(payload, 'evidence_list') ?? jsonItems(payload, 'evidences');
  if (items === undefined) throw new Malformed('the GPU evidence has no list');
  if (items.length > maximumGpus) throw new Malformed(`the GPU evidence has more than ${maximumGpus} entries`);
  const shared = jsonText(payload, 'arch');
  return items.map((item, at) => {
    const what = `GPU evidence ${at}`;
    const architecture = statedArchitecture(jsonText(item, 'arch') ?? shared ?? '');
    if (architecture === undefined) throw new Malformed(`${what} names no known architecture`);
    const report = decodeGpuReport(jsonText(item, 'evidence') ?? '-');
    const pem = decodeUtf8(decodeBase64(jsonText(item, 'certificate') ?? '-') ?? Uint8Array.of(0xff));
    if (report === undefined || pem === undefined) throw new Malformed(`${what} is not base64`);
    const certificates = parsePemCertificates(pem);
    if (!certificates.ok) throw new Malformed(`${what}: ${certificates.detail}`);
    const nonce = jsonText(item, 'nonce');
    const statedNonce = nonce === undefined ? undefined : readHex(nonce, 32, `the nonce of ${what}`);
    return { architecture, report, certificates: certificates.value, statedNonce };
  });
}

/** A member that must be hex of a fixed size. @throws Malformed */
export function hexMember(node: JsonNode | undefined, name: string, size: number): Uint8Array {
  return readHex(jsonText(node, name) ?? 'x', size, `the member ${name}`);
}

function readHex(text: string, size: number, what: string): Uint8Array {
  const bytes = fromHex(text.replace(/^0x/, ''));
  if (bytes?.length !== size) throw new Malformed(`${what} is not ${size} bytes of hex`);
  return bytes;
}

/**
 * REPORTDATA of NEAR and those who took over its layout: what signs the answers ‖ nonce. The first half is the signing
 * address, zero-padded on the right, or SHA-256(signing key ‖ SHA-256 of the TLS key) where the TLS key is attested too.
 */
export function signerReportData(
  signer: Uint8Array,
  tlsKey: Uint8Array | undefined,
  nonce: Uint8Array,
  crypto: Pick<EvidenceCrypto, 'sha256'>,
): Uint8Array {
  if (tlsKey !== undefined) return concat(crypto.sha256(signer, tlsKey), nonce);
  if (signer.length > 32) throw new Malformed('the signing address is longer than 32 bytes');
  return concat(signer, new Uint8Array(32 - signer.length), nonce);
}
