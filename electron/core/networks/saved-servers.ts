import { createHash } from 'node:crypto';
import { z } from 'zod';
import { networkDangers } from '../../contract/networks.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Credentials } from '../../networks/servers/ask.ts';
import type { VaultService } from '../../services/vault/vault-service.ts';
import { readBounded } from '../read-bounded.ts';

/** A server that a person added, without its secret. */
export interface SavedServer {
  readonly id: string;
  readonly url: string;
  readonly accepted: (typeof networkDangers)[number][];
  /** What else is known of it: which node it tells of. */
  readonly facts: Readonly<Record<string, string>>;
}

/** As `serverLogin` of the contract reads it. */
export interface GivenLogin {
  readonly user?: string | undefined;
  readonly secret?: Uint8Array | undefined;
  readonly secretPath?: string | undefined;
}

const secretBytes = 4096;

const factsSchema = z
  .object({
    url: z.string(),
    accepted: z.string().transform((names) => networkDangers.filter((danger) => names.split(' ').includes(danger))),
    user: z.string().optional(),
  })
  .catchall(z.string());

/** Servers of one kind, in the vault under a prefix. Errors of all calls: `locked`, `damaged`, those of the disk. */
export interface SavedServers {
  list(): Result<SavedServer[]>;
  /** Errors also: `not_found`. */
  get(id: string): Result<SavedServer>;
  /** For one request; undefined where the server asks for none. */
  credentials(id: string): Result<Credentials | undefined>;
  /** The same address again takes the place of its older record. */
  put(server: Omit<SavedServer, 'id'>, credentials: Credentials | undefined): Result<SavedServer>;
  /** false when there was none. */
  remove(id: string): Result<boolean>;
}

export function createSavedServers(vault: Pick<VaultService, 'secrets'>, prefix: string): SavedServers {
  const { secrets } = vault;
  const read = (id: string) => {
    const found = secrets.get(`${prefix}${id}`);
    if (!found.ok) {
      return found.error.code === 'not_found' ? err('not_found', `There is no server ${JSON.stringify(id)}.`) : found;
    }
    const secret = Buffer.from(found.value.secret).toString('utf8');
    found.value.secret.fill(0);
    const facts = factsSchema.safeParse(found.value.facts);
    if (!facts.success) return err('damaged', `The vault’s record of server ${id} is damaged.`);
    const { url, accepted, user, ...rest } = facts.data;
    const credentials = secret === '' ? undefined : { secret, ...(user === undefined ? {} : { user }) };
    return ok({ server: { id, url, accepted, facts: rest }, credentials });
  };
  return {
    list() {
      const names = secrets.list();
      if (!names.ok) return names;
      const found: SavedServer[] = [];
      for (const name of names.value) {
        if (!name.startsWith(prefix)) continue;
        const entry = read(name.slice(prefix.length));
        if (!entry.ok) return entry;
        found.push(entry.value.server);
      }
      return ok(found);
    },
    get(id) {
      const entry = read(id);
      return entry.ok ? ok(entry.value.server) : entry;
    },
    credentials(id) {
      const entry = read(id);
      return entry.ok ? ok(entry.value.credentials) : entry;
    },
    put({ url, accepted, facts }, credentials) {
      const digest = createHash('sha256')
        .update(JSON.stringify([url, facts]))
        .digest('hex');
      const id = digest.slice(0, 12);
      const secret = Buffer.from(credentials?.secret ?? '', 'utf8');
      const user = credentials?.user === undefined ? {} : { user: credentials.user };
      const kept = secrets.put(`${prefix}${id}`, secret, { ...facts, url, accepted: accepted.join(' '), ...user });
      secret.fill(0);
      return kept.ok ? ok({ id, url, accepted, facts }) : kept;
    },
    remove: (id) => secrets.delete(`${prefix}${id}`),
  };
}

/** Reads what was given as bytes or lies in a file. Errors: `invalid_input`, those of reading the file. */
export async function readLogin(given: GivenLogin | undefined): Promise<Result<Credentials | undefined>> {
  if (given === undefined) return ok(undefined);
  let bytes = given.secret;
  if (given.secretPath !== undefined) {
    const file = await readBounded(given.secretPath, secretBytes, 'The file of a password or token');
    if (!file.ok) return file;
    bytes = file.value;
  }
  const secret = Buffer.from(bytes ?? [])
    .toString('utf8')
    .trim();
  if (!/^[\x21-\x7e\u0080-\uffff][^\p{Cc}]*$/u.test(secret)) {
    return err('invalid_input', 'The password or token is empty or holds a line break.');
  }
  return ok({ secret, ...(given.user === undefined ? {} : { user: given.user }) });
}
