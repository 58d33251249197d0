import { payloadTypes, type DsseEnvelope } from '../contract/dsse.ts';
import { ok, type Result } from '../contract/result.ts';
import type { SigningPurpose } from '../contract/vault.ts';
import { signJson, type Signer } from '../domain/dsse/dsse.ts';
import { countersignReceipt } from '../domain/receipt/receipt.ts';
import type { SigningPort } from '../services/runs/ports.ts';
import type { VaultService } from '../services/vault/vault-service.ts';

/** The vault's signatures in the shapes that services ask for. Errors of all: `locked`, `damaged`. */
export interface Signing extends SigningPort {
  envelope(purpose: SigningPurpose, payloadType: string, value: unknown): Result<DsseEnvelope>;
  /**
   * For code that signs at once, in the same turn as it asks: the vault cannot lock in between.
   * @throws Error from `sign` when it is kept for later: a bug.
   */
  atOnce(purpose: SigningPurpose): Result<Signer & { readonly publicKey: Uint8Array }>;
}

export function createSigning(vault: VaultService): Signing {
  const envelope: Signing['envelope'] = (purpose, payloadType, value) =>
    vault.keys.signWith(purpose, (signer) => signJson(payloadType, value, signer));
  return {
    envelope,
    unlocked: vault.unlocked,
    ownerKey() {
      const signer = vault.keys.signer('job-order');
      return signer.ok ? ok(signer.value.publicKey) : signer;
    },
    outputRecipients: vault.keys.recipients,
    signOrder: (order) => envelope('job-order', payloadTypes.jobOrder, order),
    signGrant: (grant) => envelope('job-order', payloadTypes.accessGrant, grant),
    signFailure: (statement) => envelope('receipt', payloadTypes.inToto, statement),
    countersign(receipt) {
      const signed = vault.keys.signWith('receipt', (signer) => countersignReceipt(receipt, signer));
      return signed.ok ? signed.value : signed;
    },
    atOnce(purpose) {
      const signer = vault.keys.signer(purpose);
      if (!signer.ok) return signer;
      const { keyId, publicKey } = signer.value;
      return ok({
        keyId,
        publicKey,
        sign(bytes) {
          const signature = signer.value.sign(bytes);
          if (!signature.ok) throw new Error(`the vault was locked while a signer was in use: ${signature.error.code}`);
          return signature.value;
        },
      });
    },
  };
}
