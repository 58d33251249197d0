import { createHash } from 'node:crypto';
import type { CollateralItem } from '../../contract/collateral.ts';
import type { Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import type { Challenge, Runtime } from '../../contract/node-evidence.ts';
import type { PackAnchors } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { z } from 'zod';
import type { Directory } from '../../contract/wire.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';
import type { OverrideLeave } from '../../services/approvals/override-leave.ts';
import type { VerifiedNode } from '../../services/evidence/verified-node.ts';
import type { Attestation, AttestationRequest, AuditPort } from '../../services/runs/ports.ts';
import type { ChallengeTable } from '../../services/store/append-only.ts';
import type { EvidenceBook, EvidenceRecord } from './evidence-records.ts';

/** DESIGN §5: single use, five minutes. */
export const challengeLifetimeMs = 5 * 60_000;

/** Job id of a challenge that is for no job: nodes are looked at, nothing is released on it. */
export const noJob = '0'.repeat(64);

export interface VerifyRequest {
  readonly node: string;
  readonly challenge: Challenge;
  readonly answer: unknown;
  /** Hex SHA-256 of the TLS key that the answer came over. */
  readonly observedTlsSpkiSha256: string;
  readonly policy: Policy;
  readonly policyDigest: string;
  readonly directory: Directory;
}

export interface Verdict {
  readonly verification: Verification;
  /** Compact JWT; empty while the vault is locked. */
  readonly ear: string;
  /** How many GPUs the directory promised, when that was part of the question. */
  readonly expectedGpus?: number;
  /** Items of collateral that the verdict rests on. */
  readonly collateral: readonly CollateralItem[];
  /** The approved override that let it through, when it was not affirmed. */
  readonly override?: OverrideLeave;
  /** What the node says of its keys; believed only where the verification is affirming. */
  readonly runtime?: Runtime;
  /** Only when affirming and signed. */
  readonly verified?: VerifiedNode;
}

export interface AttestOptions {
  readonly challenges: ChallengeTable;
  readonly book: EvidenceBook;
  readonly audit: AuditPort;
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly directory: () => Result<Directory>;
  /** services/evidence: verifies offline, makes and signs the EAR, and alone makes a `VerifiedNode`. */
  readonly verify: (request: VerifyRequest) => Result<Verdict>;
  readonly onVerdict: (node: string, verification: Verification) => void;
  readonly onFailure: (node: string, code: string, message: string) => void;
}

/**
 * One round of remote attestation: a remembered challenge, the node's answer, the verdict, the log. Everything that was
 * answered is kept, whatever the verdict. A verdict that cannot be logged is no verdict.
 */
export function createAttestor(options: AttestOptions): (request: AttestationRequest) => Promise<Result<Attestation>> {
  return async (request) => {
    const answer = await attestNode(options, request);
    if (!answer.ok && answer.error.code !== 'cancelled') {
      options.onFailure(request.node, answer.error.code, answer.error.message);
    }
    return answer;
  };
}

async function attestNode(options: AttestOptions, request: AttestationRequest): Promise<Result<Attestation>> {
  const { client, node, policy, policyDigest, jobId } = request;
  const directory = options.directory();
  if (!directory.ok) return directory;
  const now = options.clock();
  const challenge: Challenge = {
    v: 1,
    nonce: Buffer.from(options.random(32)).toString('hex'),
    sessionId: request.sessionId,
    jobId,
    policyDigest,
    expires: new Date(now + challengeLifetimeMs).toISOString(),
  };
  const remembered = options.challenges.insert(challenge.nonce, challenge, now + challengeLifetimeMs);
  if (!remembered.ok) return remembered;
  const answer = await client.evidence(challenge, request.signal);
  // Used up whatever came of it: a challenge is asked once.
  const taken = options.challenges.consume(challenge.nonce);
  if (!answer.ok) return answer;
  if (!taken.ok) {
    return err(
      'attestation_failed',
      `Node ${node} answered a challenge that is no longer good: ${taken.error.message}`,
      {
        details: { node, reason: 'challenge-not-fresh' },
      },
    );
  }
  const observed = client.observedKey();
  if (observed === undefined) throw new Error('an answer came over a connection with no key');
  const verdict = options.verify({
    node,
    challenge,
    answer: answer.value,
    observedTlsSpkiSha256: observed,
    policy,
    policyDigest,
    directory: directory.value,
  });
  if (!verdict.ok) return verdict;
  return keep(
    options,
    request,
    { challenge, answer: answer.value, observed, directory: directory.value },
    verdict.value,
  );
}

function keep(
  options: AttestOptions,
  { node, jobId }: AttestationRequest,
  exchange: { challenge: Challenge; answer: unknown; observed: string; directory: Directory },
  { verification, ear, expectedGpus, collateral, override, runtime, verified }: Verdict,
): Result<Attestation> {
  const canonical = canonicalJson(exchange.answer);
  const evidenceSha256 = createHash('sha256').update(canonical).digest('hex');
  const evidenceId = `ev-${Buffer.from(options.random(8)).toString('hex')}`;
  const record: EvidenceRecord = {
    version: 1,
    view: { id: evidenceId, verification, ear, evidenceSha256, evidenceBytes: canonical.length },
    jobId,
    observedTlsSpkiSha256: exchange.observed,
    ...(expectedGpus === undefined ? {} : { expectedGpus }),
    challenge: exchange.challenge,
    // It came out of JSON.parse, so it is JSON.
    answer: exchange.answer as z.core.util.JSONType,
    anchors: anchorsOf(exchange.directory, verification.simulated),
    ...(override === undefined ? {} : { override: override.documents }),
    ...(collateral.length === 0 ? {} : { collateral: [...collateral] }),
  };
  const stored = options.book.add(record);
  if (!stored.ok) return stored;
  const logged = options.audit(
    override === undefined
      ? verification.status === 'affirming'
        ? 'node-verified'
        : 'node-refused'
      : 'override-granted',
    node,
    {
      evidence: evidenceId,
      evidenceSha256,
      status: verification.status,
      policyDigest: verification.policyDigest,
      ...(jobId === noJob ? {} : { jobId }),
      ...(verification.reason === undefined ? {} : { reason: verification.reason }),
      ...(override === undefined
        ? {}
        : {
            request: override.note.requestId,
            rule: override.ruleSha256,
            checks: override.note.checks.join(' ').slice(0, 4096),
            approvedBy: override.note.approvedBy.join(', '),
          }),
    },
    verification.simulated,
  );
  if (!logged.ok) return logged;
  options.onVerdict(node, verification);
  return ok({
    evidenceId,
    evidenceSha256,
    verification,
    ear,
    ...(runtime === undefined
      ? {}
      : { keys: { signingKey: runtime.signingKey, tlsSpkiSha256: runtime.tlsSpkiSha256 } }),
    ...(verified === undefined ? {} : { verified }),
  });
}

function anchorsOf({ anchors, reference }: Directory, simulated: boolean): PackAnchors {
  return {
    version: 1,
    simulated,
    amd: simulated ? anchors.amd : [],
    nvidia: simulated ? anchors.nvidia : [],
    gpuMeasurements: simulated ? reference.gpuMeasurements : {},
  };
}
