import { utf8ToBytes } from '@noble/hashes/utils.js';
import { Malformed, concat, parseWith, type Parsed } from '../readers/bytes.ts';
import { cborBytes, readCbor, type CborMap, type CborValue } from '../readers/cbor.ts';

/** A Nitro attestation document inside its COSE_Sign1 envelope (ATTESTATION §4.3). Nothing of it is trusted yet. */
export interface NitroDocument {
  readonly moduleId: string;
  /** Milliseconds since the epoch, as the document says. */
  readonly timestamp: number;
  /** Present registers by index, 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the leaf. */
  readonly certificate: Uint8Array;
  /** DER, root first. */
  readonly caBundle: readonly Uint8Array[];
  /** Undefined when nil; empty bytes stay empty bytes, which is something else. */
  readonly publicKey: Uint8Array | undefined;
  readonly userData: Uint8Array | undefined;
  readonly nonce: Uint8Array | undefined;
  /** r ‖ s of P-384. */
  readonly signature: Uint8Array;
  /** The Sig_structure, which the signature is over. */
  readonly signed: Uint8Array;
}

export const maximumDocumentBytes = 16_384;
const es384 = -35;
/** Tag 18, COSE_Sign1: optional, and nothing else may be tagged. */
const coseSign1Tag = 0xd2;
/** array(4), text "Signature1": the start of every Sig_structure of one signer. */
const signatureContext = concat(Uint8Array.of(0x84, 0x6a), utf8ToBytes('Signature1'));
const pcrBytes = 48;
const fields = new Set([
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
]);

/** Reads a COSE_Sign1 (RFC 9052), tagged or not, with a Nitro payload, at most 16 KiB. Any bytes give a value. */
export function parseNitroDocument(bytes: Uint8Array): Parsed<NitroDocument> {
  return parseWith(() => {
    if (bytes.length > maximumDocumentBytes) {
      throw new Malformed(`the document has ${bytes.length} bytes, at most ${maximumDocumentBytes} allowed`);
    }
    const envelope = readCbor(bytes[0] === coseSign1Tag ? bytes.subarray(1) : bytes, 'the envelope');
    if (!Array.isArray(envelope) || envelope.length !== 4) throw new Malformed('the envelope is not an array of four');
    const [protectedBytes, unprotected, payloadBytes, signature] = envelope as readonly CborValue[];
    if (!isBytes(protectedBytes) || !isBytes(payloadBytes) || !isBytes(signature)) {
      throw new Malformed('the envelope does not hold byte strings');
    }
    if (!(unprotected instanceof Map) || unprotected.size !== 0)
      throw new Malformed('the unprotected header is not empty');
    const header = readCbor(protectedBytes, 'the protected header');
    if (!(header instanceof Map) || header.size !== 1 || header.get(1) !== es384) {
      throw new Malformed('the protected header is not the algorithm ES384 alone');
    }
    if (signature.length !== 96) throw new Malformed(`the signature has ${signature.length} bytes, not 96`);
    return {
      ...readPayload(readCbor(payloadBytes, 'the payload')),
      signature,
      signed: concat(
        signatureContext,
        cborBytes(protectedBytes),
        cborBytes(new Uint8Array(0)),
        cborBytes(payloadBytes),
      ),
    };
  });
}

function readPayload(payload: CborValue): Omit<NitroDocument, 'signature' | 'signed'> {
  if (!(payload instanceof Map)) throw new Malformed('the payload is not a map');
  for (const key of payload.keys()) {
    if (typeof key !== 'string' || !fields.has(key)) throw new Malformed('the payload has a field that is not known');
  }
  const moduleId = payload.get('module_id');
  const timestamp = payload.get('timestamp');
  const caBundle = payload.get('cabundle');
  if (typeof moduleId !== 'string' || moduleId.length === 0 || moduleId.length > 256) {
    throw new Malformed('module_id is not a text of 1 to 256 characters');
  }
  if (payload.get('digest') !== 'SHA384') throw new Malformed('digest is not SHA384');
  if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp) || timestamp <= 0 || timestamp > 8.64e15) {
    throw new Malformed('timestamp is not a time in milliseconds');
  }
  if (!Array.isArray(caBundle) || caBundle.length === 0 || caBundle.length > 7) {
    throw new Malformed('cabundle does not hold 1 to 7 certificates');
  }
  return {
    moduleId,
    timestamp,
    pcrs: readPcrs(payload.get('pcrs')),
    certificate: sized(payload.get('certificate'), 1024, 'certificate'),
    caBundle: caBundle.map((certificate: CborValue) => sized(certificate, 1024, 'cabundle')),
    publicKey: optional(payload.get('public_key'), 1024, 'public_key'),
    userData: optional(payload.get('user_data'), 512, 'user_data'),
    nonce: optional(payload.get('nonce'), 512, 'nonce'),
  };
}

function readPcrs(value: CborValue | undefined): ReadonlyMap<number, Uint8Array> {
  if (!(value instanceof Map) || value.size === 0) throw new Malformed('pcrs is not a map of registers');
  const found = new Map<number, Uint8Array>();
  for (const [index, digest] of value as CborMap) {
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > 31) {
      throw new Malformed('pcrs has an index outside 0 to 31');
    }
    if (!isBytes(digest) || digest.length !== pcrBytes) throw new Malformed(`PCR${index} is not ${pcrBytes} bytes`);
    found.set(index, digest);
  }
  return found;
}

function sized(value: CborValue | undefined, maximum: number, what: string): Uint8Array {
  if (!isBytes(value) || value.length === 0 || value.length > maximum) {
    throw new Malformed(`${what} is not 1 to ${maximum} bytes`);
  }
  return value;
}

function optional(value: CborValue | undefined, maximum: number, what: string): Uint8Array | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isBytes(value) || value.length > maximum) throw new Malformed(`${what} is not at most ${maximum} bytes`);
  return value;
}

function isBytes(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}
