import { ByteReader, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

/** A quote of a TPM: TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE (TPM 2.0 Library, part 2, §10.12). */
export interface TpmQuote {
  /** The verifier's data, whole. */
  readonly extraData: Uint8Array;
  /** Indices of the quoted registers of the SHA-256 bank, ascending. */
  readonly selected: readonly number[];
  /** SHA-256 over the selected registers. */
  readonly pcrDigest: Uint8Array;
  readonly resetCount: number;
  readonly restartCount: number;
  /** The clock never went back without being written. */
  readonly safe: boolean;
}

const generatedValue = 0xff54_4347;
const quoteType = 0x8018;
const sha256Algorithm = 0x000b;
const maximumBytes = 2048;

/** Reads a quote. The magic says that the TPM itself made the structure: it signs none with it from outside. */
export function parseTpmQuote(bytes: Uint8Array): Parsed<TpmQuote> {
  return parseWith(() => {
    if (bytes.length > maximumBytes) throw new Malformed(`a TPM quote has at most ${maximumBytes} bytes`);
    const reader = new ByteReader(bytes);
    if (reader.u32be('the magic') !== generatedValue) throw new Malformed('the TPM did not generate this structure');
    const type = reader.u16be('the type');
    if (type !== quoteType) throw new Malformed(`a TPM structure of type 0x${type.toString(16)} is no quote`);
    sized(reader, 'the signer');
    const extraData = sized(reader, 'the extra data');
    reader.slice(8, 'the clock');
    const resetCount = reader.u32be('the reset count');
    const restartCount = reader.u32be('the restart count');
    const safe = reader.u8('the safe flag');
    if (safe > 1) throw new Malformed('the safe flag is neither yes nor no');
    reader.slice(8, 'the firmware version');
    const banks = reader.u32be('the number of banks');
    const algorithm = reader.u16be('the bank');
    if (banks !== 1 || algorithm !== sha256Algorithm) throw new Malformed('the quote is not of the SHA-256 bank alone');
    const bits = reader.slice(reader.u8('the selection size'), 'the selection');
    if (bits.length > 4) throw new Malformed('the selection names registers that no TPM has');
    const selected = [...bits].flatMap((byte, at) =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((byte >> bit) & 1) === 1).map((bit) => 8 * at + bit),
    );
    const pcrDigest = sized(reader, 'the digest of the registers');
    if (pcrDigest.length !== 32) throw new Malformed('the digest of the registers is no SHA-256');
    reader.end('the quote');
    return { extraData, selected, pcrDigest, resetCount, restartCount, safe: safe === 1 };
  });
}

/** TPM2B: a length of two bytes, then as many. */
function sized(reader: ByteReader, what: string): Uint8Array {
  return reader.slice(reader.u16be(what), what);
}

/** A signature by the vTPM's RSA key. */
export interface TpmSignature {
  readonly scheme: 'rsassa' | 'rsapss';
  readonly signature: Uint8Array;
}

const schemes: Readonly<Record<number, TpmSignature['scheme']>> = { 0x0014: 'rsassa', 0x0016: 'rsapss' };

/**
 * TPMT_SIGNATURE with SHA-256, or the bare octets of an RSA signature, which are RSASSA as Azure's tools write them.
 * @param keyBytes length of the modulus
 */
export function parseTpmSignature(bytes: Uint8Array, keyBytes: number): Parsed<TpmSignature> {
  return parseWith(() => {
    if (bytes.length === keyBytes) return { scheme: 'rsassa', signature: bytes };
    const reader = new ByteReader(bytes);
    const scheme = schemes[reader.u16be('the signature scheme')];
    if (scheme === undefined || reader.u16be('the signature hash') !== sha256Algorithm) {
      throw new Malformed('the signature is not RSASSA or RSAPSS with SHA-256');
    }
    const signature = sized(reader, 'the signature');
    reader.end('the signature');
    if (signature.length !== keyBytes) throw new Malformed('the signature is not as long as the key');
    return { scheme, signature };
  });
}
