import type { AuditKind } from '../../contract/audit.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import type { Result } from '../../contract/result.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import type { Store } from '../store/store.ts';

/** What approvals need of the rest of the core. */
export interface ApprovalPorts {
  readonly store: Store;
  /** Errors: those of the log and the disk. No log, no act. */
  readonly audit: (
    kind: AuditKind,
    subject: string,
    details: Readonly<Record<string, string | number | boolean>>,
    simulated: boolean,
  ) => Result<void>;
  /** Digests of the rule's versions as the audit log has them. Errors: `integrity`. */
  readonly loggedRules: () => Result<ReadonlyMap<number, string>>;
  /** Raw Ed25519 key of this vault. Errors: `locked`. */
  readonly ownKey: () => Result<Uint8Array>;
  /** Signs JSON (JCS) with this vault's key. Errors: `locked`. */
  readonly sign: (payloadType: string, value: unknown) => Result<DsseEnvelope>;
  readonly verify: VerifySignature;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Whether this profile is an offline custodian's: it signs, and asks for nothing. */
  readonly offline: boolean;
  readonly onChange: () => void;
}
