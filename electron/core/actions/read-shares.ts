import { basename } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { shareMark } from '../../domain/recovery/share-text.ts';
import { isImage, readCodes, readWhole } from '../../services/custody/qr-images.ts';

/** As a person gives one: typed, or a file of the desk. */
export type GivenShare = { readonly text: string } | { readonly path: string };

const marked = new RegExp(`${shareMark}[ A-Z0-9]{26,200}`);
/** Bytes of a text file or of a page of the kit. */
const largestFile = 8 * 1_048_576;

/**
 * The texts of shares: as they were typed, or out of a text file, a PDF page of the kit, or a picture of its code.
 * Errors: `not_found`, `invalid_input`, `damaged`; each names the file, never what is in it.
 */
export async function readShares(given: readonly GivenShare[]): Promise<Result<string[]>> {
  const texts: string[] = [];
  for (const share of given) {
    const text = 'text' in share ? ok(share.text) : await readShareFile(share.path);
    if (!text.ok) return text;
    texts.push(text.value);
  }
  return ok(texts);
}

async function readShareFile(path: string): Promise<Result<string>> {
  const bytes = await readWhole(path);
  if (!bytes.ok) return bytes;
  const name = basename(path);
  if (isImage(bytes.value)) {
    const codes = await readCodes(bytes.value, name);
    if (!codes.ok) return codes;
    const found = codes.value.filter((code) => marked.test(code));
    return found.length === 1 && found[0] !== undefined
      ? ok(found[0])
      : err('not_found', `${name} shows ${found.length === 0 ? 'no code' : 'several codes'} of a recovery share.`);
  }
  if (bytes.value.length > largestFile) return err('invalid_input', `${name} is too large for a recovery share.`);
  // The pages of the kit carry the text among their keywords, in plain letters.
  const text = Buffer.from(bytes.value).toString('latin1');
  const found = marked.exec(text)?.[0];
  if (found !== undefined) return ok(found);
  return text.length <= 1024 && /^[\x20-\x7e\s]*$/.test(text)
    ? ok(text.slice(0, 512))
    : err('not_found', `There is no recovery share in ${name}.`, { hint: 'Type its 26 groups.' });
}
