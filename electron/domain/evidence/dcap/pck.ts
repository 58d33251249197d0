import { Malformed, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import {
  children,
  derTags,
  expectTag,
  objectIdentifier,
  readDer,
  sequence,
  smallInteger,
  type DerElement,
} from '../readers/der.ts';
import { findExtension, type Certificate } from '../readers/x509.ts';

/** SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile, 1.2.840.113741.1.13.1). */
export interface PckClaims {
  /** Hex, 16 bytes: the platform, encrypted to nobody: a stable id. */
  readonly ppid: string;
  /** The 16 SVNs of the CPU that the certificate was issued for. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: Uint8Array;
  /** Hex, 2 bytes. */
  readonly pceId: string;
  /** Hex, 6 bytes: family, model, stepping, platform and custom SKU. */
  readonly fmspc: string;
  /** Hex, 16 bytes; of multi-package platforms only. */
  readonly platformInstanceId: string | undefined;
}

const extension = '1.2.840.113741.1.13.1';

/** Reads the SGX extension of the leaf. Any certificate gives a value, never an exception. */
export function readPckClaims(certificate: Certificate): Parsed<PckClaims> {
  return parseWith(() => {
    const value = findExtension(certificate, extension);
    if (value === undefined) throw new Malformed('the certificate has no SGX extension');
    const fields = members(readDer(value), `${extension}.`);
    const tcb = members(field(fields, '2', 'TCB'), `${extension}.2.`);
    const components = Array.from({ length: 16 }, (_, at) => octet(tcb, String(at + 1)));
    const pceSvn = smallInteger(field(tcb, '17', 'PCESVN'), 'PCESVN');
    return {
      ppid: toHex(octets(field(fields, '1', 'PPID'), 16, 'PPID')),
      components,
      pceSvn,
      cpuSvn: octets(field(tcb, '18', 'CPUSVN'), 16, 'CPUSVN'),
      pceId: toHex(octets(field(fields, '3', 'PCEID'), 2, 'PCEID')),
      fmspc: toHex(octets(field(fields, '4', 'FMSPC'), 6, 'FMSPC')),
      platformInstanceId: fields.has('6')
        ? toHex(octets(field(fields, '6', 'instance id'), 16, 'instance id'))
        : undefined,
    };
  });
}

/** SEQUENCE OF {id, value}, by the last arc of the id; one value an id. */
function members(element: DerElement, prefix: string): ReadonlyMap<string, DerElement> {
  const found = new Map<string, DerElement>();
  for (const item of children(expectTag(element, derTags.sequence, 'SGX extension'))) {
    const [id, value, ...rest] = sequence(item, 'SGX extension field');
    const oid = objectIdentifier(id, 'SGX extension field');
    if (value === undefined || rest.length > 0) throw new Malformed(`SGX extension field ${oid} is no pair`);
    if (!oid.startsWith(prefix)) throw new Malformed(`SGX extension field ${oid} is not of the extension`);
    const arc = oid.slice(prefix.length);
    if (found.has(arc)) throw new Malformed(`SGX extension field ${oid} appears twice`);
    found.set(arc, value);
  }
  return found;
}

function field(fields: ReadonlyMap<string, DerElement>, arc: string, what: string): DerElement {
  const value = fields.get(arc);
  if (value === undefined) throw new Malformed(`the SGX extension has no ${what}`);
  return value;
}

function octets(element: DerElement, size: number, what: string): Uint8Array {
  const { content } = expectTag(element, derTags.octetString, what);
  if (content.length !== size) throw new Malformed(`${what} has ${content.length} bytes, not ${size}`);
  return content;
}

function octet(tcb: ReadonlyMap<string, DerElement>, arc: string): number {
  const value = smallInteger(field(tcb, arc, `TCB component ${arc}`), `TCB component ${arc}`);
  if (value > 255) throw new Malformed(`TCB component ${arc} is over 255`);
  return value;
}
