import type { JobOrder } from '../../contract/job.ts';
import type { CheckList } from './check-list.ts';
import type { OpenedPack, PackCrypto } from './container.ts';
import type { PackContents } from './contents.ts';

/** What later checks share: the pack and what earlier ones found out. */
export interface PackContext {
  readonly opened: OpenedPack;
  readonly contents: PackContents;
  readonly crypto: PackCrypto;
  readonly list: CheckList;
  readonly order: JobOrder;
  readonly orderSha256: string;
}
