import { sha256 } from '@noble/hashes/sha2.js';
import { policySchema, type Policy, type SnpTcb } from '../../contract/policy.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { toHex } from '../evidence/readers/bytes.ts';

/** Hex SHA-256 of the JCS of a policy: what challenges, orders and attestation results name. */
export function policyDigest(policy: Policy): string {
  return toHex(sha256(canonicalJson(policy)));
}

/** Errors: `invalid_input`, naming the place. */
export function parsePolicy(input: unknown): Result<Policy> {
  const parsed = policySchema.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  return err(
    'invalid_input',
    `The policy is not valid${place === '' ? '' : ` at ${place}`}: ${issue?.message ?? '?'}.`,
  );
}

export interface LocalReference {
  /** Hex SHA-384 launch measurements of images that may run. */
  readonly measurements: readonly string[];
  /** The lowest firmware that is accepted. */
  readonly minimumTcb: SnpTcb;
}

/** The built-in policy of the local network: strict on everything its SIMULATED hardware can prove. */
export function localNetworkPolicy(reference: LocalReference): Policy {
  return {
    version: 1,
    id: 'local-network',
    name: 'Local network (SIMULATED hardware)',
    families: ['snp'],
    snp: {
      minimumTcb: { Genoa: reference.minimumTcb },
      vmpl: [0],
      smtAllowed: true,
      migrationAgentAllowed: false,
      provisionalFirmwareAllowed: false,
      requireAliasCheck: true,
      measurements: [...reference.measurements],
    },
    gpu: {
      required: true,
      architectures: ['hopper', 'blackwell'],
      models: [],
      requireReferenceMeasurements: true,
    },
    evidenceMaxAgeSeconds: 300,
    acceptSimulated: true,
  };
}

/** The least SNP firmware of the local network's policy. */
export const localMinimumTcb: SnpTcb = { bootloader: 10, tee: 0, snp: 22, microcode: 84 };
