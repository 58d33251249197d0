import { approvalKinds } from '../../contract/approval.ts';
import { ok } from '../../contract/result.ts';
import {
  animatedParts,
  readApprovalFiles,
  readCodeTexts,
  writeApprovalFile,
} from '../../services/custody/approval-files.ts';
import { requestOverride } from '../actions/request-override.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'approvals.list'
  | 'approvals.get'
  | 'approvals.answer'
  | 'approvals.withdraw'
  | 'approvals.requestOverride'
  | 'approvals.remove'
  | 'approvals.export'
  | 'approvals.codes'
  | 'approvals.import'
  | 'approvals.importCodes'
  | 'members.show'
  | 'members.set'
  | 'custody.state'
  | 'custody.makeOffline';

export function approvalHandlers(services: Services): Pick<Handlers, Names> {
  const { approvals, custody } = services;
  const fileOf = (what: 'request' | 'answer' | 'members', id: string | undefined) =>
    what === 'members' ? approvals.exportMembers() : approvals.exportFile(id ?? '', what);
  return {
    'approvals.list': async () => approvals.list(),
    'approvals.get': async ({ id }) => approvals.get(id),
    'approvals.answer': async ({ id, decision, reason }) => approvals.answer(id, decision, reason),
    'approvals.requestOverride': async (wish) => requestOverride(services, wish),
    'approvals.remove': async ({ id }) => approvals.remove(id),
    'approvals.withdraw': async ({ id }) => approvals.withdraw(id),
    'approvals.export': async ({ id, what, path, form }) => {
      const file = fileOf(what, id);
      return file.ok ? writeApprovalFile(file.value, path, form) : file;
    },
    'approvals.codes': async ({ id, what, fragmentBytes }) => {
      const file = fileOf(what, id);
      return file.ok ? ok(animatedParts(file.value, fragmentBytes)) : file;
    },
    'approvals.import': async ({ paths }) => {
      const file = await readApprovalFiles(paths);
      return file.ok ? approvals.importFile(file.value) : file;
    },
    'approvals.importCodes': async ({ parts }) => {
      const read = readCodeTexts(parts);
      if (!read.ok) return read;
      const { file, known, total } = read.value;
      if (file === undefined) return ok({ known, total });
      const imported = approvals.importFile(file);
      return imported.ok ? ok({ known, total, imported: imported.value }) : imported;
    },
    'members.show': async () => approvals.members(),
    'members.set': async (draft) => approvals.setMembers(draft),
    'custody.state': async () => ok({ offline: custody.offline, kinds: [...approvalKinds] }),
    'custody.makeOffline': async () => {
      const made = custody.makeOffline();
      return made.ok ? ok({ offline: true }) : made;
    },
  };
}
