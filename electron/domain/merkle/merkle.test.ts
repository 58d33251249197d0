import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  createMerkleAppender,
  emptyRoot,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

// The eight leaves, roots and paths that the reference implementations of RFC 6962 publish
// (certificate-transparency-go and transparency-dev/merkle, "testonly" constants).
const entries = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(hexToBytes);
const leaves = entries.map(leafHash);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const hashes = (count: number) => Array.from({ length: count }, (_, i) => leafHash(Uint8Array.of(i & 255, i >> 8)));

describe('RFC 6962 tree', () => {
  it('gives the published roots', () => {
    expect(bytesToHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(bytesToHex(merkleRoot([]))).toBe(bytesToHex(emptyRoot()));
    roots.forEach((root, i) => expect(bytesToHex(merkleRoot(leaves.slice(0, i + 1)))).toBe(root));
  });

  it('gives the published inclusion paths', () => {
    expect(inclusionProof(leaves, 0)?.map(bytesToHex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(inclusionProof(leaves.slice(0, 3), 2)?.map(bytesToHex)).toEqual([roots[1]]);
    expect(inclusionProof(leaves, 8)).toBeUndefined();
  });

  it('gives the published consistency proofs', () => {
    expect(consistencyProof(leaves, 1)?.map(bytesToHex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(consistencyProof(leaves, 6)?.map(bytesToHex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      roots[3],
    ]);
    expect(consistencyProof(leaves, 0)).toBeUndefined();
    expect(consistencyProof(leaves, 9)).toBeUndefined();
  });

  it('does not take an inner node for a leaf', () => {
    expect(bytesToHex(leafHash(new Uint8Array([...leaves[0]!, ...leaves[1]!])))).not.toBe(
      bytesToHex(nodeHash(leaves[0]!, leaves[1]!)),
    );
  });

  it('proves every leaf and every prefix up to 40 leaves', () => {
    const all = hashes(40);
    for (let size = 1; size <= all.length; size++) {
      const tree = all.slice(0, size);
      const root = merkleRoot(tree);
      tree.forEach((leaf, index) => {
        const proof = inclusionProof(tree, index) ?? [];
        expect(verifyInclusion({ leaf, index, size, proof, root })).toBe(true);
        expect(verifyInclusion({ leaf, index: index + 1, size, proof, root })).toBe(false);
      });
      for (let oldSize = 1; oldSize <= size; oldSize++) {
        const claim = { oldSize, oldRoot: merkleRoot(all.slice(0, oldSize)), newSize: size, newRoot: root };
        expect(verifyConsistency({ ...claim, proof: consistencyProof(tree, oldSize) ?? [] })).toBe(true);
      }
    }
  });

  it('refuses any changed byte, missing or extra step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), (size, pick, flip) => {
        const tree = hashes(size);
        const root = merkleRoot(tree);
        const index = pick % size;
        const leaf = tree[index]!;
        const proof = inclusionProof(tree, index) ?? [];
        const broken = proof.map((hash) => hash.slice());
        broken[flip % proof.length]![flip % 32]! ^= 1 << (flip % 8);
        expect(verifyInclusion({ leaf, index, size, proof: broken, root })).toBe(false);
        expect(verifyInclusion({ leaf, index, size, proof: proof.slice(1), root })).toBe(false);
        expect(verifyInclusion({ leaf, index, size, proof: [...proof, root], root })).toBe(false);
        const oldSize = 1 + (pick % (size - 1));
        const oldRoot = merkleRoot(tree.slice(0, oldSize));
        const steps = consistencyProof(tree, oldSize) ?? [];
        const claim = { oldSize, oldRoot, newSize: size, newRoot: root };
        const forged = steps.map((hash) => hash.slice());
        forged[flip % steps.length]![flip % 32]! ^= 1 << (flip % 8);
        expect(verifyConsistency({ ...claim, proof: forged })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: steps.slice(1) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...steps, root] })).toBe(false);
        expect(verifyConsistency({ ...claim, oldRoot: root, proof: steps })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('continues from saved peaks', () => {
    const all = hashes(100);
    for (const cut of [0, 1, 37, 64, 99]) {
      const first = createMerkleAppender();
      all.slice(0, cut).forEach((leaf) => first.append(leaf));
      const second = createMerkleAppender({ size: first.size, peaks: first.peaks() });
      all.slice(cut).forEach((leaf) => second.append(leaf));
      expect(bytesToHex(second.root())).toBe(bytesToHex(merkleRoot(all)));
      expect(second.size).toBe(100);
    }
    expect(() => createMerkleAppender({ size: 3, peaks: [] })).toThrow(RangeError);
  });
});
