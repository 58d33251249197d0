import type { SettingsService } from '../services/settings/settings-service.ts';
import type { NacreError, Result } from '../contract/result.ts';
import type { AppState, RunView, TaskView } from '../contract/views.ts';
import type { ApprovalService } from '../services/approvals/approval-service.ts';
import type { AuditLog } from '../services/audit/audit-log.ts';
import type { DatasetStore } from '../services/datasets/dataset-record.ts';
import type { DatasetService } from '../services/datasets/dataset-service.ts';
import type { CollateralService } from '../services/evidence/collateral/collateral-service.ts';
import type { HealthService } from '../services/health/health-service.ts';
import type { ReportService } from '../services/reports/report-service.ts';
import type { RunService } from '../services/runs/run-service.ts';
import type { SealingService } from '../services/sealing/sealing-service.ts';
import type { Store } from '../services/store/store.ts';
import type { TelemetryService } from '../services/telemetry/telemetry-service.ts';
import type { TransferService } from '../services/transfers/transfer-service.ts';
import type { VaultService } from '../services/vault/vault-service.ts';
import type { IdentityLender } from './identity-lender.ts';
import type { Downloads } from './downloads.ts';
import type { EvidenceBook } from './evidence/evidence-records.ts';
import type { Inbox } from './inbox.ts';
import type { KeptEvidenceBook } from './evidence/kept-evidence.ts';
import type { Custody } from './offline-custody.ts';
import type { Mlflow } from './mlflow.ts';
import type { NetworkControl } from './networks/network-control.ts';
import type { Nodes } from './networks/nodes.ts';
import type { PolicyBook } from './policies/policy-book.ts';
import type { AgentDirectory } from './networks/agent-directory.ts';
import type { RayNetworks } from './networks/ray-networks.ts';
import type { SavedServers } from './networks/saved-servers.ts';
import type { TaskRunner } from './tasks.ts';
import type { HostKind } from './types.ts';

/** Everything that handlers work with: made once by the composition root. */
export interface Services {
  readonly host: HostKind;
  readonly version: string;
  readonly profile: string;
  readonly knownProfiles: string | undefined;
  /** Folders of the bundled tables, and of the bundled scripts with their data. */
  readonly samples: string;
  readonly examples: string;
  /** Folder of the fonts that documents are set in. */
  readonly fonts: string;
  readonly store: Store;
  readonly clock: () => number;
  readonly vault: VaultService;
  readonly lender: IdentityLender;
  readonly audit: AuditLog;
  readonly settings: SettingsService;
  readonly policies: PolicyBook;
  readonly sealing: SealingService;
  readonly datasets: DatasetService;
  /** Raw Ed25519 key of the organisation. Errors: `locked`. */
  readonly ownerKey: () => Result<Uint8Array>;
  readonly datasetStore: DatasetStore;
  readonly random: (bytes: number) => Uint8Array;
  readonly tasks: TaskRunner;
  readonly nodes: Nodes;
  readonly health: HealthService;
  readonly healthServers: SavedServers;
  readonly mlflow: Mlflow;
  readonly network: NetworkControl;
  readonly evidence: EvidenceBook;
  readonly collateral: CollateralService;
  readonly keptEvidence: KeptEvidenceBook;
  readonly inbox: Inbox;
  readonly approvals: ApprovalService;
  readonly custody: Custody;
  readonly rayNetworks: RayNetworks;
  readonly agentDirectory: AgentDirectory;
  readonly runs: RunService;
  readonly telemetry: TelemetryService;
  readonly transfers: TransferService;
  readonly reports: ReportService;
  readonly downloads: Downloads;
  readonly appState: () => AppState;
}

/** The run as its list shows it: without its log, which only its own screen needs. */
export function withoutLog(run: RunView): RunView {
  return run.log.length === 0 ? run : { ...run, log: [] };
}

/** An ended task's failure as an error again. */
export function taskFailure(task: TaskView): NacreError | undefined {
  if (task.state === 'succeeded' || task.state === 'running') return undefined;
  return { code: 'unavailable', message: `${task.title} did not succeed.`, ...task.error } as NacreError;
}
