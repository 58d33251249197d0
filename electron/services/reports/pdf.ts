import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PdfKit from 'pdfkit';
import type { ReportModel } from './report-model.ts';

const page = { width: 595.28, height: 841.89, margin: 42 } as const;
const left = page.margin;
const right = page.width - page.margin;
const width = right - left;
const bottom = page.height - 48;
/** Signatures and the line on how to verify: kept together. */
const closingHeight = 132;

const colour = {
  text: '#191714',
  text2: '#4c4740',
  text3: '#676158',
  line: '#c6c0b4',
  verified: '#1a6453',
  warning: '#835300',
  refused: '#ad2717',
  pearl: ['#2f8f7a', '#4f79b8', '#ad6492', '#97762a'],
} as const;

type Font = 'regular' | 'semibold' | 'mono';
type Document = InstanceType<typeof PdfKit>;

/** Font files by role, read once. */
export async function loadReportFonts(directory: string): Promise<Record<Font, Buffer>> {
  const [regular, semibold, mono] = await Promise.all(
    ['inter-latin-400-normal.woff', 'inter-latin-600-normal.woff', 'jetbrains-mono-latin-400-normal.woff'].map((name) =>
      readFile(join(directory, name)),
    ),
  );
  if (regular === undefined || semibold === undefined || mono === undefined) throw new Error('a font is missing');
  return { regular, semibold, mono };
}

/** Draws the report on A4. The same model gives the same page content. */
export async function drawReport(model: ReportModel, fonts: Record<Font, Buffer>): Promise<Buffer> {
  const doc = new PdfKit({
    size: 'A4',
    margin: 0,
    bufferPages: true,
    autoFirstPage: true,
    info: { Title: `Nacre auditor report: ${model.title}`, Creator: 'Nacre', CreationDate: new Date(model.madeAt) },
  });
  for (const [name, data] of Object.entries(fonts)) doc.registerFont(name, data);
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });
  drawSummary(doc, model);
  drawChecks(doc, model);
  drawFrames(doc, model);
  doc.end();
  await done;
  return Buffer.concat(chunks);
}

interface TextStyle {
  readonly font?: Font;
  readonly size?: number;
  readonly colour?: string;
  readonly width?: number;
  readonly align?: 'left' | 'right';
}

/** Writes wrapped text at a place. @returns the y below it. */
function write(doc: Document, text: string, x: number, y: number, style: TextStyle = {}): number {
  const size = style.size ?? 9;
  doc
    .font(style.font ?? 'regular')
    .fontSize(size)
    .fillColor(style.colour ?? colour.text2);
  const options = { width: style.width ?? right - x, align: style.align ?? 'left', lineGap: size * 0.28 } as const;
  const shown = drawable(text);
  doc.text(shown, x, y, options);
  return y + doc.heightOfString(shown, options);
}

/** One line, cut with an ellipsis rather than wrapped. */
function writeLine(doc: Document, text: string, x: number, y: number, style: TextStyle & { width: number }): void {
  doc.font(style.font ?? 'regular').fontSize(style.size ?? 9);
  let shown = drawable(text);
  while (shown.length > 1 && doc.widthOfString(shown) > style.width) shown = `${shown.slice(0, -2)}…`;
  doc
    .fillColor(style.colour ?? colour.text2)
    .text(shown, x, y, { width: style.width, align: style.align ?? 'left', lineBreak: false });
}

/** The embedded cuts are Latin; any other character of a name shows as a box instead of vanishing. */
function drawable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E\u00A0-\u00FF\u2013\u2014\u2018-\u201E\u2022\u2026\u20AC\u2212]/gu, '?');
}

function rule(doc: Document, y: number): number {
  doc.moveTo(left, y).lineTo(right, y).lineWidth(0.6).strokeColor(colour.line).stroke();
  return y;
}

function heading(doc: Document, text: string, y: number, note?: string): number {
  write(doc, text, left, y, { font: 'semibold', size: 9.5, colour: colour.text });
  if (note !== undefined) write(doc, note, left, y, { size: 8, colour: colour.text3, align: 'right', width });
  return y + 19;
}

