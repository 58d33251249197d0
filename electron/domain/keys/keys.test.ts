import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyFormats, type KeyType } from '../../contract/keys.ts';
import type { Result } from '../../contract/result.ts';
import { checksumAddress, ethereumAddress } from './ethereum-address.ts';
import { encodePrivateKey, encodePublicKey, parseKeyFile } from './key-file.ts';
import { publicPartOf, rawPublicKey, type KeyMaterial } from './material.ts';

let root: string;
const at = (name: string) => join(root, name);
const put = (name: string, text: string) => {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
};
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-keys-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const facts = { label: 'a key', createdAt: '2026-11-22T10:00:00.000Z', check: Uint8Array.of(1, 2, 3, 4) };
const valueOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const types: readonly KeyType[] = ['ed25519', 'age-x25519', 'age-hybrid', 'secp256k1'];
const formatsOf: Readonly<Record<KeyType, readonly string[]>> = {
  ed25519: ['pem', 'jwk', 'openssh'],
  'age-x25519': ['age', 'pem', 'jwk'],
  'age-hybrid': ['age'],
  secp256k1: ['pem', 'jwk', 'hex'],
};
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => bytes.some((b) => b > 0 && b < 255));
const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' });

describe('key files', () => {
  it.each(types)('of %s come back the same in every format that the type has, and in no other', (type) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const material: KeyMaterial = { type, secret: secret.slice() };
        for (const format of keyFormats) {
          const text = encodePrivateKey(material, format, facts);
          const open = encodePublicKey(material, format, facts);
          expect(open.ok).toBe(text.ok);
          expect(text.ok).toBe(formatsOf[type].includes(format));
          if (!text.ok) continue;
          expect(valueOf(parseKeyFile(text.value))).toEqual(material);
          // A public part is no private key.
          expect(parseKeyFile(valueOf(open))).toMatchObject({ error: { code: 'invalid_input' } });
        }
      }),
      { numRuns: 15 },
    );
  });

  it('survive any text and any damage, and never repeat the content', () => {
    fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => void parseKeyFile(text)));
    const secret = new Uint8Array(32).fill(0x5a);
    for (const type of types) {
      for (const format of formatsOf[type]) {
        const text = valueOf(encodePrivateKey({ type, secret }, format as never, facts));
        fc.assert(
          fc.property(fc.nat({ max: text.length - 1 }), fc.integer({ min: 32, max: 126 }), (position, code) => {
            const changed = `${text.slice(0, position)}${String.fromCharCode(code)}${text.slice(position + 1)}`;
            const parsed = parseKeyFile(changed);
            if (!parsed.ok) expect(JSON.stringify(parsed.error)).not.toContain(text.trim().slice(40, 70));
          }),
          { numRuns: 60 },
        );
      }
    }
    expect(parseKeyFile('x'.repeat(70_000))).toMatchObject({
      error: { message: expect.stringContaining('too large') },
    });
  });

  it('with a zero or too large secp256k1 key are refused', () => {
    expect(parseKeyFile('00'.repeat(32))).toMatchObject({ error: { code: 'invalid_input' } });
    expect(parseKeyFile('ff'.repeat(32))).toMatchObject({ error: { code: 'invalid_input' } });
  });

  it('with public members of another key are refused', () => {
    const jwk = JSON.parse(
      valueOf(encodePrivateKey({ type: 'ed25519', secret: new Uint8Array(32).fill(1) }, 'jwk', facts)),
    ) as object;
    const other = JSON.parse(
      valueOf(encodePublicKey({ type: 'ed25519', secret: new Uint8Array(32).fill(2) }, 'jwk', facts)),
    ) as object;
    expect(parseKeyFile(JSON.stringify({ ...jwk, ...other }))).toMatchObject({ error: { code: 'invalid_input' } });
  });
});

