import { ok } from '../../contract/result.ts';
import type { Settings } from '../../contract/settings.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'vault.state'
  | 'vault.create'
  | 'vault.unlock'
  | 'vault.lock'
  | 'vault.touch'
  | 'vault.changePassphrase'
  | 'keys.list'
  | 'keys.exportIdentity'
  | 'settings.get'
  | 'settings.set';

export function vaultHandlers({ vault, settings }: Services): Pick<Handlers, Names> {
  return {
    'vault.state': async () => ok(vault.state()),
    'vault.create': async ({ passphrase }) => vault.create(passphrase),
    'vault.unlock': async ({ passphrase }) => vault.unlock(passphrase),
    'vault.lock': async () => vault.lock('asked'),
    'vault.touch': async () => {
      vault.touch();
      return ok(vault.state());
    },
    'vault.changePassphrase': async ({ current, next }) => vault.changePassphrase(current, next),
    'keys.list': async () => vault.keys(),
    'keys.exportIdentity': async ({ passphrase, path }) => vault.exportIdentity(passphrase, path),
    'settings.get': async () => settings.get(),
    'settings.set': async ({ ...change }) => settings.set(change as Partial<Settings>),
  };
}
