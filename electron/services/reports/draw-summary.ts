import { ink, type Sheet } from '../print/sheet.ts';
import type { ReportModel } from './report-model.ts';
import { drawMark } from './draw-mark.ts';
import { drawAttempts, drawCustody, drawLanes } from './draw-run.ts';
import { bottomOf, heading, pageTop } from './page-parts.ts';

/** Signatures and the line on how to verify: kept together. */
const closingHeight = 116;

/** The first page: verdict, scope, what it proves and does not, the run, and who signed. */
export function drawSummary(sheet: Sheet, model: ReportModel): void {
  const { doc, left, right, width } = sheet;
  let y = sheet.write(model.title, left, pageTop, { font: 'semibold', size: 18, colour: ink.text });
  y = sheet.write(model.subtitle, left, y + 1, { size: 9.5 }) + 6;
  if (model.simulated || model.verdict.tone !== 'verified') sheet.rule(y);
  else {
    const gradient = doc.linearGradient(left, y, right, y);
    ink.pearl.forEach((stop, at) => gradient.stop(at / 3, stop));
    doc.rect(left, y, width, 2).fill(gradient);
  }
  y = drawVerdict(sheet, model, y + 14);
  sheet.rule(y);
  y = heading(sheet, 'Scope', y + 10);
  const half = Math.ceil(model.scope.length / 2);
  model.scope.forEach(({ label, value, mono }, at) => {
    const x = at < half ? left : left + width / 2 + 8;
    const top = y + (at % half) * 15;
    sheet.writeLine(label, x, top, { size: 8.5, width: 66, colour: ink.text3 });
    const style = { size: mono ? 8 : 8.5, width: width / 2 - 84, colour: ink.text } as const;
    sheet.writeLine(value, x + 72, top, mono ? { ...style, font: 'mono' } : style);
  });
  y = sheet.rule(y + half * 15 + 4) + 10;
  y = drawColumns(sheet, model, y);
  y = sheet.rule(y + 6) + 10;
  y = drawCustody(sheet, model, y);
  y = drawAttempts(sheet, model, y + 8);
  y = drawLanes(sheet, model, y);
  y = sheet.rule(y + 6) + 10;
  if (y + closingHeight > bottomOf(sheet)) {
    doc.addPage();
    y = pageTop;
  }
  y = drawSignatures(sheet, model, y);
  sheet.rule(y + 4);
  y = sheet.write(`nacre verify ${model.pack.fileName}`, left, y + 12, { font: 'mono', size: 8.5, colour: ink.text });
  y = sheet.write(
    'checks all of this again, with no network and no vault. SHA-256 of the pack, and the log it proves:',
    left,
    y,
    {
      size: 8.5,
    },
  );
  y = sheet.write(`sha256 ${model.pack.sha256}`, left, y + 2, { font: 'mono', size: 8 });
  sheet.write(model.pack.log, left, y, { font: 'mono', size: 8 });
}

function drawVerdict(sheet: Sheet, model: ReportModel, y: number): number {
  const { doc, left, right, width } = sheet;
  drawMark(sheet, model, left, y);
  const { exception } = model.verdict;
  const textWidth = exception === undefined ? width - 46 : width - 200;
  let end = sheet.write(model.verdict.headline, left + 46, y - 3, {
    font: 'semibold',
    size: 15,
    colour: model.verdict.tone === 'refused' ? ink.refused : ink.text,
    width: textWidth,
  });
  end = sheet.write(model.verdict.sentence, left + 46, end + 2, { size: 9.5, width: textWidth });
  if (exception !== undefined) {
    const x = right - 140;
    let side = sheet.write(exception.headline, x + 8, y - 2, {
      font: 'semibold',
      size: 9.5,
      colour: ink.warning,
      width: 132,
    });
    side = sheet.write(exception.sentence, x + 8, side + 1, { size: 8.5, width: 132 });
    doc
      .moveTo(x, y - 4)
      .lineTo(x, side)
      .lineWidth(1.4)
      .strokeColor(ink.warning)
      .stroke();
    end = Math.max(end, side);
  }
  return Math.max(end, y + 32) + 8;
}

function drawColumns(sheet: Sheet, model: ReportModel, y: number): number {
  const { left, width } = sheet;
  const columns = [
    { title: 'This proves', items: model.proves, mark: () => '+' },
    { title: 'This does not prove', items: model.doesNotProve, mark: () => '–' },
    { title: 'You must still do', items: model.mustStillDo, mark: (at: number) => String(at + 1) },
  ];
  const columnWidth = (width - 32) / 3;
  const ends = columns.map(({ title, items, mark }, at) => {
    const x = left + at * (columnWidth + 16);
    sheet.write(title, x, y, { font: 'semibold', size: 9.5, colour: ink.text });
    let top = y + 18;
    items.forEach((item, index) => {
      sheet.write(mark(index), x, top, { font: 'semibold', size: 8.5, colour: ink.text, width: 12 });
      top = sheet.write(item, x + 14, top, { size: 8.5, width: columnWidth - 14 }) + 3;
    });
    return top;
  });
  return Math.max(...ends);
}

function drawSignatures(sheet: Sheet, model: ReportModel, y: number): number {
  const { doc, left, width } = sheet;
  const top = heading(sheet, 'Signatures', y);
  const boxes = [...model.signatures, { role: 'Auditor', lines: ['', 'name, date, signature'] }];
  const step = width / boxes.length;
  let end = top;
  boxes.forEach(({ role, lines }, at) => {
    const x = left + at * step;
    doc
      .moveTo(x, top)
      .lineTo(x + step - 14, top)
      .lineWidth(0.8)
      .strokeColor(ink.text)
      .stroke();
    sheet.write(role, x, top + 5, { size: 8.5, colour: ink.text3, width: step - 14 });
    lines.forEach((line, index) => {
      sheet.writeLine(line, x, top + 18 + index * 11, { font: 'mono', size: 7.5, width: step - 14 });
    });
    end = Math.max(end, top + 20 + lines.length * 11);
  });
  return end;
}
