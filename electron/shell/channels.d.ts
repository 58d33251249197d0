/** The names of the only messages between page and shell. */
export declare const channels: {
  /** invoke(method, input) → Result */
  readonly call: 'nacre:call';
  /** invoke() → nothing; asks for an events port. */
  readonly connect: 'nacre:connect';
  /** Sent to the page with one MessagePort that carries `{stream, event}`. */
  readonly events: 'nacre:events';
};
