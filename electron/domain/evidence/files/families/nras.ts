import { createVerdict } from '../../checks.ts';
import { verifyNras } from '../../nras/verify.ts';
import { toHex } from '../../readers/bytes.ts';
import { textOf } from '../artifact.ts';
import type { Family, FamilyInput } from '../family.ts';
import { withoutNonce } from './without-nonce.ts';

/** Answers of NVIDIA's attestation service, under the key set beside them or an imported one. */
export const nrasFamily: Family = {
  family: 'nras',
  expects: "an answer of NVIDIA's attestation service (JSON with tokens, or a token)",
  kinds: ['nras-token'],
  verify(input) {
    const tokens = input.set.of('nras-token');
    return {
      submodules: tokens.map((token, at) =>
        verifyTokens(token.bytes, tokens.length === 1 ? 'nras' : `nras${at}`, input),
      ),
      used: input.set.of('nras-token', 'jwks'),
    };
  },
};

/** One answer, with the first key set that there is. */
export function verifyTokens(
  eat: Uint8Array,
  name: string,
  { set, collateral, nonce, policy, now, crypto }: FamilyInput,
) {
  const [given] = set.of('jwks');
  const imported = given === undefined ? collateral?.jwks() : undefined;
  const jwks = given === undefined ? imported?.text : textOf(given);
  if (jwks === undefined) {
    const verdict = createVerdict({ name, family: 'nras', evidenceSha256: toHex(crypto.sha256(eat)) });
    verdict.fail('nras.keys', "NVIDIA's key set is at hand", 'jwks-missing', {
      detail: 'No key set was given: the tokens cannot be checked without the keys of their day.',
    });
    return verdict.build();
  }
  const { verdict } = verifyNras({
    name,
    eat,
    jwks,
    ...(imported === undefined ? {} : { jwksFetchedAt: imported.fetchedAt }),
    nonce,
    policy: policy.gpu,
    now,
    crypto,
  });
  return withoutNonce(verdict, nonce);
}
