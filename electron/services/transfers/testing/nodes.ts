import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../../contract/result.ts';
import type { Artifact, UploadState } from '../../../contract/wire.ts';
import { leafHash, merkleRoot } from '../../../domain/merkle/merkle.ts';
import type { DownloadSource } from '../download.ts';
import type { UploadTarget } from '../upload.ts';

/** What goes wrong at the n-th call; nothing when it answers undefined. */
export type Mishap = (call: number) => Result<never> | 'half' | 'lie' | undefined;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** A node in memory that keeps what arrived, as the agent does, and misbehaves when told. */
export function memoryNode(parts: readonly Uint8Array[], mishap: Mishap = () => undefined) {
  const held = parts.map(() => Buffer.alloc(0));
  const sent = { bytes: 0, calls: 0 };
  let calls = 0;
  let check = 0;
  const state = (): UploadState => {
    const isWhole = (index: number) => held[index]?.length === parts[index]?.length;
    const indices = parts.map((_, i) => i);
    return {
      root: 'ab'.repeat(32),
      parts: parts.length,
      present: indices.filter(isWhole),
      partial: indices
        .filter((i) => !isWhole(i) && (held[i]?.length ?? 0) > 0)
        .map((part) => ({ part, bytes: held[part]?.length ?? 0 })),
      checkedBytes: check,
      complete: indices.every(isWhole) && check++ > 0,
    };
  };
  const target: UploadTarget = {
    node: 'n',
    beginUpload: async () => ok(state()),
    uploadState: async () => ok(state()),
    wire: () => ({ sent: sent.bytes, received: 0 }),
    async putPart(_root, index, from, bytes) {
      sent.bytes += bytes.length;
      sent.calls += 1;
      const wrong = mishap(calls++);
      const old = held[index] ?? Buffer.alloc(0);
      if (from > old.length) return err('wrong_state', 'a gap');
      const kept = wrong === 'half' ? bytes.subarray(0, bytes.length >> 1) : bytes;
      if (wrong === undefined || wrong === 'half') held[index] = Buffer.concat([old.subarray(0, from), kept]);
      if (wrong === 'half') return err('unavailable', 'the line broke');
      if (wrong === 'lie') return err('unavailable', 'garbage');
      if (wrong !== undefined) return wrong;
      const whole = held[index]?.length === parts[index]?.length;
      if (whole && !sha256(held[index] ?? old).equals(sha256(parts[index] ?? old))) {
        held[index] = Buffer.alloc(0);
        return err('integrity', 'another part');
      }
      return ok({ bytes: held[index]?.length ?? 0, whole });
    },
  };
  return { target, held, sent, state, drop: (index: number) => void (held[index] = Buffer.alloc(0)) };
}

/** An artifact on a node in memory. */
export function memoryArtifact(body: Buffer, partSize: number, mishap: Mishap = () => undefined) {
  const parts: string[] = [];
  for (let at = 0; at < body.length; at += partSize)
    parts.push(sha256(body.subarray(at, at + partSize)).toString('hex'));
  const root = Buffer.from(merkleRoot(parts.map((part) => leafHash(Buffer.from(part, 'hex'))))).toString('hex');
  const artifact: Artifact = {
    name: 'model.age',
    kind: 'model',
    bytes: body.length,
    sha256: sha256(body).toString('hex'),
    parts: { size: partSize, root },
  };
  let calls = 0;
  const sent = { bytes: 0 };
  const source: DownloadSource = {
    node: 'n',
    artifactParts: async () => ok(parts),
    wire: () => ({ sent: 0, received: sent.bytes }),
    async readArtifact(_job, _name, { from, until }, onPiece) {
      const wrong = mishap(calls++);
      const asked = Buffer.from(body.subarray(from, until + 1));
      if (wrong === 'lie') asked[0] = (asked[0] ?? 0) ^ 1;
      const given = wrong === 'half' ? asked.subarray(0, asked.length >> 1) : asked;
      for (let at = 0; at < given.length; at += 10_000) {
        const piece = given.subarray(at, at + 10_000);
        sent.bytes += piece.length;
        await onPiece(piece);
      }
      if (wrong === 'half') return err('unavailable', 'the line broke');
      return wrong === undefined || wrong === 'lie' ? ok(undefined) : wrong;
    },
  };
  return { artifact, source, sent };
}
