/**
 * DSSE, the envelope of everything Nacre signs (https://github.com/secure-systems-lab/dsse). The schema is part of the
 * wire protocol; the payload type is under the signature, so no document can be taken for one of another kind.
 */
export { dsseEnvelopeSchema, payloadTypes, type DsseEnvelope } from './wire.ts';
