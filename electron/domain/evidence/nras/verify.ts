import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { assertClock, createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { iso } from '../readers/chain.ts';
import { jsonNumber } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { claimFlag, claimText, parseNrasBundle, type NrasBundle } from './bundle.ts';
import { checkDevices, deviceOf, type NrasDevice } from './devices.ts';
import { parseSigningKeys, type SigningKeys } from './jwks.ts';
import type { CompactJws } from './jws.ts';

/** The issuer that every token of the public service names. */
export const nrasIssuer = 'https://nras.attestation.nvidia.com';

export interface NrasInput {
  /** `nras` */
  readonly name: string;
  /** What NRAS answered: text, bytes, or JSON that was parsed already. */
  readonly eat: unknown;
  /** The key set that NVIDIA publishes beside the service: the only anchor of these tokens. */
  readonly jwks: Uint8Array | string;
  /** Milliseconds since the epoch; undefined when nobody wrote down when the key set was fetched. */
  readonly jwksFetchedAt?: number;
  /** What we asked NRAS with, 32 bytes; undefined leaves freshness undecided, which is never affirming. */
  readonly nonce: Uint8Array | undefined;
  /** Exact; default {@link nrasIssuer}. */
  readonly issuer?: string;
  readonly policy: Policy['gpu'];
  /** GPUs that must be there; undefined when not known. */
  readonly expectedCount?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}

export interface NrasResult {
  readonly verdict: SubmoduleVerdict;
  /** What the tokens say of each GPU and switch. To be believed only when the verdict is affirming. */
  readonly devices: readonly NrasDevice[];
}

/**
 * Verifies an answer of NVIDIA's attestation service (ATTESTATION §4.5): signatures under the given key set, issuer,
 * time, nonce, result, that the device tokens are the ones the overall token commits to, and what each says. A passport:
 * the verdict repeats NVIDIA's word and lists what rests on it. @throws TypeError when `now` is not finite
 */
export function verifyNras(input: NrasInput): NrasResult {
  assertClock(input.now);
  const { crypto } = input;
  const parsed = parseNrasBundle(input.eat);
  const verdict = createVerdict({
    name: input.name,
    family: 'nras',
    evidenceSha256: toHex(crypto.sha256(parsed.ok ? utf8ToBytes(parsed.value.overall.text) : rawBytes(input.eat))),
  });
  const title = 'The answer is a well-formed bundle of tokens';
  if (!parsed.ok) {
    verdict.fail('nras.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), devices: [] };
  }
  const bundle = parsed.value;
  verdict.pass('nras.format', title, { found: `${bundle.devices.size} devices` });
  const keys = readKeys(verdict, input);
  checkTokens(verdict, bundle, keys, input);
  verdict.judge(
    'nras.overall',
    'NVIDIA judged the devices to be genuine and as they should be',
    claimFlag(bundle.overall, 'x-nvidia-overall-att-result') === true,
    'nras-overall-false',
    { detail: `NVIDIA signed that the attestation failed.${errorOf(bundle)}` },
  );
  checkNonce(verdict, bundle, input);
  checkSubmodules(verdict, bundle, input);
  checkDevices(verdict, bundle, input.policy);
  words(verdict, bundle, input);
  return { verdict: verdict.build(), devices: [...bundle.devices].map(([name, token]) => deviceOf(name, token)) };
}

function readKeys(verdict: VerdictBuilder, { jwks, jwksFetchedAt, now }: NrasInput): SigningKeys {
  const parsed = parseSigningKeys(jwks);
  const title = "NVIDIA's key set can be read";
  if (!parsed.ok) {
    verdict.fail('nras.keys', title, 'jwks-malformed', { detail: parsed.detail });
    return new Map();
  }
  verdict.pass('nras.keys', title, { found: `${parsed.value.size} keys` });
  if (jwksFetchedAt !== undefined) {
    // Two minutes: the clocks of who fetched and of who verifies may differ a little.
    const before = Number.isFinite(jwksFetchedAt) && jwksFetchedAt <= now + 120_000;
    verdict.judge('nras.keys.fetched', 'The key set was fetched before now', before, 'jwks-from-the-future', {
      detail: 'The key set says it was fetched after the time of this verification.',
      found: Number.isFinite(jwksFetchedAt) ? iso(jwksFetchedAt) : 'no time',
    });
  }
  return parsed.value;
}

/** What is asked of the overall token and of each device token alike. */
function checkTokens(verdict: VerdictBuilder, bundle: NrasBundle, keys: SigningKeys, input: NrasInput): void {
  const { crypto, now, issuer = nrasIssuer } = input;
  const tokens: (readonly [string, CompactJws])[] = [['overall', bundle.overall], ...bundle.devices];
  const judgeAll = (id: string, title: string, reason: string, detail: string, fits: (jws: CompactJws) => boolean) => {
    const wrong = tokens.filter(([, jws]) => !fits(jws)).map(([name]) => name);
    verdict.judge(id, title, wrong.length === 0, reason, {
      detail,
      found: wrong.length === 0 ? `all ${tokens.length} tokens` : `not: ${wrong.join(', ')}`,
    });
  };
  judgeAll(
    'nras.algorithm',
    'The tokens are signed with ES384',
    'algorithm-not-allowed',
    'Another algorithm, or none, is named.',
    (jws) => jws.algorithm === 'ES384',
  );
  judgeAll(
    'nras.key',
    'The signing keys are in the key set',
    'key-unknown',
    'NVIDIA changes its keys daily: fetch the key set of the day of the answer. Otherwise the token is not NVIDIA’s.',
    (jws) => keys.has(jws.keyId),
  );
  judgeAll(
    'nras.signature',
    'The signatures verify',
    'jwt-signature',
    'A token was changed, or is by another key.',
    (jws) => {
      const point = keys.get(jws.keyId);
      if (jws.algorithm !== 'ES384' || point === undefined) return false;
      const { signature, signed: data } = jws;
      return crypto.verifyEcdsa({ curve: 'P-384', hash: 'sha384', key: { point }, encoding: 'raw', signature, data });
    },
  );
  judgeAll(
    'nras.issuer',
    'The tokens are issued by the expected service',
    'issuer-mismatch',
    `Expected is exactly ${issuer}.`,
    (jws) => claimText(jws, 'iss') === issuer,
  );
  judgeAll(
    'nras.begun',
    'The tokens are already valid',
    'token-not-yet-valid',
    `A token begins after ${iso(now)}: is this clock behind?`,
    (jws) => (jsonNumber(jws.payload, 'nbf') ?? Number.POSITIVE_INFINITY) * 1000 <= now,
  );
  judgeAll(
    'nras.expiry',
    'The tokens have not expired',
    'token-expired',
    `A token ended before ${iso(now)}: ask for a new answer.`,
    (jws) => now < (jsonNumber(jws.payload, 'exp') ?? 0) * 1000,
  );
}

function checkNonce(verdict: VerdictBuilder, bundle: NrasBundle, { nonce, crypto }: NrasInput): void {
  const title = 'The tokens answer our nonce';
  if (nonce === undefined) {
    verdict.unknown('nras.nonce', title, 'nonce-not-given', { detail: 'There is no nonce to compare with.' });
    return;
  }
  const tokens: (readonly [string, CompactJws])[] = [['overall', bundle.overall], ...bundle.devices];
  const wrong = tokens.filter(([, jws]) => {
    const found = fromHex(claimText(jws, 'eat_nonce') ?? '');
    return found === undefined || !crypto.equal(found, nonce);
  });
  verdict.judge('nras.nonce', title, wrong.length === 0, 'nonce-mismatch', {
    detail: `Another nonce, or none: ${wrong.map(([name]) => name).join(', ')}. The answer is old, or for someone else.`,
    expected: toHex(nonce),
    found: printable(claimText(bundle.overall, 'eat_nonce')?.toLowerCase() ?? 'none'),
  });
}

function checkSubmodules(verdict: VerdictBuilder, bundle: NrasBundle, { expectedCount, crypto }: NrasInput): void {
  const { submodules, devices } = bundle;
  const same = submodules.size === devices.size && [...submodules.keys()].every((name) => devices.has(name));
  verdict.judge(
    'nras.submods',
    'There is one device token for each submodule',
    same && submodules.size > 0,
    'submods-mismatch',
    {
      detail: 'Tokens are missing or too many.',
      expected: [...submodules.keys()].join(', '),
      found: [...devices.keys()].join(', '),
    },
  );
  const swapped = [...submodules].filter(([name, submodule]) => {
    const device = devices.get(name);
    if (submodule.kind === 'nested') return false;
    const digest = fromHex(submodule.sha256) ?? new Uint8Array();
    return device === undefined || !crypto.equal(crypto.sha256(utf8ToBytes(device.text)), digest);
  });
  verdict.judge(
    'nras.submods.digest',
    'The device tokens are the ones that the overall token commits to',
    swapped.length === 0,
    'submods-digest-mismatch',
    { detail: `Another token stands for ${swapped.map(([name]) => name).join(', ')}.` },
  );
  if (expectedCount !== undefined) {
    const gpus = [...devices].filter(([name, token]) => deviceOf(name, token).kind === 'gpu').length;
    verdict.judge('nras.count', 'It speaks of as many GPUs as there are', gpus === expectedCount, 'gpu-count', {
      detail: 'The answer is for another number of GPUs.',
      expected: String(expectedCount),
      found: String(gpus),
    });
  }
}

function errorOf(bundle: NrasBundle): string {
  const [error] = [...bundle.devices.values()].flatMap((token) => deviceOf('', token).error ?? []);
  return error === undefined ? '' : ` Its reason: ${error}.`;
}

function words(verdict: VerdictBuilder, bundle: NrasBundle, { jwksFetchedAt }: NrasInput): void {
  const issued = jsonNumber(bundle.overall.payload, 'iat');
  verdict.claim('judged by', 'NVIDIA Remote Attestation Service (vouched by NVIDIA)');
  // Beyond this no date exists.
  if (issued !== undefined && Math.abs(issued) <= 8.64e12) verdict.claim('issued', iso(issued * 1000));
  verdict.claim('key set fetched', jwksFetchedAt === undefined ? 'not recorded' : iso(jwksFetchedAt));
  verdict.notChecked(
    "Everything that the tokens say about the devices: it is vouched by NVIDIA. Reports, reference values and revocation were judged by NVIDIA's service, not here.",
  );
  verdict.notChecked(
    'The key set itself: no signature covers it, so it is as good as the TLS connection it was fetched over.',
  );
  if (jwksFetchedAt === undefined) verdict.notChecked('When the key set was fetched: nobody wrote it down.');
  if (bundle.wrapped) verdict.notChecked("The client's own token around the answer: the node signs it, not NVIDIA.");
}

function rawBytes(eat: unknown): Uint8Array {
  if (eat instanceof Uint8Array) return eat;
  return utf8ToBytes(typeof eat === 'string' ? eat : '');
}