describe('the real openssl', () => {
  it.each([
    ['ed25519', ['-algorithm', 'ed25519']],
    ['age-x25519', ['-algorithm', 'x25519']],
    ['secp256k1', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
  ] as const)('makes %s keys that are read, and reads ours', (type, algorithm) => {
    const made = openssl('genpkey', ...algorithm);
    const material = valueOf(parseKeyFile(made));
    expect(material.type).toBe(type);
    const theirs = openssl('pkey', '-in', put('theirs.pem', made), '-pubout');
    expect(valueOf(encodePublicKey(material, 'pem', facts))).toBe(theirs);
    const ours = valueOf(encodePrivateKey(material, 'pem', facts));
    expect(openssl('pkey', '-in', put('ours.pem', ours), '-pubout')).toBe(theirs);
    expect(openssl('pkey', '-in', put('ours.pem', ours), '-check', '-noout')).toMatch(/valid/i);
  });

  it('encrypts a key, which is named and not read', () => {
    const text = openssl('genpkey', '-algorithm', 'ed25519', '-aes256', '-pass', 'pass:x');
    expect(parseKeyFile(text)).toMatchObject({ error: { message: expect.stringContaining('ENCRYPTED') } });
    const rsa = openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024');
    expect(parseKeyFile(rsa)).toMatchObject({ error: { message: expect.stringContaining('kind') } });
  });
});

describe('the real ssh-keygen', () => {
  it('makes keys that are read, and reads ours', () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'someone', '-f', at('theirs')]);
    const material = valueOf(parseKeyFile(readFileSync(at('theirs'), 'utf8')));
    const line = readFileSync(at('theirs.pub'), 'utf8');
    expect(valueOf(encodePublicKey(material, 'openssh', { ...facts, label: 'someone' }))).toBe(line);
    const ours = put('ours', valueOf(encodePrivateKey(material, 'openssh', { ...facts, label: 'someone' })));
    expect(execFileSync('ssh-keygen', ['-y', '-f', ours], { encoding: 'utf8' })).toBe(line);
    // ssh-keygen signs with our file: the private part is whole.
    const signed = spawnSync('ssh-keygen', ['-Y', 'sign', '-n', 'file', '-f', ours], {
      input: 'text',
      encoding: 'utf8',
    });
    expect(signed.stdout).toContain('BEGIN SSH SIGNATURE');
  });

  it('locks a key with a passphrase, which is named and not read', () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret words', '-f', at('locked')]);
    expect(parseKeyFile(readFileSync(at('locked'), 'utf8'))).toMatchObject({
      error: { message: expect.stringContaining('passphrase') },
    });
  });
});

describe('the real age', () => {
  it('makes identities that are read, and opens with ours', () => {
    execFileSync('age-keygen', ['-o', at('identity')], { stdio: 'ignore' });
    const text = readFileSync(at('identity'), 'utf8');
    const material = valueOf(parseKeyFile(text));
    const recipient = /age1[0-9a-z]+/.exec(text)?.[0] ?? '';
    expect(valueOf(publicPartOf(material)).publicKey).toBe(recipient);
    const sealed = spawnSync('age', ['-r', recipient], { input: 'plain' }).stdout;
    const ours = put('own-identity', valueOf(encodePrivateKey(material, 'age', facts)));
    expect(spawnSync('age', ['-d', '-i', ours], { input: sealed, encoding: 'utf8' }).stdout).toBe('plain');
    expect(parseKeyFile(text + text)).toMatchObject({ error: { message: expect.stringContaining('several') } });
  });
});

describe('EVM addresses', () => {
  it('are spelled as in the examples of EIP-55', () => {
    // Spelled the same by pycryptodome 4.4.0 (Keccak-256) after the rule of the EIP.
    for (const address of [
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
      '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0xde709f2102306220921060314715629080e2fb77',
    ]) {
      expect(checksumAddress(address.slice(2).toLowerCase())).toBe(address);
    }
  });

  it('belong to their keys: the published accounts of key 1 and of a test mnemonic', () => {
    const one = new Uint8Array(32);
    one[31] = 1;
    expect(ethereumAddress(rawPublicKey({ type: 'secp256k1', secret: one }))).toBe(
      '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
    );
    const known = hexToBytes('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
    expect(valueOf(publicPartOf({ type: 'secp256k1', secret: known })).address).toBe(
      '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    );
  });
});
