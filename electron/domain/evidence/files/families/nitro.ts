import { createChecks } from '../../checks.ts';
import { allowedRegisters, checkOysterImage, documentChain } from '../../nitro/appraise.ts';
import { parseNitroDocument } from '../../nitro/document.ts';
import { verifyNitro } from '../../nitro/verify.ts';
import { checkAllowed } from './allowed.ts';
import type { Family } from '../family.ts';

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
    const document = parsed.ok ? parsed.value : undefined;
    const rows = createChecks();
    checkAllowed(rows, input.policy, 'nitro');
    checkOysterImage(rows, policy, document, input.crypto);
    const { verdict } = verifyNitro({
      name: 'cpu0',
      document: bytes,
      nonce: input.nonce,
      pcrs: allowedRegisters(policy, document, input.crypto),
      anchors: input.anchors,
      now: input.now,
      crypto: input.crypto,
      archived: input.nonce === undefined,
    });
    return {
      submodules: [verdict],
      binding: rows.checks,
      chains: document === undefined ? [] : [{ name: 'cpu0', certificates: documentChain(document) }],
      used: artifact === undefined ? [] : [artifact],
    };
  },
};
