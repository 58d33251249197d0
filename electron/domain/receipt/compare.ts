import type { JobOrder } from '../../contract/job.ts';
import type { ReceiptStatement } from '../../contract/receipt.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { equalBytes } from '../merkle/merkle.ts';

/** What the desk knows of a run from documents it checked itself; a receipt must say the same. */
export interface RunFacts {
  readonly order: JobOrder;
  /** Hex SHA-256 of the signed bytes of the order. */
  readonly orderSha256: string;
  readonly sessionId: string;
  readonly node: string;
  readonly simulated: boolean;
  /** Hex SHA-256 of the JCS of each evidence answer of this session that was verified. */
  readonly evidenceSha256: readonly string[];
  /** The one that the key release rests on. */
  readonly releaseEvidenceSha256: string;
  /** Hex SHA-256 of the EAR that came with the key. */
  readonly earSha256: string;
  /** Hex SHA-256 of the JCS of the last frame, and how many there are. */
  readonly chainHead: string;
  readonly frames: number;
  /** Hex SHA-256 of the sealed model as it arrived; absent when it is not at hand. */
  readonly modelSha256?: string;
}

/** One sentence for each point where the receipt says something else than what was checked; empty when it agrees. */
export function compareReceipt(statement: ReceiptStatement, facts: RunFacts): string[] {
  const { buildDefinition, runDetails, nacre } = statement.predicate;
  const { externalParameters: external, internalParameters: internal } = buildDefinition;
  const problems: string[] = [];
  const same = (what: string, found: unknown, expected: unknown): void => {
    if (!equalBytes(canonicalJson(found), canonicalJson(expected))) {
      problems.push(`the receipt's ${what} is ${show(found)}, the run's is ${show(expected)}`);
    }
  };
  same('job id', external.jobId, facts.order.jobId);
  same('order digest', external.orderSha256, facts.orderSha256);
  same('dataset root', external.datasetRoot, facts.order.dataset.root);
  same('policy digest', external.policyDigest, facts.order.policyDigest);
  same('program', external.program, facts.order.program);
  same('session', internal.sessionId, facts.sessionId);
  same('node', internal.node, facts.node);
  same('SIMULATED mark', nacre.simulated, facts.simulated);
  same('EAR digest', nacre.earSha256, facts.earSha256);
  same('metric chain head', nacre.chainHead, facts.chainHead);
  same('count of frames', nacre.frames, facts.frames);
  same('first evidence digest', nacre.evidenceSha256[0] ?? null, facts.releaseEvidenceSha256);
  for (const digest of facts.evidenceSha256) {
    if (!nacre.evidenceSha256.includes(digest)) problems.push(`the receipt does not name evidence ${show(digest)}`);
  }
  for (const [name, digest] of [
    ['order', facts.orderSha256],
    ['dataset', facts.order.dataset.root],
    ['manifest', facts.order.dataset.manifestSha256],
  ] as const) {
    const found = buildDefinition.resolvedDependencies.find((resource) => resource.name === name);
    same(`dependency "${name}"`, found?.digest.sha256 ?? null, digest);
  }
  const chain = runDetails.byproducts.find((resource) => resource.name === 'telemetry-chain');
  same('byproduct "telemetry-chain"', chain?.digest.sha256 ?? null, facts.chainHead);
  problems.push(...workerProblems(statement, facts));
  const model = statement.subject.find((subject) => subject.name === 'model.age');
  if (model === undefined) problems.push('the receipt names no "model.age"');
  else if (facts.modelSha256 !== undefined) same('sealed model', model.digest.sha256, facts.modelSha256);
  return problems;
}

/** A job of several workers: the receipt names them all, each of them is in the order, and its own node has its rank. */
function workerProblems({ predicate }: ReceiptStatement, { order, node }: RunFacts): string[] {
  const { worker } = predicate.nacre;
  const { workers } = order;
  if (workers === undefined || worker === undefined) {
    return workers === worker ? [] : ['the receipt and the order do not agree that several nodes train together'];
  }
  const { rank, nodes } = worker;
  const problems: string[] = [];
  if (nodes[rank] !== node)
    problems.push(`the receipt gives rank ${rank} to ${show(nodes[rank] ?? null)}, not to ${node}`);
  if (nodes.length < workers.minimum || nodes.length > workers.count || new Set(nodes).size !== nodes.length) {
    problems.push(`the receipt names ${nodes.length} workers, the order allows ${workers.minimum} to ${workers.count}`);
  }
  const strange = nodes.find((name) => !order.nodes.includes(name));
  if (strange !== undefined) problems.push(`the order does not name worker ${show(strange)}`);
  return problems;
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
