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
/** The same as content octets. */
const extensionOctets = [0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01] as const;
const arcs = { ppid: 1, tcb: 2, pceId: 3, fmspc: 4, platformInstanceId: 6, pceSvn: 17, cpuSvn: 18 } as const;

/** Reads the SGX extension of the leaf. Any certificate gives a value, never an exception. */
export function readPckClaims(certificate: Certificate): Parsed<PckClaims> {
  return parseWith(() => {
    const value = findExtension(certificate, extension);
    if (value === undefined) throw new Malformed('the certificate has no SGX extension');
    const fields = members(readDer(value), []);
    const tcb = members(field(fields, arcs.tcb, 'TCB'), [arcs.tcb]);
    const components = Array.from({ length: 16 }, (_, at) => octet(tcb, at + 1));
    const pceSvn = smallInteger(field(tcb, arcs.pceSvn, 'PCESVN'), 'PCESVN');
    return {
      ppid: toHex(octets(field(fields, arcs.ppid, 'PPID'), 16, 'PPID')),
      components,
      pceSvn,
      cpuSvn: octets(field(tcb, arcs.cpuSvn, 'CPUSVN'), 16, 'CPUSVN'),
      pceId: toHex(octets(field(fields, arcs.pceId, 'PCEID'), 2, 'PCEID')),
      fmspc: toHex(octets(field(fields, arcs.fmspc, 'FMSPC'), 6, 'FMSPC')),
      platformInstanceId: fields.has(arcs.platformInstanceId)
        ? toHex(octets(field(fields, arcs.platformInstanceId, 'instance id'), 16, 'instance id'))
        : undefined,
    };
  });
}

/** SEQUENCE OF {id, value}, by the last arc of the id; one value an id. @param inside arcs below the extension's own */
function members(element: DerElement, inside: readonly number[]): ReadonlyMap<number | string, DerElement> {
  const prefix = [...extensionOctets, ...inside];
  const found = new Map<number | string, DerElement>();
  for (const item of children(expectTag(element, derTags.sequence, 'SGX extension'))) {
    const [id, value, ...rest] = sequence(item, 'SGX extension field');
    const name = lastArc(expectTag(id, derTags.objectIdentifier, 'SGX extension field'), prefix);
    if (value === undefined || rest.length > 0) throw new Malformed(`SGX extension field ${name} is no pair`);
    if (found.has(name)) throw new Malformed(`SGX extension field ${name} appears twice`);
    found.set(name, value);
  }
  return found;
}

/** @returns the one arc behind the prefix, where all known fields are; else the whole id as text */
function lastArc(id: DerElement, prefix: readonly number[]): number | string {
  const { content } = id;
  if (!prefix.every((octet, at) => octet === content[at])) {
    throw new Malformed(`SGX extension field ${objectIdentifier(id)} is not of the extension`);
  }
  const arc = content[prefix.length] ?? 0x80;
  return content.length === prefix.length + 1 && arc < 0x80 ? arc : objectIdentifier(id, 'SGX extension field');
}

function field(fields: ReadonlyMap<number | string, DerElement>, arc: number, what: string): DerElement {
  const value = fields.get(arc);
  if (value === undefined) throw new Malformed(`the SGX extension has no ${what}`);
  return value;
}

function octets(element: DerElement, size: number, what: string): Uint8Array {
  const { content } = expectTag(element, derTags.octetString, what);
  if (content.length !== size) throw new Malformed(`${what} has ${content.length} bytes, not ${size}`);
  return content;
}

function octet(tcb: ReadonlyMap<number | string, DerElement>, arc: number): number {
  const value = smallInteger(field(tcb, arc, `TCB component ${arc}`), `TCB component ${arc}`);
  if (value > 255) throw new Malformed(`TCB component ${arc} is over 255`);
  return value;
}
