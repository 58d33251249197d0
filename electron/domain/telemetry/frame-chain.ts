import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { frameSchema, type Frame } from '../../contract/wire.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson, type VerifySignature } from '../dsse/dsse.ts';
import { decodeBase64 } from '../encoding/base64.ts';

/** Where a chain stands: the sequence that must come next, and the hash that it must name. */
export interface ChainState {
  readonly next: number;
  /** Hex SHA-256 of the JCS of the last frame; 64 zeros at the start. */
  readonly head: string;
}

export const chainStart: ChainState = { next: 0, head: '0'.repeat(64) };

/** What every frame of one run on one node must carry. */
export interface ChainIdentity {
  readonly jobId: string;
  readonly node: string;
  /** Raw Ed25519 key that the evidence attested. */
  readonly signingKey: Uint8Array;
}

/** The bytes under a frame's signature: "nacre/frame/v1" ‖ JCS of the frame without its signature. */
export function frameMessage(frame: Omit<Frame, 'signature'>): Uint8Array {
  const { version, jobId, node, sequence, previous, at, body } = frame;
  return concatBytes(
    utf8ToBytes('nacre/frame/v1'),
    canonicalJson({ version, jobId, node, sequence, previous, at, body }),
  );
}

/** Hex SHA-256 of the JCS of a whole frame: what the next frame names as `previous`. */
export function frameHash(frame: Frame): string {
  return bytesToHex(sha256(canonicalJson(frame)));
}

/**
 * Checks one frame from the wire against its chain. A frame that fails ends the trust in the run: it is not stored and
 * nothing after it is read.
 * Errors: `integrity`, saying which property broke and at which sequence.
 */
export function acceptFrame(
  state: ChainState,
  input: unknown,
  identity: ChainIdentity,
  verify: VerifySignature,
): Result<{ readonly frame: Frame; readonly state: ChainState }> {
  const parsed = frameSchema.safeParse(input);
  const broken = (reason: string, what: string) =>
    err('integrity', `Telemetry of ${identity.node} broke at frame ${state.next}: ${what}.`, {
      hint: 'Nothing after it is trusted. Stop the run and look at its evidence; do not retry on this node.',
      details: { node: identity.node, sequence: state.next, reason },
    });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return broken(
      'frame-malformed',
      `it is no frame (${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''})`,
    );
  }
  const frame = parsed.data;
  if (frame.jobId !== identity.jobId) return broken('frame-other-job', 'it belongs to another job');
  if (frame.node !== identity.node) return broken('frame-other-node', 'it names another node');
  if (frame.sequence !== state.next) {
    return broken('frame-sequence', `its sequence is ${frame.sequence}, so frames are missing or repeated`);
  }
  if (frame.previous !== state.head) return broken('frame-previous', 'it does not follow the frame before it');
  const signature = decodeBase64(frame.signature);
  if (signature === undefined || !verify(signature, frameMessage(frame), identity.signingKey)) {
    return broken('frame-signature', 'the attested key did not sign it');
  }
  return ok({ frame, state: { next: state.next + 1, head: frameHash(frame) } });
}
