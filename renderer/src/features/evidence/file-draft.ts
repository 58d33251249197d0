import type { MethodInput } from '../../../../electron/contract/methods.ts';
import type { EvidenceFamily } from '../../../../electron/contract/evidence.ts';

export interface ChosenFile {
  readonly path: string;
  readonly name: string;
}

/** What a person says beside the files. */
export interface FileOptions {
  readonly family: EvidenceFamily | 'auto';
  readonly clock: 'now' | 'time';
  readonly time: string;
  /** Empty: strict, without reference values. */
  readonly policyId: string;
  readonly testRoots: string;
  readonly nonce: string;
}

export const noOptions: FileOptions = {
  family: 'auto',
  clock: 'now',
  time: '',
  policyId: '',
  testRoots: '',
  nonce: '',
};

export function chosenFile(path: string): ChosenFile {
  return { path, name: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) };
}

/** What is wrong with a time, or undefined. */
export function timeProblem({ clock, time }: FileOptions): string | undefined {
  if (clock === 'now') return undefined;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/u.test(time.trim()) && !Number.isNaN(Date.parse(time.trim()))
    ? undefined
    : 'Write UTC, for example 2026-06-29T02:06:37Z.';
}

/** What is wrong with a nonce, or undefined. */
export function nonceProblem({ nonce }: FileOptions): string | undefined {
  const text = nonce.trim();
  return text === '' || /^(?:[0-9a-f]{2}){1,64}$/iu.test(text) ? undefined : 'Write 1 to 64 bytes in hex.';
}

/** The request for these files and options; what was left alone is left out. */
export function requestOf(files: ReadonlyArray<ChosenFile>, options: FileOptions): MethodInput<'evidence.verifyFiles'> {
  const { family, clock, time, policyId, testRoots, nonce } = options;
  return {
    paths: files.map(({ path }) => path),
    ...(family === 'auto' ? {} : { family }),
    ...(clock === 'now' ? {} : { at: time.trim() }),
    ...(policyId === '' ? {} : { policyId }),
    ...(testRoots.trim() === '' ? {} : { testRoots: testRoots.trim() }),
    ...(nonce.trim() === '' ? {} : { nonce: nonce.trim().toLowerCase() }),
  };
}
