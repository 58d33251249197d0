import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { payloadTypes } from '../../contract/dsse.ts';
import { manifestSchema } from '../../contract/sealed.ts';
import { verifyJson } from '../dsse/dsse.ts';
import { leafHash, merkleRoot } from '../merkle/merkle.ts';
import type { PackContext } from './context.ts';

/** The manifest: signed, the one the order names, and its Merkle root computed again from its parts. */
export function checkManifest({ opened, contents, crypto, list, order }: PackContext): void {
  const title = 'The dataset manifest is signed, its Merkle root is that of its parts, and the order names both';
  const read = verifyJson(contents.manifest, manifestSchema, {
    payloadType: payloadTypes.manifest,
    trusted: [{ publicKey: opened.organisationKey }],
    verify: crypto.verify,
  });
  if (!read.ok) {
    list.fail('dataset', title, 'manifest-signature', `The dataset manifest: ${read.error.message}`);
    return;
  }
  const { value: manifest, payload } = read.value;
  const problems: string[] = [];
  const root = bytesToHex(merkleRoot(manifest.parts.map((part) => leafHash(hexToBytes(part)))));
  if (root !== manifest.root) problems.push(`the parts have root ${root}, the manifest says ${manifest.root}`);
  if (manifest.root !== order.dataset.root) problems.push('the order names another dataset root');
  if (manifest.sealedBytes !== order.dataset.sealedBytes) problems.push('the order names another sealed size');
  if (bytesToHex(crypto.sha256(payload)) !== order.dataset.manifestSha256) {
    problems.push('the order names another manifest');
  }
  list.judge('dataset', title, 'dataset-root', problems);
  list.notChecked.push('The sealed data itself: it is not in the pack. Its parts can be checked against the manifest.');
}
