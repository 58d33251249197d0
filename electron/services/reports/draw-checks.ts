import { ink, type Sheet } from '../print/sheet.ts';
import type { ReportModel } from './report-model.ts';
import { bottomOf, heading, pageTop } from './page-parts.ts';

/** Pages after the first: every check with its outcome, what was not checked, and whole digests. */
export function drawChecks(sheet: Sheet, model: ReportModel): void {
  const { doc, left, width } = sheet;
  doc.addPage();
  let y = heading(sheet, 'Every check, made again from the pack', pageTop, `${model.checks.length} checks`);
  const room = (needed: number): void => {
    if (y + needed <= bottomOf(sheet)) return;
    doc.addPage();
    y = pageTop;
  };
  const tones = { pass: ink.verified, fail: ink.refused, unknown: ink.text3 } as const;
  for (const check of model.checks) {
    room(30);
    sheet.write(check.outcome, left, y, { font: 'semibold', size: 8.5, colour: tones[check.outcome], width: 46 });
    let end = sheet.write(check.title, left + 50, y, { size: 8.5, colour: ink.text, width: width - 50 });
    if (check.detail !== undefined && check.outcome !== 'pass') {
      end = sheet.write(check.detail, left + 50, end, { size: 8, width: width - 50 });
    }
    y = end + 3;
  }
  const part = (title: string, needed: number): void => {
    room(needed);
    // The head of a page has a line already.
    y = heading(sheet, title, y === pageTop ? y : sheet.rule(y + 6) + 10);
  };
  part('Not checked', 60);
  for (const item of model.notChecked) {
    room(26);
    sheet.write('–', left, y, { size: 8.5, width: 10 });
    y = sheet.write(item, left + 14, y, { size: 8.5, width: width - 14 }) + 3;
  }
  // A few rows stay with their heading.
  part('Digests', 40 + Math.min(model.digests.length, 6) * 14);
  for (const { label, value } of model.digests) {
    room(26);
    sheet.writeLine(label, left, y, { size: 8, width: 110, colour: ink.text3 });
    y = sheet.write(value, left + 114, y, { font: 'mono', size: 7.5, width: width - 114, colour: ink.text }) + 2;
  }
}
