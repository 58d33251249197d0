import {
  collateralBundleSchema,
  collateralLimits,
  collateralPayloadType,
  type CollateralBundle,
  type CollateralItem,
  type CollateralView,
} from '../../../contract/collateral.ts';
import type { DsseEnvelope } from '../../../contract/dsse.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { keyIdOf, readUnverified, signJson, verifyJson, type Signer, type VerifySignature } from '../../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../../encoding/base64.ts';
import { jsonPlain, parseJson } from '../readers/json.ts';
import { readFacts, type CollateralFacts } from './facts.ts';

/** An item with what its content says; the two agree. */
export interface ReadItem {
  readonly item: CollateralItem;
  readonly facts: CollateralFacts;
}

export interface ReadBundle {
  /** Hex key id of who signed it. */
  readonly signer: string;
  readonly bundle: CollateralBundle;
  readonly items: readonly ReadItem[];
}

/** Makes a bundle. The caller gives the time and the key that signs. */
export function signBundle(
  content: { readonly items: readonly CollateralItem[]; readonly createdAt: string; readonly note: string },
  signer: Signer & { readonly publicKey: Uint8Array },
): DsseEnvelope {
  const bundle: CollateralBundle = {
    version: 1,
    organisation: encodeBase64(signer.publicKey),
    createdAt: content.createdAt,
    note: content.note,
    items: [...content.items],
  };
  return signJson(collateralPayloadType, collateralBundleSchema.parse(bundle), signer);
}

/** Who a bundle says made it. A claim: only `readBundle` checks it. Errors: `damaged`. */
export function claimedSigner(
  bytes: Uint8Array,
): Result<{ readonly keyId: string; readonly publicKey: Uint8Array; readonly envelope: unknown }> {
  const envelope = openEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const bundle = readUnverified(envelope.value, collateralBundleSchema);
  if (!bundle.ok) return bundle;
  const publicKey = decodeBase64(bundle.value.organisation);
  if (publicKey?.length !== 32) return err('damaged', 'The bundle names no Ed25519 key as its maker.');
  return ok({ keyId: keyIdOf(publicKey), publicKey, envelope: envelope.value });
}

/**
 * Reads a bundle that one of the trusted keys signed. Every item must be what the bundle says of it: digest, id.
 * Errors: `integrity` (not signed by a trusted key, or an item with another digest), `damaged`, `invalid_input`.
 * @param trusted key ids: this desk's own, and one that a person gave
 */
export function readBundle(
  bytes: Uint8Array,
  trusted: readonly string[],
  context: { readonly sha256: (bytes: Uint8Array) => string; readonly verify?: VerifySignature },
): Result<ReadBundle> {
  const claimed = claimedSigner(bytes);
  if (!claimed.ok) return claimed;
  const { keyId, publicKey, envelope } = claimed.value;
  if (!trusted.some((one) => one.toLowerCase() === keyId)) {
    return err('integrity', `The bundle is by the desk ${keyId}, which nobody here has named as trusted.`, {
      hint: 'Compare this fingerprint with the one its owner tells you, then give it with --signer.',
      details: { signer: keyId },
    });
  }
  const verified = verifyJson(envelope, collateralBundleSchema, {
    payloadType: collateralPayloadType,
    trusted: [{ publicKey }],
    ...(context.verify === undefined ? {} : { verify: context.verify }),
  });
  if (!verified.ok) return verified;
  const bundle = verified.value.value;
  const items: ReadItem[] = [];
  for (const [at, item] of bundle.items.entries()) {
    const read = readItem(item, context.sha256);
    if (!read.ok)
      return err(read.error.code, `Item ${at + 1} of the bundle (${item.kind} ${item.id}): ${read.error.message}`);
    items.push(read.value);
  }
  return ok({ signer: keyId, bundle, items });
}

/** Errors: `damaged` (cannot be read, or is of another id than it says), `integrity` (another digest). */
export function readItem(item: CollateralItem, sha256: (bytes: Uint8Array) => string): Result<ReadItem> {
  const facts = readFacts(item);
  if (!facts.ok) return err('damaged', `${facts.detail}.`);
  if (sha256(facts.value.bytes) !== item.sha256)
    return err('integrity', 'The content has another SHA-256 than stated.');
  if (facts.value.id !== item.id) return err('damaged', `The content is of ${facts.value.id}.`);
  return ok({ item, facts: facts.value });
}

function openEnvelope(bytes: Uint8Array): Result<unknown> {
  const parsed = parseJson(bytes, { what: 'The bundle', maxSize: collateralLimits.bundleBytes, maxDepth: 8 });
  return parsed.ok ? ok(jsonPlain(parsed.value)) : err('damaged', `${parsed.detail}.`);
}

/** For screens and the CLI, with its age at `now`. */
export function collateralView({ item, facts }: ReadItem, now: number): CollateralView {
  const { validFrom, validUntil, number } = facts;
  return {
    kind: item.kind,
    id: item.id,
    source: item.source,
    fetchedAt: item.fetchedAt,
    ageSeconds: Math.round((now - Date.parse(item.fetchedAt)) / 1000),
    sha256: item.sha256,
    bytes: facts.bytes.length,
    validFrom: new Date(validFrom).toISOString(),
    ...(validUntil === undefined ? {} : { validUntil: new Date(validUntil).toISOString() }),
    state: now < validFrom ? 'not-yet-valid' : validUntil !== undefined && now >= validUntil ? 'expired' : 'current',
    ...(number === undefined ? {} : { number: number.toString() }),
  };
}
