import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVault, valueOf } from '../vault/testing/vault-fixture.ts';
import { allowedFields, scrub, type LogFields } from './fields.ts';
import { openLog } from './logger.ts';

const clock = () => Date.UTC(2026, 10, 22, 10);
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-log-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const lines = (path = join(root, 'logs', 'nacre.log')): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('is JSON lines with time, level, allowed fields and the message', () => {
    const log = openLog({ directory: root, clock });
    log.info('Core started', { version: '0.1.0', port: 4000 });
    log.child({ component: 'evidence' }).warn('Node refused', { node: 'n5', reason: 'debug-enabled' });
    log.debug('not at this level');
    log.failure('Seal', { code: 'disk_full', message: 'The disk is full.' }, { bytes: 3 });
    log.close();
    expect(lines()).toEqual([
      { level: 'info', time: '2026-11-22T10:00:00.000Z', version: '0.1.0', port: 4000, msg: 'Core started' },
      {
        level: 'warn',
        time: '2026-11-22T10:00:00.000Z',
        component: 'evidence',
        node: 'n5',
        reason: 'debug-enabled',
        msg: 'Node refused',
      },
      { level: 'warn', time: '2026-11-22T10:00:00.000Z', bytes: 3, code: 'disk_full', msg: 'Seal: The disk is full.' },
    ]);
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
  });

  it('says simulated on every line of what is simulated, which no line can deny', () => {
    const log = openLog({ directory: root, clock });
    const local = log.child({ network: 'local', simulated: true });
    local.info('started');
    local.child({ component: 'agent', simulated: false }).info('evidence', { simulated: false });
    expect(lines().map((line) => line['simulated'])).toEqual([true, true]);
  });

  it('holds no passphrase, key or token, whatever it is handed', async () => {
    const log = openLog({ directory: root, clock, level: 'debug' });
    const passphrase = 'marmalade tugboat visor kiln';
    const { vault, audit, close } = openVault(join(root, 'profile'));
    valueOf(await vault.create(passphrase));
    const identityFile = join(root, 'identity.txt');
    valueOf(await vault.keys.exportIdentity(passphrase, identityFile));
    const identity = readFileSync(identityFile, 'utf8').trim().split('\n').at(-1) ?? '';
    const hostile = {
      passphrase,
      password: passphrase,
      key: identity,
      secretKey: new Uint8Array(32).fill(0x41),
      nested: { passphrase, deeper: [identity] },
      node: { passphrase },
      count: passphrase,
      reason: `key ${identity} was found`,
      url: `https://user:${passphrase.replaceAll(' ', '-')}@host/path?token=${identity}#x`,
      env: process.env,
      __proto__: { passphrase },
    } as unknown as LogFields;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](`opened ${identity}`, hostile);
    log.child(hostile).info('child', hostile);
    log.bug('thrown', new Error(`bad passphrase ${passphrase} ${identity}`), hostile);
    log.failure('failed', { code: 'internal', message: `with ${identity}` }, hostile);
    log.info('Authorization: Bearer abc.def', {});
    log.info('jwt eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln');
    expect(await vault.unlock('another wrong marmalade')).toMatchObject({ ok: false });
    vault.lock('asked');
    expect(await vault.unlock('wrong marmalade')).toMatchObject({ ok: false });
    const entries = JSON.stringify(valueOf(audit.list({ after: -1, limit: 100 })));
    close();
    log.close();
    const written = [readFileSync(log.path, 'utf8'), entries];
    for (const file of readdirSync(join(root, 'profile'))) {
      written.push(readFileSync(join(root, 'profile', file)).toString('latin1'));
    }
    for (const text of written) {
      for (const secret of ['marmalade', 'AGE-SECRET-KEY-1', identity.slice(20), 'AAAAAAAA', 'abc.def', 'eyJhbGci']) {
        expect(text).not.toContain(secret);
      }
    }
    expect(lines().length).toBeGreaterThan(8);
    expect(lines()[0]).toMatchObject({ droppedFields: expect.any(Number) });
  });

  it('is rotated by size and keeps only so many', () => {
    const log = openLog({ directory: root, clock, maximumBytes: 2000, keep: 2 });
    for (let count = 0; count < 100; count++) log.info('a line', { count });
    log.close();
    expect(readdirSync(join(root, 'logs')).sort()).toEqual(['nacre.log', 'nacre.log.1', 'nacre.log.2']);
    for (const name of readdirSync(join(root, 'logs'))) {
      expect(statSync(join(root, 'logs', name)).size).toBeLessThanOrEqual(2000);
    }
    const all = ['.2', '.1', ''].flatMap((suffix) => lines(`${log.path}${suffix}`).map((line) => line['count']));
    expect(all.at(-1)).toBe(99);
    expect(all).toEqual(Array.from({ length: all.length }, (_, index) => 100 - all.length + index));
  });

  it('counts what it cannot write and never throws', () => {
    writeFileSync(join(root, 'logs'), 'a file where the folder should be');
    const log = openLog({ directory: root, clock });
    log.info('one');
    expect(log.lost()).toBe(1);
    rmSync(join(root, 'logs'));
    log.info('two');
    log.close();
    log.info('three');
    expect(log.lost()).toBe(2);
    expect(existsSync(log.path)).toBe(true);
    expect(lines()).toHaveLength(1);
  });
});

describe('fields', () => {
  it('pass only by name and kind, for any input', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (input) => {
        const kept = allowedFields(input);
        for (const value of Object.values(kept)) expect(['string', 'number', 'boolean']).toContain(typeof value);
        expect(JSON.stringify(kept).length).toBeLessThan(20_000);
      }),
    );
    expect(allowedFields({ node: 'n1', extra: 1, count: '3', toString: 'x', constructor: 'y' })).toEqual({
      node: 'n1',
      droppedFields: 4,
    });
  });

  it('are one line each and bounded', () => {
    expect(scrub('a\u001b[31mb\nc\u2028d')).toBe('a [31mb c d');
    expect(scrub('x'.repeat(10_000)).length).toBeLessThan(600);
  });
});
