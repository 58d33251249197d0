import { bytesToHex } from '@noble/hashes/utils.js';
import { payloadTypes, type DsseEnvelope } from '../../contract/dsse.ts';
import { jobOrderSchema, type JobOrder } from '../../contract/job.ts';
import { packPaths } from '../../contract/pack.ts';
import { canonicalJson, verifyJson } from '../dsse/dsse.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { CheckList } from './check-list.ts';
import type { OpenedPack, PackCrypto } from './container.ts';
import type { PackContents } from './contents.ts';
import type { OrderedAttempt, SignedOrder } from './context.ts';

interface OrderContext {
  readonly opened: OpenedPack;
  readonly contents: PackContents;
  readonly crypto: PackCrypto;
  readonly list: CheckList;
}

/**
 * Every order under the organisation's key, and that they are the attempts of one run, none missing: the number of the
 * last one is under the key of the node that carried it out. Undefined when there is nothing to compare anything with.
 */
export function checkOrders(
  context: OrderContext,
): (SignedOrder & { readonly attempts: readonly OrderedAttempt[] }) | undefined {
  const { contents, list } = context;
  const { success } = contents;
  const last = success && readOrder(context, success.order, packPaths.order(), 'order');
  if (success !== undefined && last === undefined) return undefined;
  const attempts: OrderedAttempt[] = [];
  for (const [at, documents] of contents.attempts.entries()) {
    const number = at + 1;
    const order = readOrder(context, documents.order, packPaths.order(number), `attempt.${number}.order`);
    if (order === undefined) return undefined;
    attempts.push({ ...order, number, documents });
  }
  const all = last === undefined ? attempts : [...attempts, last];
  const newest = all.at(-1);
  if (newest === undefined) return undefined;
  const problems = sequenceProblems(all, last !== undefined);
  // A run that needed one attempt, and says so, has no row about attempts.
  if (attempts.length > 0 || problems.length > 0) {
    // How many there were is under the key of the node that finished; where none did, only the log can tell.
    const title =
      last === undefined
        ? `The ${all.length} attempts here follow each other, under orders for the same work`
        : `All ${all.length} attempts of the run are here, under orders for the same work`;
    list.judge('attempts', title, 'attempts-differ', problems);
  }
  return { order: newest.order, orderSha256: newest.orderSha256, attempts };
}

/** Orders of one run, oldest first: numbered without a gap, each naming the first, all for the same work. */
function sequenceProblems(orders: readonly SignedOrder[], succeeded: boolean): string[] {
  const first = orders[0]?.order;
  const problems: string[] = [];
  orders.forEach(({ order }, at) => {
    const path = packPaths.order(succeeded && at === orders.length - 1 ? undefined : at + 1);
    const claimed = order.attempt?.number ?? 1;
    if (claimed !== at + 1) problems.push(`${path} is of attempt ${claimed}, where attempt ${at + 1} belongs`);
    if (order.attempt !== undefined && order.attempt.firstJobId !== first?.jobId) {
      problems.push(`${path} names another first order`);
    }
    if (first !== undefined && !equalBytes(canonicalJson(work(order)), canonicalJson(work(first)))) {
      problems.push(`${path} is for other data, another program or another policy than the first order`);
    }
  });
  return problems;
}

function work({ name, dataset, program, policyId, policyDigest, ownerKey }: JobOrder): Partial<JobOrder> {
  return { name, dataset, program, policyId, policyDigest, ownerKey };
}

function readOrder(
  { opened, crypto, list }: OrderContext,
  envelope: DsseEnvelope,
  path: string,
  id: string,
): SignedOrder | undefined {
  const { organisationKey, index } = opened;
  const title =
    id === 'order'
      ? 'The job order is signed by the organisation, and its id is its digest'
      : `${path} is signed by the organisation, and its id is its digest`;
  const read = verifyJson(envelope, jobOrderSchema, {
    payloadType: payloadTypes.jobOrder,
    trusted: [{ publicKey: organisationKey }],
    verify: crypto.verify,
  });
  if (!read.ok) {
    list.fail(id, title, 'order-signature', `${path}: ${read.error.message}`);
    return undefined;
  }
  const { value: order, payload } = read.value;
  const { jobId, ...rest } = order;
  const problems: string[] = [];
  if (bytesToHex(crypto.sha256(canonicalJson(rest))) !== jobId) {
    problems.push(`${path}: the job id is not the digest of the order`);
  }
  if (!equalBytes(canonicalJson(order), payload)) {
    problems.push(`${path}: the signed order is not in its canonical form`);
  }
  if (order.ownerKey !== encodeBase64(organisationKey)) {
    problems.push(`${path}: the order names another owner than its signer`);
  }
  if (order.name !== index.runName) problems.push('the pack is titled after another job');
  list.judge(id, title, 'order-inconsistent', problems);
  return { order, orderSha256: bytesToHex(crypto.sha256(payload)) };
}
