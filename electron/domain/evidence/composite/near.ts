import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, fromHex, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonText, readJson, type JsonNode } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import {
  hexMember,
  maximumCompositeBytes,
  readGpuParts,
  signerReportData,
  type CompositeEvidence,
} from './evidence.ts';

const gpuOnlyNonce = { kind: 'nonce' } as const;

export interface NearFiles {
  /** JSON with `nonce` (of the service itself: `request_nonce`), `signing_address`, and where the TLS key is attested `tls_cert_fingerprint`. */
  readonly request: Uint8Array | string;
  /** NVIDIA's payload: `{nonce, arch, evidence_list}`. */
  readonly nvidiaPayload: Uint8Array | string;
  readonly quote: Uint8Array;
}

/** Reads the evidence of NEAR's private inference (and of Venice and NanoGPT, which run it): dstack on TDX beside GPUs. */
export function parseNear(files: NearFiles, crypto: Pick<EvidenceCrypto, 'sha256'>): Parsed<CompositeEvidence> {
  return parseWith(() => {
    const limits = { maxSize: maximumCompositeBytes, maxDepth: 12 };
    const request = readJson(files.request, { what: 'the attestation report', ...limits });
    const payload = readJson(files.nvidiaPayload, { what: 'the NVIDIA payload', ...limits });
    const nonce = hexMember(request, jsonMember(request, 'nonce') === undefined ? 'request_nonce' : 'nonce', 32);
    const signer = readSigner(request);
    const hasTls = jsonMember(request, 'tls_cert_fingerprint') !== undefined;
    const tlsKey = hasTls ? hexMember(request, 'tls_cert_fingerprint', 32) : undefined;
    return {
      layout: 'near',
      cpu: 'tdx',
      quote: files.quote,
      nonce,
      gpus: withListNonce(payload),
      reportData: {
        expected: signerReportData(signer, tlsKey, nonce, crypto),
        covers: `signing key, ${hasTls ? 'TLS key, ' : ''}nonce`,
      },
      gpuBinding: gpuOnlyNonce,
      tlsKey,
      tlsCertificate: undefined,
      unbound: hasTls ? [] : ['unbound: the CPU quote does not commit to the TLS key of the connection.'],
      claims: [['signing key', toHex(signer)]],
    };
  });
}

/**
 * Reads io.net's answer to `/private/attestation`: `{nonce, gpu, cpu: {quote}, image_digest, signing_address}`. How its
 * REPORTDATA is made is not documented; the signer's formula is tried, else only the nonce is looked for.
 */
export function parseIonet(
  source: Uint8Array | string,
  crypto: Pick<EvidenceCrypto, 'sha256'>,
): Parsed<CompositeEvidence> {
  return parseWith(() => {
    const document = readJson(source, { what: 'the attestation', maxSize: maximumCompositeBytes, maxDepth: 12 });
    const nonce = hexMember(document, 'nonce', 32);
    const signer = readSigner(document);
    const gpu = jsonMember(document, 'gpu');
    const quote = fromHex((jsonText(jsonMember(document, 'cpu'), 'quote') ?? 'x').replace(/^0x/, ''));
    if (gpu === undefined || quote === undefined)
      throw new Malformed('the attestation has no GPU evidence or no CPU quote');
    const image = jsonText(document, 'image_digest');
    return {
      layout: 'ionet',
      cpu: 'tdx',
      quote,
      nonce,
      gpus: withListNonce(gpu),
      reportData: {
        expected: signerReportData(signer, undefined, nonce, crypto),
        covers: 'signing address, nonce',
        otherwiseUnbound: 'unbound: the CPU quote does not commit to the signing address.',
      },
      gpuBinding: gpuOnlyNonce,
      tlsKey: undefined,
      tlsCertificate: undefined,
      unbound: [
        'unbound: the CPU quote does not commit to the TLS key of the connection.',
        ...(image === undefined ? [] : ['unbound: no hardware signature covers the image digest; it is only stated.']),
      ],
      claims: [
        ['signing address', toHex(signer)],
        ...(image === undefined ? [] : ([['image digest (stated)', printable(image)]] as const)),
      ],
    };
  });
}

/** An address of 20 bytes (ECDSA) or a key of 32 (Ed25519). */
function readSigner(node: JsonNode): Uint8Array {
  const bytes = fromHex((jsonText(node, 'signing_address') ?? 'x').replace(/^0x/, ''));
  if (bytes === undefined || (bytes.length !== 20 && bytes.length !== 32)) {
    throw new Malformed('the signing address is not 20 or 32 bytes of hex');
  }
  return bytes;
}

/** The nonce of the list counts for entries that state none. */
function withListNonce(payload: JsonNode): CompositeEvidence['gpus'] {
  const listed = jsonMember(payload, 'nonce') === undefined ? undefined : hexMember(payload, 'nonce', 32);
  return readGpuParts(payload).map((part) => ({ ...part, statedNonce: part.statedNonce ?? listed }));
}
