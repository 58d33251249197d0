import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { payloadTypes } from '../contract/dsse.ts';
import { ok, type Result } from '../contract/result.ts';
import { settingsDefaults } from '../contract/settings.ts';
import type { RunView } from '../contract/views.ts';
import { vendorAnchors } from '../domain/evidence/anchors.ts';
import { createAppraiser } from '../domain/pack/appraiser.ts';
import { createApprovalService } from '../services/approvals/approval-service.ts';
import { createDatasetService } from '../services/datasets/dataset-service.ts';
import { createCollateralService } from '../services/evidence/collateral/collateral-service.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';
import { createEvidenceVerifier } from '../services/evidence/verifier.ts';
import { createReportService } from '../services/reports/report-service.ts';
import { proveRun } from '../services/reports/run-entries.ts';
import { writeWhole } from '../services/reports/write-file.ts';
import { createRunService } from '../services/runs/run-service.ts';
import type { AuditPort, RunPorts } from '../services/runs/ports.ts';
import { previewSource, tableFormat } from '../services/sealing/preview.ts';
import { loadSealedDataset } from '../services/sealing/sealed-dataset.ts';
import { createSealingService } from '../services/sealing/sealing-service.ts';
import { createTelemetryService } from '../services/telemetry/telemetry-service.ts';
import { createTransferService } from '../services/transfers/transfer-service.ts';
import { createSealingPool } from '../workers/sealing-pool.ts';
import { createTableInspector } from '../workers/table-inspector.ts';
import { createLoggedRules } from './policies/logged-rules.ts';
import { activityOf } from './activity.ts';
import { appStateOf } from './app-state.ts';
import { createAgentDirectory } from './networks/agent-directory.ts';
import { createAttestor } from './evidence/attest-node.ts';
import type { CoreOptions } from './core-options.ts';
import { createDownloads } from './downloads.ts';
import { sha256Of } from './ed25519.ts';
import { createEvidenceBook } from './evidence/evidence-records.ts';
import { createInbox } from './inbox.ts';
import { createKeptEvidence } from './evidence/kept-evidence.ts';
import { createIdentityLender } from './identity-lender.ts';
import { rememberProfile } from './known-profiles.ts';
import { createNetworkControl } from './networks/network-control.ts';
import { createMlflow } from './mlflow.ts';
import { createNodeHealth, sourceOf } from './networks/node-health.ts';
import { createNodes } from './networks/nodes.ts';
import { createSavedServers } from './networks/saved-servers.ts';
import { createLoggedPolicies } from './policies/logged-policies.ts';
import { openProfile } from './open-profile.ts';
import { createPolicyBook } from './policies/policy-book.ts';
import { createRayNetworks } from './networks/ray-networks.ts';
import { createReportSource } from './evidence/report-source.ts';
import type { Services } from './services.ts';
import { createCheckpointOpener } from './sealed-checkpoint.ts';
import { createSigning } from './signing.ts';
import { createStores } from './stores.ts';
import { createStreamHub, type StreamHub } from './streams.ts';
import { createTaskRunner } from './tasks.ts';
import { trackWith } from './tracked-transfer.ts';
import { createNodeVerifier, createPackVerifier, signEarlierResult } from './evidence/verifier.ts';

type ComposeOptions = CoreOptions & Required<Pick<CoreOptions, 'clock' | 'random'>>;

export interface Composed {
  readonly services: Services;
  readonly hub: StreamHub;
  readonly trouble: (what: string, problem: unknown) => void;
  close(): Promise<void>;
}

