import { z } from 'zod';

/** What was measured of the way to a node or a region: an exponentially weighted mean of past transfers. */
export const throughputSchema = z.object({
  bytesPerSecond: z.number().positive(),
  /** Transfers that went into it. */
  count: z.number().int().min(1),
  /** UTC RFC 3339 of the last one. */
  at: z.string(),
});
export type Throughput = z.infer<typeof throughputSchema>;

/** What bringing a dataset to one node will take, and what that rests on. */
export const transferEstimateSchema = z.object({
  node: z.string(),
  /** Bytes to send: the dataset less what the node is known to have. */
  bytes: z.number().int().min(0),
  bytesPresent: z.number().int().min(0),
  seconds: z.number().min(0),
  /** US dollars for the bytes; absent when the network names no price. */
  usd: z.number().min(0).optional(),
  /** Where the rate comes from: this node was measured, its region was, or the directory's own figure. */
  basis: z.enum(['node', 'region', 'directory']),
  /** The same in a sentence, with count and age. */
  note: z.string(),
  /** The price, or the directory's rate, is invented. */
  simulated: z.boolean(),
});
export type TransferEstimate = z.infer<typeof transferEstimateSchema>;

/** What it then took. */
export const transferOutcomeSchema = z.object({
  seconds: z.number().min(0),
  usd: z.number().min(0).optional(),
  /** On the wire, TLS and requests included. */
  bytesSent: z.number().int().min(0),
  bytesReceived: z.number().int().min(0),
  /** Was on the node already and not sent again. */
  bytesPresent: z.number().int().min(0),
  /** Connections that broke meanwhile. */
  breaks: z.number().int().min(0),
});
export type TransferOutcome = z.infer<typeof transferOutcomeSchema>;

/** Both, side by side, for the upload of a run. */
export const runTransferSchema = z.object({
  estimated: transferEstimateSchema,
  actual: transferOutcomeSchema.optional(),
});
export type RunTransfer = z.infer<typeof runTransferSchema>;
