import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { frameSchema, type Frame } from '../../contract/wire.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { PackCrypto } from './container.ts';

const frameDomain = utf8ToBytes('nacre/frame/v1');
const zeroDigest = '0'.repeat(64);

/** Bytes that the attested key signs for one frame (wire.ts). */
export function frameMessage(frame: Frame): Uint8Array {
  const { signature: _signature, ...body } = frame;
  return concatBytes(frameDomain, canonicalJson(body));
}

/** Hex SHA-256 of the JCS of the whole frame: what the next one names as `previous`. */
export function frameDigest(frame: Frame, crypto: Pick<PackCrypto, 'sha256'>): string {
  return bytesToHex(crypto.sha256(canonicalJson(frame)));
}

/** JSON lines, one canonical frame each, as they go into a pack. */
export function writeFrames(frames: readonly Frame[]): Uint8Array {
  const newline = Uint8Array.of(10);
  return concatBytes(...frames.flatMap((frame) => [canonicalJson(frame), newline]));
}

export interface ChainHead {
  readonly frames: number;
  /** 64 zeros when there is no frame. */
  readonly head: string;
  readonly lastStep: number;
}

export type ChainVerdict =
  | { readonly ok: true; readonly value: ChainHead }
  | { readonly ok: false; readonly reason: string; readonly detail: string };

/**
 * Walks the frames of one node: canonical lines, sequence from 0 without a gap, each naming the one before, all of this
 * job and node, all signed by the attested key. A frame that was left out, moved or made elsewhere breaks the walk.
 */
export function verifyFrames(
  lines: Uint8Array,
  expected: { readonly jobId: string; readonly node: string; readonly signingKey: Uint8Array },
  crypto: PackCrypto,
): ChainVerdict {
  let head = zeroDigest;
  let sequence = 0;
  let lastStep = 0;
  const bad = (reason: string, detail: string): ChainVerdict => ({ ok: false, reason, detail });
  for (let at = 0; at < lines.length; sequence++) {
    const end = lines.indexOf(10, at);
    if (end < 0) return bad('frame-malformed', `Frame ${sequence} does not end in a newline.`);
    const line = lines.subarray(at, end);
    at = end + 1;
    const frame = readFrame(line);
    if (frame === undefined) return bad('frame-malformed', `Line ${sequence + 1} is not a telemetry frame.`);
    if (frame.jobId !== expected.jobId || frame.node !== expected.node) {
      return bad('frame-of-another-run', `Frame ${sequence} is of node ${frame.node}, job ${frame.jobId}.`);
    }
    if (frame.sequence !== sequence) {
      return bad('frame-sequence', `Frame ${frame.sequence} stands where frame ${sequence} belongs.`);
    }
    if (frame.previous !== head) return bad('frame-chain', `Frame ${sequence} does not follow the frame before it.`);
    const signature = decodeBase64(frame.signature);
    if (signature === undefined || !crypto.verify(signature, frameMessage(frame), expected.signingKey)) {
      return bad('frame-signature', `Frame ${sequence} is not signed by the attested key of ${expected.node}.`);
    }
    if (frame.body.kind === 'metric') lastStep = Math.max(lastStep, frame.body.step);
    head = bytesToHex(crypto.sha256(line));
  }
  return { ok: true, value: { frames: sequence, head, lastStep } };
}

/** Undefined unless the line is the canonical form of a frame. */
function readFrame(line: Uint8Array): Frame | undefined {
  const text = decodeUtf8(line);
  if (text === undefined) return undefined;
  try {
    const parsed = frameSchema.safeParse(JSON.parse(text));
    return parsed.success && equalBytes(canonicalJson(parsed.data), line) ? parsed.data : undefined;
  } catch {
    // Not JSON, or nothing that has a canonical form.
    return undefined;
  }
}
