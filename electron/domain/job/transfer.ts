import type { Throughput, TransferEstimate } from '../../contract/transfers.ts';

export interface TransferFacts {
  readonly node: string;
  readonly region: string;
  /** Advertised, not measured. */
  readonly uploadMbps: number;
  readonly transferUsdPerGb?: number | undefined;
  /** Price and advertised rate are invented. */
  readonly simulated: boolean;
  readonly bytes: number;
  /** Of them: known to be on the node. */
  readonly bytesPresent: number;
  readonly measured?: Throughput | undefined;
  readonly measuredInRegion?: Throughput | undefined;
  /** Limit of this desk, bits a second / 10^6. */
  readonly limitMbps?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What bringing a dataset to a node will take: by what was measured, else by what the directory says. */
export function estimateTransfer(facts: TransferFacts): TransferEstimate {
  const { node, bytes, bytesPresent, simulated } = facts;
  const toSend = Math.max(0, bytes - bytesPresent);
  const source = rateOf(facts);
  const limit = facts.limitMbps === undefined || facts.limitMbps <= 0 ? Infinity : (facts.limitMbps * 1e6) / 8;
  const rate = Math.max(1, Math.min(source.bytesPerSecond, limit));
  const limited = limit < source.bytesPerSecond ? ' Held back by the bandwidth limit.' : '';
  const there = bytesPresent > 0 ? ' What the node has already is not sent again.' : '';
  const usd = transferCost(toSend, facts.transferUsdPerGb);
  const price = simulated && usd !== undefined ? ' The price is SIMULATED.' : '';
  return {
    node,
    bytes: toSend,
    bytesPresent: Math.min(bytes, bytesPresent),
    seconds: toSend / rate,
    ...(usd === undefined ? {} : { usd }),
    basis: source.basis,
    note: `${source.note}${limited}${there}${price}`,
    simulated,
  };
}

/** US dollars for bytes in or out; undefined without a price. */
export function transferCost(bytes: number, usdPerGb: number | undefined): number | undefined {
  return usdPerGb === undefined ? undefined : (bytes / 1e9) * usdPerGb;
}

function rateOf({ measured, measuredInRegion, region, uploadMbps, simulated, now }: TransferFacts): {
  readonly bytesPerSecond: number;
  readonly basis: TransferEstimate['basis'];
  readonly note: string;
} {
  const told = ({ count, at }: Throughput) =>
    `${count} ${count === 1 ? 'transfer' : 'transfers'}, last ${age(now, at)}`;
  if (measured !== undefined) {
    const note = `Measured on this node: ${told(measured)}.`;
    return { bytesPerSecond: measured.bytesPerSecond, basis: 'node', note };
  }
  if (measuredInRegion !== undefined) {
    const note = `Not measured on this node yet; measured in ${region}: ${told(measuredInRegion)}.`;
    return { bytesPerSecond: measuredInRegion.bytesPerSecond, basis: 'region', note };
  }
  const note = `Not measured yet: using the directory's figure${simulated ? ' (SIMULATED)' : ''}.`;
  return { bytesPerSecond: (Math.max(0.001, uploadMbps) * 1e6) / 8, basis: 'directory', note };
}

function age(now: number, at: string): string {
  const minutes = Math.max(0, now - Date.parse(at)) / 60_000;
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${Math.round(minutes)} min ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} days ago`;
}

/** Share of the newest transfer in the mean, once there are some. */
const newestShare = 0.3;

/** Adds a transfer to a mean: the first ones weigh alike, later ones fade exponentially. */
export function addThroughput(before: Throughput | undefined, bytesPerSecond: number, at: string): Throughput {
  const count = (before?.count ?? 0) + 1;
  const share = Math.max(newestShare, 1 / count);
  const mean = before?.bytesPerSecond ?? 0;
  return { bytesPerSecond: mean + share * (bytesPerSecond - mean), count, at };
}
