import { ok } from '../../contract/result.ts';
import type { Settings } from '../../contract/settings.ts';
import { listProfiles } from '../known-profiles.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'vault.state'
  | 'vault.create'
  | 'vault.unlock'
  | 'vault.unlockWithKeychain'
  | 'vault.unlockWithSecurityKey'
  | 'vault.lock'
  | 'vault.touch'
  | 'vault.changePassphrase'
  | 'vault.unlockPaths'
  | 'vault.addPassphrase'
  | 'vault.addKeychain'
  | 'vault.addSecurityKey'
  | 'vault.removePath'
  | 'vault.calibrate'
  | 'vault.retune'
  | 'vault.copies'
  | 'vault.profiles'
  | 'settings.get'
  | 'settings.set';

/** Wanted unlock time when none is given. */
const defaultTargetMs = 1000;

export function vaultHandlers({ vault, settings, profile, knownProfiles }: Services): Pick<Handlers, Names> {
  return {
    'vault.state': async () => ok(vault.state()),
    'vault.create': async ({ passphrase }) => vault.create(passphrase),
    'vault.unlock': async ({ passphrase }) => vault.unlock(passphrase),
    'vault.unlockWithKeychain': async () => vault.unlockWithKeychain(),
    'vault.unlockWithSecurityKey': async ({ id, prf }) => vault.unlockWithSecurityKey(id, prf),
    'vault.lock': async () => vault.lock('asked'),
    'vault.touch': async () => {
      vault.touch();
      return ok(vault.state());
    },
    'vault.changePassphrase': async ({ current, next }) => vault.changePassphrase(current, next),
    'vault.unlockPaths': async () => vault.paths.list(),
    'vault.addPassphrase': async ({ passphrase, next, label }) => vault.paths.addPassphrase(passphrase, next, label),
    'vault.addKeychain': async ({ passphrase, label }) => vault.paths.addKeychain(passphrase, label),
    'vault.addSecurityKey': async ({ passphrase, prf, ...facts }) =>
      vault.paths.addSecurityKey(passphrase, { ...facts, prf }),
    'vault.removePath': async ({ passphrase, id }) => vault.paths.remove(passphrase, id),
    'vault.calibrate': async ({ targetMs }) => vault.paths.calibrate(targetMs ?? defaultTargetMs),
    'vault.retune': async ({ passphrase, memoryMib, passes }) =>
      vault.paths.retune(passphrase, { memoryKib: memoryMib * 1024, passes }),
    'vault.copies': async () => vault.copies(),
    'vault.profiles': async () => listProfiles(knownProfiles, profile),
    'settings.get': async () => settings.get(),
    'settings.set': async ({ ...change }) => settings.set(change as Partial<Settings>),
  };
}