/** The pearl is for real hardware only; simulated runs get the hatched mark (GUIDE §4). */
function drawMark(doc: Document, model: ReportModel, x: number, y: number): void {
  const radius = 15;
  const centre = [x + radius, y + radius] as const;
  if (model.verdict.tone === 'refused') {
    doc.rect(x, y, radius * 2, radius * 2).fill(colour.refused);
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
    doc.lineWidth(0.8).strokeColor(colour.text3);
    for (let at = -30; at < 60; at += 4)
      doc
        .moveTo(x + at, y + 30)
        .lineTo(x + at + 30, y)
        .stroke();
    doc.restore();
    doc
      .circle(...centre, radius)
      .lineWidth(1)
      .strokeColor(colour.text2)
      .stroke();
    return;
  }
  const gradient = doc.linearGradient(x, y, x + radius * 2, y + radius * 2);
  colour.pearl.slice(0, 3).forEach((stop, at) => gradient.stop(at / 2, stop));
  doc.circle(...centre, radius).fill(gradient);
  doc.lineWidth(3).strokeColor('#ffffff');
  doc
    .moveTo(x + 8.5, y + 15.5)
    .lineTo(x + 13, y + 20)
    .lineTo(x + 21.5, y + 10.5)
    .stroke();
}

function drawSummary(doc: Document, model: ReportModel): void {
  let y = write(doc, model.title, left, 58, { font: 'semibold', size: 18, colour: colour.text });
  y = write(doc, model.subtitle, left, y + 1, { size: 9.5 }) + 6;
  if (model.simulated || model.verdict.tone !== 'verified') rule(doc, y);
  else {
    const gradient = doc.linearGradient(left, y, right, y);
    colour.pearl.forEach((stop, at) => gradient.stop(at / 3, stop));
    doc.rect(left, y, width, 2).fill(gradient);
  }
  y = drawVerdict(doc, model, y + 14);
  rule(doc, y);
  y = heading(doc, 'Scope', y + 10);
  const half = Math.ceil(model.scope.length / 2);
  model.scope.forEach(({ label, value, mono }, at) => {
    const x = at < half ? left : left + width / 2 + 8;
    const top = y + (at % half) * 15;
    writeLine(doc, label, x, top, { size: 8.5, width: 66, colour: colour.text3 });
    const style = { size: mono ? 8 : 8.5, width: width / 2 - 84, colour: colour.text } as const;
    writeLine(doc, value, x + 72, top, mono ? { ...style, font: 'mono' } : style);
  });
  y = rule(doc, y + half * 15 + 4) + 10;
  y = drawColumns(doc, model, y);
  y = rule(doc, y + 6) + 10;
  y = drawCustody(doc, model, y);
  y = drawAttempts(doc, model, y + 8);
  y = drawLanes(doc, model, y);
  y = rule(doc, y + 6) + 10;
  if (y + closingHeight > bottom) {
    doc.addPage();
    y = 58;
  }
  y = drawSignatures(doc, model, y);
  rule(doc, y + 4);
  y = write(doc, `nacre verify ${model.pack.fileName}`, left, y + 12, { font: 'mono', size: 8.5, colour: colour.text });
  y = write(
    doc,
    'checks all of this again, with no network and no vault. SHA-256 of the pack, and the log it proves:',
    left,
    y,
    {
      size: 8.5,
    },
  );
  y = write(doc, `sha256 ${model.pack.sha256}`, left, y + 2, { font: 'mono', size: 8 });
  write(doc, model.pack.log, left, y, { font: 'mono', size: 8 });
}

function drawVerdict(doc: Document, model: ReportModel, y: number): number {
  drawMark(doc, model, left, y);
  const { exception } = model.verdict;
  const textWidth = exception === undefined ? width - 46 : width - 200;
  let end = write(doc, model.verdict.headline, left + 46, y - 3, {
    font: 'semibold',
    size: 15,
    colour: model.verdict.tone === 'refused' ? colour.refused : colour.text,
    width: textWidth,
  });
  end = write(doc, model.verdict.sentence, left + 46, end + 2, { size: 9.5, width: textWidth });
  if (exception !== undefined) {
    const x = right - 140;
    let side = write(doc, exception.headline, x + 8, y - 2, {
      font: 'semibold',
      size: 9.5,
      colour: colour.warning,
      width: 132,
    });
    side = write(doc, exception.sentence, x + 8, side + 1, { size: 8.5, width: 132 });
    doc
      .moveTo(x, y - 4)
      .lineTo(x, side)
      .lineWidth(1.4)
      .strokeColor(colour.warning)
      .stroke();
    end = Math.max(end, side);
  }
  return Math.max(end, y + 32) + 8;
}

