import { z } from 'zod';
import { policySchema } from './evidence.ts';
import { jobDraftSchema } from './job.ts';
import { settingsSchema, type Settings } from './settings.ts';
import {
  activitySchema,
  appStateSchema,
  auditViewSchema,
  dataPreviewSchema,
  datasetViewSchema,
  estimateSchema,
  evidenceViewSchema,
  exportedFileSchema,
  fileEntrySchema,
  keyViewSchema,
  networkStateSchema,
  nodeViewSchema,
  packVerdictSchema,
  reportViewSchema,
  runEventSchema,
  runViewSchema,
  seriesSchema,
  taskViewSchema,
  vaultStateSchema,
} from './views.ts';

const none = z.strictObject({});
const passphrase = z.string().max(16_384);
const path = z.string().min(1).max(4096);
const id = z.string().min(1).max(128);

export { settingsSchema, type Settings };

/**
 * Every capability of the core. Each host carries this map and nothing else; inputs are parsed at the router,
 * so a value that does not fit never reaches a service. There is no method that decrypts bytes of the caller's choice.
 */
export const methods = {
  'app.state': { input: none, output: appStateSchema },
  'app.activity': {
    input: z.strictObject({ limit: z.number().int().min(1).max(500) }),
    output: z.array(activitySchema),
  },

  'vault.state': { input: none, output: vaultStateSchema },
  'vault.create': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.unlock': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.lock': { input: none, output: vaultStateSchema },
  'vault.touch': { input: none, output: vaultStateSchema },
  'vault.changePassphrase': {
    input: z.strictObject({ current: passphrase, next: passphrase }),
    output: vaultStateSchema,
  },

  'keys.list': { input: none, output: z.array(keyViewSchema) },
  /** Writes the dataset identity as an age identity file, mode 0600, and logs it. Asks for the passphrase again. */
  'keys.exportIdentity': { input: z.strictObject({ passphrase, path }), output: z.object({ path: z.string() }) },

  'files.browse': {
    input: z.strictObject({ directory: path.optional() }),
    output: z.object({ directory: z.string(), parent: z.string().optional(), entries: z.array(fileEntrySchema) }),
  },

  'datasets.preview': {
    input: z.strictObject({ path, target: z.string().max(256).optional() }),
    output: dataPreviewSchema,
  },
  'datasets.seal': {
    input: z.strictObject({ path, name: z.string().min(1).max(120), target: z.string().max(256).optional() }),
    output: taskViewSchema,
  },
  'datasets.list': { input: none, output: z.array(datasetViewSchema) },
  'datasets.verify': {
    input: z.strictObject({ id }),
    output: z.object({ whole: z.boolean(), parts: z.number().int(), badParts: z.array(z.number().int()) }),
  },

  'tasks.list': { input: none, output: z.array(taskViewSchema) },
  'tasks.cancel': { input: z.strictObject({ id }), output: taskViewSchema },

  'network.state': { input: none, output: networkStateSchema },
  'network.start': { input: none, output: taskViewSchema },
  'network.stop': { input: none, output: networkStateSchema },
  'nodes.list': { input: none, output: z.array(nodeViewSchema) },
  /** Asks every node (or one) for fresh evidence and verifies it; no key is released by this. */
  'nodes.verify': { input: z.strictObject({ node: id.optional() }), output: taskViewSchema },
  'nodes.evidence': { input: z.strictObject({ node: id }), output: evidenceViewSchema.nullable() },
  'evidence.list': {
    input: z.strictObject({ limit: z.number().int().min(1).max(1000) }),
    output: z.array(evidenceViewSchema),
  },
  'evidence.get': { input: z.strictObject({ id }), output: evidenceViewSchema },

  'policies.list': {
    input: none,
    output: z.array(z.object({ policy: policySchema, digest: z.string(), builtin: z.boolean() })),
  },

  'jobs.estimate': { input: z.strictObject({ draft: jobDraftSchema }), output: estimateSchema },
  'jobs.launch': {
    input: z.strictObject({ draft: jobDraftSchema }),
    output: z.object({ runId: z.string(), jobId: z.string() }),
  },
  /** The sample job of the first run: seals the bundled table, verifies, trains; one call. */
  'jobs.launchSample': { input: none, output: z.object({ runId: z.string(), jobId: z.string() }) },

  'runs.list': { input: none, output: z.array(runViewSchema) },
  'runs.get': { input: z.strictObject({ id }), output: runViewSchema },
  'runs.events': { input: z.strictObject({ id }), output: z.array(runEventSchema) },
  'runs.series': {
    input: z.strictObject({
      id,
      names: z.array(z.string().max(128)).min(1).max(32),
      node: id.optional(),
      maximumPoints: z.number().int().min(10).max(2000),
    }),
    output: z.array(seriesSchema),
  },
  'runs.stop': { input: z.strictObject({ id }), output: runViewSchema },
  /** Opens the sealed model on this desk into a new folder and says where. */
  'runs.exportModel': {
    input: z.strictObject({ id, directory: path.optional() }),
    output: z.object({ directory: z.string(), files: z.array(exportedFileSchema) }),
  },

  'reports.list': { input: none, output: z.array(reportViewSchema) },
  'reports.exportPack': { input: z.strictObject({ runId: id, path: path.optional() }), output: exportedFileSchema },
  'reports.exportPdf': { input: z.strictObject({ runId: id, path: path.optional() }), output: exportedFileSchema },
  'reports.verifyPack': { input: z.strictObject({ path }), output: packVerdictSchema },

  'audit.list': {
    input: z.strictObject({ after: z.number().int().min(-1), limit: z.number().int().min(1).max(1000) }),
    output: z.object({ size: z.number().int(), root: z.string(), entries: z.array(auditViewSchema) }),
  },
  'audit.verify': {
    input: none,
    output: z.object({ whole: z.boolean(), size: z.number().int(), root: z.string(), problem: z.string().optional() }),
  },

  'settings.get': { input: none, output: settingsSchema },
  'settings.set': { input: settingsSchema.partial(), output: settingsSchema },
} as const;

export type MethodName = keyof typeof methods;
export type MethodInput<M extends MethodName> = z.input<(typeof methods)[M]['input']>;
export type MethodOutput<M extends MethodName> = z.output<(typeof methods)[M]['output']>;

/** Methods that work while the vault is locked: state, unlocking, and watching (DESIGN §9). */
export const lockedMethods: ReadonlySet<MethodName> = new Set<MethodName>([
  'app.state',
  'vault.state',
  'vault.create',
  'vault.unlock',
  'vault.lock',
  'settings.get',
]);

/** Pushed events. Each carries enough to update or invalidate what the renderer holds; at most 10 a second each. */
export const streams = {
  'app.changed': appStateSchema,
  'task.changed': taskViewSchema,
  'node.changed': nodeViewSchema,
  'run.changed': runViewSchema,
  'run.event': z.object({ runId: z.string(), event: runEventSchema }),
  activity: activitySchema,
} as const;

export type StreamName = keyof typeof streams;
export type StreamEvent<S extends StreamName> = z.output<(typeof streams)[S]>;
