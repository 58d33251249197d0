import { err, ok, type NacreError, type Result } from '../../../electron/contract/result.ts';

/**
 * Security keys by WebAuthn with the PRF extension (WebAuthn Level 3 §10.1.4): the authenticator computes 32 bytes from
 * the salt that the vault's header names. They are an input like a typed passphrase: they go to the core once and are not
 * kept here. Browsers give WebAuthn to https pages and to `localhost` only, never to an IP address or to `app:`.
 */
export type SecurityKeySupport =
  { readonly available: true; readonly rpId: string } | { readonly available: false; readonly reason: string };

/** Whether this page may ask a security key, and if not, why and what would help. */
export function securityKeySupport(
  page: Pick<Location, 'hostname' | 'port' | 'protocol'> = location,
): SecurityKeySupport {
  if (page.protocol === 'app:') {
    return { available: false, reason: 'This window cannot ask a security key: browsers offer it to web pages only.' };
  }
  if (page.hostname !== 'localhost') {
    return {
      available: false,
      reason: `Browsers offer security keys by name, not by address. Open the link of Nacre under http://localhost:${page.port} instead of ${page.hostname}.`,
    };
  }
  return typeof PublicKeyCredential === 'undefined'
    ? { available: false, reason: 'This browser has no WebAuthn.' }
    : { available: true, rpId: page.hostname };
}

export interface SecurityKeyAnswer {
  /** base64url. */
  readonly credentialId: string;
  /** 32 bytes; a secret. */
  readonly prf: Uint8Array;
}

const userHandleBytes = 16;
const timeoutMs = 60_000;

/**
 * Makes a credential on a key that the person touches, and asks it once. Salt: 32 random bytes, hex.
 * Errors: `cancelled`, `unavailable` for a key without PRF.
 */
export async function makeSecurityKey(
  rpId: string,
  label: string,
): Promise<Result<SecurityKeyAnswer & { readonly salt: string }>> {
  const salt = crypto.getRandomValues(new Uint8Array(32));
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: 'Nacre' },
        user: { id: crypto.getRandomValues(new Uint8Array(userHandleBytes)), name: label, displayName: label },
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        // EdDSA, ES256, RS256: what authenticators have. The signature is not used, the PRF is.
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        timeout: timeoutMs,
        extensions: { prf: {} },
      },
    }),
  );
  if (!made.ok) return made;
  if (made.value.getClientExtensionResults().prf?.enabled !== true) {
    return err('unavailable', 'This security key cannot open a vault: it has no PRF (CTAP2 hmac-secret).', {
      hint: 'Use another key, or the passphrase.',
    });
  }
  const credentialId = toBase64Url(made.value.rawId);
  const answer = await askSecurityKey({ rpId, credentialId, salt: toHex(salt) });
  return answer.ok ? ok({ ...answer.value, salt: toHex(salt) }) : answer;
}

/** Asks the key that has this credential for its 32 bytes. Errors: `cancelled`, `unavailable`. */
export async function askSecurityKey(of: {
  readonly rpId: string;
  readonly credentialId: string;
  readonly salt: string;
}): Promise<Result<SecurityKeyAnswer>> {
  const got = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        rpId: of.rpId,
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        allowCredentials: [{ type: 'public-key', id: fromBase64Url(of.credentialId) }],
        userVerification: 'required',
        timeout: timeoutMs,
        extensions: { prf: { eval: { first: fromHex(of.salt) } } },
      },
    }),
  );
  if (!got.ok) return got;
  const first = got.value.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) return err('unavailable', 'The security key computed nothing: it has no PRF.');
  const prf = first instanceof ArrayBuffer ? new Uint8Array(first) : new Uint8Array(first.buffer);
  return ok({ credentialId: of.credentialId, prf });
}

async function asked(ask: () => Promise<Credential | null>): Promise<Result<PublicKeyCredential>> {
  try {
    const credential = await ask();
    return credential instanceof PublicKeyCredential
      ? ok(credential)
      : err('unavailable', 'The browser gave no security key.');
  } catch (error) {
    return { ok: false, error: problemOf(error) };
  }
}

/** WebAuthn tells deliberately little: a refusal, a time-out and a foreign key are one name. */
function problemOf(error: unknown): NacreError {
  const name = error instanceof Error ? error.name : 'Error';
  return name === 'NotAllowedError'
    ? {
        code: 'cancelled',
        message: 'The security key did not answer: it was not touched in time, refused, or is another one.',
        hint: 'Try again, or use the passphrase.',
      }
    : {
        code: 'unavailable',
        message: `The browser could not ask the security key (${name}).`,
        hint: 'Use the passphrase.',
      };
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toBase64Url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
