import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseOcsp } from '../readers/ocsp.ts';
import { pem } from '../simulated/intel-authority.ts';
import { buildOcsp } from '../simulated/ocsp-builder.ts';
import { judgeCertificate } from './certificate-standing.ts';
import { answer, createChain, crypto, responder, sourceOf } from './testing/ocsp-chain.ts';

const day = 24 * 3_600_000;

describe('openssl', () => {
  const directory = mkdtempSync(join(tmpdir(), 'nacre-ocsp-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  // openssl judges by its own clock.
  const today = Math.floor(Date.now() / 1000) * 1000;
  const live = createChain(today);
  const put = (name: string, content: Uint8Array | string) => writeFileSync(join(directory, name), content);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });

  function files(): void {
    const [, device, issuer, ...above] = live.issued;
    put('device.pem', pem(device.certificate.der));
    put('issuer.pem', pem(issuer.certificate.der));
    put('above.pem', pem(...above.map(({ certificate }) => certificate.der)));
  }

  /** What openssl says of an answer that we built. */
  function peer(bytes: Uint8Array, digest: string): string {
    files();
    put('ours.der', bytes);
    const shown = ['ocsp', '-respin', 'ours.der', '-issuer', 'issuer.pem', `-${digest}`, '-cert', 'device.pem'];
    try {
      // Verification is told on the error stream, the status on the other: both in one.
      return execFileSync('sh', ['-c', `openssl "$@" 2>&1`, 'sh', ...shown, '-CAfile', 'above.pem', '-partial_chain'], {
        cwd: directory,
      }).toString();
    } catch (error) {
      return String((error as { stdout?: Buffer }).stdout ?? error);
    }
  }

  it.each(['sha1', 'sha256', 'sha384'] as const)('verifies what our builder writes, ids by %s', (hash) => {
    const good = peer(answer(live, 1, today, { hash }), hash);
    expect(good).toContain('Response verify OK');
    expect(good).toContain('device.pem: good');
    const held = peer(
      answer(live, 1, today, { hash, status: { revokedAt: today - day, reason: 6 }, named: 'name' }),
      hash,
    );
    expect(held).toContain('Response verify OK');
    expect(held).toContain('device.pem: revoked');
    expect(held).toContain('certificateHold');
  });

  it('agrees with us on who may answer', () => {
    const [, { certificate: device }, issuer, identityOf] = live.issued;
    const by = (made: ReturnType<typeof responder>) => {
      const request = { certificate: device, issuer: issuer.certificate, status: 'good' as const };
      const times = { thisUpdate: today - 1000, nextUpdate: today + day };
      const der = buildOcsp(
        { ...request, ...times, responder: made.certificate, certificates: [made.der] },
        made.signer,
      );
      const ours = judgeCertificate(device, issuer.certificate, { now: today, crypto, answers: sourceOf(der) });
      return [ours.standing === 'good', peer(der, 'sha384').includes('Response verify OK')];
    };
    expect(by(responder(issuer, today))).toEqual([true, true]);
    expect(by(responder(issuer, today, { purpose: undefined }))).toEqual([false, false]);
    expect(by(responder(issuer, today, { purpose: '1.3.6.1.5.5.7.3.1' }))).toEqual([false, false]);
    expect(by(responder(issuer, today, { notAfter: today - 1000 }))).toEqual([false, false]);
    expect(by(responder(identityOf, today))).toEqual([false, false]);
  });

  it('answers so that we read and judge it', () => {
    files();
    const [, { certificate: device }, { certificate: issuer, privateKey }] = live.issued;
    put('issuer.key', privateKeyPem(privateKey, issuer.publicKey.key));
    const stamp = (at: number) => new Date(at).toISOString().slice(2, 19).replace(/[-T:]/g, '');
    const serial = device.serial.toUpperCase();
    const ask = (line: string, ...options: string[]): Uint8Array => {
      put('index.txt', `${line}\n`);
      openssl('ocsp', ...options, '-sha384', '-issuer', 'issuer.pem', '-cert', 'device.pem', '-reqout', 'request.der');
      const signer = ['-CA', 'issuer.pem', '-rsigner', 'issuer.pem', '-rkey', 'issuer.key'];
      openssl(
        'ocsp',
        '-index',
        'index.txt',
        ...signer,
        '-reqin',
        'request.der',
        '-respout',
        'theirs.der',
        '-ndays',
        '7',
      );
      return new Uint8Array(readFileSync(join(directory, 'theirs.der')));
    };
    const ends = stamp(today + 300 * day);
    const say = (bytes: Uint8Array) => {
      const at = Date.now() + 1000;
      const found = judgeCertificate(device, issuer, { now: at, crypto, answers: sourceOf(bytes) });
      return found.standing === 'good' ? 'good' : found.reason;
    };
    const good = ask(`V\t${ends}Z\t\t${serial}\tunknown\t/CN=device`, '-nonce');
    expect(say(good)).toBe('good');
    const read = parseOcsp(good);
    if (!read.ok) throw new Error(read.detail);
    expect(read.value.nonce).toHaveLength(16);
    const [single] = read.value.singles;
    expect((single?.nextUpdate ?? 0) - (single?.thisUpdate ?? 0)).toBe(7 * day);
    const revoked = (why: string) =>
      ask(`R\t${ends}Z\t${stamp(today - day)}Z${why}\t${serial}\tunknown\t/CN=device`, '-no_nonce');
    expect(say(revoked(',certificateHold'))).toBe('certificate-on-hold');
    expect(say(revoked(',keyCompromise'))).toBe('certificate-revoked');
    expect(say(revoked(''))).toBe('certificate-revoked');
    expect(say(ask(`V\t${ends}Z\t\t01\tunknown\t/CN=other`, '-no_nonce'))).toBe('ocsp-status-unknown');
  });
});

/** SEC 1 ECPrivateKey of a P-384 scalar and its point. */
function privateKeyPem(scalar: string, point: Uint8Array): string {
  const hex = `3081a40201010430${scalar}a00706052b81040022a164036200${Buffer.from(point).toString('hex')}`;
  const base64 = Buffer.from(hex, 'hex').toString('base64');
  return `-----BEGIN EC PRIVATE KEY-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END EC PRIVATE KEY-----\n`;
}
