import { utf8ToBytes } from '@noble/hashes/utils.js';
import { policySchema, type Policy } from '../../contract/policy.ts';
import { policyLimits, type PolicyProblem } from '../../contract/policy-document.ts';
import { jsonPlain, parseJson, type JsonNode } from '../evidence/readers/json.ts';
import { policyProblems } from './problems.ts';

export type PolicyText =
  | { readonly ok: true; readonly policy: Policy; readonly problems: readonly PolicyProblem[] }
  | { readonly ok: false; readonly problems: readonly [PolicyProblem, ...PolicyProblem[]] };

/** Problems that are told of one text; more help nobody. */
const toldAtMost = 50;

/**
 * Reads a policy from text: strict JSON (no repeated keys, nothing after it), no unknown fields, every limit of the
 * schema, no contradiction. Every problem has its line and column. `ok` also when there are only cautions.
 */
export function readPolicyText(text: string): PolicyText {
  const parsed = parseJson(text, { what: 'The policy', maxSize: policyLimits.textCharacters, maxDepth: 8 });
  if (!parsed.ok) {
    const at = / at byte (\d+)$/.exec(parsed.detail);
    const message = `${parsed.detail.replace(/ at byte \d+$/, '')}.`;
    const problem: PolicyProblem = { severity: 'error', place: '', message };
    return { ok: false, problems: [at === null ? problem : { ...problem, ...lineOf(text, Number(at[1])) }] };
  }
  const located = (place: readonly PropertyKey[]) => lineOf(text, startOf(parsed.value, place));
  const value = policySchema.safeParse(jsonPlain(parsed.value));
  if (!value.success) {
    const problems = value.error.issues.flatMap((issue): PolicyProblem[] => {
      const path = issue.path;
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => {
          const place = [...path, key];
          const message = `There is no field ${JSON.stringify(key)} here.`;
          return { severity: 'error', place: place.map(String).join('.'), message, ...located(place) };
        });
      }
      return [{ severity: 'error', place: path.map(String).join('.'), message: sentenceOf(issue), ...located(path) }];
    });
    const [first, ...rest] = problems;
    if (first === undefined) throw new Error('a schema refused a policy without a reason');
    return { ok: false, problems: [first, ...rest.slice(0, toldAtMost - 1)] };
  }
  const problems = policyProblems(value.data).map((problem) => ({ ...problem, ...located(problem.place.split('.')) }));
  const [first, ...rest] = problems.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  if (first?.severity === 'error') return { ok: false, problems: [first, ...rest] };
  return { ok: true, policy: value.data, problems };
}

/** The text view of a policy: two spaces, the order of the schema. */
export function writePolicyText(policy: Policy): string {
  // Through the schema, so that the order of fields is that of the contract, whoever made the object.
  return `${JSON.stringify(policySchema.parse(policy), null, 2)}\n`;
}

/** Byte where the value at a path begins; where the nearest thing around it does, when it is missing. */
function startOf(root: JsonNode, path: readonly PropertyKey[]): number {
  let node = root;
  for (const part of path) {
    const next: JsonNode | undefined =
      node.kind === 'object'
        ? node.members.get(String(part))
        : node.kind === 'array'
          ? node.items[Number(part)]
          : undefined;
    if (next === undefined) break;
    node = next;
  }
  return node.start;
}

/** 1-based line and column, counted in characters, of a byte of the UTF-8 of a text. */
function lineOf(text: string, byte: number): { line: number; column: number } {
  let line = 1;
  let column = 1;
  for (const value of utf8ToBytes(text).subarray(0, byte)) {
    if (value === 0x0a) {
      line += 1;
      column = 1;
      // Bytes 10xxxxxx go on with a character that was counted at its first byte.
    } else if ((value & 0xc0) !== 0x80) column += 1;
  }
  return { line, column };
}

type Issue = NonNullable<ReturnType<typeof policySchema.safeParse>['error']>['issues'][number];

const units: Readonly<Record<string, string>> = { array: ' values', string: ' characters' };

/** What the schema found, said to a person. */
function sentenceOf(issue: Issue): string {
  if (issue.code === 'too_big') return `At most ${issue.maximum}${units[issue.origin] ?? ''}.`;
  if (issue.code === 'too_small') return `At least ${issue.minimum}${units[issue.origin] ?? ''}.`;
  if (issue.code === 'invalid_value')
    return `Only ${issue.values.map((value) => JSON.stringify(value)).join(', ')} can stand here.`;
  return `${issue.message.replace(/\.$/, '')}.`;
}
