import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { SimulatedCpu, SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { decodeBase64, encodeBase64 } from '../../encoding/base64.ts';
import { signerReportData } from '../composite/evidence.ts';
import { tinfoilFormat, tinfoilReportData } from '../composite/tinfoil.ts';
import { dstackConfigId } from '../dstack/report-data.ts';
import { concat, toHex } from '../readers/bytes.ts';
import { extendedRegisters, honestDstackLog, type DstackEntry } from './event-log-builder.ts';
import { buildGpuReport } from './gpu-builder.ts';
import { pem, type SimulatedIntelPlatform } from './intel-authority.ts';
import { buildTdxQuote, type TdFields } from './intel-quote.ts';
import { buildSnpReport } from './snp-builder.ts';

const hashes = { sha256: (...parts: readonly Uint8Array[]) => sha256(concat(...parts)) };

/** Chips of one SIMULATED machine, with a TDX processor or an SNP one in its place. */
export interface CompositeMachine {
  readonly platform: SimulatedIntelPlatform;
  /** Then Tinfoil's documents carry its report. */
  readonly snp?: SimulatedCpu;
  readonly gpus: readonly SimulatedGpu[];
  readonly random: (bytes: number) => Uint8Array;
}

/** One entry of NVIDIA's list of evidence over a nonce. */
export function gpuEntry(gpu: SimulatedGpu, nonce: Uint8Array, random: CompositeMachine['random']) {
  const chain = gpu.certificates.map((text) => decodeBase64(text) ?? new Uint8Array());
  return {
    arch: gpu.architecture.toUpperCase(),
    certificate: encodeBase64(utf8ToBytes(pem(...chain))),
    evidence: encodeBase64(buildGpuReport(gpu, nonce, random)),
    nonce: toHex(nonce),
  };
}

export interface TinfoilRequest {
  readonly nonce: Uint8Array;
  /** SHA-256 of the TLS key. */
  readonly tlsKey: Uint8Array;
  readonly hpkeKey: Uint8Array;
  /** PEM. */
  readonly certificate?: string;
  readonly td?: TdFields;
}

/** An honest SIMULATED document in Tinfoil's format v3, without GPUs where the machine has none. */
export function buildTinfoil(machine: CompositeMachine, request: TinfoilRequest): string {
  const { platform, snp, gpus, random } = machine;
  const { nonce, tlsKey, hpkeKey, certificate, td } = request;
  const gpu = JSON.stringify({ evidences: gpus.map((chip) => gpuEntry(chip, nonce, random)) });
  const gpuHash = gpus.length === 0 ? undefined : sha256(utf8ToBytes(gpu));
  const reportData = tinfoilReportData({ tlsKey, hpkeKey, nonce, gpuHash }, hashes);
  const members = [
    ['format', JSON.stringify(tinfoilFormat)],
    [
      'report_data',
      JSON.stringify({
        tls_key_fp: toHex(tlsKey),
        hpke_key: toHex(hpkeKey),
        nonce: toHex(nonce),
        ...(gpuHash === undefined ? {} : { gpu_evidence_hash: toHex(gpuHash) }),
      }),
    ],
    [
      'cpu',
      JSON.stringify(
        snp === undefined
          ? { platform: 'tdx', report: encodeBase64(buildTdxQuote(platform, { reportData, ...td })) }
          : { platform: 'sev-snp', report: encodeBase64(buildSnpReport(snp, reportData, random)) },
      ),
    ],
    ...(gpuHash === undefined ? [] : [['gpu', gpu]]),
    ...(certificate === undefined ? [] : [['certificate', JSON.stringify(certificate)]]),
  ];
  return `{${members.map(([name, text]) => `"${name ?? ''}":${text ?? ''}`).join(',')}}`;
}

export interface NearRequest {
  readonly nonce: Uint8Array;
  /** An Ed25519 key of 32 bytes or an address of 20. */
  readonly signer: Uint8Array;
  readonly tlsKey?: Uint8Array;
  readonly appCompose: Uint8Array;
  readonly td?: TdFields;
}

export interface NearEvidence {
  readonly request: string;
  readonly nvidiaPayload: string;
  readonly quote: Uint8Array;
  readonly eventLog: readonly DstackEntry[];
}

/** Honest SIMULATED evidence in the layout of NEAR's private inference: dstack on TDX beside GPUs. */
export function buildNear({ platform, gpus, random }: CompositeMachine, request: NearRequest): NearEvidence {
  const { nonce, signer, tlsKey, appCompose, td } = request;
  const composeHash = sha256(appCompose);
  const eventLog = honestDstackLog(composeHash);
  const [rtmr0, rtmr1, rtmr2, rtmr3] = extendedRegisters(eventLog) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const reportData = signerReportData(signer, tlsKey, nonce, hashes);
  const mrConfigId = dstackConfigId(composeHash);
  return {
    request: JSON.stringify({
      nonce: toHex(nonce),
      signing_address: toHex(signer),
      signing_algo: signer.length === 20 ? 'ecdsa' : 'ed25519',
      ...(tlsKey === undefined ? {} : { tls_cert_fingerprint: toHex(tlsKey) }),
    }),
    nvidiaPayload: JSON.stringify({
      nonce: toHex(nonce),
      arch: 'HOPPER',
      evidence_list: gpus.map((chip) => gpuEntry(chip, nonce, random)),
    }),
    quote: buildTdxQuote(platform, { rtmr0, rtmr1, rtmr2, rtmr3, mrConfigId, reportData, ...td }),
    eventLog,
  };
}

/** The same evidence in the layout of io.net's `/private/attestation`. */
export function ionetDocument(near: NearEvidence, imageDigest: string): string {
  const { nonce, signing_address } = JSON.parse(near.request) as Record<string, string>;
  return JSON.stringify({
    nonce,
    gpu: { ...(JSON.parse(near.nvidiaPayload) as object), claims_version: '3.0' },
    cpu: { quote: toHex(near.quote) },
    image_digest: imageDigest,
    signing_address,
  });
}
