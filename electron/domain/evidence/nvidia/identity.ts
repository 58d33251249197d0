import type { GpuArchitecture } from '../../../contract/node-evidence.ts';
import { Malformed, parseWith, type Parsed } from '../readers/bytes.ts';
import { derTags, expectTag, objectIdentifier, readDer, sequence, children } from '../readers/der.ts';
import { findExtension, type Certificate } from '../readers/x509.ts';

export type NvidiaArchitecture = GpuArchitecture | 'ls10';

const hopperOid = '2.23.133.5.4.1';
const blackwellOid = '2.23.133.5.4.1.1';
const sha384Oid = '2.16.840.1.101.3.4.2.2';

/**
 * The firmware id (TCG DICE) that the attestation key was made for: on Hopper the third part of a CompositeDeviceID, on
 * Blackwell the first of the fwids in a DiceTcbInfo. The switch has none that we know.
 */
export function readFirmwareId(leaf: Certificate, architecture: NvidiaArchitecture): Parsed<Uint8Array> {
  return parseWith(() => {
    const blackwell = architecture === 'blackwell';
    const value = findExtension(leaf, blackwell ? blackwellOid : hopperOid);
    if (value === undefined) throw new Malformed('the attestation certificate names no firmware id');
    const parts = sequence(readDer(value, 4096), 'firmware id');
    const fwid = blackwell ? children(expectFwids(parts))[0] : parts[2];
    const [algorithm, digest] = sequence(fwid, 'firmware id');
    if (objectIdentifier(algorithm) !== sha384Oid) throw new Malformed('the firmware id is no SHA-384');
    const { content } = expectTag(digest, derTags.octetString, 'firmware id');
    if (content.length !== 48) throw new Malformed(`a firmware id of ${content.length} bytes`);
    return content;
  });
}

function expectFwids(parts: readonly { tag: number }[]) {
  const found = parts.find(({ tag }) => tag === 0xa6);
  return expectTag(found as Parameters<typeof expectTag>[0], 0xa6, 'firmware ids');
}

const stated: Readonly<Record<string, NvidiaArchitecture>> = { HOPPER: 'hopper', BLACKWELL: 'blackwell', LS10: 'ls10' };

/** The architecture that a list of evidence says. @returns undefined for a name that is not known */
export function statedArchitecture(name: string): NvidiaArchitecture | undefined {
  return stated[name.toUpperCase()];
}

/** The architecture that NVIDIA named in the certificate: `GH100 A01 GSP FMC LF`, `GB100 …`, `LS_10 …`. */
export function architectureOf(leaf: Certificate): NvidiaArchitecture | undefined {
  const name = leaf.subject.commonName ?? '';
  if (/^GH\d/.test(name)) return 'hopper';
  if (/^GB\d/.test(name)) return 'blackwell';
  return name.startsWith('LS_10') ? 'ls10' : undefined;
}
