import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun in this order, before all others: the step ends when the last worker does, so none may begin a long file late. */
const longest = [
  'ray-run',
  'survive',
  'turned-bad',
  'mlflow.integration',
  'custody.integration',
  'recovery-commands',
  'reopen',
  'key-commands',
  'profile-commands',
  'killed-restore',
  'run-control',
  'health.integration',
  'bad-jobs',
  'demo-command',
  'vault-damage',
  'testkit',
  'fuzz.test',
];

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = longest.findIndex((name) => moduleId.includes(name));
  return place < 0 ? longest.length : place;
};

/** Order of test files: by their known length, not by their size, which is all that a fresh clone knows of them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
