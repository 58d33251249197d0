/** Paths of the web host. They need the session cookie that the one-time link is exchanged for; the static files do not. */
export const webPaths = {
  /** `POST` a `webCallSchema` as application/json; the answer's body is a `Result`, whatever the HTTP status. */
  call: '/api/call',
  /** WebSocket: the page sends `webClientMessageSchema`, the host sends `webServerMessageSchema`. */
  events: '/api/events',
  /** `GET download/ID`: the file behind an `exportedFile.downloadId`, once. */
  download: '/api/download/',
} as const;
