import { expect, it } from 'vitest';
import { approvalRoles } from '../../contract/approval.ts';
import { methods } from '../../contract/methods.ts';
import { isForRoles, refusedByRoles } from './roles.ts';

const may = (role: (typeof approvalRoles)[number] | undefined) =>
  Object.keys(methods).filter((name) => refusedByRoles(name, role === undefined ? [] : [role]) === undefined);

it('lets an auditor read, verify and export reports, and nothing that is for a role', () => {
  const auditor = may('auditor');
  expect(auditor).toEqual(may(undefined));
  expect(auditor.filter(isForRoles)).toEqual([]);
  expect(auditor).toEqual(
    expect.arrayContaining(['reports.exportPack', 'reports.verifyPack', 'audit.export', 'runs.get']),
  );
});

it('keeps launching, policies and answers apart', () => {
  const cases = { 'jobs.launch': 'launcher', 'policies.save': 'admin', 'approvals.answer': 'custodian' } as const;
  for (const [name, only] of Object.entries(cases)) {
    for (const role of approvalRoles) expect(may(role).includes(name), `${role} ${name}`).toBe(role === only);
    expect(refusedByRoles(name, ['auditor'])).toMatchObject({ ok: false, error: { code: 'denied_by_policy' } });
  }
  expect(refusedByRoles('jobs.launch', ['auditor', 'launcher']), 'one role is enough').toBeUndefined();
});
