import type PdfKit from 'pdfkit';
import type { Font, PrintFonts } from './fonts.ts';

/** A4 in points. */
const paper = { width: 595.28, height: 841.89 } as const;

/** The light theme's inks, which stay readable on a monochrome printer. */
export const ink = {
  text: '#191714',
  text2: '#4c4740',
  text3: '#676158',
  line: '#c6c0b4',
  paper: '#f6f3ec',
  verified: '#1a6453',
  warning: '#835300',
  refused: '#ad2717',
  pearl: ['#2f8f7a', '#4f79b8', '#ad6492', '#97762a'],
} as const;

export interface SheetOptions {
  readonly title: string;
  /** ISO 8601: the date that the document states, so that the same content makes the same document. */
  readonly createdAt: string;
  readonly keywords?: string;
  readonly fonts: PrintFonts;
  /** Points, left and right. */
  readonly margin: number;
  /** Points: the size of a text whose style names none. */
  readonly textSize: number;
}

export interface TextStyle {
  readonly font?: Font;
  readonly size?: number;
  readonly colour?: string;
  readonly width?: number;
  readonly align?: 'left' | 'right';
}

/** A4 pages with Nacre's type and inks; places are in points from the upper left corner. */
export interface Sheet {
  /** For what is drawn rather than written. */
  readonly doc: InstanceType<typeof PdfKit>;
  readonly left: number;
  readonly right: number;
  readonly width: number;
  readonly height: number;
  /** Writes wrapped text. @returns the y below it. */
  readonly write: (text: string, x: number, y: number, style?: TextStyle) => number;
  /** Writes one line, cut with an ellipsis rather than wrapped. */
  readonly writeLine: (text: string, x: number, y: number, style: TextStyle & { readonly width: number }) => void;
  /** A thin line from margin to margin. @returns its y. */
  readonly rule: (y: number) => number;
  /** The head of a page: mark, name and the kind of document. */
  readonly drawMasthead: (kind: string, y: number) => void;
  /** Ends the document. @returns its bytes. */
  readonly finish: () => Promise<Buffer>;
}

/** Begins a document with its first page. Nothing is written anywhere before `finish`. */
export async function createSheet(options: SheetOptions): Promise<Sheet> {
  const { title, createdAt, keywords, fonts, margin, textSize } = options;
  // Loaded here: a seventh of what the core needs to start, and most of its processes draw nothing.
  const { default: Document } = await import('pdfkit');
  const doc = new Document({
    size: 'A4',
    margin: 0,
    lang: 'en',
    bufferPages: true,
    info: {
      Title: title,
      Creator: 'Nacre',
      CreationDate: new Date(createdAt),
      ...(keywords === undefined ? {} : { Keywords: keywords }),
    },
  });
  for (const [name, data] of Object.entries(fonts)) doc.registerFont(name, data);
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });
  const left = margin;
  const right = paper.width - margin;
  const width = right - left;

  const write: Sheet['write'] = (text, x, y, style = {}) => {
    const size = style.size ?? textSize;
    doc
      .font(style.font ?? 'regular')
      .fontSize(size)
      .fillColor(style.colour ?? ink.text2);
    const options = { width: style.width ?? right - x, align: style.align ?? 'left', lineGap: size * 0.28 } as const;
    const shown = drawable(text);
    doc.text(shown, x, y, options);
    return y + doc.heightOfString(shown, options);
  };

  return {
    doc,
    left,
    right,
    width,
    height: paper.height,
    write,
    writeLine: (text, x, y, style) => {
      doc.font(style.font ?? 'regular').fontSize(style.size ?? textSize);
      let shown = drawable(text);
      while (shown.length > 1 && doc.widthOfString(shown) > style.width) shown = `${shown.slice(0, -2)}…`;
      doc
        .fillColor(style.colour ?? ink.text2)
        .text(shown, x, y, { width: style.width, align: style.align ?? 'left', lineBreak: false });
    },
    rule: (y) => {
      doc.moveTo(left, y).lineTo(right, y).lineWidth(0.6).strokeColor(ink.line).stroke();
      return y;
    },
    drawMasthead: (kind, y) => {
      doc
        .circle(left + 6, y + 6, 5.5)
        .lineWidth(1)
        .strokeColor(ink.text)
        .stroke();
      doc.circle(left + 6, y + 7.5, 2.4).fill(ink.text);
      write('Nacre', left + 20, y, { font: 'semibold', size: 10, colour: ink.text, width: 60 });
      write(kind, left + 58, y + 1, { size: 8.5, colour: ink.text3, width: 120 });
    },
    finish: async () => {
      doc.end();
      await ended;
      return Buffer.concat(chunks);
    },
  };
}

/** The embedded cuts are Latin; any other character of a name shows as a mark instead of vanishing. */
function drawable(text: string): string {
  return text.replaceAll(/[^\n\u0020-\u007E\u00A0-\u00FF\u2013\u2014\u2018-\u201E\u2022\u2026\u20AC\u2212]/gu, '?');
}
