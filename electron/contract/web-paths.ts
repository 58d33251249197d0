/** Paths of the web host. They need the session cookie that the one-time link is exchanged for; the static files do not. */
export const webPaths = {
  /** `POST` a `webCallSchema` as application/json; the answer's body is a `Result`, whatever the HTTP status. */
  call: '/api/call',
  /** WebSocket: the page sends `webClientMessageSchema`, the host sends `webServerMessageSchema`. */
  events: '/api/events',
  /** `GET download/ID`: the file behind an `exportedFile.downloadId`, once. */
  download: '/api/download/',
  /** `POST` the bytes of one file as application/octet-stream; the answer is a `Result` of `InboxFile`. */
  inbox: '/api/inbox',
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
