import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import {
  earStatus,
  type Check,
  type EarStatus,
  type SubmoduleVerdict,
  type Verification,
} from '../../contract/evidence.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { keyIdOf, verifyEd25519, type Signer, type VerifySignature } from '../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';

/**
 * EAT attestation result (draft-ietf-rats-ear) of one verification, as a JWT signed with EdDSA. Each submodule carries
 * an AR4SI trustworthiness vector (draft-ietf-rats-ar4si): 0 no claim, 2 affirming, 32 warning, 96 contraindicated.
 */
export const earProfile = 'tag:github.com,2023:veraison/ear';
const maximumCharacters = 262_144;

const tier = z.union([z.literal(0), z.literal(2), z.literal(32), z.literal(96)]);
const vectorSchema = z.strictObject({
  'instance-identity': tier,
  configuration: tier,
  executables: tier,
  'file-system': tier,
  hardware: tier,
  'runtime-opaque': tier,
  'storage-opaque': tier,
  'sourced-data': tier,
});
export type TrustVector = z.infer<typeof vectorSchema>;

const appraisalSchema = z.strictObject({
  'ear.status': earStatus,
  'ear.trustworthiness-vector': vectorSchema,
  'ear.appraisal-policy-id': z.string(),
  /** SHA-256 hex of the raw evidence. */
  'nacre.evidence-sha256': z.string(),
  'nacre.measurements': z.record(z.string(), z.string()),
  /** Reason codes of required checks that did not pass. */
  'nacre.reasons': z.array(z.string()),
  'nacre.not-checked': z.array(z.string()),
});

export const earClaimsSchema = z.strictObject({
  eat_profile: z.literal(earProfile),
  /** Seconds since the epoch. */
  iat: z.number().int(),
  'ear.verifier-id': z.strictObject({ build: z.string().max(128), developer: z.string().max(256) }),
  'ear.raw-evidence-sha256': z.string(),
  /** The nonce of the challenge, hex. */
  eat_nonce: z.string(),
  submods: z.record(z.string(), appraisalSchema),
  'nacre.status': earStatus,
  'nacre.node': z.string(),
  /** SIMULATED hardware. */
  'nacre.simulated': z.boolean(),
  'nacre.session-id': z.string(),
  'nacre.job-id': z.string(),
  'nacre.policy-digest': z.string(),
  'nacre.verified-at': z.string(),
  'nacre.not-checked': z.array(z.string()),
  /** The approved override that let a node through: `sha256:…` of the request, and the checks it covers. */
  'nacre.override': z.strictObject({ request: z.string(), checks: z.array(z.string()) }).optional(),
});
export type EarClaims = z.infer<typeof earClaimsSchema>;

export interface EarContext {
  readonly build: string;
  readonly nonce: string;
  readonly sessionId: string;
  readonly jobId: string;
  /** Hex SHA-256 of the JCS of the evidence. */
  readonly evidenceSha256: string;
}

/** The claims of a verification. Binding checks that span submodules stand as the submodule `binding`. */
export function earClaims(verification: Verification, context: EarContext): EarClaims {
  const policy = `${verification.policyId}#sha256:${verification.policyDigest}`;
  const submods = Object.fromEntries(verification.submodules.map((part) => [part.name, appraisal(part, policy)]));
  const bindingStatus = statusOfRows(verification.binding);
  submods['binding'] = {
    'ear.status': bindingStatus,
    'ear.trustworthiness-vector': { ...emptyVector(), 'instance-identity': tierOf(bindingStatus) },
    'ear.appraisal-policy-id': policy,
    'nacre.evidence-sha256': context.evidenceSha256,
    'nacre.measurements': {},
    'nacre.reasons': reasons(verification.binding),
    'nacre.not-checked': [],
  };
  return {
    eat_profile: earProfile,
    iat: Math.floor(Date.parse(verification.verifiedAt) / 1000),
    'ear.verifier-id': { build: context.build, developer: 'Nacre' },
    'ear.raw-evidence-sha256': context.evidenceSha256,
    eat_nonce: context.nonce,
    submods,
    'nacre.status': verification.status,
    'nacre.node': verification.node,
    'nacre.simulated': verification.simulated,
    'nacre.session-id': context.sessionId,
    'nacre.job-id': context.jobId,
    'nacre.policy-digest': verification.policyDigest,
    'nacre.verified-at': verification.verifiedAt,
    'nacre.not-checked': [...verification.notChecked],
    ...(verification.override === undefined
      ? {}
      : {
          'nacre.override': {
            request: `sha256:${verification.override.requestId}`,
            checks: [...verification.override.checks],
          },
        }),
  };
}

function appraisal(part: SubmoduleVerdict, policy: string): EarClaims['submods'][string] {
  return {
    'ear.status': part.status,
    'ear.trustworthiness-vector': trustVector(part),
    'ear.appraisal-policy-id': policy,
    'nacre.evidence-sha256': part.evidenceSha256,
    'nacre.measurements': { ...part.measurements },
    'nacre.reasons': reasons(part.checks),
    'nacre.not-checked': [...part.notChecked],
  };
}

