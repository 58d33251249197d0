import type { NitroPolicy } from '../../../contract/policy.ts';
import type { CheckRows } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import type { NitroDocument } from './document.ts';
import { oysterImageId } from './oyster.ts';

/** The policy lists several values a register; of them the document's own, or else the first, which then differs. */
export function allowedRegisters(
  policy: NitroPolicy,
  document: NitroDocument | undefined,
  crypto: Pick<EvidenceCrypto, 'equal'>,
): ReadonlyMap<number, Uint8Array> {
  return new Map(
    Object.entries(policy.pcrs).map(([index, values]) => {
      const found = document?.pcrs.get(Number(index)) ?? new Uint8Array();
      const allowed = values.map((value) => fromHex(value) ?? new Uint8Array());
      return [Number(index), allowed.find((value) => crypto.equal(value, found)) ?? allowed[0] ?? new Uint8Array()];
    }),
  );
}

/** The Oyster image against the policy's, where it names any. */
export function checkOysterImage(
  rows: CheckRows,
  policy: NitroPolicy,
  document: NitroDocument | undefined,
  crypto: EvidenceCrypto,
): void {
  if (document === undefined || policy.oysterImageIds.length === 0) return;
  const found = toHex(oysterImageId(document.pcrs, crypto) ?? new Uint8Array());
  rows.judge(
    'nitro.oyster-image',
    'The Oyster image is one that the policy names',
    policy.oysterImageIds.includes(found),
    'image-not-allowed',
    { found, detail: 'The Oyster image id is none of those in the policy.' },
  );
}

/** Leaf first; a certificate that cannot be read is left out, which its verdict says. */
export function documentChain({ certificate, caBundle }: NitroDocument): Certificate[] {
  return [certificate, ...caBundle.toReversed()].flatMap((der) => {
    const parsed = parseCertificate(der);
    return parsed.ok ? [parsed.value] : [];
  });
}
