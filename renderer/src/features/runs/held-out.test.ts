import { expect, it } from 'vitest';
import type { RunView } from '../../../../electron/contract/views.ts';
import { heldOutWords } from './held-out.ts';

it('says whose word an accuracy is', () => {
  const script = {
    draft: { program: { type: 'command' } },
    lastMetrics: { held_out_accuracy: 0.947 },
  } as unknown as RunView;
  expect(heldOutWords(script)).toBe('94.7 %, as the script says');
  expect(heldOutWords({ ...script, lastMetrics: {} })).toBeUndefined();
  expect(heldOutWords({ ...script, heldOutAccuracy: 0.96 })).toBe('96.0 %');
});
