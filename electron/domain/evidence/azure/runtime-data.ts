import { fromBase64url } from '../nras/jws.ts';
import { isZero, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';
import { jsonItems, jsonMember, jsonText, readJson } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { derBitString, derNull, derOid, derSequence, derUnsigned } from '../simulated/der-writer.ts';

/** What the paravisor states in the runtime data. */
export interface RuntimeData {
  /** DER SubjectPublicKeyInfo of the vTPM's attestation key. */
  readonly attestationKey: Uint8Array;
  /** Length of its modulus in bytes. */
  readonly keyBytes: number;
  readonly secureBoot: boolean | undefined;
  readonly claims: readonly (readonly [name: string, value: string])[];
}

/** The id that the paravisor gives to the attestation key; `HCLEkPub` beside it only encrypts. */
const attestationKeyId = 'HCLAkPub';

/** Reads the runtime JSON: exactly one RSA key `HCLAkPub` of 2048 bits or more, made for signing. */
export function parseRuntimeData(bytes: Uint8Array): Parsed<RuntimeData> {
  return parseWith(() => {
    const document = readJson(bytes, { what: 'the runtime data', maxSize: 16_384, maxDepth: 8 });
    const keys = (jsonItems(document, 'keys') ?? []).filter((key) => jsonText(key, 'kid') === attestationKeyId);
    const [key] = keys;
    if (key === undefined || keys.length > 1)
      throw new Malformed(`the runtime data has ${keys.length} attestation keys`);
    const [n, e] = ['n', 'e'].map((name) => fromBase64url(jsonText(key, name) ?? ''));
    const operations = jsonItems(key, 'key_ops') ?? [];
    const signs = operations.some((operation) => operation.kind === 'string' && operation.value === 'sign');
    if (jsonText(key, 'kty') !== 'RSA' || !signs || n === undefined || e === undefined) {
      throw new Malformed('the attestation key is not an RSA key for signing');
    }
    if (n.length < 256 || n.length > 1024 || n[0] === 0 || e.length === 0 || e.length > 8 || isZero(e)) {
      throw new Malformed('the attestation key has numbers out of range');
    }
    const configuration = jsonMember(document, 'vm-configuration');
    const claims: [string, string][] = [];
    if (configuration?.kind === 'object') {
      for (const [name, node] of configuration.members) {
        if (node.kind === 'boolean' || node.kind === 'string')
          claims.push([`VM ${printable(name, 40)}`, printable(String(node.value))]);
      }
    }
    const secureBoot = jsonMember(configuration, 'secure-boot');
    const userData = jsonText(document, 'user-data');
    if (userData !== undefined) claims.push(['user data', printable(userData)]);
    return {
      attestationKey: rsaSpki(n, e),
      keyBytes: n.length,
      secureBoot: secureBoot?.kind === 'boolean' ? secureBoot.value : undefined,
      claims,
    };
  });
}

/** SubjectPublicKeyInfo of an RSA key (RFC 8017 §A.1.1). */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return derSequence(
    derSequence(derOid('1.2.840.113549.1.1.1'), derNull()),
    derBitString(derSequence(derUnsigned(modulus), derUnsigned(exponent))),
  );
}
