import type { EarStatus, Verification } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { PackEvidence } from '../../../contract/pack.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { canonicalJson, createSigner, verifyEd25519 } from '../../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../../encoding/base64.ts';
import { equalBytes } from '../../merkle/merkle.ts';
import type { Appraiser, EarSummary } from '../appraiser.ts';
import { digestOf, type EvidenceMaker } from './sample-run.ts';

/**
 * A family of evidence small enough for tests of the pack alone: a statement signed with Ed25519 by an authority whose
 * key digest is the anchor. Real signatures, real refusals; the real families have their own tests.
 */
const authority = createSigner(new Uint8Array(32).fill(21));

interface Statement {
  readonly node: string;
  readonly challenge: PackEvidence['challenge'];
  readonly signingKey: string;
  readonly debug: boolean;
}

const policy: Policy = {
  version: 1,
  id: 'local-default',
  name: 'Local default',
  families: ['snp'],
  snp: {
    minimumTcb: {},
    vmpl: [0],
    smtAllowed: true,
    migrationAgentAllowed: false,
    provisionalFirmwareAllowed: false,
    requireAliasCheck: false,
    measurements: [],
  },
  gpu: { required: false, architectures: [], models: [], requireReferenceMeasurements: false },
  evidenceMaxAgeSeconds: 300,
  acceptSimulated: true,
};

export const standInMaker: EvidenceMaker = {
  policy,
  anchors: {
    version: 1,
    simulated: true,
    amd: [digestOf(encodeBase64(authority.publicKey))],
    nvidia: [],
    gpuMeasurements: {},
  },
  make({ node, challenge, signingKey, at, organisation, honest }) {
    const statement: Statement = { node, challenge, signingKey: encodeBase64(signingKey), debug: !honest };
    const signature = encodeBase64(authority.sign(canonicalJson(statement)));
    const answer = { statement: { ...statement }, key: encodeBase64(authority.publicKey), signature };
    const status: EarStatus = honest ? 'affirming' : 'contraindicated';
    const claims: EarSummary = {
      node,
      status,
      simulated: true,
      policyDigest: digestOf(policy),
      nonce: challenge.nonce,
      sessionId: challenge.sessionId,
      jobId: challenge.jobId,
      evidenceSha256: digestOf(answer),
      parts: {},
    };
    const body = canonicalJson(claims);
    return {
      version: 1,
      node,
      verifiedAt: new Date(at).toISOString(),
      challenge,
      answer,
      observedTlsSpkiSha256: '0f'.repeat(32),
      ear: `${encodeBase64(body)}.${encodeBase64(organisation.sign(body))}`,
      status,
      ...(honest ? {} : { reason: 'debug-enabled' }),
    };
  },
};

export const standInAppraiser: Appraiser = {
  reappraise(record, _policy, anchors) {
    const { statement, key, signature } = record.answer as unknown as {
      statement: Statement;
      key: string;
      signature: string;
    };
    const publicKey = decodeBase64(key) ?? new Uint8Array(0);
    const genuine =
      anchors.amd.includes(digestOf(key)) &&
      verifyEd25519(decodeBase64(signature) ?? new Uint8Array(0), canonicalJson(statement), publicKey) &&
      equalBytes(canonicalJson(statement.challenge), canonicalJson(record.challenge));
    const reason = genuine ? (statement.debug ? 'debug-enabled' : undefined) : 'signature';
    const verification: Verification = {
      version: 1,
      node: statement.node,
      simulated: true,
      status: reason === undefined ? 'affirming' : 'contraindicated',
      verifiedAt: record.verifiedAt,
      policyId: policy.id,
      policyDigest: digestOf(policy),
      submodules: [],
      binding: [],
      notChecked: ['revocation of the stand-in authority'],
      ...(reason === undefined ? {} : { reason, reasonDetail: reason }),
    };
    return ok({ verification, signingKey: decodeBase64(statement.signingKey) ?? new Uint8Array(0) });
  },
  readEar(jwt, organisationKey): Result<EarSummary> {
    const [body = '', signature = ''] = jwt.split('.');
    const bytes = decodeBase64(body);
    const sig = decodeBase64(signature);
    if (bytes === undefined || sig === undefined) return err('damaged', 'The EAR is not a token.');
    if (!verifyEd25519(sig, bytes, organisationKey))
      return err('integrity', 'The EAR is not signed by the organisation.');
    return ok(JSON.parse(Buffer.from(bytes).toString('utf8')) as EarSummary);
  },
};
