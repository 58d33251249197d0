import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import type { ExportedFile } from '../../contract/views.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import type { AuditEvent } from '../../services/audit/audit-log.ts';
import type { Services } from '../services.ts';

/**
 * Opens the sealed model of a run with the vault's identity into a new folder. Whole or not at all, and logged first.
 * Errors: `not_found`, `wrong_state` (no model yet), `locked`, `already_exists`, `integrity`, those of the disk.
 */
export async function exportModel(
  services: Services,
  runId: string,
  directory: string | undefined,
): Promise<Result<{ directory: string; files: ExportedFile[] }>> {
  const { runs, vault, lender, audit, sealing, downloads, profile } = services;
  const record = runs.record(runId);
  if (!record.ok) return record;
  const model = record.value.artifacts.find(({ kind }) => kind === 'model');
  if (model === undefined) {
    return err('wrong_state', `Run ${record.value.view.name} has no model: it is ${record.value.view.state}.`, {
      hint: 'A model comes home when the run succeeds.',
    });
  }
  if (!vault.unlocked()) return err('locked', 'The vault is locked.', { hint: 'Unlock it to open a model.' });
  const out = directory ?? (await freeFolder(join(profile, 'models'), runId));
  const subject = {
    what: 'model' as const,
    item: model.sha256,
    description: `model of run ${runId} (${record.value.view.name})`,
    destination: directory ?? join(profile, 'models'),
  };
  const leave = services.approvals.authorise('export', subject);
  if (!leave.ok) return leave;
  const event: AuditEvent = {
    kind: 'model-opened',
    actor: 'owner',
    subject: runId,
    details: { jobId: record.value.view.jobId, modelSha256: model.sha256 },
    simulated: record.value.view.simulated,
  };
  const logged = leave.value.use(actFingerprint('export', subject), () => audit.append(event));
  if (!logged.ok) return logged;
  const opened = await lender.lend(
    async () => {
      const identities = lender.identities();
      if (!identities.ok) return identities;
      return sealing.open({ file: model.path, identities: identities.value, out, extract: true });
    },
    { subject: runId, jobId: record.value.view.jobId },
  );
  if (!opened.ok) return opened;
  const files: ExportedFile[] = [];
  for (const fileName of (await readdir(out)).sort()) {
    const path = join(out, fileName);
    const { size } = await stat(path);
    const file = { path, fileName, bytes: size, sha256: await sha256(path) };
    files.push({ downloadId: downloads.offer(file), ...file });
  }
  return ok({ directory: out, files });
}

/** A folder that is not there yet: opening never writes into one that is. */
async function freeFolder(parent: string, name: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const taken = new Set(await readdir(parent));
  let folder = name;
  for (let number = 2; taken.has(folder); number++) folder = `${name}-${number}`;
  return join(parent, folder);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
