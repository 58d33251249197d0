import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../contract/evidence.ts';
import { loadPrintFonts } from '../print/fonts.ts';
import { drawReport } from './pdf.ts';
import { sampleModel } from './testing/sample-model.ts';

const fonts = await loadPrintFonts(new URL('../../../assets/fonts/', import.meta.url).pathname);

function pagesOf(pdf: Buffer): number {
  return Number(/\/Type \/Pages\s*\/Count (\d+)/.exec(pdf.toString('latin1'))?.[1]);
}

describe('the PDF report', () => {
  it('is a PDF of two pages with its three fonts embedded', async () => {
    const pdf = await drawReport(sampleModel(), fonts);
    const text = pdf.toString('latin1');
    expect(text.startsWith('%PDF-1.')).toBe(true);
    expect(text.trimEnd().endsWith('%%EOF')).toBe(true);
    expect(pagesOf(pdf)).toBe(2);
    expect(new Set(text.match(/\/FontName \/[A-Z]+\+[A-Za-z-]+/g)).size).toBe(3);
  });

  it('goes on to more pages when there are more checks', async () => {
    const checks = Array.from({ length: 120 }, (_, at): Check => ({
      id: `c.${at}`,
      title: `Check ${at}`,
      outcome: 'fail',
      detail: 'It broke.',
      required: true,
    }));
    expect(pagesOf(await drawReport(sampleModel({ checks }), fonts))).toBeGreaterThan(3);
  });

  it('moves the signatures to their own page when there are many lanes', async () => {
    const [lane] = sampleModel().lanes;
    if (lane === undefined) throw new Error('the sample has no lane');
    const lanes = Array.from({ length: 24 }, (_, at) => ({ ...lane, node: `local-${at}` }));
    expect(pagesOf(await drawReport(sampleModel({ lanes }), fonts))).toBe(3);
  });

  it('draws refused, verified and simulated verdicts, and any names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom('verified' as const, 'warning' as const, 'refused' as const),
        fc.boolean(),
        async (name, tone, simulated) => {
          const model = sampleModel({ title: name, subtitle: name, simulated });
          const pdf = await drawReport({ ...model, verdict: { ...model.verdict, tone } }, fonts);
          expect(pagesOf(pdf)).toBeGreaterThanOrEqual(2);
        },
      ),
      { numRuns: 4 },
    );
  });
});
