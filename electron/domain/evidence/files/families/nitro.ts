import type { NitroPolicy } from '../../../../contract/policy.ts';
import { createChecks } from '../../checks.ts';
import { parseNitroDocument, type NitroDocument } from '../../nitro/document.ts';
import { oysterImageId } from '../../nitro/oyster.ts';
import { verifyNitro } from '../../nitro/verify.ts';
import { fromHex, toHex } from '../../readers/bytes.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import { checkAllowed } from './allowed.ts';
import type { Family, FamilyInput } from '../family.ts';

/** AWS Nitro: one document that carries its own chain. A root beside it is ignored: the pinned one counts. */
export const nitroFamily: Family = {
  family: 'nitro',
  expects: 'a Nitro attestation document (COSE_Sign1)',
  kinds: ['nitro-document'],
  verify(input) {
    const [artifact] = input.set.of('nitro-document');
    const bytes = artifact?.bytes ?? input.set.of('bytes')[0]?.bytes ?? new Uint8Array();
    const policy = input.policy.nitro ?? { pcrs: {}, oysterImageIds: [] };
    const parsed = parseNitroDocument(bytes);
    const { verdict } = verifyNitro({
      name: 'cpu0',
      document: bytes,
      nonce: input.nonce,
      pcrs: allowedRegisters(policy, parsed.ok ? parsed.value : undefined, input),
      anchors: input.anchors,
      now: input.now,
      crypto: input.crypto,
      archived: input.nonce === undefined,
    });
    return {
      submodules: [verdict],
      binding: rowsOf(policy, parsed.ok ? parsed.value : undefined, input),
      chains: parsed.ok ? [{ name: 'cpu0', certificates: documentChain(parsed.value) }] : [],
      used: artifact === undefined ? [] : [artifact],
    };
  },
};

/** The policy lists several values a register; of them the document's own, or else the first, which then differs. */
function allowedRegisters(
  policy: NitroPolicy,
  document: NitroDocument | undefined,
  { crypto }: FamilyInput,
): ReadonlyMap<number, Uint8Array> {
  return new Map(
    Object.entries(policy.pcrs).map(([index, values]) => {
      const found = document?.pcrs.get(Number(index)) ?? new Uint8Array();
      const allowed = values.map((value) => fromHex(value) ?? new Uint8Array());
      return [Number(index), allowed.find((value) => crypto.equal(value, found)) ?? allowed[0] ?? new Uint8Array()];
    }),
  );
}

function rowsOf(policy: NitroPolicy, document: NitroDocument | undefined, { crypto, policy: whole }: FamilyInput) {
  const rows = createChecks();
  checkAllowed(rows, whole, 'nitro');
  if (document !== undefined && policy.oysterImageIds.length > 0) {
    const found = toHex(oysterImageId(document.pcrs, crypto) ?? new Uint8Array());
    const words = { found, detail: 'The Oyster image id is none of those in the policy.' };
    rows.judge(
      'nitro.oyster-image',
      'The Oyster image is one that the policy names',
      policy.oysterImageIds.includes(found),
      'image-not-allowed',
      words,
    );
  }
  return rows.checks;
}

function documentChain({ certificate, caBundle }: NitroDocument): Certificate[] {
  return [certificate, ...caBundle.toReversed()].flatMap((der) => {
    const parsed = parseCertificate(der);
    return parsed.ok ? [parsed.value] : [];
  });
}
