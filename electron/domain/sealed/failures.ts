import { err, type ErrorCode, type NacreError } from '../../contract/result.ts';

/**
 * Where an age file failed, in the words of the age test kit: text form, header, no key for it, header MAC, payload.
 * Carried as `details.failure`, because the classes call for different acts: a damaged download is fetched again, a file
 * sealed to someone else is not.
 */
export type AgeFailure = 'armor' | 'header' | 'no-match' | 'hmac' | 'payload';

const codes: Readonly<Record<AgeFailure, ErrorCode>> = {
  armor: 'damaged',
  header: 'damaged',
  'no-match': 'invalid_input',
  hmac: 'integrity',
  payload: 'integrity',
};

/** A refusal of one class, with its closed error code. */
export function refuse(
  failure: AgeFailure,
  message: string,
  hint?: string,
): { readonly ok: false; readonly error: NacreError } {
  return err(codes[failure], message, { ...(hint === undefined ? {} : { hint }), details: { failure } });
}
