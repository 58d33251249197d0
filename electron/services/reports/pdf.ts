import { createSheet, ink, type Sheet } from '../print/sheet.ts';
import type { PrintFonts } from '../print/fonts.ts';
import { drawChecks } from './draw-checks.ts';
import { drawSummary } from './draw-summary.ts';
import type { ReportModel } from './report-model.ts';

/** Draws the report on A4. The same model gives the same page content. */
export async function drawReport(model: ReportModel, fonts: PrintFonts): Promise<Buffer> {
  const title = `Nacre auditor report: ${model.title}`;
  const sheet = await createSheet({ title, createdAt: model.madeAt, fonts, margin: 42, textSize: 9 });
  drawSummary(sheet, model);
  drawChecks(sheet, model);
  drawFrames(sheet, model);
  return sheet.finish();
}

/** Head and foot of every page, once the count of pages is known. */
function drawFrames(sheet: Sheet, model: ReportModel): void {
  const { doc, left, width } = sheet;
  const { start, count } = doc.bufferedPageRange();
  for (let at = start; at < start + count; at++) {
    doc.switchToPage(at);
    sheet.drawMasthead('Auditor report', 27);
    if (model.simulated) {
      sheet.write('SIMULATED HARDWARE', left, 28, {
        font: 'semibold',
        size: 8.5,
        colour: ink.warning,
        width: width / 1.35,
        align: 'right',
      });
    }
    const place = `page ${at + 1} of ${count}`;
    sheet.write(place, left, 28, { size: 8.5, colour: ink.text3, align: 'right', width });
    sheet.rule(46);
    sheet.rule(sheet.height - 40);
    const foot = 'A summary for people. Where it differs from the pack, the pack is right.';
    sheet.write(foot, left, sheet.height - 32, { size: 7.5, colour: ink.text3, width: 320 });
    const made = `${model.reportId}, made ${model.madeAt.slice(0, 19).replace('T', ' ')} UTC`;
    sheet.write(made, left, sheet.height - 32, { size: 7.5, colour: ink.text3, align: 'right', width });
  }
}
