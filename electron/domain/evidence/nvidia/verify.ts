import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { TrustAnchors } from '../anchors.ts';
import { assertClock, createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { toHex } from '../readers/bytes.ts';
import { validatePath } from '../readers/chain.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import { architectureOf, readFirmwareId, type NvidiaArchitecture } from './identity.ts';
import { compareMeasurements, type GoldenMeasurement } from './reference.ts';
import { opaqueText, opaqueTypes, parseGpuReport, vbiosVersion, type GpuReport } from './report.ts';
import type { OcspSource } from './certificate-standing.ts';
import { checkRevocation } from './revocation.ts';
import { goldenFromRims, type RimPair } from './rim-reference.ts';

/** Where reference values come from: NVIDIA's signed RIMs, or the directory of a local network. */
export type GpuReference =
  | { readonly kind: 'rims'; readonly rims: RimPair }
  | { readonly kind: 'golden'; readonly golden: readonly GoldenMeasurement[] }
  | { readonly kind: 'none' };

export interface GpuInput {
  /** `gpu0` */
  readonly name: string;
  readonly architecture: NvidiaArchitecture;
  readonly report: Uint8Array;
  /** DER, leaf first: attestation key, BROM, provisioner, model identity, device identity root. */
  readonly certificates: readonly Uint8Array[];
  /** 32 bytes that this GPU had to sign; undefined for evidence from the past, whose freshness is then not checked. */
  readonly nonce: Uint8Array | undefined;
  readonly reference: GpuReference;
  /** OCSP answers that are at hand; none by default, and the verdict says so. */
  readonly ocsp?: OcspSource;
  readonly policy: Policy['gpu'];
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  /** As the driver names it; not signed. */
  readonly model?: string;
}

export interface GpuResult {
  readonly verdict: SubmoduleVerdict;
  readonly report: GpuReport | undefined;
  /** Serial number of the attestation certificate: the same GPU twice has the same. */
  readonly serial: string | undefined;
}

/**
 * Verifies one GPU's or switch's report (ATTESTATION §4.4): format, certificate path to a pinned root, signature, nonce,
 * firmware id, reference measurements, policy.
 * @throws TypeError when `now` is not finite
 */
export function verifyGpu(input: GpuInput): GpuResult {
  assertClock(input.now);
  const { crypto } = input;
  const verdict = createVerdict({
    name: input.name,
    family: 'nvidia',
    evidenceSha256: toHex(crypto.sha256(input.report)),
  });
  const parsed = parseGpuReport(input.report);
  if (!parsed.ok) {
    verdict.fail('gpu.format', 'The report is a well-formed SPDM report', 'evidence-malformed', {
      detail: parsed.detail,
    });
    return { verdict: verdict.build(), report: undefined, serial: undefined };
  }
  const report = parsed.value;
  verdict.pass('gpu.format', 'The report is a well-formed SPDM report', {
    found: `${report.blocks.length} measurements`,
  });
  writeClaims(verdict, report, input);
  const leaf = checkChain(verdict, report, input);
  checkNonce(verdict, report, input);
  verdict.judge(
    'gpu.measurements.order',
    'The measurements are numbered 1, 2, 3 …',
    report.blocks.every(({ index }, at) => index === at + 1),
    'measurement-order',
    { detail: 'Measurements are missing, repeated or out of order.' },
  );
  checkReference(verdict, report, input);
  checkPolicy(verdict, report, leaf, input);
  verdict.notChecked(
    'Confidential-computing and developer mode: the report has no field for them; the measured guest must check.',
  );
  verdict.notChecked('That the GPU is in this machine: a genuine GPU elsewhere, relayed in time, looks the same.');
  return { verdict: verdict.build(), report, serial: leaf?.serial };
}

function checkNonce(verdict: VerdictBuilder, report: GpuReport, { nonce, crypto }: GpuInput): void {
  if (nonce === undefined) {
    verdict.notChecked('Freshness: no nonce was given, so the report may be of any day.');
    return;
  }
  verdict.judge(
    'gpu.nonce',
    'The GPU answered this challenge',
    crypto.equal(report.nonce, nonce),
    'gpu-nonce-mismatch',
    {
      detail: 'The GPU signed another nonce: its evidence is old, or was made for someone else.',
      expected: toHex(nonce),
      found: toHex(report.nonce),
    },
  );
}

function writeClaims(verdict: VerdictBuilder, report: GpuReport, input: GpuInput): void {
  if (input.model !== undefined) verdict.claim('model (named by the driver)', input.model);
  verdict.claim('architecture', input.architecture);
  verdict.claim('driver', opaqueText(report, opaqueTypes.driverVersion) ?? 'not stated');
  verdict.claim('VBIOS', vbiosVersion(report) ?? 'not stated');
  verdict.claim('nonce', toHex(report.nonce));
  const fwid = report.opaque.get(opaqueTypes.fwid);
  if (fwid !== undefined) verdict.claim('firmware id', toHex(fwid));
  verdict.claim('measurements', String(report.blocks.length), 'blocks');
}

function checkChain(verdict: VerdictBuilder, report: GpuReport, input: GpuInput): Certificate | undefined {
  const { crypto, anchors, now } = input;
  const chain: Certificate[] = [];
  for (const der of input.certificates.slice(0, 9)) {
    const certificate = parseCertificate(der);
    if (!certificate.ok) {
      verdict.fail('gpu.chain', 'The certificates can be read', 'certificate-malformed', {
        detail: certificate.detail,
      });
      return undefined;
    }
    chain.push(certificate.value);
  }
  const problems = validatePath({ chain, anchors: anchors.nvidiaDevice, now, crypto });
  const [problem] = problems;
  const title = anchors.simulated
    ? "The certificates lead to the local network's SIMULATED device root"
    : "The certificates lead to NVIDIA's pinned device root";
  verdict.judge('gpu.chain', title, problem === undefined, problem?.reason ?? '', {
    detail: problems.map(({ detail }) => detail).join(' '),
    found: chain.map(({ subject }) => subject.commonName ?? subject.text).join(' ← '),
  });
  const leaf = chain[0];
  if (leaf === undefined) return undefined;
  verdict.judge(
    'gpu.signature',
    "The report is signed by the GPU's attestation key",
    leaf.publicKey.kind === 'P-384' &&
      crypto.verifyEcdsa({
        curve: 'P-384',
        hash: 'sha384',
        key: { spki: leaf.publicKey.spki },
        encoding: 'raw',
        signature: report.signature,
        data: report.signed,
      }),
    'spdm-signature',
    { detail: 'The signature does not fit the report and the key: one of them was changed or is another’s.' },
  );
  const revocation = { id: 'gpu.revocation', title: 'No certificate of the device is revoked', whose: 'device', chain };
  const required = input.policy.requireRevocation === true;
  checkRevocation(
    verdict,
    { ...revocation, leafIsDevice: true, required },
    { now, crypto, answers: input.ocsp ?? (() => []) },
  );
  checkIdentity(verdict, report, leaf, input);
  return leaf;
}

function checkIdentity(verdict: VerdictBuilder, report: GpuReport, leaf: Certificate, input: GpuInput): void {
  const found = architectureOf(leaf);
  verdict.judge(
    'gpu.architecture',
    'The certificate is of the stated architecture',
    found === input.architecture,
    'gpu-architecture-mismatch',
    {
      detail: 'The evidence claims another architecture than its certificate.',
      expected: input.architecture,
      found: found ?? 'unknown',
    },
  );
  const title = 'The key was made for the firmware that runs';
  const stated = report.opaque.get(opaqueTypes.fwid);
  if (stated === undefined) {
    verdict.notChecked('Firmware id: this driver is too old to report it.');
    return;
  }
  const certified = readFirmwareId(leaf, input.architecture);
  verdict.judge(
    'gpu.firmware-id',
    title,
    certified.ok && input.crypto.equal(certified.value, stated),
    'firmware-id-mismatch',
    {
      detail: certified.ok ? 'The report and the certificate name different firmware.' : certified.detail,
      expected: certified.ok ? toHex(certified.value) : 'a firmware id',
      found: toHex(stated),
    },
  );
}

function checkReference(verdict: VerdictBuilder, report: GpuReport, input: GpuInput): void {
  const title = 'The measurements are the reference ones';
  const required = input.policy.requireReferenceMeasurements;
  if (input.reference.kind === 'none') {
    const detail = `No reference values for driver ${opaqueText(report, opaqueTypes.driverVersion) ?? '?'} and VBIOS ${vbiosVersion(report) ?? '?'}.`;
    if (required) verdict.fail('gpu.measurements', title, 'rim-unavailable', { detail });
    else verdict.unknown('gpu.measurements', title, 'rim-unavailable', { detail, required: false });
    verdict.notChecked('GPU firmware measurements: there are no reference values.');
    return;
  }
  const golden =
    input.reference.kind === 'golden'
      ? input.reference.golden
      : goldenFromRims(verdict, input.reference.rims, report, input);
  if (golden === undefined) return;
  if (golden.length === 0) {
    // An empty set would make every GPU pass.
    verdict.fail('gpu.measurements', title, 'reference-empty', {
      detail: 'The reference holds no active measurement.',
    });
    return;
  }
  const { compared, mismatches, skipped } = compareMeasurements(report, golden, input.crypto);
  verdict.judge('gpu.measurements', title, mismatches.length === 0 && compared > 0, 'measurement-mismatch', {
    detail: `Measurements ${mismatches.join(', ')} differ from the reference: the GPU runs other firmware or settings.`,
    expected: `${compared} equal`,
    found: `${compared - mismatches.length} equal`,
  });
  for (const words of skipped) verdict.notChecked(`GPU ${words}.`);
}

function checkPolicy(verdict: VerdictBuilder, report: GpuReport, leaf: Certificate | undefined, input: GpuInput): void {
  const { policy, model } = input;
  const architecture = leaf === undefined ? undefined : architectureOf(leaf);
  verdict.judge(
    'gpu.policy.architecture',
    'The architecture is one that the policy names',
    architecture === 'ls10' || (architecture !== undefined && policy.architectures.includes(architecture)),
    'gpu-architecture-not-allowed',
    {
      detail: 'The policy does not accept this architecture.',
      expected: policy.architectures.join(' or '),
      found: architecture ?? 'unknown',
    },
  );
  // What follows is of GPUs: a switch has neither a model that policies name nor a driver.
  if (architecture === 'ls10') return;
  if (policy.models.length > 0) {
    verdict.judge(
      'gpu.policy.model',
      'The model is one that the policy names',
      model !== undefined && policy.models.includes(model),
      'gpu-model-not-allowed',
      {
        detail: 'The policy does not accept this model.',
        expected: policy.models.join(' or '),
        found: model ?? 'not stated',
      },
    );
    verdict.notChecked('The GPU model: the driver names it, no signature covers it.');
  }
  if (policy.minimumDriver !== undefined) {
    const driver = opaqueText(report, opaqueTypes.driverVersion);
    const fits = driver !== undefined && compareVersions(driver, policy.minimumDriver) >= 0;
    verdict.judge('gpu.policy.driver', 'The driver is at or above the minimum', fits, 'gpu-driver-below-minimum', {
      detail: 'The driver is older than the policy allows.',
      expected: policy.minimumDriver,
      found: driver ?? 'not stated',
    });
  }
}

/** Dotted numbers; what is no number counts as older than everything. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : -1)));
  const length = Math.max(left?.length ?? 0, right?.length ?? 0);
  for (let i = 0; i < length; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
