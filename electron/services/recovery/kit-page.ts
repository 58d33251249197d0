import { encodeQR } from 'qr';
import type { ShareSet } from '../../contract/recovery.ts';
import { encodeShare, shareGroups, type ShareFields } from '../../domain/recovery/share-text.ts';
import type { Font, PrintFonts } from '../print/fonts.ts';
import { createSheet, ink, type Sheet } from '../print/sheet.ts';

/** Side of the printed code: a module of 0.8 mm, which a phone reads at arm's length. */
const codeSide = 168;

/**
 * One share as one printed page: its code, its text, and what to do with it. The text stands among the keywords of the
 * document, too, so that the file can be read back without looking at the page.
 */
export async function drawSharePage(
  set: ShareSet,
  share: ShareFields,
  holder: string,
  digest: string,
  fonts: PrintFonts,
): Promise<Buffer> {
  const text = encodeShare(share);
  const title = `Recovery share ${share.index} of ${share.shares}`;
  const sheet = await createSheet({
    title,
    createdAt: set.createdAt,
    keywords: text,
    fonts,
    margin: 48,
    textSize: 9.5,
  });
  const { left, width } = sheet;

  drawFrame(sheet, set);
  let y = sheet.write(title, left, 66, { font: 'semibold', size: 24, colour: ink.text });
  y = sheet.write(`Held by ${holder}`, left, y + 2, { size: 13 }) + 18;

  drawCode(sheet, text, left, y);
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
    factY = sheet.write(name, side, factY, { size: 8, colour: ink.text3 }) - 1;
    factY = sheet.write(value, side, factY, { font, size: font === 'mono' ? 9.5 : 10.5, colour: ink.text }) + 5;
  }
  y = Math.max(y + codeSide, factY) + 22;

  y = heading(
    sheet,
    'The share, as text',
    'for typing, where the code cannot be read; capitals or not, spaces or not',
    y,
  );
  y = drawGroups(sheet, shareGroups(share), y) + 20;

  const half = (width - 28) / 2;
  const keepEnd = drawList(sheet, 'Keep it', keepIt(share), left, y, half, false);
  const useEnd = drawList(sheet, 'When it is needed', useIt(share), left + half + 28, y, half, true);
  y = Math.max(keepEnd, useEnd) + 8;
  sheet.rule(y);
  sheet.write(plain(share), left, y + 10, { size: 8.5, colour: ink.text3 });
  return sheet.finish();
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

function heading(sheet: Sheet, text: string, note: string, y: number): number {
  const { left, width } = sheet;
  sheet.rule(y);
  sheet.write(text, left, y + 10, { font: 'semibold', size: 11, colour: ink.text, width: 160 });
  sheet.write(note, left + 160, y + 12, { size: 8.5, colour: ink.text3, align: 'right', width: width - 160 });
  return y + 34;
}

function drawFrame(sheet: Sheet, set: ShareSet): void {
  const { left, width } = sheet;
  sheet.drawMasthead('Recovery kit', 33);
  sheet.write('SECRET, ON PAPER ONLY', left, 34, {
    font: 'semibold',
    size: 8.5,
    colour: ink.text,
    align: 'right',
    width,
  });
  sheet.rule(54);
  sheet.rule(sheet.height - 44);
  const foot = `Vault ${set.vaultId.slice(0, 8)}, set ${set.setId}. Print it, check that the code can be read, then delete the file.`;
  sheet.write(foot, left, sheet.height - 36, { size: 7.5, colour: ink.text3 });
}

function drawCode(sheet: Sheet, text: string, x: number, y: number): void {
  const { doc } = sheet;
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
  doc.rect(x, y, codeSide, codeSide).lineWidth(0.6).strokeColor(ink.line).stroke();
}

function drawGroups(sheet: Sheet, groups: readonly string[], y: number): number {
  const { doc, left, width } = sheet;
  const columns = 5;
  const cell = width / columns;
  const height = 25;
  const lines = Math.ceil(groups.length / columns);
  for (let line = 0; line < lines; line += 2) doc.rect(left, y + line * height, width, height).fill(ink.paper);
  groups.forEach((group, at) => {
    const x = left + (at % columns) * cell + 8;
    const top = y + Math.floor(at / columns) * height;
    sheet.write(String(at + 1), x, top + 10, { size: 7.5, colour: ink.text3, align: 'right', width: 12 });
    sheet.write(group, x + 20, top + 5, { font: 'mono', size: 14, colour: ink.text, width: cell - 28 });
  });
  return y + lines * height;
}

function drawList(
  sheet: Sheet,
  title: string,
  items: readonly string[],
  x: number,
  y: number,
  columnWidth: number,
  numbered: boolean,
): number {
  let top = sheet.write(title, x, y, { font: 'semibold', size: 11, colour: ink.text, width: columnWidth }) + 4;
  items.forEach((item, at) => {
    sheet.write(numbered ? String(at + 1) : '–', x, top, { font: 'semibold', colour: ink.text, width: 12 });
    top = sheet.write(item, x + 16, top, { width: columnWidth - 16 }) + 5;
  });
  return top;
}
