import type { SnpTcb } from '../../../contract/policy.ts';
import type { AmdProduct } from '../anchors.ts';
import { Malformed, parseWith, type Parsed } from '../readers/bytes.ts';
import { derTags, expectTag, readDer, smallInteger } from '../readers/der.ts';
import { findExtension, type Certificate } from '../readers/x509.ts';
import { productOfName } from './tcb.ts';

const prefix = '1.3.6.1.4.1.3704.1';
const oids = {
  productName: `${prefix}.2`,
  bootloader: `${prefix}.3.1`,
  tee: `${prefix}.3.2`,
  snp: `${prefix}.3.3`,
  microcode: `${prefix}.3.8`,
  fmc: `${prefix}.3.9`,
  hardwareId: `${prefix}.4`,
  cspId: `${prefix}.5`,
} as const;

/** What AMD states about an endorsement key in its certificate (AMD 57230 §3.1). */
export interface EndorsementClaims {
  readonly productName: string;
  readonly product: AmdProduct | undefined;
  readonly tcb: SnpTcb;
  /** VCEK only: 64 bytes, on Turin 8. */
  readonly hardwareId: Uint8Array | undefined;
  /** VLEK only: the cloud provider. */
  readonly cspId: string | undefined;
}

/** Reads the extensions of a VCEK or VLEK. A missing security patch level is an error, not a zero. */
export function readEndorsement(leaf: Certificate): Parsed<EndorsementClaims> {
  return parseWith(() => {
    const extension = (oid: string): Uint8Array => {
      const value = findExtension(leaf, oid);
      if (value === undefined) throw new Malformed(`the certificate has no extension ${oid}`);
      return value;
    };
    const level = (oid: string) => smallInteger(readDer(extension(oid)), oid);
    const productName = text(extension(oids.productName), oids.productName);
    const product = productOfName(productName);
    const hardwareId = findExtension(leaf, oids.hardwareId);
    const cspId = findExtension(leaf, oids.cspId);
    return {
      productName,
      product,
      tcb: {
        bootloader: level(oids.bootloader),
        tee: level(oids.tee),
        snp: level(oids.snp),
        microcode: level(oids.microcode),
        ...(product === 'Turin' ? { fmc: level(oids.fmc) } : {}),
      },
      hardwareId: hardwareId === undefined ? undefined : readHardwareId(hardwareId),
      cspId: cspId === undefined ? undefined : text(cspId, oids.cspId),
    };
  });
}

function text(value: Uint8Array, what: string): string {
  const element = readDer(value, 256);
  if (element.tag !== derTags.ia5String && element.tag !== derTags.utf8String)
    throw new Malformed(`${what} is no text`);
  const found = String.fromCharCode(...element.content);
  if (!/^[\x20-\x7e]*$/.test(found)) throw new Malformed(`${what} is no plain text`);
  return found;
}

/** Raw bytes, or the same inside an OCTET STRING. Told apart by length: an id may begin with any byte, 0x04 too. */
function readHardwareId(value: Uint8Array): Uint8Array {
  if (value.length === 64 || value.length === 8) return value;
  const { content } = expectTag(readDer(value, 128), derTags.octetString, 'hardware id');
  if (content.length !== 64 && content.length !== 8) throw new Malformed(`a hardware id of ${content.length} bytes`);
  return content;
}
