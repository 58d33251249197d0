import { expect, it } from 'vitest';
import { requestStates } from '../../../../electron/contract/approval.ts';
import { stateSentence, whyWords } from './words.ts';

it('says where each request stands, with the count where it matters', () => {
  const sentences = requestStates.map((state) => stateSentence({ state, approvals: { have: 1, need: 2 } }));
  expect(new Set(sentences).size).toBe(requestStates.length);
  expect(sentences[0]).toBe('Waiting, 1 of 2 approved');
});

it('has words for what it does not know', () => {
  expect(whyWords('requester-own')).toBe('whoever asks may not approve');
  expect(whyWords('something new')).toBe('it does not count');
});
