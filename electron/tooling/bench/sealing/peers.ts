import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Encrypter } from 'age-encryption';
import { createStandaloneSealing, readIdentityFile } from '../../../core/sealing.ts';

/** One program that seals and opens a file. */
export interface Tool {
  readonly name: string;
  /** The most MiB it is given; slower ones get less, and their rate is of that. */
  readonly mibMaximum: number;
  seal(source: string, out: string): Promise<void>;
  open?(sealed: string, out: string): Promise<void>;
}

export interface Tools {
  /** Ours with a manifest (SHA-256 of every part), and without. */
  readonly ours: Tool;
  readonly oursWithoutManifest: Tool;
  readonly peers: readonly Tool[];
  readonly versions: Readonly<Record<string, string>>;
  /** Sentences about peers that are not here. */
  readonly missing: readonly string[];
  readonly cipher: string;
  close(): Promise<void>;
}

/** Ours and every peer that this machine has; keys and passphrases are made for the run. */
export async function findTools(folder: string): Promise<Tools> {
  const at = (name: string): string => path.join(folder, name);
  const versions: Record<string, string> = {};
  const missing: string[] = [];
  const has = (program: string, argument: string): boolean => {
    const asked = spawnSync(program, [argument], { encoding: 'utf8' });
    if (asked.status === 0) versions[program] = (asked.stdout.split('\n')[0] ?? '').trim();
    else missing.push(`${program} is not on this machine; it is left out.`);
    return asked.status === 0;
  };
  if (!has('age', '--version')) throw new Error('the age program is needed to compare with');
  execFileSync('age-keygen', ['-o', at('identity')], { stdio: 'ignore' });
  const recipient = /age1[0-9a-z]+/.exec(readFileSync(at('identity'), 'utf8'))?.[0] ?? '';
  const identities = await readIdentityFile(at('identity'));
  if (!identities.ok) throw new Error(identities.error.message);
  const sealing = createStandaloneSealing();
  const whole = Number.POSITIVE_INFINITY;
  const ours = (manifest: boolean): Tool => ({
    name: manifest ? 'nacre' : 'nacre without manifest',
    mibMaximum: whole,
    async seal(source, out) {
      const sealed = await sealing.seal({ path: source, recipients: [recipient], out, manifest });
      if (!sealed.ok) throw new Error(sealed.error.message);
    },
    async open(file, out) {
      const opened = await sealing.open({ file, identities: identities.value, out });
      if (!opened.ok) throw new Error(opened.error.message);
    },
  });
  const peers: Tool[] = [
    {
      name: 'age',
      mibMaximum: whole,
      seal: async (source, out) => run('age', ['-r', recipient, '-o', out, source]),
      open: async (file, out) => run('age', ['-d', '-i', at('identity'), '-o', out, file]),
    },
    {
      name: 'age, then sha256sum of the result',
      mibMaximum: whole,
      async seal(source, out) {
        run('age', ['-r', recipient, '-o', out, source]);
        run('sha256sum', [out]);
      },
    },
  ];
  if (has('openssl', 'version')) {
    writeFileSync(at('pass'), 'bench only', { mode: 0o600 });
    const openssl = (direction: string[], source: string, out: string): void =>
      run('openssl', [
        'enc',
        ...direction,
        '-aes-256-ctr',
        '-pbkdf2',
        '-pass',
        `file:${at('pass')}`,
        '-in',
        source,
        '-out',
        out,
      ]);
    peers.push({
      name: 'openssl enc aes-256-ctr (no MAC)',
      mibMaximum: whole,
      seal: async (source, out) => openssl([], source, out),
      open: async (file, out) => openssl(['-d'], file, out),
    });
  }
  if (has('gpg', '--version')) {
    mkdirSync(at('gpg'), { mode: 0o700 });
    const common = [
      '--homedir',
      at('gpg'),
      '--batch',
      '--quiet',
      '--pinentry-mode',
      'loopback',
      '--passphrase-fd',
      '0',
    ];
    peers.push({
      name: 'gpg AES256, not compressed',
      mibMaximum: 512,
      seal: async (source, out) =>
        run(
          'gpg',
          [...common, '--symmetric', '--cipher-algo', 'AES256', '--compress-algo', 'none', '-o', out, source],
          'x',
        ),
      open: async (file, out) => run('gpg', [...common, '-o', out, '--decrypt', file], 'x'),
    });
  }
  peers.push({
    name: 'age-encryption (npm)',
    mibMaximum: 128,
    async seal(source, out) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const plain = Readable.toWeb(createReadStream(source, { highWaterMark: 1024 * 1024 }));
      const sealed = await encrypter.encrypt(plain as unknown as globalThis.ReadableStream<Uint8Array>);
      await (sealed as unknown as ReadableStream).pipeTo(Writable.toWeb(createWriteStream(out)));
    },
  });
  return {
    ours: ours(true),
    oursWithoutManifest: ours(false),
    peers,
    versions,
    missing,
    cipher: sealing.cipherName,
    async close() {
      if (versions['gpg'] !== undefined) spawnSync('gpgconf', ['--homedir', at('gpg'), '--kill', 'all']);
      await sealing.close();
    },
  };
}

function run(program: string, args: string[], input?: string): void {
  execFileSync(program, args, { stdio: ['pipe', 'ignore', 'pipe'], ...(input === undefined ? {} : { input }) });
}

/** Ours is synced to the disk before it gets its name; so that all do the same work, the peers' files are too. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
