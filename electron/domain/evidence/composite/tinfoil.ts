import { decodeBase64 } from '../../encoding/base64.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, concat, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonSource, jsonText, readJson } from '../readers/json.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { hexMember, maximumCompositeBytes, readGpuParts, type CompositeEvidence } from './evidence.ts';

export const tinfoilFormat = 'https://tinfoil.sh/predicate/attestation/v3';

const platforms: Readonly<Record<string, CompositeEvidence['cpu']>> = { tdx: 'tdx', 'sev-snp': 'snp' };

export interface TinfoilKeys {
  /** SHA-256 of the TLS key's SubjectPublicKeyInfo. */
  readonly tlsKey: Uint8Array;
  /** X25519, 32 bytes. */
  readonly hpkeKey: Uint8Array;
  readonly nonce: Uint8Array;
  /** SHA-256 of the exact bytes of the JSON value `gpu`; undefined on machines without GPUs. */
  readonly gpuHash: Uint8Array | undefined;
}

/** REPORTDATA of Tinfoil v3: SHA-256(tls_key_fp ‖ hpke_key ‖ nonce [‖ gpu_evidence_hash]) ‖ 32 zeros. */
export function tinfoilReportData(keys: TinfoilKeys, crypto: Pick<EvidenceCrypto, 'sha256'>): Uint8Array {
  const { tlsKey, hpkeKey, nonce, gpuHash } = keys;
  const parts = [tlsKey, hpkeKey, nonce, ...(gpuHash === undefined ? [] : [gpuHash])];
  return concat(crypto.sha256(...parts), new Uint8Array(32));
}

/**
 * Reads a Tinfoil v3 attestation document. The hash of the GPU evidence is taken over the bytes of the document, never
 * from what it states. @param source the document as it came: parsing and writing it again changes the hash
 */
export function parseTinfoil(source: Uint8Array, crypto: Pick<EvidenceCrypto, 'sha256'>): Parsed<CompositeEvidence> {
  return parseWith(() => {
    const document = readJson(source, {
      what: 'the attestation document',
      maxSize: maximumCompositeBytes,
      maxDepth: 12,
    });
    if (jsonText(document, 'format') !== tinfoilFormat)
      throw new Malformed('the document is not of Tinfoil’s format v3');
    const stated = jsonMember(document, 'report_data');
    const cpu = jsonMember(document, 'cpu');
    const platform = platforms[jsonText(cpu, 'platform') ?? ''];
    if (platform === undefined) throw new Malformed('the CPU evidence is neither of TDX nor of SEV-SNP');
    const quote = decodeBase64(jsonText(cpu, 'report') ?? '-');
    if (quote === undefined) throw new Malformed('the CPU report is not base64');
    const gpu = jsonMember(document, 'gpu');
    const gpuHash = gpu === undefined ? undefined : crypto.sha256(jsonSource(source, gpu));
    const hasStated = jsonMember(stated, 'gpu_evidence_hash') !== undefined;
    const statedHash = hasStated ? hexMember(stated, 'gpu_evidence_hash', 32) : undefined;
    if (gpu === undefined && hasStated)
      throw new Malformed('the document has a hash of GPU evidence and no GPU evidence');
    const [tlsKey, hpkeKey, nonce] = [
      hexMember(stated, 'tls_key_fp', 32),
      hexMember(stated, 'hpke_key', 32),
      hexMember(stated, 'nonce', 32),
    ];
    return {
      layout: 'tinfoil-v3',
      cpu: platform,
      quote,
      nonce,
      gpus: gpu === undefined ? [] : readGpuParts(gpu),
      reportData: {
        expected: tinfoilReportData({ tlsKey, hpkeKey, nonce, gpuHash }, crypto),
        covers: `TLS key, HPKE key, nonce${gpuHash === undefined ? '' : ', GPU evidence'}`,
      },
      gpuBinding: gpuHash === undefined ? { kind: 'none' } : { kind: 'hash', computed: gpuHash, stated: statedHash },
      tlsKey,
      tlsCertificate: readCertificate(jsonText(document, 'certificate')),
      unbound: [],
      claims: [
        ['TLS key (SHA-256)', toHex(tlsKey)],
        ['HPKE key', toHex(hpkeKey)],
      ],
    };
  });
}

function readCertificate(pem: string | undefined): Uint8Array | undefined {
  if (pem === undefined) return undefined;
  const parsed = parsePemCertificates(pem);
  if (!parsed.ok) throw new Malformed(parsed.detail);
  return parsed.value[0];
}
