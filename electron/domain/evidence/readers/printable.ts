/**
 * Text out of evidence for a row, a claim or an error: printable ASCII, shortened. Whoever writes evidence must not be
 * able to write escape sequences into a terminal, or a megabyte into a report.
 * @param maximum characters
 */
export function printable(text: string, maximum = 200): string {
  const plain = text.slice(0, maximum).replace(/[^\x20-\x7e]/g, '\ufffd');
  return text.length > maximum ? `${plain}…` : plain;
}