function drawColumns(doc: Document, model: ReportModel, y: number): number {
  const columns = [
    { title: 'This proves', items: model.proves, mark: () => '+' },
    { title: 'This does not prove', items: model.doesNotProve, mark: () => '–' },
    { title: 'You must still do', items: model.mustStillDo, mark: (at: number) => String(at + 1) },
  ];
  const columnWidth = (width - 32) / 3;
  const ends = columns.map(({ title, items, mark }, at) => {
    const x = left + at * (columnWidth + 16);
    write(doc, title, x, y, { font: 'semibold', size: 9.5, colour: colour.text });
    let top = y + 18;
    items.forEach((item, index) => {
      write(doc, mark(index), x, top, { font: 'semibold', size: 8.5, colour: colour.text, width: 12 });
      top = write(doc, item, x + 14, top, { size: 8.5, width: columnWidth - 14 }) + 3;
    });
    return top;
  });
  return Math.max(...ends);
}

function drawCustody(doc: Document, model: ReportModel, y: number): number {
  const top = heading(doc, 'Chain of custody', y, 'each step is in the pack; each cut in a lane is fresh evidence');
  const step = width / Math.max(1, model.custody.length);
  let end = top;
  model.custody.forEach(({ title, lines }, at) => {
    const x = left + at * step;
    doc.rect(x, top, 6, 6).lineWidth(1).strokeColor(colour.text).stroke();
    if (at < model.custody.length - 1) {
      doc
        .moveTo(x + 9, top + 3)
        .lineTo(x + step - 3, top + 3)
        .lineWidth(0.8)
        .strokeColor(colour.line)
        .stroke();
    }
    writeLine(doc, title, x, top + 11, { font: 'semibold', size: 8.5, colour: colour.text, width: step - 6 });
    lines.forEach((line, index) => {
      writeLine(doc, line, x, top + 23 + index * 11, { font: 'mono', size: 7, width: step - 6 });
    });
    end = Math.max(end, top + 23 + lines.length * 11);
  });
  return end;
}

/** Nodes that were lost on the way: what became of each, before the lanes that show it. */
function drawAttempts(doc: Document, model: ReportModel, y: number): number {
  let top = y;
  for (const { title, figures, cause } of model.attempts) {
    writeLine(doc, title, left, top, { font: 'semibold', size: 8.5, colour: colour.warning, width: width * 0.38 });
    const x = left + width * 0.39;
    writeLine(doc, figures, x, top, { font: 'mono', size: 7, width: right - x, align: 'right' });
    top += 12;
    writeLine(doc, cause, left, top, { size: 8, width, colour: colour.text2 });
    top += 13;
  }
  return model.attempts.length === 0 ? y : top + 4;
}

function drawLanes(doc: Document, model: ReportModel, y: number): number {
  if (model.lanes.length === 0) return y;
  const start = left + 96;
  const scale = (right - start) / Math.max(1, model.lastStep);
  let top = y;
  for (const lane of model.lanes) {
    writeLine(doc, lane.node, left, top, { font: 'mono', size: 8, width: 90, colour: colour.text });
    for (const { from, until, state } of lane.segments) {
      const x = start + from * scale;
      const span = Math.max(1.5, (until - from) * scale - 1);
      if (state === 'verified') drawLaneBlock(doc, model.simulated, x, top, span);
      else {
        const edge = state === 'gap' || state === 'overridden' ? colour.warning : colour.refused;
        doc.rect(x, top, span, 7).lineWidth(0.8).strokeColor(edge).stroke();
      }
    }
    if (lane.segments.length === 0) {
      writeLine(doc, lane.note, start, top, { size: 8, width: right - start, colour: colour.refused });
    }
    top += 13;
  }
  writeLine(doc, 'step', left, top, { font: 'mono', size: 7.5, width: 80, colour: colour.text3 });
  writeLine(doc, '0', start, top, { font: 'mono', size: 7.5, width: 40, colour: colour.text3 });
  const last = model.lastStep.toLocaleString('en-US');
  writeLine(doc, last, right - 60, top, { font: 'mono', size: 7.5, width: 60, align: 'right', colour: colour.text3 });
  return top + 12;
}

function drawLaneBlock(doc: Document, simulated: boolean, x: number, y: number, span: number): void {
  if (!simulated) {
    // Across the height, so that the sheen cannot be read as a scale (GUIDE §5).
    const gradient = doc.linearGradient(x, y, x, y + 7);
    colour.pearl.slice(0, 3).forEach((stop, at) => gradient.stop(at / 2, stop));
    doc.rect(x, y, span, 7).fill(gradient);
    return;
  }
  doc.save().rect(x, y, span, 7).clip();
  doc.lineWidth(0.6).strokeColor(colour.text3);
  for (let at = -7; at < span; at += 3)
    doc
      .moveTo(x + at, y + 7)
      .lineTo(x + at + 7, y)
      .stroke();
  doc.restore();
  doc.rect(x, y, span, 7).lineWidth(0.5).strokeColor(colour.text3).stroke();
}

