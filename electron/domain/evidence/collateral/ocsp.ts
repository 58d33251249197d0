import { Malformed, toHex } from '../readers/bytes.ts';
import {
  children,
  derTags,
  expectTag,
  integerBytes,
  objectIdentifier,
  readDer,
  sequence,
  time,
} from '../readers/der.ts';

const basicResponse = '1.3.6.1.5.5.7.48.1.1';
const successful = 0;

/**
 * What an OCSP answer (RFC 6960) is about and how long it counts. Kept in bundles beside the rest; its signature is checked
 * by whoever uses it. @throws Malformed
 */
export function readOcsp(der: Uint8Array): {
  readonly id: string;
  readonly validFrom: number;
  readonly validUntil: number | undefined;
  readonly number: undefined;
} {
  const [status, tagged] = sequence(readDer(der, 65_536), 'OCSP answer');
  if (expectTag(status, derTags.enumerated, 'OCSP status').content[0] !== successful || tagged === undefined) {
    throw new Malformed('the OCSP answer tells of an error, not of a certificate');
  }
  const [type, octets] = sequence(children(expectTag(tagged, 0xa0, 'OCSP answer'))[0], 'OCSP answer');
  if (objectIdentifier(type, 'OCSP type') !== basicResponse)
    throw new Malformed('the OCSP answer is of an unknown type');
  const [data] = sequence(
    readDer(expectTag(octets, derTags.octetString, 'OCSP answer').content, 65_536),
    'OCSP response',
  );
  const list = sequence(data, 'OCSP data').find(({ tag }) => tag === derTags.sequence);
  const [single] = sequence(list, 'OCSP answers');
  const [certificate, , thisUpdate, next] = sequence(single, 'OCSP single answer');
  const serial = integerBytes(sequence(certificate, 'OCSP certificate')[3], 'OCSP serial');
  const nextUpdate = next?.tag === 0xa0 ? time(children(next)[0], 'nextUpdate') : undefined;
  return { id: toHex(serial), validFrom: time(thisUpdate, 'thisUpdate'), validUntil: nextUpdate, number: undefined };
}
