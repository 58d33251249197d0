import { Malformed } from './bytes.ts';

const name = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const reference = '&(?:amp|lt|gt|quot|apos|#\\d{1,7}|#x[0-9A-Fa-f]{1,6});';
const attribute = `\\s+(${name})\\s*=\\s*(?:"(?:[^"<&]|${reference})*"|'(?:[^'<&]|${reference})*')`;
const token = new RegExp(
  `<(${name})((?:${attribute})*)\\s*(/?)>|</(${name})\\s*>|((?:[^<&]|${reference})+)|<\\?xml [^?<>]*\\?>`,
  'y',
);
const attributeName = new RegExp(attribute, 'g');
const maximumDepth = 64;

/**
 * Demands that a text is well-formed XML of elements, attributes and text alone: no document type, comment, CDATA or
 * processing instruction but the declaration at the start. The parser behind xml-crypto mends what is not well formed,
 * so that two different texts would have one signed form, and prints pieces of it. @throws Malformed with the offset
 */
export function assertPlainXml(xml: string, what: string): void {
  // XML 1.0 §2.2: these characters cannot stand in a document at all.
  // eslint-disable-next-line no-control-regex
  const foreign = xml.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
  const bad = (at: number) => new Malformed(`${what} is not well-formed XML at character ${at}`);
  if (foreign >= 0) throw bad(foreign);
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (match === null) throw bad(at);
    const [whole, start, attributes = '', , closed, end, text] = match;
    if (start !== undefined) {
      const names = [...attributes.matchAll(attributeName)].map(([, key]) => key);
      roots += open.length === 0 ? 1 : 0;
      if (new Set(names).size !== names.length || roots > 1 || open.length >= maximumDepth) throw bad(at);
      if (closed !== '/') open.push(start);
    } else if (end !== undefined) {
      if (open.pop() !== end) throw bad(at);
    } else if (text === undefined ? at !== 0 : open.length === 0 && text.trim() !== '') {
      throw bad(at);
    }
    at += whole.length;
  }
  if (open.length > 0 || roots !== 1) throw bad(xml.length);
}
