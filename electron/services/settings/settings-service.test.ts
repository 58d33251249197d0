import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { err, ok } from '../../contract/result.ts';
import { settingsDefaults, settingsSchema, type Settings } from '../../contract/settings.ts';
import { openAuditLog, type AuditLog } from '../audit/audit-log.ts';
import { openStore, type Store } from '../store/store.ts';
import { createSettingsService } from './settings-service.ts';

const clock = () => Date.UTC(2026, 10, 22, 10);
let root: string;
let store: Store;
let audit: AuditLog;

const open = () => {
  const opened = openStore({ directory: root, clock, pid: 1 });
  if (!opened.ok) throw new Error(opened.error.message);
  store = opened.value;
  const log = openAuditLog({ store, clock });
  if (!log.ok) throw new Error(log.error.message);
  audit = log.value;
  return createSettingsService({ store, audit });
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-settings-'));
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true, force: true });
});

describe('settings', () => {
  it('begin with defaults that fit, keep what is set, and log it', () => {
    expect(settingsSchema.safeParse(settingsDefaults).success).toBe(true);
    const settings = open();
    expect(settings.get()).toEqual(ok(settingsDefaults));
    const heard: Settings[] = [];
    settings.onChange((next) => heard.push(next));
    expect(settings.set({ theme: 'dark', autoLockMinutes: 5 })).toMatchObject({ ok: true });
    store.close();
    const again = open();
    expect(again.get()).toEqual(ok({ ...settingsDefaults, theme: 'dark', autoLockMinutes: 5 }));
    expect(heard).toHaveLength(1);
    expect(audit.newest(1)).toMatchObject({
      value: [{ entry: { kind: 'settings-changed', details: { theme: 'dark', autoLockMinutes: 5 } } }],
    });
  });

  it('refuse by name what does not fit, and change nothing without the log', () => {
    const settings = open();
    expect(settings.set({ autoLockMinutes: 0 })).toMatchObject({
      error: { code: 'invalid_input', message: expect.stringContaining('autoLockMinutes') },
    });
    expect(settings.set({ unknown: 1 } as Partial<Settings>)).toMatchObject({ error: { code: 'invalid_input' } });
    const deaf = createSettingsService({ store, audit: { ...audit, append: () => err('disk_full', 'full') } });
    expect(deaf.set({ theme: 'dark' })).toMatchObject({ error: { code: 'disk_full' } });
    expect(settings.get()).toEqual(ok(settingsDefaults));
  });

  it('are read from a row of another version', () => {
    const settings = open();
    store.collection('settings', z.looseObject({})).put('settings', { theme: 'light', longGone: true });
    expect(settings.get()).toEqual(ok({ ...settingsDefaults, theme: 'light' }));
    store.collection('settings', z.looseObject({})).put('settings', { theme: 'pink' });
    expect(settings.get()).toMatchObject({ error: { code: 'damaged' } });
  });
});
