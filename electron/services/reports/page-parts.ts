import { ink, type Sheet } from '../print/sheet.ts';

/** Below this a page is full. */
export const bottomOf = (sheet: Sheet): number => sheet.height - 48;

/** Where a page of the report begins below its head. */
export const pageTop = 58;

/** A section's title with a note at the right. @returns the y below it. */
export function heading(sheet: Sheet, text: string, y: number, note?: string): number {
  const { left, width } = sheet;
  sheet.write(text, left, y, { font: 'semibold', size: 9.5, colour: ink.text });
  if (note !== undefined) sheet.write(note, left, y, { size: 8, colour: ink.text3, align: 'right', width });
  return y + 19;
}
