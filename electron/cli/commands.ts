import { approveCommand } from './approve-command.ts';
import { auditCommand } from './audit-command.ts';
import { backupCommand } from './backup-command.ts';
import { collateralCommand } from './collateral-command.ts';
import type { Command } from './command.ts';
import { conformanceCommand } from './conformance-command.ts';
import { datasetCommand } from './dataset-command.ts';
import { custodyCommand } from './custody-command.ts';
import { demoCommand } from './demo-command.ts';
import { evidenceCommand } from './evidence-command.ts';
import { healthCommand } from './health-command.ts';
import { keyCommand } from './key-command.ts';
import { launchCommand } from './launch-command.ts';
import { membersCommand } from './members-command.ts';
import { mlflowCommand } from './mlflow-command.ts';
import { modelCommand } from './model-command.ts';
import { networkCommand } from './network-command.ts';
import { nodesCommand } from './nodes-command.ts';
import { openCommand } from './open-command.ts';
import { policyCommand } from './policy-command.ts';
import { reportCommand } from './report-command.ts';
import { runsCommand } from './runs-command.ts';
import { sealCommand } from './seal-command.ts';
import { settingsCommand } from './settings-command.ts';
import { shareCommand } from './share-command.ts';
import { vaultCommand } from './vault-command.ts';
import { verifyCommand } from './verify-command.ts';

/** Every word `nacre` knows, in the order of its help. A new command is a file and a line here. */
export const commands: readonly Command[] = [
  demoCommand,
  verifyCommand,
  evidenceCommand,
  collateralCommand,
  conformanceCommand,
  sealCommand,
  openCommand,
  datasetCommand,
  nodesCommand,
  healthCommand,
  networkCommand,
  policyCommand,
  launchCommand,
  runsCommand,
  mlflowCommand,
  modelCommand,
  reportCommand,
  vaultCommand,
  keyCommand,
  backupCommand,
  shareCommand,
  approveCommand,
  membersCommand,
  custodyCommand,
  auditCommand,
  settingsCommand,
];
