import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { auditLimits } from '../../contract/audit.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { verifyEd25519, type VerifySignature } from '../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';

/**
 * C2SP tlog-checkpoint inside a C2SP signed-note, so that any transparency-log tool can read and check the head:
 *
 *     origin\n size\n base64(root)\n \n — name base64(keyHash(4) ‖ signature(64))\n
 */
export interface TreeHead {
  /** Names the log; also the name of its key. No spaces, no plus sign. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

const ed25519Algorithm = Uint8Array.of(1);

/** The origin of the log whose key this is. */
export function originOf(keyId: string): string {
  return `nacre.audit/${keyId.slice(0, 16)}`;
}

/** The text that is signed. */
export function checkpointText(head: TreeHead): string {
  return `${head.origin}\n${head.size}\n${encodeBase64(head.root)}\n`;
}

/** First four bytes of SHA-256(name ‖ LF ‖ algorithm ‖ public key): a hint which key signed, no proof. */
function keyHash(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(`${name}\n`), ed25519Algorithm, publicKey)).slice(0, 4);
}

/** Puts a signature over `checkpointText(head)` under it. */
export function noteOf(head: TreeHead, publicKey: Uint8Array, signature: Uint8Array): string {
  const signed = encodeBase64(concatBytes(keyHash(head.origin, publicKey), signature));
  return `${checkpointText(head)}\n\u2014 ${head.origin} ${signed}\n`;
}

/**
 * Reads a note and checks that this key signed it. Signatures of others (witnesses) may stand beside ours.
 * Errors: `damaged` (not a checkpoint), `integrity` (not signed by the key).
 */
export function openNote(
  note: string,
  publicKey: Uint8Array,
  verify: VerifySignature = verifyEd25519,
): Result<TreeHead> {
  if (note.length > auditLimits.noteBytes) return damaged('is too large');
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return damaged('is not a signed note');
  const text = note.slice(0, split + 1);
  const lines = text.split('\n');
  const [origin, sizeText, rootText] = lines;
  if (origin === undefined || !/^[^\s+]{1,128}$/.test(origin)) return damaged('has no origin');
  if (sizeText === undefined || !/^(0|[1-9]\d{0,15})$/.test(sizeText)) return damaged('has no size');
  const size = Number(sizeText);
  const root = rootText === undefined ? undefined : decodeBase64(rootText);
  if (!Number.isSafeInteger(size) || root?.length !== 32 || lines.length !== 4) return damaged('has no root');
  const message = utf8ToBytes(text);
  const hint = keyHash(origin, publicKey);
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const match = /^\u2014 (\S+) (\S+)$/.exec(line);
    const blob = match?.[2] === undefined ? undefined : decodeBase64(match[2]);
    if (match === null || blob === undefined || blob.length < 5)
      return damaged('has a signature line that cannot be read');
    if (match[1] !== origin || blob.length !== 68 || !blob.slice(0, 4).every((byte, i) => byte === hint[i])) continue;
    if (verify(blob.slice(4), message, publicKey)) return ok({ origin, size, root });
  }
  return err('integrity', 'The checkpoint of the audit log is not signed by the key of its owner.');
}

function damaged(what: string) {
  return err('damaged', `The checkpoint of the audit log ${what}.`);
}
