import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PdfKit from 'pdfkit';
import { encodeQR } from 'qr';
import type { ShareSet } from '../../contract/recovery.ts';
import { encodeShare, shareGroups, type ShareFields } from '../../domain/recovery/share-text.ts';

const page = { width: 595.28, height: 841.89, margin: 48 } as const;
const left = page.margin;
const right = page.width - page.margin;
const width = right - left;
const colour = { text: '#191714', text2: '#4c4740', text3: '#676158', line: '#c6c0b4', paper: '#f6f3ec' } as const;
/** Side of the printed code: a module of 0.8 mm, which a phone reads at arm's length. */
const codeSide = 168;

type Document = InstanceType<typeof PdfKit>;
type Font = 'regular' | 'semibold' | 'mono';
export type KitFonts = Readonly<Record<Font, Buffer>>;

/** Font files by role. */
export async function loadKitFonts(directory: string): Promise<KitFonts> {
  const read = (name: string) => readFile(join(directory, name));
  const [regular, semibold, mono] = await Promise.all([
    read('inter-latin-400-normal.woff'),
    read('inter-latin-600-normal.woff'),
    read('jetbrains-mono-latin-400-normal.woff'),
  ]);
  return { regular, semibold, mono };
}

/**
 * One share as one printed page: its code, its text, and what to do with it. The text stands among the keywords of the
 * document, too, so that the file can be read back without looking at the page.
 */
export async function drawSharePage(
  set: ShareSet,
  share: ShareFields,
  holder: string,
  digest: string,
  fonts: KitFonts,
): Promise<Buffer> {
  const text = encodeShare(share);
  const title = `Recovery share ${share.index} of ${share.shares}`;
  const doc = new PdfKit({
    size: 'A4',
    margin: 0,
    lang: 'en',
    info: { Title: title, Creator: 'Nacre', Keywords: text, CreationDate: new Date(set.createdAt) },
  });
  for (const [name, data] of Object.entries(fonts)) doc.registerFont(name, data);
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });

  drawFrame(doc, set);
  let y = write(doc, title, left, 66, { font: 'semibold', size: 24, colour: colour.text });
  y = write(doc, `Held by ${holder}`, left, y + 2, { size: 13 }) + 18;

  drawCode(doc, text, left, y);
  const side = left + codeSide + 28;
  let factY = y;
  const facts: readonly (readonly [string, string, Font])[] = [
    ['Opens the vault with', `any ${share.threshold} of the ${share.shares} shares of this set`, 'regular'],
    ['Vault', share.vaultId, 'mono'],
    ['Set', share.setId, 'mono'],
    ['Made', `${set.createdAt.slice(0, 16).replace('T', ' ')} UTC`, 'regular'],
    ['Digest of this share', digest.match(/.{32}/g)?.join('\n') ?? digest, 'mono'],
  ];
  for (const [name, value, font] of facts) {
    factY = write(doc, name, side, factY, { size: 8, colour: colour.text3 }) - 1;
    factY = write(doc, value, side, factY, { font, size: font === 'mono' ? 9.5 : 10.5, colour: colour.text }) + 5;
  }
  y = Math.max(y + codeSide, factY) + 22;

  y = heading(
    doc,
    'The share, as text',
    'for typing, where the code cannot be read; capitals or not, spaces or not',
    y,
  );
  y = drawGroups(doc, shareGroups(share), y) + 20;

  const half = (width - 28) / 2;
  const keepEnd = drawList(doc, 'Keep it', keepIt(share), left, y, half, false);
  const useEnd = drawList(doc, 'When it is needed', useIt(share), left + half + 28, y, half, true);
  y = Math.max(keepEnd, useEnd) + 8;
  rule(doc, y);
  write(doc, plain(share), left, y + 10, { size: 8.5, colour: colour.text3 });
  doc.end();
  await done;
  return Buffer.concat(chunks);
}

function keepIt({ threshold }: ShareFields): string[] {
  return [
    'Where you keep a passport: dry, locked, and known to one person you trust.',
    'Not beside another page of this set, and not on a computer or a phone. A photograph of it is a copy of it.',
    `It opens nothing alone. ${threshold} pages together open everything the vault holds, so give it to nobody who asks by phone or mail.`,
    'If it is lost or was seen, tell the owner: a new set makes this page worthless for the vault.',
  ];
}

function useIt({ threshold }: ShareFields): string[] {
  return [
    'The owner asks you in person, or in a way you can be sure of.',
    `In Nacre: Keys, Recovery; on a new computer: First start, "Restore". Enter this page and ${threshold - 1} more: type the groups, or choose a picture of the code.`,
    'On a new computer the backup file is needed as well. A group that was mistyped is named on the screen.',
    'Afterwards the owner chooses a new passphrase and makes a new set.',
  ];
}

