import { ink, type Sheet } from '../print/sheet.ts';
import type { ReportModel } from './report-model.ts';
import { drawLaneBlock } from './draw-mark.ts';
import { heading } from './page-parts.ts';

/** Who did what, in order: each step is in the pack. @returns the y below it. */
export function drawCustody(sheet: Sheet, model: ReportModel, y: number): number {
  const { doc, left, width } = sheet;
  const top = heading(sheet, 'Chain of custody', y, 'each step is in the pack; each cut in a lane is fresh evidence');
  const step = width / Math.max(1, model.custody.length);
  let end = top;
  model.custody.forEach(({ title, lines }, at) => {
    const x = left + at * step;
    doc.rect(x, top, 6, 6).lineWidth(1).strokeColor(ink.text).stroke();
    if (at < model.custody.length - 1) {
      doc
        .moveTo(x + 9, top + 3)
        .lineTo(x + step - 3, top + 3)
        .lineWidth(0.8)
        .strokeColor(ink.line)
        .stroke();
    }
    sheet.writeLine(title, x, top + 11, { font: 'semibold', size: 8.5, colour: ink.text, width: step - 6 });
    lines.forEach((line, index) => {
      sheet.writeLine(line, x, top + 23 + index * 11, { font: 'mono', size: 7, width: step - 6 });
    });
    end = Math.max(end, top + 23 + lines.length * 11);
  });
  return end;
}

/** Nodes that were lost on the way: what became of each, before the lanes that show it. */
export function drawAttempts(sheet: Sheet, model: ReportModel, y: number): number {
  const { left, width } = sheet;
  let top = y;
  for (const { title, figures, cause } of model.attempts) {
    sheet.writeLine(title, left, top, { font: 'semibold', size: 8.5, colour: ink.warning, width });
    top += 12;
    sheet.writeLine(figures, left, top, { font: 'mono', size: 7, width });
    top += 11;
    sheet.writeLine(cause, left, top, { size: 8, width, colour: ink.text2 });
    top += 13;
  }
  return model.attempts.length === 0 ? y : top + 4;
}

/** One lane a node, from the first step to the last. @returns the y below it. */
export function drawLanes(sheet: Sheet, model: ReportModel, y: number): number {
  const { doc, left, right } = sheet;
  if (model.lanes.length === 0) return y;
  const start = left + 96;
  const scale = (right - start) / Math.max(1, model.lastStep);
  let top = y;
  for (const lane of model.lanes) {
    sheet.writeLine(lane.node, left, top, { font: 'mono', size: 8, width: 90, colour: ink.text });
    for (const { from, until, state } of lane.segments) {
      const x = start + from * scale;
      const span = Math.max(1.5, (until - from) * scale - 1);
      if (state === 'verified') drawLaneBlock(sheet, model.simulated, x, top, span);
      else {
        const edge = state === 'gap' || state === 'overridden' ? ink.warning : ink.refused;
        doc.rect(x, top, span, 7).lineWidth(0.8).strokeColor(edge).stroke();
      }
    }
    if (lane.segments.length === 0) {
      sheet.writeLine(lane.note, start, top, { size: 8, width: right - start, colour: ink.refused });
    }
    top += 13;
  }
  sheet.writeLine('step', left, top, { font: 'mono', size: 7.5, width: 80, colour: ink.text3 });
  sheet.writeLine('0', start, top, { font: 'mono', size: 7.5, width: 40, colour: ink.text3 });
  const last = model.lastStep.toLocaleString('en-US');
  sheet.writeLine(last, right - 60, top, { font: 'mono', size: 7.5, width: 60, align: 'right', colour: ink.text3 });
  return top + 12;
}