function drawSignatures(doc: Document, model: ReportModel, y: number): number {
  const top = heading(doc, 'Signatures', y);
  const boxes = [...model.signatures, { role: 'Auditor', lines: ['', 'name, date, signature'] }];
  const step = width / boxes.length;
  let end = top;
  boxes.forEach(({ role, lines }, at) => {
    const x = left + at * step;
    doc
      .moveTo(x, top)
      .lineTo(x + step - 14, top)
      .lineWidth(0.8)
      .strokeColor(colour.text)
      .stroke();
    write(doc, role, x, top + 5, { size: 8.5, colour: colour.text3, width: step - 14 });
    lines.forEach((line, index) => {
      writeLine(doc, line, x, top + 18 + index * 11, { font: 'mono', size: 7.5, width: step - 14 });
    });
    end = Math.max(end, top + 20 + lines.length * 11);
  });
  return end;
}

/** Pages after the first: every check with its outcome, what was not checked, and whole digests. */
function drawChecks(doc: Document, model: ReportModel): void {
  doc.addPage();
  let y = heading(doc, 'Every check, made again from the pack', 58, `${model.checks.length} checks`);
  const room = (needed: number): void => {
    if (y + needed <= bottom) return;
    doc.addPage();
    y = 58;
  };
  const tones = { pass: colour.verified, fail: colour.refused, unknown: colour.text3 } as const;
  for (const check of model.checks) {
    room(30);
    write(doc, check.outcome, left, y, { font: 'semibold', size: 8.5, colour: tones[check.outcome], width: 46 });
    let end = write(doc, check.title, left + 50, y, { size: 8.5, colour: colour.text, width: width - 50 });
    if (check.detail !== undefined && check.outcome !== 'pass') {
      end = write(doc, check.detail, left + 50, end, { size: 8, width: width - 50 });
    }
    y = end + 3;
  }
  room(60);
  y = heading(doc, 'Not checked', rule(doc, y + 6) + 10);
  for (const item of model.notChecked) {
    room(26);
    write(doc, '–', left, y, { size: 8.5, width: 10 });
    y = write(doc, item, left + 14, y, { size: 8.5, width: width - 14 }) + 3;
  }
  room(60);
  y = heading(doc, 'Digests', rule(doc, y + 6) + 10);
  for (const { label, value } of model.digests) {
    room(26);
    writeLine(doc, label, left, y, { size: 8, width: 110, colour: colour.text3 });
    y = write(doc, value, left + 114, y, { font: 'mono', size: 7.5, width: width - 114, colour: colour.text }) + 2;
  }
}

/** Head and foot of every page, once the count of pages is known. */
function drawFrames(doc: Document, model: ReportModel): void {
  const { start, count } = doc.bufferedPageRange();
  for (let at = start; at < start + count; at++) {
    doc.switchToPage(at);
    doc
      .circle(left + 6, 33, 5.5)
      .lineWidth(1)
      .strokeColor(colour.text)
      .stroke();
    doc.circle(left + 6, 34.5, 2.4).fill(colour.text);
    write(doc, 'Nacre', left + 20, 27, { font: 'semibold', size: 10, colour: colour.text, width: 60 });
    write(doc, 'Auditor report', left + 58, 28, { size: 8.5, colour: colour.text3, width: 120 });
    if (model.simulated) {
      write(doc, 'SIMULATED HARDWARE', left, 28, {
        font: 'semibold',
        size: 8.5,
        colour: colour.warning,
        width: width / 1.35,
        align: 'right',
      });
    }
    const place = `page ${at + 1} of ${count}`;
    write(doc, place, left, 28, { size: 8.5, colour: colour.text3, align: 'right', width });
    rule(doc, 46);
    rule(doc, page.height - 40);
    const foot = 'A summary for people. Where it differs from the pack, the pack is right.';
    write(doc, foot, left, page.height - 32, { size: 7.5, colour: colour.text3, width: 320 });
    const made = `${model.reportId}, made ${model.madeAt}`;
    write(doc, made, left, page.height - 32, { size: 7.5, colour: colour.text3, align: 'right', width });
  }
}
