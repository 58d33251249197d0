/** The names of the only messages between a page and the Electron shell. */
export const pageChannels = {
  /** invoke(method, input) → Result */
  call: 'nacre:call',
  /** invoke() → Result; asks for an events port. */
  connect: 'nacre:connect',
  /** Sent to the page with one MessagePort that carries `{stream, event}`. */
  events: 'nacre:events',
} as const;
