import type { NitroPolicy } from '../../../contract/policy.ts';
import type { CheckRows } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { type Certificate } from '../readers/x509.ts';
import type { NitroDocument } from './document.ts';
/** The policy lists several values a register; of them the document's own, or else the first, which then differs. */
export declare function allowedRegisters(policy: NitroPolicy, document: NitroDocument | undefined, crypto: Pick<EvidenceCrypto, 'equal'>): ReadonlyMap<number, Uint8Array>;
/** The Oyster image against the policy's, where it names any. */
export declare function checkOysterImage(rows: CheckRows, policy: NitroPolicy, document: NitroDocument | undefined, crypto: EvidenceCrypto): void;
/** Leaf first; a certificate that cannot be read is left out, which its verdict says. */
export declare function documentChain({ certificate, caBundle }: NitroDocument): Certificate[];
