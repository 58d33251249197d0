import type { DsseEnvelope } from '../../contract/dsse.ts';
import { dsseEnvelopeSchema } from '../../contract/dsse.ts';
import { policySchema, type Policy } from '../../contract/policy.ts';
import {
  policyLimits,
  type PolicyFile,
  type PolicyVersion,
  type PolicyVersionView,
  type PolicyView,
} from '../../contract/policy-document.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Directory } from '../../contract/wire.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import { keyIdOf, type VerifySignature } from '../../domain/dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../../domain/encoding/base64.ts';
import {
  claimedAuthors,
  policyVersionDigest,
  readPolicyHistory,
  type SignedPolicyVersion,
} from '../../domain/policy/document.ts';
import { localMinimumTcb, localNetworkPolicy, policyDigest } from '../../domain/policy/policy.ts';
import { policyProblems } from '../../domain/policy/problems.ts';
import type { AuditPort } from '../../services/runs/ports.ts';
import type { Store } from '../../services/store/store.ts';
import type { ApprovalSubject } from '../../contract/approval.ts';
import type { Approved } from '../../services/approvals/approved.ts';
import type { LoggedPolicies } from './logged-policies.ts';
import { builtinView, versionView, viewOf } from './policy-views.ts';

/** What drafts may say instead of the id of the built-in policy. */
const alias = 'default';
const builtinId = 'local-network';
const ownIds = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export interface PolicyBookOptions {
  readonly store: Store;
  readonly audit: AuditPort;
  /** What the audit log has of policies: a version that it does not have is not believed. */
  readonly logged: () => Result<LoggedPolicies>;
  /** Raw Ed25519 key of the organisation. Errors: `locked`. */
  readonly ownKey: () => Result<Uint8Array>;
  /** Signs one version with that key. Errors: `locked`. */
  readonly sign: (version: PolicyVersion) => Result<DsseEnvelope>;
  readonly verify: VerifySignature;
  /** Leave to change a policy; see services/approvals. Errors: `approval_missing`. */
  readonly approve: (subject: ApprovalSubject<'policy-change'>) => Result<Approved<'policy-change'>>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of policies in the store that cannot be believed; they are not listed. */
  readonly onTrouble: (error: NacreError) => void;
}

export interface PolicyDraft {
  readonly policy: Policy;
  readonly retired: boolean;
  readonly note: string;
  /** The number of the version that the change was made on; 0 for a new policy. */
  readonly basis: number;
}

type Known = { readonly policy: Policy; readonly digest: string };

export interface PolicyBook {
  /** The built-in policy first, then those in use, then retired ones. Errors: those of the disk and the log. */
  list(): Result<PolicyView[]>;
  /** For a new run. Errors: `not_found`, `wrong_state` (retired), `unavailable`, `integrity`. */
  get(id: string): Result<Known>;
  /** The newest version, retired or not. */
  newest(id: string): Result<Known>;
  /** Any version that this desk ever had, by the digest that runs and results name. Errors: `not_found`. */
  byDigest(digest: string): Result<Policy>;
  /** Newest first. */
  history(id: string): Result<PolicyVersionView[]>;
  /** The envelopes of all versions, for another desk. Errors: `wrong_state` for the built-in policy. */
  file(id: string): Result<PolicyFile>;
  /**
   * The one place where a policy changes: numbers, signs, logs and keeps a new version, all or nothing.
   * Errors: `locked`, `invalid_input`, `wrong_state` (changed meanwhile, built-in), those of the log and the disk.
   */
  put(draft: PolicyDraft): Result<PolicyView>;
  /**
   * Takes over a file. One of this organisation keeps its versions; the newest of another one, whose key the person must
   * name, becomes version 1 here under our own signature. Errors: `integrity`, `already_exists`, those of `put`.
   */
  take(file: PolicyFile, author: Uint8Array | undefined): Result<PolicyView>;
}

