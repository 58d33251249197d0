import type { Sealed } from './seal.ts';

const words = {
  changed: 'The data changed since an interrupted sealing; all of it was sealed anew under a new key.',
  damaged: 'The state of an interrupted sealing is damaged; all of it was sealed anew.',
  unusable: 'An interrupted sealing could not be gone on with (other data, recipients, or no identity); sealed anew.',
} as const;

/** What became of an interrupted run's file, in a sentence; with a manifest, how many parts of it were taken over. */
export function describeEarlier({
  earlier,
  reusedSegments,
  manifest,
}: Pick<Sealed, 'reusedSegments' | 'manifest'> & { readonly earlier: Exclude<Sealed['earlier'], 'none'> }): string {
  if (earlier !== 'resumed') return words[earlier];
  const resumed = 'An interrupted sealing of the same data was gone on with';
  if (manifest === undefined) return `${resumed}.`;
  return `${resumed}: ${reusedSegments} of ${manifest.parts.length} parts were taken over.`;
}