function plain({ threshold, shares }: ShareFields): string {
  return `This page is one of ${shares} pieces of a key (Shamir secret sharing over GF(256)). ${threshold - 1 === 1 ? 'One piece alone says' : `${threshold - 1} pieces together say`} nothing about it. The digest recognises the page and does not reveal it. Nacre stores who holds which page, never a page.`;
}

interface Style {
  readonly font?: Font;
  readonly size?: number;
  readonly colour?: string;
  readonly width?: number;
  readonly align?: 'left' | 'right';
}

/** @returns where the next line may begin. */
function write(doc: Document, text: string, x: number, y: number, style: Style = {}): number {
  const size = style.size ?? 9.5;
  doc
    .font(style.font ?? 'regular')
    .fontSize(size)
    .fillColor(style.colour ?? colour.text2);
  const options = { width: style.width ?? right - x, align: style.align ?? 'left', lineGap: size * 0.3 } as const;
  // The embedded cuts are Latin; another character of a name shows as a mark instead of vanishing.
  const shown = text.replaceAll(/[^\n\u0020-\u007E\u00A0-\u00FF\u2013\u2014\u2018-\u201E\u2026]/gu, '?');
  doc.text(shown, x, y, options);
  return y + doc.heightOfString(shown, options);
}

function rule(doc: Document, y: number): void {
  doc.moveTo(left, y).lineTo(right, y).lineWidth(0.6).strokeColor(colour.line).stroke();
}

function heading(doc: Document, text: string, note: string, y: number): number {
  rule(doc, y);
  write(doc, text, left, y + 10, { font: 'semibold', size: 11, colour: colour.text, width: 160 });
  write(doc, note, left + 160, y + 12, { size: 8.5, colour: colour.text3, align: 'right', width: width - 160 });
  return y + 34;
}

function drawFrame(doc: Document, set: ShareSet): void {
  doc
    .circle(left + 6, 39, 5.5)
    .lineWidth(1)
    .strokeColor(colour.text)
    .stroke();
  doc.circle(left + 6, 40.5, 2.4).fill(colour.text);
  write(doc, 'Nacre', left + 20, 33, { font: 'semibold', size: 10, colour: colour.text, width: 60 });
  write(doc, 'Recovery kit', left + 58, 34, { size: 8.5, colour: colour.text3, width: 120 });
  write(doc, 'SECRET, ON PAPER ONLY', left, 34, {
    font: 'semibold',
    size: 8.5,
    colour: colour.text,
    align: 'right',
    width,
  });
  rule(doc, 54);
  rule(doc, page.height - 44);
  const foot = `Vault ${set.vaultId.slice(0, 8)}, set ${set.setId}. Print it, check that the code can be read, then delete the file.`;
  write(doc, foot, left, page.height - 36, { size: 7.5, colour: colour.text3 });
}

function drawCode(doc: Document, text: string, x: number, y: number): void {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 2 });
  const module = codeSide / rows.length;
  doc.fillColor('#000000');
  rows.forEach((row, line) => {
    // Neighbours as one bar: a gap between two squares would show as a hair on paper.
    for (let at = 0; at < row.length; at++) {
      if (row[at] !== true) continue;
      const start = at;
      while (row[at + 1] === true) at++;
      doc.rect(x + start * module, y + line * module, (at - start + 1) * module, module + 0.05);
    }
  });
  doc.fill();
  doc.rect(x, y, codeSide, codeSide).lineWidth(0.6).strokeColor(colour.line).stroke();
}

function drawGroups(doc: Document, groups: readonly string[], y: number): number {
  const columns = 5;
  const cell = width / columns;
  const height = 25;
  const lines = Math.ceil(groups.length / columns);
  for (let line = 0; line < lines; line += 2) doc.rect(left, y + line * height, width, height).fill(colour.paper);
  groups.forEach((group, at) => {
    const x = left + (at % columns) * cell + 8;
    const top = y + Math.floor(at / columns) * height;
    write(doc, String(at + 1), x, top + 10, { size: 7.5, colour: colour.text3, align: 'right', width: 12 });
    write(doc, group, x + 20, top + 5, { font: 'mono', size: 14, colour: colour.text, width: cell - 28 });
  });
  return y + lines * height;
}

function drawList(
  doc: Document,
  title: string,
  items: readonly string[],
  x: number,
  y: number,
  columnWidth: number,
  numbered: boolean,
): number {
  let top = write(doc, title, x, y, { font: 'semibold', size: 11, colour: colour.text, width: columnWidth }) + 4;
  items.forEach((item, at) => {
    write(doc, numbered ? String(at + 1) : '–', x, top, { font: 'semibold', colour: colour.text, width: 12 });
    top = write(doc, item, x + 16, top, { width: columnWidth - 16 }) + 5;
  });
  return top;
}
