import { z } from 'zod';
import { appMethods } from './methods/app.ts';
import { approvalsMethods } from './methods/approvals.ts';
import { auditMethods } from './methods/audit.ts';
import { collateralMethods } from './methods/collateral.ts';
import { datasetsMethods } from './methods/datasets.ts';
import { evidenceFilesMethods } from './methods/evidence-files.ts';
import { evidenceMethods } from './methods/evidence.ts';
import { healthMethods } from './methods/health.ts';
import { keysMethods } from './methods/keys.ts';
import { mlflowMethods } from './methods/mlflow.ts';
import { networksMethods } from './methods/networks.ts';
import { nodesMethods } from './methods/nodes.ts';
import { policiesMethods } from './methods/policies.ts';
import { recoveryMethods } from './methods/recovery.ts';
import { reportsMethods } from './methods/reports.ts';
import { runsMethods } from './methods/runs.ts';
import { vaultMethods } from './methods/vault.ts';
import { nodeHealthSchema } from './health.ts';
import { followedRunSchema } from './mlflow.ts';
import { settingsSchema, type Settings } from './settings.ts';
import {
  activitySchema,
  appStateSchema,
  nodeViewSchema,
  runEventSchema,
  runViewSchema,
  taskViewSchema,
} from './views.ts';

export { settingsSchema, type Settings };

/**
 * Every capability of the core. Each host carries this map and nothing else; inputs are parsed at the router,
 * so a value that does not fit never reaches a service. There is no method that decrypts bytes of the caller's choice.
 */
export const methods = {
  ...appMethods,
  ...vaultMethods,
  ...keysMethods,
  ...datasetsMethods,
  ...nodesMethods,
  ...healthMethods,
  ...networksMethods,
  ...evidenceMethods,
  ...evidenceFilesMethods,
  ...collateralMethods,
  ...policiesMethods,
  ...runsMethods,
  ...recoveryMethods,
  ...mlflowMethods,
  ...reportsMethods,
  ...approvalsMethods,
  ...auditMethods,
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
  'vault.unlockWithKeychain',
  'vault.unlockWithSecurityKey',
  'vault.unlockPaths',
  'vault.lock',
  'vault.profiles',
  'vault.calibrate',
  // These ask for a passphrase themselves and give no key away.
  'vault.changePassphrase',
  'vault.retune',
  'vault.addPassphrase',
  'vault.addKeychain',
  'vault.addSecurityKey',
  'vault.removePath',
  'audit.setAside',
  'backup.check',
  'backup.restore',
  'shares.recover',
  'settings.get',
  'custody.state',
  'custody.makeOffline',
]);

/** Pushed events. Each carries enough to update or invalidate what the renderer holds; at most 10 a second each. */
export const streams = {
  'app.changed': appStateSchema,
  'task.changed': taskViewSchema,
  'node.changed': nodeViewSchema,
  'health.changed': nodeHealthSchema,
  'run.changed': runViewSchema,
  'mlflow.changed': followedRunSchema,
  'run.event': z.object({ runId: z.string(), event: runEventSchema }),
  activity: activitySchema,
} as const;

export type StreamName = keyof typeof streams;
export type StreamEvent<S extends StreamName> = z.output<(typeof streams)[S]>;
