import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createCore } from '../electron/core/create-core.ts';
import { createKeychainClient } from '../electron/shell/keychain-client.ts';
import { answerKeychain } from '../electron/shell/keychain.ts';
import { keychainState, safeStorage } from '../electron/shell/testing/electron-fake.ts';
import { startWebHost } from '../electron/webhost/server.ts';

/**
 * `keychain-host.ts PROFILE BACKEND`: a web host whose core has the Electron shell's keychain, with Electron's part of it
 * played by the shell's own fake under the name of that backend (`gnome_libsecret`, `basic_text` …).
 */
const [profile = '', backend = 'unknown'] = process.argv.slice(2);
keychainState.backend = backend as typeof keychainState.backend;
const client = createKeychainClient((message) => {
  if (message.kind !== 'keychain') return;
  void answerKeychain(safeStorage, 'linux', message).then((result) => client.answer(message.id, result));
});
const core = await createCore({ profile, host: 'web', keychain: client.port });
if (!core.ok) throw new Error(core.error.message);
const host = await startWebHost({
  core: core.value,
  port: 0,
  pages: path.join(import.meta.dirname, '..', 'out', 'renderer'),
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  onLinkUsed: () => undefined,
});
if (!host.ok) throw new Error(host.error.message);
process.stdout.write(`Nacre is at ${host.value.link}\n`);
process.once('SIGTERM', () => {
  void host.value
    .close()
    .then(() => core.value.close())
    .then(() => process.exit(0));
});
