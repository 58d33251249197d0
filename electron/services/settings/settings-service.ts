import { settingsDefaults, settingsSchema, type Settings } from '../../contract/settings.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../store/store.ts';

export interface SettingsService {
  /** What is set, with defaults for the rest. Readable while the vault is locked. Errors: `damaged`, those of the disk. */
  get(): Result<Settings>;
  /** Sets some fields; logged with names and values. Errors: `invalid_input` naming the field, and those of log and disk. */
  set(change: Partial<Settings>): Result<Settings>;
  /** Called with the new settings after each change. */
  onChange(listener: (settings: Settings) => void): () => void;
}

const id = 'settings';
/** Rows may lack fields that a newer version added, and hold fields that it dropped. */
const storedSchema = settingsSchema.partial().strip();

export function createSettingsService(options: { readonly store: Store; readonly audit: AuditLog }): SettingsService {
  const { store, audit } = options;
  const collection = store.collection('settings', storedSchema);
  const listeners = new Set<(settings: Settings) => void>();

  const get = (): Result<Settings> => {
    const found = collection.get(id);
    if (!found.ok) return found;
    return ok(settingsSchema.parse({ ...settingsDefaults, ...withoutUndefined(found.value ?? {}) }));
  };

  return {
    get,
    set(change) {
      const parsed = settingsSchema.partial().safeParse(withoutUndefined(change));
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        return err('invalid_input', `Settings: ${issue?.path.join('.') || 'input'}: ${issue?.message ?? 'unfit'}.`);
      }
      const changed = withoutUndefined(parsed.data);
      const written = store.transaction(() => {
        const current = get();
        if (!current.ok) return current;
        const next = { ...current.value, ...changed };
        const put = collection.put(id, next);
        if (!put.ok) return put;
        const logged = audit.append({
          kind: 'settings-changed',
          actor: 'owner',
          subject: Object.keys(changed).join(', ') || 'nothing',
          details: changed,
          simulated: false,
        });
        return logged.ok ? ok(next) : logged;
      });
      if (written.ok) for (const listener of listeners) listener(written.value);
      return written;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Present<T>;
}
