import { concat } from '../readers/bytes.ts';
import { cborBytes } from '../readers/cbor.ts';
import { buildCertificate, type CertificateName, type CertificateSigner } from './certificate-builder.ts';
import { encodeCbor, type CborInput } from './cbor-writer.ts';
import { p384PrivateKey, p384Signer } from './p384-key.ts';

/** A SIMULATED Nitro hypervisor: its certificates lead to a root of its own. */
export interface SimulatedNitro {
  readonly simulated: true;
  /** Certificates of the authorities, DER, root first: the `cabundle` of a document. */
  readonly caBundle: readonly Uint8Array[];
  /** Leaf, DER. */
  readonly certificate: Uint8Array;
  readonly signer: CertificateSigner;
}

export interface SimulatedNitroOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
  /** How long the leaf is valid; AWS gives three hours. Milliseconds. */
  readonly leafLifetime?: number;
}

const hour = 3_600_000;
const name = (commonName: string): CertificateName => [
  ['O', 'Nacre local network, SIMULATED'],
  ['CN', commonName],
];

/** Root, zone and instance authorities and a leaf, all P-384, in the shape of AWS's chains. */
export function createSimulatedNitro({ now, random, leafLifetime = 3 * hour }: SimulatedNitroOptions): SimulatedNitro {
  const names = ['aws.nitro-enclaves', 'zone', 'instance', 'enclave'].map((part) => name(`${part} SIMULATED`));
  const signers = names.map(() => p384Signer(p384PrivateKey(random)));
  const certificates = names.map((subject, at) => {
    const [own, issuer] = [signers[at], signers[Math.max(at - 1, 0)]];
    if (own === undefined || issuer === undefined) throw new RangeError('every name has a key');
    const ca = at < names.length - 1;
    return buildCertificate(
      {
        subject,
        issuer: names[Math.max(at - 1, 0)] ?? subject,
        spki: own.spki,
        serial: Uint8Array.of(1, ...random(15)),
        notBefore: now - hour / 12,
        notAfter: now + (ca ? 24 * 365 * hour : leafLifetime),
        ca,
        ...(ca ? { pathLength: names.length - 2 - at } : {}),
      },
      issuer,
    );
  });
  const [signer, certificate] = [signers.at(-1), certificates.at(-1)];
  if (signer === undefined || certificate === undefined) throw new RangeError('there is a leaf');
  return { simulated: true, caBundle: certificates.slice(0, -1), certificate, signer };
}

export interface NitroClaims {
  readonly moduleId?: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** Registers by index, 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly publicKey?: Uint8Array;
  readonly userData?: Uint8Array;
  readonly nonce?: Uint8Array;
  /** Payload members that replace or join the honest ones, for attacks. */
  readonly members?: ReadonlyMap<string, CborInput>;
}

/** COSE protected header: the algorithm ES384 (-35) alone. */
const es384 = encodeCbor(new Map([[1, -35]]));

/** A signed COSE_Sign1 attestation document in AWS's format, SIMULATED. */
export function buildNitroDocument(
  nitro: SimulatedNitro,
  claims: NitroClaims,
  protectedHeader: Uint8Array = es384,
): Uint8Array {
  const payload = encodeCbor(
    new Map<string, CborInput>([
      ['module_id', claims.moduleId ?? 'i-simulated-enc-simulated'],
      ['digest', 'SHA384'],
      ['timestamp', claims.timestamp],
      ['pcrs', claims.pcrs],
      ['certificate', nitro.certificate],
      ['cabundle', nitro.caBundle],
      ['public_key', claims.publicKey ?? null],
      ['user_data', claims.userData ?? null],
      ['nonce', claims.nonce ?? null],
      ...(claims.members ?? []),
    ]),
  );
  const signed = concat(
    Uint8Array.of(0x84),
    encodeCbor('Signature1'),
    cborBytes(protectedHeader),
    cborBytes(new Uint8Array(0)),
    cborBytes(payload),
  );
  return encodeCbor([protectedHeader, new Map(), payload, nitro.signer.sign(signed)]);
}
