import type { EvidenceFamily } from '../../../contract/evidence.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import type { EvidenceSet } from './evidence-set.ts';
import { families } from './families.ts';
import type { Family } from './family.ts';

/** The family of the files by what is in them, never by their names. Errors: `invalid_input` saying what was found. */
export function detectFamily(set: EvidenceSet): Result<Family> {
  const found = families.find((family) => fits(family, set));
  if (found !== undefined) return ok(found);
  const [first] = set.artifacts;
  const what = set.artifacts
    .map(({ name, kind }) => `${name} (${kind})`)
    .slice(0, 6)
    .join(', ');
  return err(
    'invalid_input',
    `There is no evidence that Nacre knows in these files: ${what}. Reading stopped at offset 0.`,
    {
      hint: 'Name the family with --family to learn where its reader stops.',
      details: { unrecognized: true, offset: 0, ...(first === undefined ? {} : { file: first.file }) },
    },
  );
}

function fits(family: Family, set: EvidenceSet): boolean {
  return set.of(...family.kinds).length > 0 && (family.fits?.(set) ?? true);
}

/** The family that a person named, if the files hold its evidence. Errors: `invalid_input` saying what they hold instead. */
export function expectFamily(set: EvidenceSet, name: EvidenceFamily): Result<Family> {
  const family = families.find((one) => one.family === name);
  if (family === undefined) {
    return err('invalid_input', `Files of the family ${name} cannot be verified.`, { details: { unrecognized: true } });
  }
  if (fits(family, set)) return ok(family);
  const [first] = set.artifacts;
  const pem = set.artifacts.find(({ wrapping }) => wrapping.includes('PEM'));
  const instead = pem ?? first;
  // Bytes without any mark go to the reader of the family, which says where it stops.
  if (set.of('bytes').length > 0) return ok(family);
  const found =
    instead === undefined ? 'nothing' : instead === pem ? `${pem.name} is PEM` : `${instead.name} is a ${instead.kind}`;
  return err('invalid_input', `${found}; ${family.expects} was expected. Reading stopped at offset 0.`, {
    details: { offset: 0, ...(instead === undefined ? {} : { file: instead.file, kind: instead.kind }) },
  });
}
