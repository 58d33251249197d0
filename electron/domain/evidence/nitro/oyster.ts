import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { EvidenceCrypto } from '../crypto.ts';
import { concat } from '../readers/bytes.ts';
import type { NitroDocument } from './document.ts';

const pcrBytes = 48;
/** Bits 0, 1, 2 and 16: the registers that make an image id. */
const registerMask = Uint8Array.of(0x00, 0x01, 0x00, 0x07);

/**
 * The image id that Oyster's key service authorises (ATTESTATION §4.3): SHA-256 over the register mask and PCR0, 1, 2, 16;
 * an absent PCR16 counts as zero. @returns undefined when an image register is missing
 */
export function oysterImageId(pcrs: NitroDocument['pcrs'], crypto: EvidenceCrypto): Uint8Array | undefined {
  const [image, kernel, application] = [pcrs.get(0), pcrs.get(1), pcrs.get(2)];
  if (image === undefined || kernel === undefined || application === undefined) return undefined;
  return crypto.sha256(registerMask, image, kernel, application, pcrs.get(16) ?? new Uint8Array(pcrBytes));
}

export interface OysterParameter {
  /** Name below `/init-params/`. */
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * What PCR16 must be for these attested init parameters, in the order they were given:
 * SHA-384(0^48 ‖ SHA-256 over the parameters' digests).
 */
export function oysterParametersRegister(parameters: readonly OysterParameter[], crypto: EvidenceCrypto): Uint8Array {
  const digests = parameters.map(({ name, content }) => {
    const path = utf8ToBytes(`/init-params/${name}`);
    return crypto.sha256(length(path), path, length(content), content);
  });
  return crypto.sha384(new Uint8Array(pcrBytes), crypto.sha256(concat(...digests)));
}

function length(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return field;
}
