import type { SubmoduleVerdict, Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import { nodeEvidenceSchema, type Challenge, type NodeEvidence } from '../../contract/node-evidence.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { policyDigest } from '../policy/policy.ts';
import type { TrustAnchors } from './anchors.ts';
import { cpuReportData, gpuNonce } from './binding.ts';
import { assertClock, createChecks, firstFailure, statusOf, worstStatus, type CheckRows } from './checks.ts';
import type { EvidenceCrypto } from './crypto.ts';
import type { CollateralSource } from './files/family.ts';
import { referenceFromCollateral } from './nvidia/collateral-reference.ts';
import type { GoldenMeasurement } from './nvidia/reference.ts';
import { verifyGpu, type GpuResult } from './nvidia/verify.ts';
import { fromHex, toHex } from './readers/bytes.ts';
import { iso } from './readers/chain.ts';
import { judgeNodeCpu, type NodeCpu } from './node-cpu.ts';

export interface NodeVerificationInput {
  /** Name of the node, as the directory has it. */
  readonly node: string;
  /** The challenge that this desk sent. */
  readonly challenge: Challenge;
  /** What came back: anything. */
  readonly evidence: unknown;
  /**
   * SHA-256 hex of the SPKI that the TLS connection showed. Undefined only for evidence from the past (an auditor): then
   * the channel is listed as not checked, and nothing may be released on the verdict.
   */
  readonly observedTlsSpkiSha256: string | undefined;
  readonly policy: Policy;
  readonly anchors: TrustAnchors;
  /** Golden GPU measurements of a local network; undefined: NVIDIA's manifests out of the collateral. */
  readonly golden?: readonly GoldenMeasurement[];
  /** Vendors' collateral: revocation lists, Intel's documents, manifests. Of the same world as the anchors. */
  readonly collateral?: CollateralSource;
  /** GPUs that the node was offered with; undefined when not known. */
  readonly expectedGpus?: number;
  /**
   * Present when archived evidence is judged again under another policy than it was asked for: the digest that the
   * challenge then must name. Freshness is no longer a question, and the verdict says so. Nothing may be released on it.
   */
  readonly archived?: { readonly askedPolicyDigest: string };
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}

export interface NodeVerificationResult {
  readonly verification: Verification;
  /** The evidence under its schema; undefined when it is not evidence. */
  readonly evidence: NodeEvidence | undefined;
  /** Hex SHA-256 of the JCS of the evidence as it came. */
  readonly evidenceSha256: string;
}

/**
 * Verifies everything that one node answered to one challenge (DESIGN §5) and appraises it under the policy. Makes a
 * document in every case; a key may go out only when its status is `affirming`.
 * @throws TypeError when `now` is not finite
 */
export function verifyNodeEvidence(input: NodeVerificationInput): NodeVerificationResult {
  assertClock(input.now);
  const { crypto, anchors, policy, now } = input;
  const evidenceSha256 = toHex(crypto.sha256(jsonBytes(input.evidence)));
  const binding = createChecks();
  const parsed = nodeEvidenceSchema.safeParse(input.evidence);
  let submodules: SubmoduleVerdict[] = [];
  if (parsed.success) {
    binding.pass('binding.format', 'The answer is well-formed evidence');
    submodules = verifyParts(binding, parsed.data, input);
  } else {
    const issue = parsed.error.issues[0];
    binding.fail('binding.format', 'The answer is well-formed evidence', 'evidence-malformed', {
      detail: `At ${issue?.path.map(String).join('.') ?? '?'}: ${issue?.message ?? 'not evidence'}.`,
    });
  }
  const failed = firstFailure([...binding.checks, ...submodules.flatMap(({ checks }) => checks)]);
  const verification: Verification = {
    version: 1,
    node: input.node,
    simulated: anchors.simulated,
    status: worstStatus([...submodules.map(({ status }) => status), statusOf(binding.checks)]),
    verifiedAt: iso(now),
    policyId: policy.id,
    policyDigest: policyDigest(policy),
    submodules,
    binding: binding.checks,
    notChecked: notChecked(input),
    ...(failed === undefined ? {} : { reason: failed.reason ?? 'unknown' }),
    ...(failed?.detail === undefined ? {} : { reasonDetail: failed.detail }),
  };
  return { verification, evidence: parsed.success ? parsed.data : undefined, evidenceSha256 };
}

function verifyParts(binding: CheckRows, evidence: NodeEvidence, input: NodeVerificationInput): SubmoduleVerdict[] {
  const { crypto, policy, anchors, now } = input;
  checkAnchors(binding, evidence.cpu.family, input);
  checkChallenge(binding, evidence, input);
  const cpu = judgeNodeCpu(binding, evidence.cpu, {
    challenge: input.challenge,
    policy,
    anchors,
    archived: input.archived !== undefined,
    now,
    crypto,
    ...(input.collateral === undefined ? {} : { collateral: input.collateral }),
  });
  const nonce = gpuNonce(evidence.runtime, crypto);
  const gpus = evidence.gpus.map((gpu, at) =>
    verifyGpu({
      name: `gpu${at}`,
      architecture: gpu.architecture,
      report: bytes(gpu.report),
      certificates: gpu.certificates.map(bytes),
      nonce,
      reference:
        input.golden === undefined
          ? referenceFromCollateral(bytes(gpu.report), gpu.architecture, input.collateral)
          : { kind: 'golden', golden: input.golden },
      policy: policy.gpu,
      anchors,
      now,
      crypto,
      model: gpu.model,
      ...(input.collateral === undefined ? {} : { ocsp: input.collateral.ocsp }),
    }),
  );
  checkGpus(binding, evidence, gpus, nonce, input);
  checkReportData(binding, evidence, cpu, gpus, nonce, crypto);
  return [cpu.verdict, ...gpus.map(({ verdict }) => verdict)];
}

function checkAnchors(
  binding: CheckRows,
  family: NodeEvidence['cpu']['family'],
  { anchors, policy }: NodeVerificationInput,
): void {
  if (anchors.simulated) {
    binding.judge(
      'binding.simulated',
      'The policy accepts SIMULATED hardware',
      policy.acceptSimulated,
      'simulated-not-accepted',
      {
        detail:
          'The node has SIMULATED hardware, which proves nothing about real machines; this policy wants real hardware.',
      },
    );
  }
  binding.judge(
    'binding.family',
    'The policy accepts this kind of CPU evidence',
    policy.families.includes(family) && policy[family] !== undefined,
    'family-not-allowed',
    {
      detail: `The policy does not accept ${familyNames[family]}.`,
      expected: policy.families.join(' or '),
      found: family,
    },
  );
}

const familyNames: Readonly<Record<NodeEvidence['cpu']['family'], string>> = {
  snp: 'SEV-SNP',
  tdx: 'TDX',
  nitro: 'Nitro',
};

function checkChallenge(binding: CheckRows, { runtime }: NodeEvidence, input: NodeVerificationInput): void {
  const { challenge, crypto, now } = input;
  const answered = runtime.challenge;
  binding.judge(
    'binding.nonce',
    'The evidence answers this challenge',
    crypto.equal(fromHex(answered.nonce) ?? new Uint8Array(), fromHex(challenge.nonce) ?? new Uint8Array(1)),
    'nonce-mismatch',
    {
      detail: 'The evidence is over another nonce: it is old or was made for someone else.',
      expected: challenge.nonce,
      found: answered.nonce,
    },
  );
  binding.judge(
    'binding.challenge',
    'The evidence names this session, job and policy',
    crypto.equal(canonicalJson({ ...answered, nonce: challenge.nonce }), canonicalJson(challenge)),
    'challenge-mismatch',
    { detail: 'Session, job, policy or expiry in the evidence are not those of the challenge.' },
  );
  const digest = input.archived?.askedPolicyDigest ?? policyDigest(input.policy);
  binding.judge(
    'binding.policy',
    'The challenge names the policy that is applied',
    challenge.policyDigest === digest,
    'policy-mismatch',
    {
      detail: 'The challenge was made for another policy.',
      expected: digest,
      found: challenge.policyDigest,
    },
  );
  const expires = Date.parse(challenge.expires);
  if (input.archived !== undefined && now >= expires) {
    binding.unknown('binding.fresh', 'The challenge has not expired', 'evidence-archived', {
      detail: `The challenge expired ${challenge.expires}: this is evidence from the past, judged by a later clock.`,
      required: false,
    });
  } else {
    binding.judge('binding.fresh', 'The challenge has not expired', now < expires, 'challenge-expired', {
      detail: `The challenge expired ${challenge.expires}; ask the node again.`,
      expected: `before ${challenge.expires}`,
      found: iso(now),
    });
  }
  const title = 'The connection uses the TLS key that the evidence attests';
  const observed = input.observedTlsSpkiSha256;
  if (observed === undefined) {
    binding.unknown('binding.tls-key', title, 'tls-key-not-observed', {
      detail: 'There was no connection to compare with.',
      required: false,
    });
  } else {
    const equal = crypto.equal(
      fromHex(observed) ?? new Uint8Array(),
      fromHex(runtime.tlsSpkiSha256) ?? new Uint8Array(1),
    );
    binding.judge('binding.tls-key', title, equal, 'tls-key-mismatch', {
      detail: 'The connection ends at another key than the one in the evidence: someone stands between.',
      expected: runtime.tlsSpkiSha256,
      found: observed,
    });
  }
}

function checkGpus(
  binding: CheckRows,
  evidence: NodeEvidence,
  gpus: readonly GpuResult[],
  nonce: Uint8Array,
  input: NodeVerificationInput,
): void {
  const { policy, crypto, expectedGpus } = input;
  if (policy.gpu.required || gpus.length > 0) {
    binding.judge(
      'binding.gpu-count',
      'The GPUs that were offered are all there',
      gpus.length > 0 && (expectedGpus === undefined || gpus.length === expectedGpus),
      'gpu-count',
      {
        detail:
          gpus.length === 0
            ? 'The policy wants GPU evidence and there is none.'
            : 'The node shows another number of GPUs than it offers.',
        expected: expectedGpus === undefined ? 'at least 1' : String(expectedGpus),
        found: String(gpus.length),
      },
    );
  }
  if (gpus.length === 0) return;
  binding.judge(
    'binding.gpu-nonce',
    'Every GPU signed the nonce of this session',
    gpus.every(({ report }) => report !== undefined && crypto.equal(report.nonce, nonce)),
    'gpu-nonce-mismatch',
    {
      detail: 'GPU evidence was made for another session: it was swapped or replayed.',
      expected: toHex(nonce),
      found: gpus.map(({ report }) => (report === undefined ? 'unreadable' : toHex(report.nonce))).join(', '),
    },
  );
  const kinds = new Set(evidence.gpus.map(({ architecture }) => architecture));
  binding.judge('binding.gpu-architecture', 'All GPUs are of one architecture', kinds.size === 1, 'gpu-mixed', {
    detail: 'One machine has GPUs of one architecture; these come from several.',
    found: [...kinds].join(', '),
  });
  const serials = gpus.map(({ serial }) => serial);
  binding.judge(
    'binding.gpu-distinct',
    'No GPU appears twice',
    new Set(serials).size === serials.length,
    'gpu-duplicate',
    {
      detail: 'One GPU answers for several.',
    },
  );
}

function checkReportData(
  binding: CheckRows,
  evidence: NodeEvidence,
  cpu: NodeCpu,
  gpus: readonly GpuResult[],
  nonce: Uint8Array,
  crypto: EvidenceCrypto,
): void {
  const title = 'The CPU report covers keys, channel, nonce and GPU evidence';
  const expected = cpuReportData(evidence.runtime, evidence.gpus, crypto);
  const found = cpu.reportData;
  if (found === undefined) {
    binding.unknown('binding.report-data', title, 'report-unreadable', { detail: 'The CPU report cannot be read.' });
    return;
  }
  // With foreign GPU evidence the hash cannot fit either; the finer reason is given by the GPU nonce.
  const swapped = gpus.some(({ report }) => report === undefined || !crypto.equal(report.nonce, nonce));
  binding.judge(
    'binding.report-data',
    title,
    crypto.equal(found, expected),
    swapped ? 'gpu-evidence-not-bound' : 'report-data-mismatch',
    {
      detail: swapped
        ? 'The CPU report does not cover this GPU evidence.'
        : 'The CPU report was made for other keys or other evidence: it is another node’s or another session’s.',
      expected: toHex(expected),
      found: toHex(found),
    },
  );
}

function notChecked({ anchors, observedTlsSpkiSha256, archived }: NodeVerificationInput): string[] {
  return [
    ...(archived === undefined ? [] : ['Freshness: this is archived evidence, and no key goes out on it.']),
    ...(anchors.simulated
      ? ['Real hardware: everything here is SIMULATED, and proves the protocol, not a machine.']
      : []),
    ...(observedTlsSpkiSha256 === undefined ? ['The TLS connection: there was none to compare with.'] : []),
    'Where the machine stands and who can open it: physical attacks on memory and buses (TEE.fail) are not excluded.',
  ];
}

function bytes(base64: string): Uint8Array {
  // Not base64 becomes no bytes, which no parser takes for evidence.
  return decodeBase64(base64) ?? new Uint8Array();
}

/** The canonical bytes, or none for what has no canonical form; such an answer fits no schema either. */
function jsonBytes(value: unknown): Uint8Array {
  try {
    return value === undefined ? new Uint8Array() : canonicalJson(value);
  } catch {
    return new Uint8Array();
  }
}