export interface PolicyBookControl extends PolicyBook {
  /** Takes the reference values of a network into the built-in policy. A policy that changes by this is logged. */
  adopt(directory: Directory): Result<void>;
}

/** Every policy of this desk: the built-in one of the local network, and the signed versions of the others. */
export function createPolicyBook(options: PolicyBookOptions): PolicyBookControl {
  const { store, audit } = options;
  const builtins = store.collection('policies', policySchema);
  const versions = store.collection('policy-versions', dsseEnvelopeSchema);

  const builtin = () => builtins.get(builtinId);

  /** Every version of a policy, checked against signatures, chain and log; empty when there is none. */
  const chain = (id: string): Result<readonly SignedPolicyVersion[]> => {
    const rows = versions.list({ prefix: `${id}/` });
    if (!rows.ok) return rows;
    const damaged = rows.value.damaged[0];
    if (damaged !== undefined) return err('damaged', damaged.message);
    const logged = options.logged();
    if (!logged.ok) return logged;
    const numbers = logged.value.get(id);
    const envelopes = rows.value.items.map(({ value }) => value);
    if (envelopes.length === 0 && numbers === undefined) return ok([]);
    if (envelopes.length !== (numbers?.size ?? 0)) return notAsLogged(id);
    const authors = claimedAuthors({ format: 'nacre-policy', version: 1, versions: envelopes });
    const history = readPolicyHistory(envelopes, authors.map(keyBytes), options.verify);
    if (!history.ok) return history;
    const asLogged = history.value.every(
      ({ version, documentSha256 }) => version.policy.id === id && numbers?.get(version.number) === documentSha256,
    );
    return asLogged ? history : notAsLogged(id);
  };

  const existing = (id: string): Result<readonly SignedPolicyVersion[]> => {
    const history = chain(id);
    return history.ok && history.value.length === 0
      ? err('not_found', `There is no policy ${JSON.stringify(id)}.`)
      : history;
  };

  const ids = (): Result<string[]> => {
    const logged = options.logged();
    if (!logged.ok) return logged;
    const rows = versions.list();
    if (!rows.ok) return rows;
    const stored = [...rows.value.items, ...rows.value.damaged].map(({ id }) => id.slice(0, id.lastIndexOf('/')));
    return ok([...new Set([...logged.value.keys(), ...stored])]);
  };

  const keep = (id: string, number: number, envelope: DsseEnvelope) =>
    versions.insert(`${id}/${String(number).padStart(6, '0')}`, envelope);

  const write = ({ version, envelope, documentSha256 }: SignedPolicyVersion): Result<void> =>
    // Log and store together: a version that is not logged is none, and a logged one that is gone is an alarm.
    store.transaction(() => {
      const logged = audit(
        'policy-changed',
        version.policy.id,
        {
          number: version.number,
          digest: policyDigest(version.policy),
          document: documentSha256,
          retired: version.retired,
        },
        version.policy.acceptSimulated,
      );
      return logged.ok ? keep(version.policy.id, version.number, envelope) : logged;
    });

  /** The approval is used up with the entry in the log, or not at all. */
  const withLeave = <T>(
    last: SignedPolicyVersion | undefined,
    { policy, retired }: PolicyVersion,
    act: () => Result<T>,
  ): Result<T> => {
    const subject = { replaces: last === undefined ? null : policyDigest(last.version.policy), retired, policy };
    const leave = options.approve(subject);
    return leave.ok ? leave.value.use(actFingerprint('policy-change', subject), act) : leave;
  };

  const book: PolicyBookControl = {
    adopt({ reference }) {
      const policy = localNetworkPolicy({
        measurements: [reference.snpMeasurement],
        minimumTcb: localMinimumTcb,
      });
      const known = builtin();
      if (!known.ok) return known;
      const digest = policyDigest(policy);
      if (known.value !== undefined && policyDigest(known.value) === digest) return ok(undefined);
      return store.transaction(() => {
        const logged = audit('policy-changed', policy.id, { digest }, true);
        if (!logged.ok) return logged;
        // The former one stays findable by the digest that results name.
        const archived = builtins.put(`digest/${digest}`, policy);
        return archived.ok ? builtins.put(builtinId, policy) : archived;
      });
    },

    list() {
      const known = builtin();
      if (!known.ok) return known;
      const all = ids();
      if (!all.ok) return all;
      const own: PolicyView[] = [];
      for (const id of all.value) {
        const history = chain(id);
        const last = history.ok ? history.value.at(-1) : undefined;
        if (!history.ok) options.onTrouble(history.error);
        else if (last !== undefined) own.push(viewOf(last));
      }
      own.sort((a, b) => Number(a.retired) - Number(b.retired) || (a.policy.name < b.policy.name ? -1 : 1));
      return ok([...(known.value === undefined ? [] : [builtinView(known.value)]), ...own]);
    },

    get(id) {
      const found = book.newest(id);
      if (!found.ok || id === alias || id === builtinId) return found;
      const history = existing(id);
      if (!history.ok) return history;
      return history.value.at(-1)?.version.retired === true
        ? err('wrong_state', `Policy ${id} is retired.`, { hint: 'Choose another one, or save a new version of it.' })
        : found;
    },

    newest(id) {
      if (id === alias || id === builtinId) {
        const known = builtin();
        if (!known.ok) return known;
        return known.value === undefined
          ? err('unavailable', 'There is no policy yet: its reference values come with the local network.', {
              hint: 'Start the local network first.',
            })
          : ok(withDigest(known.value));
      }
      const history = existing(id);
      const last = history.ok ? history.value.at(-1) : undefined;
      if (!history.ok) return history;
      return last === undefined ? err('not_found', `There is no policy ${id}.`) : ok(withDigest(last.version.policy));
    },

    byDigest(digest) {
      const own = builtins.list();
      if (!own.ok) return own;
      const former = own.value.items.find(({ value }) => policyDigest(value) === digest);
      if (former !== undefined) return ok(former.value);
      const all = ids();
      if (!all.ok) return all;
      for (const id of all.value) {
        const history = chain(id);
        const found = history.ok
          ? history.value.find(({ version }) => policyDigest(version.policy) === digest)
          : undefined;
        if (found !== undefined) return ok(found.version.policy);
      }
      return err('not_found', 'The policy that this was asked under is not on this desk.', { details: { digest } });
    },

    history(id) {
      if (id === builtinId) {
        const known = book.newest(id);
        return known.ok
          ? err('wrong_state', 'The built-in policy is made by the local network and has no versions.')
          : known;
      }
      const history = existing(id);
      if (!history.ok) return history;
      return ok(history.value.map((version, index) => versionView(version, history.value[index - 1])).toReversed());
    },

    file(id) {
      if (id === builtinId || id === alias) {
        return err(
          'wrong_state',
          'The built-in policy is made by the local network; it is not signed and stays here.',
          {
            hint: 'Save a copy under another id, and export that.',
          },
        );
      }
      const history = existing(id);
      if (!history.ok) return history;
      return ok({ format: 'nacre-policy', version: 1, versions: history.value.map(({ envelope }) => envelope) });
    },

    put({ policy, retired, note, basis }) {
      const allowed = mayBeSaved(policy);
      if (!allowed.ok) return allowed;
      const history = chain(policy.id);
      if (!history.ok) return history;
      const last = history.value.at(-1);
      const number = (last?.version.number ?? 0) + 1;
      if (basis !== number - 1) {
        return err('wrong_state', changedMeanwhile(policy.id, basis, number - 1), {
          hint: 'Open the newest version and make the change there.',
        });
      }
      if (number > policyLimits.versions) return err('invalid_input', `${policy.id} has too many versions.`);
      if (last !== undefined && last.version.retired === retired) {
        const same = policyDigest(last.version.policy) === policyDigest(policy);
        if (same)
          return err('invalid_input', `This is what version ${last.version.number} of ${policy.id} says already.`);
      }
      const key = options.ownKey();
      if (!key.ok) return key;
      const version: PolicyVersion = {
        version: 1,
        number,
        previous: last?.documentSha256 ?? null,
        policy,
        retired,
        note,
        author: encodeBase64(key.value),
        at: new Date(options.clock()).toISOString(),
      };
      return withLeave(last, version, () => {
        const envelope = options.sign(version);
        if (!envelope.ok) return envelope;
        const signed = { version, envelope: envelope.value, documentSha256: policyVersionDigest(version) };
        const written = write(signed);
        return written.ok ? ok(viewOf(signed)) : written;
      });
    },

    take(file, author) {
      const own = options.ownKey();
      if (!own.ok) return own;
      const claimed = claimedAuthors(file);
      const foreign = claimed.filter((key) => key !== encodeBase64(own.value));
      if (foreign.length > 0 && author === undefined) {
        return err('integrity', `This policy is signed by another organisation, key ${foreign.join(', ')}.`, {
          hint: 'Ask them for their key by another way, and import with it.',
          details: { authors: claimed },
        });
      }
      const trusted = author === undefined ? [own.value] : [own.value, author];
      const history = readPolicyHistory(file.versions, trusted, options.verify);
      if (!history.ok) return history;
      const last = history.value.at(-1);
      if (last === undefined) return err('damaged', 'The policy file has no version.');
      const { policy, number, note } = last.version;
      if (foreign.length > 0) {
        const from = `Imported: version ${number} of key ${keyIdOf(keyBytes(foreign[0] ?? '')).slice(0, 16)}.`;
        return book.put({ policy, retired: false, note: `${from} ${note}`.trim().slice(0, 500), basis: 0 });
      }
      const allowed = mayBeSaved(policy);
      if (!allowed.ok) return allowed;
      const here = chain(policy.id);
      if (!here.ok) return here;
      const parted = here.value.some(
        ({ documentSha256 }, index) => history.value[index]?.documentSha256 !== documentSha256,
      );
      if (parted || here.value.length === history.value.length) {
        return err('already_exists', `Policy ${policy.id} is here already${parted ? ', with another history' : ''}.`);
      }
      // What comes out is a change like any other, whoever signed it before.
      return withLeave(here.value.at(-1), last.version, () =>
        store.transaction(() => {
          for (const version of history.value.slice(here.value.length)) {
            const written = write(version);
            if (!written.ok) return written;
          }
          return ok(viewOf(last));
        }),
      );
    },
  };
  return book;
}

