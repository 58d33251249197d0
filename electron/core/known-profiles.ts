import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../contract/result.ts';
import type { Profile } from '../contract/vault.ts';
import { defaultProfile } from './default-profile.ts';

/** Folders with vaults of their own that were opened on this machine. Paths and times only. */
const listSchema = z.strictObject({
  version: z.literal(1),
  profiles: z.array(z.strictObject({ path: z.string().max(4096), lastOpenedAt: z.string().max(32) })).max(200),
});
type Known = z.infer<typeof listSchema>['profiles'];

const fileMaximum = 1_048_576;
const kept = 100;

/** Beside the default profile, so that it is found whatever profile is open. */
export function knownProfilesPath(): string {
  return join(dirname(defaultProfile()), 'nacre-profiles.json');
}

/** Errors: `damaged`, `not_permitted`: the list is a convenience, so the caller goes on. */
export function rememberProfile(file: string, profile: string, now: number): Result<void> {
  const path = resolve(profile);
  // A profile of a test or a trial is gone tomorrow.
  if (path.startsWith(resolve(tmpdir()) + sep)) return ok(undefined);
  const known = read(file);
  if (!known.ok) return known;
  const others = known.value.filter((other) => other.path !== path);
  const profiles = [{ path, lastOpenedAt: new Date(now).toISOString() }, ...others].slice(0, kept);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.new`;
    writeFileSync(temporary, `${JSON.stringify({ version: 1, profiles }, null, 1)}\n`, { mode: 0o600, flush: true });
    renameSync(temporary, file);
    return ok(undefined);
  } catch (error) {
    return err('not_permitted', `The list of profiles ${file} could not be written (${codeOf(error)}).`);
  }
}

/** The open profile first, then the others, last opened first. Errors: `damaged`, `not_permitted`. */
export function listProfiles(file: string | undefined, current: string): Result<Profile[]> {
  const known: Result<Known> = file === undefined ? ok([]) : read(file);
  if (!known.ok) return known;
  const own = resolve(current);
  const noted = known.value.find(({ path }) => path === own);
  const all = [{ path: own, lastOpenedAt: noted?.lastOpenedAt }, ...known.value.filter(({ path }) => path !== own)];
  return ok(
    all.map(({ path, lastOpenedAt }) => ({
      path,
      current: path === own,
      vault: existsSync(join(path, 'vault.db')) ? 'present' : existsSync(path) ? 'absent' : 'missing-folder',
      ...(lastOpenedAt === undefined ? {} : { lastOpenedAt }),
    })),
  );
}

function read(file: string): Result<Known> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok([]);
    return err('not_permitted', `The list of profiles ${file} could not be read (${codeOf(error)}).`);
  }
  let value: unknown;
  try {
    value = text.length > fileMaximum ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = listSchema.safeParse(value);
  return parsed.success
    ? ok(parsed.data.profiles)
    : err('damaged', `The list of profiles ${file} cannot be read.`, {
        hint: 'Delete it; it holds no secret and no key.',
      });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