/** Which AR4SI claim a check speaks for, by the part of its id after the family. */
const areas: readonly (readonly [RegExp, keyof TrustVector])[] = [
  // Launch measurement, registers of TDX and Nitro and what was given at launch.
  [
    /\.(measurement|measurements|rim|id-key|host-data|mrtd|rtmr[0-3]|mrconfigid|mrowner|mrownerconfig|registers|pcr\d+|oyster-image)(\.|$)/,
    'executables',
  ],
  [
    /\.(debug|vmpl|migration|smt|policy|revocation|attributes|sept-ve-disable|perfmon|xfam|seam-attributes|service-td|crl)(\.|$)/,
    'configuration',
  ],
  [/\.(tcb|alias-check|product|architecture|firmware-id|module|tcb-info|qe-identity|collateral)(\.|$)/, 'hardware'],
  [/\.(chain|signature|certificates|endorsement|chip|nonce|format)(\.|$)/, 'instance-identity'],
];

/** The AR4SI vector of one submodule: each claim is the worst of the checks that speak for it; none speaks: 0. */
export function trustVector(part: Pick<SubmoduleVerdict, 'checks'>): TrustVector {
  const vector = emptyVector();
  for (const [pattern, area] of areas) {
    const rows = part.checks.filter(({ id }) => areas.find(([first]) => first.test(id))?.[0] === pattern);
    // A row that nobody required and that could not be asked claims nothing.
    const speaking = rows.filter(({ outcome, required }) => required || outcome !== 'unknown');
    vector[area] = speaking.length === 0 ? 0 : tierOf(statusOfRows(speaking));
  }
  // SEV-SNP, TDX and confidential GPUs encrypt memory: it is opaque unless the guest can be debugged.
  const debug = part.checks.find(({ id }) => id === 'snp.debug' || id === 'tdx.debug');
  if (debug !== undefined) vector['runtime-opaque'] = debug.outcome === 'pass' ? 2 : 96;
  return vector;
}

function emptyVector(): TrustVector {
  return {
    'instance-identity': 0,
    configuration: 0,
    executables: 0,
    'file-system': 0,
    hardware: 0,
    'runtime-opaque': 0,
    'storage-opaque': 0,
    'sourced-data': 0,
  };
}

function statusOfRows(rows: readonly Check[]): EarStatus {
  if (rows.length === 0) return 'none';
  const required = rows.filter((row) => row.required);
  if (required.some(({ outcome }) => outcome === 'fail')) return 'contraindicated';
  return required.some(({ outcome }) => outcome === 'unknown') || rows.some(({ outcome }) => outcome === 'fail')
    ? 'warning'
    : 'affirming';
}

const tiers = { none: 0, affirming: 2, warning: 32, contraindicated: 96 } as const;

function tierOf(status: EarStatus): 0 | 2 | 32 | 96 {
  return tiers[status];
}

function reasons(checks: readonly Check[]): string[] {
  const failed = checks.filter(({ required, outcome }) => required && outcome !== 'pass');
  return [...new Set(failed.map(({ reason }) => reason ?? 'unknown'))];
}

/** Signs claims as a compact JWT: `{"alg":"EdDSA","kid":…,"typ":"ear+jwt"}`. */
export function signEar(claims: EarClaims, signer: Signer): string {
  const header = { alg: 'EdDSA', kid: signer.keyId, typ: 'ear+jwt' };
  const signed = `${encodePart(utf8ToBytes(JSON.stringify(header)))}.${encodePart(utf8ToBytes(JSON.stringify(claims)))}`;
  return `${signed}.${encodePart(signer.sign(utf8ToBytes(signed)))}`;
}

const headerSchema = z.strictObject({ alg: z.literal('EdDSA'), kid: z.string().max(128), typ: z.literal('ear+jwt') });

/**
 * Reads an attestation result and checks who signed it. At most 256 KiB.
 * Errors: `damaged` (no EAR), `integrity` (not signed by the key).
 */
export function verifyEar(
  jwt: string,
  publicKey: Uint8Array,
  verify: VerifySignature = verifyEd25519,
): Result<EarClaims> {
  const parts = jwt.length <= maximumCharacters ? jwt.split('.') : [];
  const [header, payload, signature] = parts.map(decodePart);
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    return err('damaged', 'The attestation result is not a signed JWT.');
  }
  const head = headerSchema.safeParse(parseJson(header));
  if (!head.success || head.data.kid !== keyIdOf(publicKey)) {
    return err('integrity', 'The attestation result is not signed by the expected key.');
  }
  if (!verify(signature, utf8ToBytes(`${parts[0]}.${parts[1]}`), publicKey)) {
    return err(
      'integrity',
      'The signature on the attestation result is not good: it was changed, or signed by someone else.',
    );
  }
  const claims = earClaimsSchema.safeParse(parseJson(payload));
  if (!claims.success)
    return err('damaged', `The attestation result is not valid: ${claims.error.issues[0]?.message ?? '?'}.`);
  return ok(claims.data);
}

function encodePart(bytes: Uint8Array): string {
  return encodeBase64(bytes, { padding: false }).replaceAll('+', '-').replaceAll('/', '_');
}

function decodePart(text: string): Uint8Array | undefined {
  if (/[+/=]/.test(text)) return undefined;
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'), { padding: false });
}

function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
