import { ink, type Sheet } from '../print/sheet.ts';
import type { ReportModel } from './report-model.ts';

/** The pearl is for real hardware only; simulated runs get the hatched mark (GUIDE §4). */
export function drawMark(sheet: Sheet, model: ReportModel, x: number, y: number): void {
  const { doc } = sheet;
  const radius = 15;
  const centre = [x + radius, y + radius] as const;
  if (model.verdict.tone === 'refused') {
    doc.rect(x, y, radius * 2, radius * 2).fill(ink.refused);
    doc.lineWidth(3).strokeColor('#ffffff');
    doc
      .moveTo(x + 9, y + 9)
      .lineTo(x + 21, y + 21)
      .stroke();
    doc
      .moveTo(x + 21, y + 9)
      .lineTo(x + 9, y + 21)
      .stroke();
    return;
  }
  if (model.simulated) {
    doc
      .save()
      .circle(...centre, radius)
      .clip();
    doc.lineWidth(0.8).strokeColor(ink.text3);
    for (let at = -30; at < 60; at += 4)
      doc
        .moveTo(x + at, y + 30)
        .lineTo(x + at + 30, y)
        .stroke();
    doc.restore();
    doc
      .circle(...centre, radius)
      .lineWidth(1)
      .strokeColor(ink.text2)
      .stroke();
    return;
  }
  const gradient = doc.linearGradient(x, y, x + radius * 2, y + radius * 2);
  ink.pearl.slice(0, 3).forEach((stop, at) => gradient.stop(at / 2, stop));
  doc.circle(...centre, radius).fill(gradient);
  doc.lineWidth(3).strokeColor('#ffffff');
  doc
    .moveTo(x + 8.5, y + 15.5)
    .lineTo(x + 13, y + 20)
    .lineTo(x + 21.5, y + 10.5)
    .stroke();
}

/** A stretch of training on attested hardware. */
export function drawLaneBlock(sheet: Sheet, simulated: boolean, x: number, y: number, span: number): void {
  const { doc } = sheet;
  if (!simulated) {
    // Across the height, so that the sheen cannot be read as a scale (GUIDE §5).
    const gradient = doc.linearGradient(x, y, x, y + 7);
    ink.pearl.slice(0, 3).forEach((stop, at) => gradient.stop(at / 2, stop));
    doc.rect(x, y, span, 7).fill(gradient);
    return;
  }
  doc.save().rect(x, y, span, 7).clip();
  doc.lineWidth(0.6).strokeColor(ink.text3);
  for (let at = -7; at < span; at += 3)
    doc
      .moveTo(x + at, y + 7)
      .lineTo(x + at + 7, y)
      .stroke();
  doc.restore();
  doc.rect(x, y, span, 7).lineWidth(0.5).strokeColor(ink.text3).stroke();
}
