import type { JobOrder } from '../../contract/job.ts';
import type { CheckList } from './check-list.ts';
import type { OpenedPack, PackCrypto } from './container.ts';
import type { PackAttempt, PackContents } from './contents.ts';

/** An order whose signature holds. */
export interface SignedOrder {
  readonly order: JobOrder;
  /** Hex SHA-256 of its signed bytes. */
  readonly orderSha256: string;
}

/** An attempt that ended without a model, with its order. */
export interface OrderedAttempt extends SignedOrder {
  /** 1 for the first. */
  readonly number: number;
  readonly documents: PackAttempt;
}

/** What later checks share: the pack and what earlier ones found out. The order is that of the last attempt. */
export interface PackContext extends SignedOrder {
  readonly opened: OpenedPack;
  readonly contents: PackContents;
  readonly crypto: PackCrypto;
  readonly list: CheckList;
  readonly attempts: readonly OrderedAttempt[];
}