/** Bundles keep the folders of the sources, with other endings. */
const built = !import.meta.url.endsWith('.ts');
const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Makes every service once and wires them. Errors: those of the store and the audit log; then nothing stays open. */
export async function composeServices(options: ComposeOptions): Promise<Result<Composed>> {
  const { profile, clock, random, host } = options;
  const version = options.version ?? '0.1.0';
  const assets = options.assets ?? beside('../../assets');
  const opened = await openProfile(options);
  if (!opened.ok) return opened;
  const { store, logger, trouble, verify, audit, settings, vault, custody } = opened.value;
  const { offline } = custody;
  const newId = (kind: string) => `${kind}-${Buffer.from(random(8)).toString('hex')}`;
  const stores = createStores(store, (message) => trouble('store', message));
  const signing = createSigning(vault);
  const lender = createIdentityLender(vault);
  const hub = createStreamHub({ visible: vault.unlocked, onListenerError: trouble });
  const log: AuditPort = (kind, subject, details, simulated) => {
    const written = audit.append({ kind, actor: 'core', subject, details: { ...details }, simulated });
    return written.ok ? ok(undefined) : written;
  };
  const emitApp = () => hub.emit('app.changed', 'app', () => services.appState());

  const approvals = createApprovalService({
    store,
    audit: log,
    loggedRules: createLoggedRules(audit),
    ownKey: () => {
      const signer = vault.keys.signer('approval');
      return signer.ok ? ok(signer.value.publicKey) : signer;
    },
    sign: (payloadType, value) => signing.envelope('approval', payloadType, value),
    verify,
    clock,
    random,
    offline,
    onChange: emitApp,
  });

  const sealing = createSealingService({
    pool: createSealingPool(options.sealingEntry === undefined ? {} : { entry: options.sealingEntry }),
    random,
    clock,
  });
  const inspectTable = createTableInspector();
  const downloads = createDownloads(() => newId('file'));
  const datasets = createDatasetService({
    sealing,
    preview: (path, settings) => previewSource(path, { ...settings, inspect: inspectTable }),
    inspectTable,
    tableFormat,
    load: loadSealedDataset,
    store: stores.datasets,
    folder: join(profile, 'datasets'),
    random,
    clock,
    verify,
    trustedKeys: vault.keys.trusted,
    signManifest: (manifest) => signing.envelope('manifest', payloadTypes.manifest, manifest),
    recipients: signing.outputRecipients,
    identities: lender.identities,
    lendIdentities: (work) =>
      lender.lend(async () => {
        const lent = lender.identities();
        return lent.ok ? work(lent.value) : lent;
      }),
    logSealed: (root, details) => log('dataset-sealed', root, details, false),
  });
  const tasks = createTaskRunner({
    newId: () => newId('task'),
    onChange: (view) => hub.emit('task.changed', view.id, () => view),
    onBug: trouble,
  });
  const telemetry = createTelemetryService({
    frames: store.frames,
    verify,
    transaction: store.transaction,
  });
  const nodes = createNodes({
    clock,
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
    ...(options.wrapClient === undefined ? {} : { wrapClient: options.wrapClient }),
    onNode: (view) => hub.emit('node.changed', view.name, () => view),
    onNetwork: emitApp,
    onMetrics: (node, answer) => health.record(node, answer),
    runsOn: (node) => runs.active().flatMap((run) => (worksOn(run, node) ? [run.id] : [])),
  });
  const evidence = createEvidenceBook(stores.evidence);
  const healthServers = createSavedServers(vault, 'health/');
  const health = createNodeHealth({
    nodes,
    evidence,
    servers: healthServers,
    clock,
    onChange: (view) => hub.emit('health.changed', view.node, () => view),
  });
  const policies = createPolicyBook({
    store,
    audit: log,
    logged: createLoggedPolicies(audit),
    ownKey: signing.ownerKey,
    sign: (policyVersion) => signing.envelope('policy', payloadTypes.policy, policyVersion),
    verify,
    approve: (subject) => approvals.authorise('policy-change', subject),
    clock,
    onTrouble: (error) => trouble('policies', error),
  });
  const collateral = createCollateralService({
    store,
    anchors: vendorAnchors,
    crypto: createNodeCrypto(),
    clock,
    verify,
    signer: () => signing.atOnce('collateral'),
    log: (kind, subject, details) => log(kind, subject, details, false),
    write: writeWhole,
  });
  const keptEvidence = createKeptEvidence({ store, clock, newId: () => newId('kept'), log });
  const inbox = createInbox(join(profile, 'inbox'), random);
  const emptyInbox = () => inbox.clear().catch((problem: unknown) => trouble('inbox', problem));
  // What an earlier process left there when it was killed.
  await emptyInbox();
  const verifier = createEvidenceVerifier({ clock, random, build: `nacre ${version}` });
  const packCrypto = { verify, sha256: sha256Of };
  const attest = createAttestor({
    challenges: store.challenges,
    book: evidence,
    audit: log,
    clock,
    random,
    directory: nodes.directory,
    verify: createNodeVerifier(verifier, signing, collateral.source, approvals.overrideFor),
    onVerdict: nodes.verified,
    onFailure: nodes.unreachable,
  });
  const agentDirectory = createAgentDirectory(store);
  const network = createNetworkControl({
    nodes,
    tasks,
    attest,
    policy: () => policies.get('default'),
    random,
    entry: options.networkEntry ?? beside(`../localnet/main.${built ? 'js' : 'ts'}`),
    folder: join(profile, 'local-network'),
    ...(options.spawnNode === undefined ? {} : { spawnNode: options.spawnNode }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    external: () => (options.externalNetwork === undefined ? agentDirectory.path() : ok(options.externalNetwork)),
    onLog: (line) => trouble('local network', line),
    onOpen(directory) {
      const adopted = policies.adopt(directory);
      if (!adopted.ok) trouble('policies', adopted.error);
      health.forget();
      emitApp();
    },
  });
  const transfers = createTransferService({
    store: stores.transfers,
    limits() {
      const set = settings.get();
      const { uploadLimitMbps, downloadLimitMbps } = set.ok ? set.value : settingsDefaults;
      return { uploadMbps: uploadLimitMbps, downloadMbps: downloadLimitMbps };
    },
    clock,
    track: trackWith(tasks),
    ...(options.transferPatience === undefined ? {} : { patience: options.transferPatience }),
    onTrouble: (problem) => trouble('transfers', problem),
  });
  const rayNetworks = createRayNetworks(vault, nodes, join(assets, 'python', 'ray_driver.py'));
  const ports: RunPorts = {
    clusters: rayNetworks,
    approvals,
    nodes,
    attest,
    datasets,
    transfers,
    signing,
    fileKey: (dataset) => lender.lend(() => dataset.fileKey(), { subject: dataset.root }),
    checkpoint: createCheckpointOpener({
      signing,
      identities: lender.identities,
      verify,
    }),
    audit: log,
    policies,
    telemetry,
    verify,
    clock,
    random,
    folderOf: (runId) => join(profile, 'runs', runId),
    onGpu: nodes.telemetry,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
  };
  const runs = createRunService({
    ports,
    store: stores.runs,
    onChange(view) {
      hub.emit('run.changed', view.id, () => view);
      for (const { name } of view.nodes) nodes.refresh(name);
      emitApp();
    },
    onEvent: (runId, event) => hub.emit('run.event', runId, () => ({ runId, event })),
    onTrouble: trouble,
  });
  const mlflow = createMlflow({
    store,
    servers: createSavedServers(vault, 'mlflow/'),
    runs,
    tasks,
    audit: log,
    clock,
    random,
    onFollowed: (view) => hub.emit('mlflow.changed', view.id, () => view),
  });
  const reports = createReportService({
    runs: runs.list,
    source: createReportSource({ record: runs.record, evidence: evidence.get, frames: store.frames }),
    organisation: () => signing.atOnce('receipt'),
    logExport: (runId, details, simulated) => log('pack-exported', runId, details, simulated),
    auditBundle(runId) {
      const run = runs.record(runId);
      if (!run.ok) return run;
      const { order, attempts = [] } = run.value;
      return proveRun(audit, {
        runId,
        jobIds: [order, ...attempts.map((ended) => ended.order)].map((one) => one.jobId),
      });
    },
    written: stores.packs,
    verify: createPackVerifier(createAppraiser(createNodeCrypto(), verify), packCrypto),
    offerDownload: downloads.offer,
    crypto: packCrypto,
    clock,
    directory: join(profile, 'reports'),
    fontDirectory: join(assets, 'fonts'),
  });
  const services: Services = {
    host,
    version,
    profile,
    knownProfiles: options.knownProfiles,
    samples: join(assets, 'data'),
    examples: join(assets, 'python', 'examples'),
    fonts: join(assets, 'fonts'),
    store,
    clock,
    vault,
    lender,
    audit,
    settings,
    policies,
    sealing,
    datasets,
    ownerKey: signing.ownerKey,
    datasetStore: stores.datasets,
    random,
    tasks,
    nodes,
    health,
    healthServers,
    mlflow,
    network,
    evidence,
    collateral,
    keptEvidence,
    inbox,
    approvals,
    custody,
    rayNetworks,
    agentDirectory,
    runs,
    telemetry,
    transfers,
    reports,
    downloads,
    appState: () => appStateOf(services),
  };

  audit.onEntry((entry) => hub.emit('activity', String(entry.index), () => activityOf(entry)));
  vault.onEvent((event) => {
    if (event.type === 'unlocked') {
      const signed = evidence.signWaiting((record) => signEarlierResult(verifier, signing, record));
      if (!signed.ok) trouble('evidence', signed.error);
      runs.onUnlock();
      const saved = healthServers.list();
      if (saved.ok) health.setSources(saved.value.map(sourceOf));
      else trouble('health', saved.error);
      const followed = mlflow.followed.resume();
      if (!followed.ok) trouble('mlflow', followed.error);
    }
    if (event.type === 'locked') {
      services.downloads.clear();
      void emptyInbox();
      if (event.problem !== undefined) trouble('vault', event.problem);
    }
    emitApp();
  });
  settings.onChange(({ autoLockMinutes }) => vault.setAutoLock(autoLockMinutes * 60_000));
  // A command of the CLI that needs the network starts it itself; the others should not wait for it.
  const wanted = opened.value.opened.startLocalNetwork && host !== 'cli' && !offline;
  if ((options.externalNetwork !== undefined && !offline) || wanted) network.start();
  const recovered = runs.recover();
  if (!recovered.ok) trouble('runs', recovered.error);

  if (options.knownProfiles !== undefined) {
    const noted = rememberProfile(options.knownProfiles, profile, clock());
    if (!noted.ok) trouble('known profiles', noted.error);
  }
  logger.info('opened', { host, version: services.version, pid: process.pid });

  return ok({
    services,
    hub,
    trouble,
    async close() {
      await tasks.close();
      await runs.close();
      await network.close();
      await health.close();
      await mlflow.followed.close();
      vault.close();
      await emptyInbox();
      await sealing.close();
      hub.close();
      store.close();
      logger.info('closed');
      logger.close();
    },
  });
}

function worksOn(run: RunView, node: string): boolean {
  return run.nodes.some(({ name, keyReleased }) => name === node && keyReleased);
}
