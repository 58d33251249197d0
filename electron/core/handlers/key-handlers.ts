import { err, ok } from '../../contract/result.ts';
import { approvedExport } from '../actions/approved-export.ts';
import { keyEffects } from '../actions/key-effects.ts';
import { rewrapTask } from '../actions/rewrap-task.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'keys.list'
  | 'keys.create'
  | 'keys.change'
  | 'keys.rotate'
  | 'keys.rewrap'
  | 'keys.effects'
  | 'keys.revoke'
  | 'keys.import'
  | 'keys.export'
  | 'keys.exportIdentity';

export function keyHandlers(services: Services): Pick<Handlers, Names> {
  const { vault, runs } = services;
  return {
    'keys.list': async (filter) => vault.keys.list(filter),
    'keys.create': async (facts) => vault.keys.create(facts),
    'keys.change': async ({ id, ...facts }) => vault.keys.change(id, facts),
    'keys.rotate': async ({ passphrase, ...how }) => {
      const active = runs.active();
      if (how.purpose === 'signing' && active.length > 0) {
        return err('wrong_state', `${active.length} runs are still signed for by the current key.`, {
          hint: 'Rotate the signing key when they have ended.',
        });
      }
      const rotated = await vault.keys.rotate(passphrase, how);
      if (!rotated.ok) return rotated;
      return ok({ key: rotated.value, ...(how.purpose === 'wallet' ? {} : { task: rewrapTask(services) }) });
    },
    'keys.rewrap': async () => ok(rewrapTask(services)),
    'keys.effects': async ({ id }) => keyEffects(services, id),
    'keys.revoke': async ({ passphrase, id, reason, evenIfNeeded }) => {
      const effects = keyEffects(services, id);
      if (!effects.ok) return effects;
      if (effects.value.datasets.length > 0 && evenIfNeeded !== true) {
        return err('wrong_state', `${effects.value.datasets.length} datasets can be opened only with this key.`, {
          hint: 'Rewrap them first, or say that they may be lost.',
          details: { datasets: effects.value.datasets.slice(0, 100).map((dataset) => dataset.id) },
        });
      }
      const revoked = await vault.keys.revoke(passphrase, id, reason);
      return revoked.ok ? ok({ ...effects.value, key: revoked.value }) : revoked;
    },
    'keys.import': async ({ passphrase, ...what }) => vault.keys.importFile(passphrase, what),
    'keys.export': async (what) =>
      what.part === 'public'
        ? vault.keys.exportFile(what)
        : approvedExport(services, { what: 'key', item: what.id, destination: what.path }, what.passphrase, () =>
            vault.keys.exportFile(what),
          ),
    'keys.exportIdentity': async ({ passphrase, path }) =>
      approvedExport(
        services,
        { what: 'dataset-identity', item: 'every sealed dataset', destination: path },
        passphrase,
        () => vault.keys.exportIdentity(passphrase, path),
      ),
  };
}
