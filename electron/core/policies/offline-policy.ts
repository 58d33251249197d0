import { policyLimits, type PolicyCheck, type PolicyTemplate } from '../../contract/policy-document.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeUtf8 } from '../../domain/encoding/utf8.ts';
import { policyDigest } from '../../domain/policy/policy.ts';
import { summarizePolicy } from '../../domain/policy/summary.ts';
import { policyTemplates } from '../../domain/policy/templates.ts';
import { readPolicyText, writePolicyText } from '../../domain/policy/text.ts';
import { readBounded } from '../read-bounded.ts';

/** A policy as text from a file. Errors: those of `readBounded`, and `damaged` when it is not UTF-8. */
export async function readPolicyFile(path: string): Promise<Result<string>> {
  const bytes = await readBounded(path, policyLimits.textCharacters, 'A policy');
  if (!bytes.ok) return bytes;
  const text = decodeUtf8(bytes.value);
  return text === undefined ? err('damaged', `${path} is not text in UTF-8.`) : ok(text);
}

/** What a text says as a policy, with no vault and no profile. */
export function checkPolicyText(text: string): PolicyCheck {
  const read = readPolicyText(text);
  if (!read.ok) return { problems: [...read.problems], changes: [] };
  return {
    policy: read.policy,
    digest: policyDigest(read.policy),
    summary: summarizePolicy(read.policy),
    problems: [...read.problems],
    changes: [],
  };
}

export function policyTemplateList(): readonly PolicyTemplate[] {
  return policyTemplates;
}

/** undefined when there is no such template. */
export function policyTemplateText(
  id: string,
): { readonly text: string; readonly missing: readonly string[] } | undefined {
  const found = policyTemplates.find(({ policy }) => policy.id === id);
  return found === undefined ? undefined : { text: writePolicyText(found.policy), missing: found.missing };
}
