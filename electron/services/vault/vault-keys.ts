import { err, ok, type Result } from '../../contract/result.ts';
import { typesOfPurpose, type KeyFormat, type KeyPurpose, type KeyType, type KeyView } from '../../contract/keys.ts';
import type { SigningPurpose } from '../../contract/vault.ts';
import { ageIdentityText, type KeyMaterial } from '../../domain/keys/material.ts';
import { encodePrivateKey, encodePublicKey } from '../../domain/keys/key-file.ts';
import type { Signer } from '../../domain/dsse/dsse.ts';
import { readKeyFile, writeFresh } from './fresh-file.ts';
import { consuming } from './passphrase.ts';
import { beforeUse, isExpired, keyIdOfEntry, rawOf, signerOf, type KeysContext } from './key-use.ts';
import { keyPrefix, keyViewOf, type KeyEntry } from './keys.ts';
import type { VaultSession } from './session.ts';
import { toHex } from './slots.ts';
import type { DatasetIdentity, KeyOccasion, VaultKeys } from './vault-types.ts';

export function createVaultKeys(context: KeysContext): VaultKeys {
  const { crypto, random, clock } = context;
  const nowText = () => new Date(clock()).toISOString();
  const view = (entry: KeyEntry): KeyView => keyViewOf(entry, context.useOf(entry.id));

  const activeOf = (open: VaultSession, purpose: KeyPurpose): Result<KeyEntry> => {
    const entry = open.ring.active(purpose);
    if (!entry.ok) return entry;
    return isExpired(entry.value, clock())
      ? err('wrong_state', `The key "${entry.value.label}" expired on ${entry.value.expiresAt ?? ''}.`, {
          hint: 'Rotate it, or change its expiry.',
        })
      : entry;
  };

  const freshSecret = (type: KeyType): Uint8Array => {
    for (;;) {
      const secret = random(32);
      // Outside the order of secp256k1 with a chance of 2^-128.
      if (type !== 'secp256k1' || secret.some((byte, index) => index < 16 && byte !== 0xff)) return secret;
    }
  };

  const make = (
    open: VaultSession,
    facts: { purpose: KeyPurpose; type: KeyType; label: string; expiresAt?: string | undefined },
    state: KeyEntry['state'],
  ): Result<KeyEntry> => {
    const secret = freshSecret(facts.type);
    const added = open.ring.add(
      { type: facts.type, secret },
      {
        id: `${keyPrefix}${toHex(random(8))}`,
        label: facts.label,
        purpose: facts.purpose,
        state,
        origin: 'made',
        createdAt: nowText(),
        ...(facts.expiresAt === undefined ? {} : { expiresAt: facts.expiresAt }),
      },
    );
    crypto.wipe(secret);
    return added;
  };

  const keys: VaultKeys = {
    list(filter = {}) {
      const open = context.live();
      if (!open.ok) return open;
      const { text, purpose, limit } = filter;
      const found = open.value.ring.find({
        limit: limit ?? 1000,
        ...(text === undefined ? {} : { text: text.toLowerCase() }),
        ...(purpose === undefined ? {} : { purpose }),
      });
      return ok(found.map(view));
    },

    get(id) {
      const open = context.live();
      if (!open.ok) return open;
      const entry = open.value.ring.get(id);
      return entry.ok ? ok(view(entry.value)) : entry;
    },

    create({ purpose, type, label, expiresAt }) {
      const open = context.live();
      if (!open.ok) return open;
      const chosen = typeFor(purpose, type);
      if (!chosen.ok) return chosen;
      const state = open.value.ring.active(purpose).ok ? 'standby' : 'active';
      const made = together(open.value, () => {
        const entry = make(open.value, { purpose, type: chosen.value, label, expiresAt }, state);
        if (!entry.ok) return entry;
        const logged = context.log('key-created', entry.value.id, { key: entry.value.id, purpose, type: chosen.value });
        return logged.ok ? entry : logged;
      });
      return made.ok ? ok(view(made.value)) : made;
    },

    createMany({ purpose, label }, count) {
      const open = context.live();
      if (!open.ok) return open;
      const type = typeFor(purpose, undefined);
      if (!type.ok) return type;
      return together(open.value, () => {
        const logged = context.log('key-created', purpose, { purpose, type: type.value, count });
        if (!logged.ok) return logged;
        const active = open.value.ring.active(purpose).ok;
        for (let index = 0; index < count; index++) {
          const state = index === 0 && !active ? 'active' : 'standby';
          const entry = make(open.value, { purpose, type: type.value, label: label(index) }, state);
          if (!entry.ok) return entry;
        }
        return ok(count);
      });
    },

    change(id, { label, expiresAt }) {
      const open = context.live();
      if (!open.ok) return open;
      const changed = together(open.value, () => {
        const patch = { ...(label === undefined ? {} : { label }), ...(expiresAt == null ? {} : { expiresAt }) };
        const entry = open.value.ring.change(id, patch, expiresAt === null ? ['expiresAt'] : []);
        if (!entry.ok) return entry;
        const logged = context.log('key-changed', id, {
          key: id,
          ...(label === undefined ? {} : { label }),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        });
        return logged.ok ? entry : logged;
      });
      return changed.ok ? ok(view(changed.value)) : changed;
    },

    async rotate(passphrase, { purpose, type, to, label }) {
      const confirmed = await context.confirm(passphrase);
      if (!confirmed.ok) return confirmed;
      const open = context.live();
      if (!open.ok) return open;
      const { ring } = open.value;
      const old = ring.active(purpose);
      if (!old.ok) return old;
      const chosen = typeFor(purpose, type ?? (to === undefined ? old.value.type : undefined));
      if (!chosen.ok) return chosen;
      const target = to === undefined ? undefined : ring.get(to);
      if (target !== undefined) {
        if (!target.ok) return target;
        const { purpose: other, state } = target.value;
        if (other !== purpose) return err('invalid_input', `The key "${target.value.label}" is for ${other}.`);
        if (state === 'revoked' || state === 'active') {
          return err('wrong_state', `The key "${target.value.label}" is ${state}.`, { hint: 'Choose another one.' });
        }
      }
      const rotated = together(open.value, () => {
        const named = label ?? old.value.label;
        const next = target ?? make(open.value, { purpose, type: chosen.value, label: named }, 'standby');
        if (!next.ok) return next;
        // Before the change: the entry is signed by the key that the reader of the log already knows.
        const logged = context.log('key-rotated', next.value.id, {
          key: next.value.id,
          from: old.value.id,
          purpose,
          ...(purpose === 'signing' ? { publicKey: next.value.publicKey } : {}),
        });
        if (!logged.ok) return logged;
        const retired = ring.change(old.value.id, { state: 'retired', replacedBy: next.value.id });
        return retired.ok ? ring.change(next.value.id, { state: 'active' }, ['replacedBy']) : retired;
      });
      if (!rotated.ok) return rotated;
      const signed = purpose === 'signing' ? context.signLogAnew(open.value) : ok(undefined);
      return signed.ok ? ok(view(rotated.value)) : signed;
    },

    async revoke(passphrase, id, reason) {
      const confirmed = await context.confirm(passphrase);
      if (!confirmed.ok) return confirmed;
      const open = context.live();
      if (!open.ok) return open;
      const entry = open.value.ring.get(id);
      if (!entry.ok) return entry;
      if (entry.value.state === 'revoked')
        return err('wrong_state', `The key "${entry.value.label}" is revoked already.`);
      if (entry.value.state === 'active') {
        return err('wrong_state', `The key "${entry.value.label}" is the active one for ${entry.value.purpose}.`, {
          hint: 'Rotate first: nacre key rotate.',
        });
      }
      const revoked = together(open.value, () => {
        const logged = context.log('key-revoked', id, { key: id, reason });
        if (!logged.ok) return logged;
        return open.value.ring.change(id, { state: 'revoked', revokedAt: nowText(), reason });
      });
      return revoked.ok ? ok(view(revoked.value)) : revoked;
    },

    async importFile(passphrase, { path, purpose, label }) {
      const confirmed = await context.confirm(passphrase);
      if (!confirmed.ok) return confirmed;
      const open = context.live();
      if (!open.ok) return open;
      const material = readKeyFile(path, crypto);
      if (!material.ok) return material;
      const { type, secret } = material.value;
      const wanted = purpose ?? purposeOf(type);
      const fits = typeFor(wanted, type);
      const state = open.value.ring.active(wanted).ok ? 'standby' : 'active';
      const added = !fits.ok
        ? fits
        : together(open.value, () => {
            const id = `${keyPrefix}${toHex(random(8))}`;
            const logged = context.log('key-imported', id, { key: id, purpose: wanted, type });
            if (!logged.ok) return logged;
            const facts = { id, label, purpose: wanted, state, origin: 'imported', createdAt: nowText() } as const;
            return open.value.ring.add(material.value, facts);
          });
      crypto.wipe(secret);
      return added.ok ? ok(view(added.value)) : added;
    },

    exportFile: ({ id, path, format, part, passphrase }) =>
      consuming(passphrase === undefined ? [] : [passphrase], async () => {
        const before = context.live();
        if (!before.ok) return before;
        if (part === 'private') {
          if (passphrase === undefined)
            return err('invalid_input', 'A private key is exported only with the passphrase.');
          const confirmed = await context.confirm(passphrase);
          if (!confirmed.ok) return confirmed;
        }
        const open = context.live();
        if (!open.ok) return open;
        const entry = open.value.ring.get(id);
        if (!entry.ok) return entry;
        if (part === 'private' && entry.value.state === 'revoked') {
          return err(
            'wrong_state',
            `The key "${entry.value.label}" is revoked; its private part does not leave the vault.`,
          );
        }
        const logged = context.log('key-exported', id, { key: id, format, part, path });
        if (!logged.ok) return logged;
        const secret = open.value.ring.secret(id);
        if (!secret.ok) return secret;
        const text = encode({ type: entry.value.type, secret: secret.value }, format, part, entry.value);
        crypto.wipe(secret.value);
        return text.ok ? writeFresh(path, text.value) : text;
      }),

    recipients() {
      const open = context.live();
      if (!open.ok) return open;
      const entry = activeOf(open.value, 'dataset-recipient');
      return entry.ok ? ok([entry.value.publicKey]) : entry;
    },

    trusted() {
      const open = context.live();
      return open.ok ? ok(open.value.ring.usable('signing').map(rawOf)) : open;
    },

    signer(purpose) {
      const open = context.live();
      if (!open.ok) return open;
      const entry = open.value.ring.active('signing');
      return entry.ok ? ok(signerOf(context, open.value, entry.value, purpose)) : entry;
    },

    signWith<T>(purpose: SigningPurpose, use: (signer: Signer) => T, occasion: KeyOccasion = {}): Result<T> {
      const open = context.live();
      if (!open.ok) return open;
      const entry = open.value.ring.active('signing');
      if (!entry.ok) return entry;
      const allowed = beforeUse(context, entry.value, purpose, occasion);
      if (!allowed.ok) return allowed;
      const secret = open.value.ring.secret(entry.value.id);
      if (!secret.ok) return secret;
      try {
        return ok(use({ keyId: keyIdOfEntry(entry.value), sign: (bytes) => crypto.ed25519Sign(secret.value, bytes) }));
      } finally {
        crypto.wipe(secret.value);
      }
    },

    async withDatasetIdentity(use, occasion = {}) {
      const open = context.live();
      if (!open.ok) return open;
      const [first, ...others] = open.value.ring.usable('dataset-recipient');
      if (first === undefined) return err('not_found', 'The vault has no key that opens datasets.');
      const allowed = beforeUse(context, first, 'open', occasion);
      if (!allowed.ok) return allowed;
      const held: { entry: KeyEntry; secret: Uint8Array }[] = [];
      try {
        for (const entry of [first, ...others]) {
          const secret = open.value.ring.secret(entry.id);
          if (!secret.ok) return secret;
          held.push({ entry, secret: secret.value });
        }
        const texts = () =>
          held.map(({ entry, secret }) =>
            ageIdentityText(entry.type === 'age-hybrid' ? 'age-hybrid' : 'age-x25519', secret),
          );
        const identity: DatasetIdentity = {
          secret: held[0]?.secret ?? new Uint8Array(0),
          recipient: first.publicKey,
          encode: () => texts()[0] ?? '',
          encodeAll: texts,
        };
        return await use(identity);
      } finally {
        for (const { secret } of held) crypto.wipe(secret);
      }
    },

    exportIdentity: (passphrase, path) =>
      consuming([passphrase], async () => {
        const before = context.live();
        if (!before.ok) return before;
        const confirmed = await context.confirm(passphrase);
        if (!confirmed.ok) return confirmed;
        const open = context.live();
        if (!open.ok) return open;
        const entries = open.value.ring.usable('dataset-recipient');
        const logged = context.log('identity-exported', entries[0]?.id ?? '', {
          path,
          keys: entries.map(({ id }) => id),
        });
        if (!logged.ok) return logged;
        return keys.withDatasetIdentity((identity) => {
          const texts = identity.encodeAll();
          const blocks = entries.map(
            (entry, index) =>
              `# created: ${entry.createdAt}\n# public key: ${entry.publicKey}\n${texts[index] ?? ''}\n`,
          );
          return writeFresh(path, blocks.join(''));
        });
      }),
  };

  const encode = (
    material: KeyMaterial,
    format: KeyFormat,
    part: 'public' | 'private',
    entry: KeyEntry,
  ): Result<string> => {
    const facts = { label: entry.label, createdAt: entry.createdAt, check: random(4) };
    return part === 'private' ? encodePrivateKey(material, format, facts) : encodePublicKey(material, format, facts);
  };
  return keys;
}

function purposeOf(type: KeyType): KeyPurpose {
  return type === 'ed25519' ? 'signing' : type === 'secp256k1' ? 'wallet' : 'dataset-recipient';
}

function typeFor(purpose: KeyPurpose, type: KeyType | undefined): Result<KeyType> {
  const chosen = type ?? typesOfPurpose[purpose][0];
  return chosen !== undefined && typesOfPurpose[purpose].includes(chosen)
    ? ok(chosen)
    : err('invalid_input', `A key for ${purpose} is of type ${typesOfPurpose[purpose].join(' or ')}.`);
}

/** A change and its log entry together or not at all; the ring in memory follows. */
function together<T>(open: VaultSession, work: () => Result<T>): Result<T> {
  const done = open.book.transaction(work);
  if (done.ok) return done;
  const again = open.ring.reload();
  return again.ok ? done : again;
}
