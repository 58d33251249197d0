/**
 * Paths of the web host. They need the session cookie that the one-time link is exchanged for, and the tab's own token; the
 * static files do not.
 */
export const webPaths = {
  /** `POST` a `webCallSchema` as application/json; the answer's body is a `Result`, whatever the HTTP status. */
  call: '/api/call',
  /** `POST {}`: the answer is a `Result` of `SecretKey`, good for the secrets of one call. */
  secretKey: '/api/secret-key',
  /** WebSocket: the page sends `webClientMessageSchema`, the host sends `webServerMessageSchema`. */
  events: '/api/events',
  /** `GET download/ID`: the file behind an `exportedFile.downloadId`, once. */
  download: '/api/download/',
  /** `POST` the bytes of one file as application/octet-stream; the answer is a `Result` of `InboxFile`. */
  inbox: '/api/inbox',
} as const;

/** A P-256 key of the host for the secrets of one call. */
export interface SecretKey {
  readonly id: string;
  /** Uncompressed point, base64. */
  readonly publicKey: string;
}

/**
 * Secrets of one call on their way to the web host: there they must not pass through buffers that nobody can wipe (of
 * sockets, of the HTTP parser), nor become strings, so they come encrypted to a key that is forgotten after one use.
 * ECDH P-256 of a fresh key of the page with that of the host; HKDF-SHA-256(shared, salt = host key ‖ page key,
 * info = `sealedSecretsInfo`, 44) = AES-256-GCM key ‖ nonce; associated data = the method's name, UTF-8.
 */
export interface SealedSecrets {
  readonly keyId: string;
  /** Of the page: uncompressed point, base64. */
  readonly publicKey: string;
  /** Where each secret belongs in the input, which has null there, and its length; in the order of the plaintext. */
  readonly places: readonly { readonly path: readonly (string | number)[]; readonly bytes: number }[];
  /** Ciphertext ‖ tag, base64. */
  readonly box: string;
}

export const sealedSecretsInfo = 'nacre/web-secrets/v1';

/**
 * The token of one tab, which its link gave it beside the cookie. Browsers send a cookie to every port of a host, so that a
 * program that listens on another one of 127.0.0.1 can collect it; what lies in the session storage of this origin it
 * cannot. Where it lies, the header of a request, and a WebSocket's protocols, which have no header of their own.
 */
export const tabToken = {
  storageKey: 'nacre-tab',
  header: 'x-nacre-tab',
  /** What the two ends speak; the host answers with this one. */
  protocol: 'nacre',
  protocolPrefix: 'nacre-tab.',
} as const;

/** Header of an upload: the file's name, percent-encoded. */
export const inboxNameHeader = 'x-nacre-file-name';

/** A file that a page handed over, as it lies at the core: temporary, gone at the next lock. */
export interface InboxFile {
  readonly path: string;
  /** The name without anything that could lead elsewhere. */
  readonly name: string;
  readonly bytes: number;
}
