import { concatBytes } from '@noble/hashes/utils.js';
import type { Frame } from '../../contract/wire.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { acceptFrame, chainStart, type ChainIdentity } from '../telemetry/frame-chain.ts';
import { parseCanonical, type PackCrypto } from './container.ts';

const newline = 10;

/** JSON lines, one canonical frame each, as they go into a pack. */
export function writeFrames(frames: readonly Frame[]): Uint8Array {
  return concatBytes(...frames.flatMap((frame) => [canonicalJson(frame), Uint8Array.of(newline)]));
}

export interface ChainHead {
  readonly frames: number;
  /** 64 zeros when there is no frame. */
  readonly head: string;
  readonly lastStep: number;
}

/**
 * Walks the frames of one node: canonical lines, each following the one before, all signed by the attested key. A frame
 * that was left out, moved or made elsewhere breaks the walk. Each frame that holds is handed to `onFrame`.
 * Errors: `integrity`, naming the frame.
 */
export function verifyFrames(
  lines: Uint8Array,
  identity: ChainIdentity,
  crypto: Pick<PackCrypto, 'verify'>,
  onFrame?: (frame: Frame) => void,
): Result<ChainHead> {
  let state = chainStart;
  let lastStep = 0;
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(newline, at);
    const json = end < 0 ? undefined : parseCanonical(lines.subarray(at, end));
    if (json === undefined) {
      return err('integrity', `Line ${state.next + 1} of the telemetry is not one frame in its canonical form.`);
    }
    const accepted = acceptFrame(state, json.value, identity, crypto.verify);
    if (!accepted.ok) return accepted;
    state = accepted.value.state;
    onFrame?.(accepted.value.frame);
    const { body } = accepted.value.frame;
    if (body.kind === 'metric') lastStep = Math.max(lastStep, body.step);
    at = end + 1;
  }
  return ok({ frames: state.next, head: state.head, lastStep });
}
