import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { jobDraftSchema, jobOrderSchema, type JobDraft, type JobOrder } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson } from '../dsse/dsse.ts';

/** Answers to challenges that one run may gather: fewer than a receipt names (20,000), so that the last are in it too. */
const renewalsAtMost = 15_000;

/** What a sealed dataset lends to orders and to checks of drafts. */
export interface OrderDataset {
  readonly id: string;
  readonly name: string;
  readonly root: string;
  readonly sealedBytes: number;
  readonly manifestSha256: string;
  /** Known when the dataset is one CSV table. */
  readonly columns?: readonly string[];
  readonly rows?: number;
}

export interface OrderContext {
  readonly dataset: OrderDataset;
  readonly policyDigest: string;
  /** Candidates in order of preference; the first that verifies gets the key. */
  readonly nodes: readonly string[];
  readonly outputRecipients: readonly string[];
  /** Raw Ed25519 key, base64. */
  readonly ownerKey: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What the scheduler of another network is given to start the workers. */
  readonly scheduler?: NonNullable<JobOrder['workers']>['scheduler'];
  /** Present from the second attempt of a run on. */
  readonly attempt?: JobOrder['attempt'];
}

/** How long after its budgeted time an order may still be answered: seconds. */
const graceSeconds = 3600;

/**
 * Reads a draft from anywhere. Errors: `invalid_input`, with every place that is wrong in `details.problems`.
 */
export function parseDraft(input: unknown): Result<JobDraft> {
  const parsed = jobDraftSchema.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  return draftError(
    parsed.error.issues.slice(0, 20).map((issue) => ({
      place: issue.path.map(String).join('.') || 'the job',
      message: issue.message,
    })),
  );
}

/** What no schema can see: columns of the dataset, arguments that cannot be passed. Places as in the draft. */
export function checkDraft(draft: JobDraft, dataset: OrderDataset): Result<JobDraft> {
  const problems: { place: string; message: string }[] = [];
  if (draft.name.trim() === '') problems.push({ place: 'name', message: 'give the job a name' });
  if (draft.program.type === 'builtin') {
    const { target } = draft.program;
    if (dataset.columns === undefined) {
      problems.push({
        place: 'datasetId',
        message: `${dataset.name} is not one CSV table, which the built-in trainer needs`,
      });
    } else if (!dataset.columns.includes(target)) {
      problems.push({
        place: 'program.target',
        message: `there is no column ${JSON.stringify(target)} in ${dataset.name}; it has ${listed(dataset.columns)}`,
      });
    }
    if (dataset.rows !== undefined && dataset.rows < 10) {
      problems.push({ place: 'datasetId', message: `${dataset.name} has ${dataset.rows} rows; training needs 10` });
    }
  } else {
    draft.program.command.forEach((part, i) => {
      if (part.includes('\0')) problems.push({ place: `program.command.${i}`, message: 'holds a NUL character' });
    });
    if ((draft.program.command[0] ?? '').trim() === '') {
      problems.push({ place: 'program.command.0', message: 'name a program' });
    }
  }
  if (draft.program.type === 'builtin' && (draft.workers !== undefined || draft.network !== undefined)) {
    const place = draft.workers === undefined ? 'network' : 'workers';
    problems.push({
      place,
      message: 'the built-in trainer works on one node of the local network; take a command job',
    });
  }
  if (draft.nodes.length > 0 && draft.workers !== undefined && draft.nodes.length < draft.workers.minimum) {
    problems.push({
      place: 'nodes',
      message: `${draft.nodes.length} nodes are named, ${draft.workers.minimum} must train`,
    });
  }
  const twice = draft.nodes.findIndex((node, i) => draft.nodes.indexOf(node) !== i);
  if (twice >= 0) problems.push({ place: `nodes.${twice}`, message: `${draft.nodes[twice] ?? ''} is named twice` });
  return problems.length === 0 ? ok(draft) : draftError(problems);
}

/**
 * The order of a checked draft. `jobId` is the hex SHA-256 of the JCS of all other fields.
 * Errors: `invalid_input` when something given does not fit an order (a bug of the caller, named all the same).
 */
export function buildOrder(draft: JobDraft, context: OrderContext): Result<JobOrder> {
  const { dataset, scheduler } = context;
  const together = draft.workers ?? (scheduler === undefined ? undefined : { count: 1, minimum: 1 });
  const workers = together && { ...together, ...(scheduler === undefined ? {} : { scheduler }) };
  const body: Omit<JobOrder, 'jobId'> = {
    version: 1,
    name: draft.name,
    dataset: {
      root: dataset.root,
      name: dataset.name,
      sealedBytes: dataset.sealedBytes,
      manifestSha256: dataset.manifestSha256,
    },
    program: draft.program,
    nodes: [...context.nodes],
    policyId: draft.policyId,
    policyDigest: context.policyDigest,
    budget: draft.budget,
    checkpointEverySteps: draft.checkpointEverySteps,
    evidenceRenewSeconds: renewSeconds(draft),
    outputRecipients: [...context.outputRecipients],
    ownerKey: context.ownerKey,
    ...(workers === undefined ? {} : { workers }),
    ...(context.attempt === undefined ? {} : { attempt: context.attempt }),
    createdAt: new Date(context.now).toISOString(),
    notAfter: new Date(context.now + (draft.budget.maximumSeconds + graceSeconds) * 1000).toISOString(),
  };
  const parsed = jobOrderSchema.safeParse({ ...body, jobId: jobIdOf(body) });
  if (parsed.success) return ok(parsed.data);
  return draftError(
    parsed.error.issues.map((issue) => ({ place: issue.path.map(String).join('.'), message: issue.message })),
  );
}

/**
 * How often evidence is renewed, seconds: as the draft says, unless the run may last so long that its receipt could not
 * name every answer.
 */
function renewSeconds({ evidenceRenewSeconds, budget }: JobDraft): number {
  return Math.max(evidenceRenewSeconds, Math.ceil(budget.maximumSeconds / renewalsAtMost));
}

/** Hex SHA-256 of the JCS of an order without its id. */
export function jobIdOf(order: Omit<JobOrder, 'jobId'> | JobOrder): string {
  const { jobId: _, ...body } = order as JobOrder;
  return bytesToHex(sha256(canonicalJson(body)));
}

/** Whether an order carries its own id. */
export function orderIsWhole(order: JobOrder): boolean {
  return jobIdOf(order) === order.jobId;
}

function draftError(problems: readonly { place: string; message: string }[]) {
  const first = problems[0];
  return err('invalid_input', `The job does not fit at ${first?.place ?? ''}: ${first?.message ?? ''}.`, {
    hint: problems.length > 1 ? `${problems.length - 1} more below.` : 'Change it there and try again.',
    details: { problems },
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown;
}