function mayBeSaved(policy: Policy): Result<void> {
  if (policy.id === builtinId || policy.id === alias) {
    return err('wrong_state', `${policy.id} is built in and cannot be changed.`, { hint: 'Save it under another id.' });
  }
  if (!ownIds.test(policy.id)) {
    return err('invalid_input', 'id: lower-case letters, digits, dot, dash and underscore, 1 to 64 of them.');
  }
  const problem = policyProblems(policy).find(({ severity }) => severity === 'error');
  return problem === undefined ? ok(undefined) : err('invalid_input', `${problem.place}: ${problem.message}`);
}

function changedMeanwhile(id: string, basis: number, newest: number): string {
  if (newest === 0) return `There is no policy ${id} yet, so there is no version ${basis} to change.`;
  return basis === 0
    ? `There is a policy ${id} already.`
    : `${id} was changed meanwhile: its newest version is ${newest}.`;
}

function notAsLogged(id: string): Result<never> {
  return err('integrity', `The versions of policy ${id} in the store are not those that were logged.`, {
    hint: 'Restore the profile from a backup; do not use this policy.',
    details: { id },
  });
}

function keyBytes(base64: string): Uint8Array {
  // Not base64 becomes no key, by which nothing is signed.
  return decodeBase64(base64) ?? new Uint8Array();
}

const withDigest = (policy: Policy): Known => ({ policy, digest: policyDigest(policy) });
