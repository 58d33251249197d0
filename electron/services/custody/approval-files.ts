import { approvalFileSchema, approvalLimits, type ApprovalFile } from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';
import { decodeUtf8 } from '../../domain/encoding/utf8.ts';
import { createUrParts, createUrReader } from '../../domain/ur/ur.ts';
import { drawCodes, isImage, readCodes, readWhole, writeNew } from './qr-images.ts';

/** Bytes of a fragment in a picture: codes of middle size, which a camera still reads. */
const pictureFragment = 600;

/** File and QR codes carry the same bytes: the JCS of the document. */
function encodeApprovalFile(file: ApprovalFile): Uint8Array {
  return canonicalJson(file);
}

/** Errors: `damaged`, naming the place. */
function decodeApprovalFile(bytes: Uint8Array, name: string): Result<ApprovalFile> {
  if (bytes.length > approvalLimits.fileBytes) return err('damaged', `${name} is too large for requests or approvals.`);
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    if (text !== undefined) value = JSON.parse(text);
  } catch {
    // Said below, in the same words as bytes that are no text.
  }
  if (value === undefined) return err('damaged', `${name} is no file of requests or approvals: it is not JSON.`);
  const parsed = approvalFileSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return err(
    'damaged',
    `${name} is no file of requests or approvals that this Nacre knows: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
  );
}

/** Writes a new file, or a new PNG with as many QR codes as it takes. Errors: those of the disk. */
export async function writeApprovalFile(
  file: ApprovalFile,
  path: string,
  form: 'file' | 'png',
): Promise<Result<{ path: string; bytes: number; codes: number }>> {
  const bytes = encodeApprovalFile(file);
  if (form === 'file') {
    const written = await writeNew(path, bytes);
    return written.ok ? ok({ ...written.value, codes: 0 }) : written;
  }
  const { fragments, part } = createUrParts(bytes, pictureFragment);
  const written = await writeNew(path, drawCodes(Array.from({ length: fragments }, (_, i) => part(i + 1))));
  return written.ok ? ok({ ...written.value, codes: fragments }) : written;
}

/** Parts for an animated code: first each fragment once, then as many mixed ones again. */
export function animatedParts(file: ApprovalFile, fragmentBytes: number): { fragments: number; parts: string[] } {
  const { fragments, part } = createUrParts(encodeApprovalFile(file), fragmentBytes);
  const count = fragments === 1 ? 1 : fragments * 3;
  return { fragments, parts: Array.from({ length: count }, (_, i) => part(i + 1).toUpperCase()) };
}

/**
 * One document of a JSON file, or of images whose codes together hold it.
 * Errors: `damaged`, `not_found`, `wrong_state` (codes are missing, with how many), `integrity` (codes of two documents).
 */
export async function readApprovalFiles(paths: readonly string[]): Promise<Result<ApprovalFile>> {
  const texts: string[] = [];
  for (const path of paths) {
    const bytes = await readWhole(path);
    if (!bytes.ok) return bytes;
    if (!isImage(bytes.value)) {
      return paths.length === 1
        ? decodeApprovalFile(bytes.value, path)
        : err('invalid_input', `${path} is no image; give one file, or several images of one document.`);
    }
    const found = await readCodes(bytes.value, path);
    if (!found.ok) return found;
    texts.push(...found.value);
  }
  const read = readCodeTexts(texts);
  if (!read.ok) return read;
  if (read.value.file !== undefined) return ok(read.value.file);
  const { known, total } = read.value;
  return err('wrong_state', `${known} of ${total} parts were found in the images.`, { hint: 'Add the missing ones.' });
}

/** What codes hold so far. Codes of something else are an error; missing ones are not. */
export function readCodeTexts(texts: readonly string[]): Result<{ known: number; total: number; file?: ApprovalFile }> {
  const reader = createUrReader();
  for (const text of texts) {
    const added = reader.add(text);
    if (!added.ok) return added;
  }
  const message = reader.message();
  const progress = reader.progress();
  if (message === undefined) return ok(progress);
  const file = decodeApprovalFile(message, 'What the codes hold');
  return file.ok ? ok({ ...progress, file: file.value }) : file;
}
