import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { verifyNras, type NrasInput } from '../nras/verify.ts';
import { buildNrasAnswer, buildToken, createSimulatedNras, type NrasAnswerRequest } from './nras-builder.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
let state = 7;
const random = (bytes: number) =>
  Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
const nras = createSimulatedNras(random);
const other = createSimulatedNras(random);
const nonce = random(32);
const request: NrasAnswerRequest = { nonce, now, ueids: ['101', '102'] };
const base: NrasInput = {
  name: 'nras',
  eat: buildNrasAnswer(nras, request),
  jwks: nras.jwks,
  jwksFetchedAt: now,
  nonce,
  policy: { required: true, architectures: ['hopper'], models: [], requireReferenceMeasurements: true },
  expectedCount: 2,
  now,
  crypto: createNodeCrypto(),
};

function judge(changes: Partial<NrasInput>) {
  const { verdict } = verifyNras({ ...base, ...changes });
  return {
    status: verdict.status,
    failed: verdict.checks.filter(({ outcome }) => outcome !== 'pass').map(({ reason }) => reason),
  };
}
const answer = (changes: Partial<NrasAnswerRequest>) => buildNrasAnswer(nras, { ...request, ...changes });
type Pair = [[string, string], Record<string, string>];
const parts = () => JSON.parse(answer({})) as Pair;
/** The overall token again, under another header. */
function underHeader(header: Record<string, unknown>, signer = nras): unknown {
  const [[tag, overall], devices] = parts();
  const claims = JSON.parse(Buffer.from(overall.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return [[tag, buildToken(signer, claims, header)], devices];
}

describe('a SIMULATED attestation service', () => {
  it('passes under its own keys and under no other', () => {
    expect(judge({})).toEqual({ status: 'affirming', failed: [] });
    expect(judge({ jwks: other.jwks }).failed).toEqual(['key-unknown', 'jwt-signature']);
    // The other service's key under this service's name: the id is a hint, the key decides.
    expect(judge({ jwks: other.jwks.replaceAll(other.keyId, nras.keyId) }).failed).toEqual(['jwt-signature']);
  });

  it.each<[string, Partial<NrasAnswerRequest>, string[]]>([
    ['a signed result of false', { overall: { 'x-nvidia-overall-att-result': false } }, ['nras-overall-false']],
    ['a result that is a text', { overall: { 'x-nvidia-overall-att-result': 'true' } }, ['nras-overall-false']],
    ['another issuer', { overall: { iss: 'https://nras.attestation.nvidia.com/' } }, ['issuer-mismatch']],
    ['a device token of another issuer', { device: () => ({ iss: 'https://nras.example' }) }, ['issuer-mismatch']],
    ['expired', { overall: { exp: now / 1000 } }, ['token-expired']],
    ['no expiry', { overall: { exp: undefined } }, ['token-expired']],
    ['an expiry that is a text', { overall: { exp: '9999999999' } }, ['token-expired']],
    ['not yet valid', { overall: { nbf: now / 1000 + 1 } }, ['token-not-yet-valid']],
    ['the beginning of the nonce', { nonce: nonce.slice(0, 31) }, ['nonce-mismatch']],
    ['more than the nonce', { nonce: Uint8Array.of(...nonce, 0) }, ['nonce-mismatch']],
    [
      'another nonce in one device',
      { device: (at) => (at === 1 ? { eat_nonce: '00'.repeat(32) } : {}) },
      ['nonce-mismatch'],
    ],
    ['one GPU twice', { ueids: ['101', '101'] }, ['gpu-duplicate']],
    ['no ueid', { device: () => ({ ueid: undefined }) }, ['gpu-duplicate']],
    ['one GPU too few', { ueids: ['101'] }, ['gpu-count']],
    ['measurements that differ', { device: () => ({ measres: 'comparison-fail' }) }, ['measurement-mismatch']],
    [
      'mismatch records',
      { device: () => ({ 'x-nvidia-mismatch-measurement-records': [{}] }) },
      ['measurement-mismatch'],
    ],
    ['secure boot off', { device: () => ({ secboot: false }) }, ['secure-boot-off']],
    ['secure boot unknown', { device: () => ({ secboot: null }) }, ['secure-boot-off']],
    ['debug on', { device: () => ({ dbgstat: 'enabled' }) }, ['debug-enabled']],
    [
      'an error beside success',
      { device: () => ({ 'x-nvidia-error-details': { message: 'X' } }) },
      ['nras-device-error'],
    ],
    [
      'a chain that does not hold',
      { device: () => ({ 'x-nvidia-gpu-attestation-report-cert-chain-validated': undefined }) },
      ['nras-report-not-verified'],
    ],
    [
      'a RIM that was not fetched',
      { device: () => ({ 'x-nvidia-gpu-driver-rim-fetched': false }) },
      ['nras-rim-not-verified', 'nras-claim-false'],
    ],
    [
      'some other false claim',
      { device: () => ({ 'x-nvidia-gpu-vbios-index-no-conflict': false }) },
      ['nras-claim-false'],
    ],
    ['another chip', { device: () => ({ hwmodel: 'GB100' }) }, ['gpu-architecture-not-allowed']],
    ['no devices', { ueids: [] }, ['submods-mismatch', 'gpu-count', ...Array<string>(7).fill('*')]],
  ])('refuses %s', (_, changes, expected) => {
    const { status, failed } = judge({ eat: answer(changes) });
    expect(status).toBe('contraindicated');
    if (expected.includes('*')) expect(failed.slice(0, 2)).toEqual(expected.slice(0, 2));
    else expect(failed).toEqual(expected);
  });

  describe('about switches', () => {
    const four = { ueids: [], switches: ['201', '202', '203', '204'] };
    const none = { expectedCount: 0 };

    it('passes with and without GPUs beside them, and says that it speaks of no GPU', () => {
      expect(judge({ eat: answer({ switches: ['201', '202'] }) })).toEqual({ status: 'affirming', failed: [] });
      const alone = verifyNras({ ...base, ...none, eat: answer(four) });
      expect(alone.verdict.status).toBe('affirming');
      expect(alone.verdict.notChecked).toContain('GPUs: the answer is about switches alone.');
      expect(alone.verdict.claims.find(({ name }) => name === 'SWITCH-3')?.value).toBe(
        'LS_10 A01 FSP BROM, switch, BIOS 96.10.6D.00.01, ueid 204',
      );
      expect(alone.devices.map(({ kind }) => kind)).toEqual(Array(4).fill('switch'));
      // Switches are no GPUs: they do not make up the number.
      expect(judge({ eat: answer(four), expectedCount: 4 }).failed).toEqual(['gpu-count']);
      // The guide writes the architecture as a text, and an older token need not name the kind of device.
      const asText = { 'x-nvidia-switch-arch-check': 'LS10', 'x-nvidia-device-type': undefined };
      expect(judge({ ...none, eat: answer({ ...four, switchDevice: () => asText }) }).failed).toEqual([]);
    });

    const chain = (changes: object) => ({ 'x-nvidia-cert-status': 'valid', ...changes });
    it.each<[string, Record<string, unknown>, string[]]>([
      ['another architecture', { 'x-nvidia-switch-arch-check': 'LS11' }, ['nras-report-not-verified']],
      [
        'an architecture that does not fit',
        { 'x-nvidia-switch-arch-check': false },
        ['nras-report-not-verified', 'nras-claim-false'],
      ],
      ['another chip', { hwmodel: 'GH100' }, ['gpu-architecture-not-allowed']],
      ['measurements that differ', { measres: 'fail' }, ['measurement-mismatch']],
      ['debug on', { dbgstat: 'enabled' }, ['debug-enabled']],
      ['secure boot unknown', { secboot: null }, ['secure-boot-off']],
      [
        'a revoked chain',
        { 'x-nvidia-switch-attestation-report-cert-chain': chain({ 'x-nvidia-cert-ocsp-status': 'revoked' }) },
        ['nras-report-not-verified'],
      ],
      ['no chain', { 'x-nvidia-switch-attestation-report-cert-chain': undefined }, ['nras-report-not-verified']],
      [
        'an invalid answer about revocation',
        { 'x-nvidia-switch-bios-rim-cert-chain': chain({ 'x-nvidia-cert-ocsp-response-valid': false }) },
        ['nras-rim-not-verified'],
      ],
      ['no RIM', { 'x-nvidia-switch-bios-rim-fetched': undefined }, ['nras-rim-not-verified']],
      [
        'firmware that does not fit the key',
        { 'x-nvidia-switch-attestation-report-cert-chain-fwid-match': false },
        ['nras-claim-false'],
      ],
      ['one switch twice', { ueid: '201' }, ['gpu-duplicate']],
      // Claims of the other kind do not count for it.
      [
        'a kind that its claims do not fit',
        { 'x-nvidia-device-type': 'gpu' },
        ['nras-report-not-verified', 'nras-rim-not-verified', 'gpu-count', 'gpu-architecture-not-allowed'],
      ],
    ])('refuses %s', (_, claims, expected) => {
      const eat = answer({ ...four, switchDevice: (at) => (at === 2 ? claims : {}) });
      const { status, failed } = judge({ ...none, eat });
      expect(status).toBe('contraindicated');
      expect(failed.toSorted()).toEqual(expected.toSorted());
    });
  });

  it('takes the claims of version 3, and its revoked chain for what it is', () => {
    const chain = (ocsp: string) => ({
      measres: 'Success',
      'x-nvidia-gpu-attestation-report-cert-chain-validated': undefined,
      'x-nvidia-gpu-attestation-report-cert-chain': {
        'x-nvidia-cert-status': 'valid',
        'x-nvidia-cert-ocsp-status': ocsp,
      },
    });
    expect(judge({ eat: answer({ device: () => chain('good') }) }).failed).toEqual([]);
    expect(judge({ eat: answer({ device: () => chain('revoked') }) }).failed).toEqual(['nras-report-not-verified']);
  });

  it.each(['none', 'HS256', 'ES256', 'es384', ''])('refuses the algorithm %j', (alg) => {
    expect(judge({ eat: underHeader({ alg }) }).failed).toEqual(['algorithm-not-allowed', 'jwt-signature']);
  });

  it('never takes a key from the token', () => {
    const jwk = (JSON.parse(other.jwks) as { keys: unknown[] }).keys[0];
    expect(judge({ eat: underHeader({ kid: other.keyId, jwk }, other) }).failed).toEqual([
      'key-unknown',
      'jwt-signature',
    ]);
    expect(judge({ eat: underHeader({ crit: ['b64'], b64: false }) }).failed).toEqual(['evidence-malformed']);
    expect(judge({ eat: underHeader({ kid: undefined }) }).failed).toEqual(['key-unknown', 'jwt-signature']);
  });

  it('refuses swapped, missing and surplus device tokens', () => {
    const swapped = parts();
    [swapped[1]['GPU-0'], swapped[1]['GPU-1']] = [swapped[1]['GPU-1'] ?? '', swapped[1]['GPU-0'] ?? ''];
    expect(judge({ eat: swapped }).failed).toEqual(['submods-digest-mismatch']);
    const [overall, devices] = parts();
    expect(judge({ eat: [overall, { 'GPU-0': devices['GPU-0'] }] }).failed).toEqual([
      'submods-mismatch',
      'submods-digest-mismatch',
      'gpu-count',
    ]);
    expect(judge({ eat: [overall, { ...devices, 'GPU-2': devices['GPU-1'] }] }).failed).toEqual([
      'submods-mismatch',
      'gpu-count',
      'gpu-duplicate',
    ]);
    expect(judge({ eat: [overall, { 'GPU-0\u001b[2J': devices['GPU-0'] }] }).failed).toEqual(['evidence-malformed']);
    const repeated = answer({}).replace('"GPU-1":', '"GPU-0":');
    expect(judge({ eat: repeated }).failed).toEqual(['evidence-malformed']);
  });

  it('reads nested submodules and the wrapper of the client', () => {
    const [, devices] = parts();
    const submods = Object.fromEntries(Object.entries(devices).map(([name, token]) => [name, ['JWT', token]]));
    const [[, overall]] = JSON.parse(answer({ overall: { submods } })) as Pair;
    expect(judge({ eat: overall }).failed).toEqual([]);
    expect(judge({ eat: ['JWT', overall] }).failed).toEqual([]);
    expect(judge({ eat: [['JWT', overall], devices] }).failed).toEqual(['evidence-malformed']);
    const wrapped = [['JWT', 'not.a.token'], { REMOTE_GPU_CLAIMS: parts() }];
    const result = verifyNras({ ...base, eat: wrapped });
    expect(result.verdict.status).toBe('affirming');
    expect(result.verdict.notChecked.join(' ')).toContain("client's own token");
  });

  it('refuses a key set that is ambiguous, broken or of the future', () => {
    const { keys } = JSON.parse(nras.jwks) as { keys: Record<string, unknown>[] };
    const [key] = keys;
    expect(judge({ jwks: JSON.stringify({ keys: [key, key] }) }).failed[0]).toBe('jwks-malformed');
    expect(judge({ jwks: JSON.stringify({ keys: [{ ...key, x: 'AA' }] }) }).failed[0]).toBe('jwks-malformed');
    expect(judge({ jwks: '{}' }).failed[0]).toBe('jwks-malformed');
    expect(judge({ jwks: JSON.stringify({ keys: [{ kty: 'RSA', kid: 'r' }, key] }) }).failed).toEqual([]);
    expect(judge({ jwksFetchedAt: now + 3_600_000 }).failed).toEqual(['jwks-from-the-future']);
  });

  it('survives any answer and any key set', () => {
    const text = String(base.eat);
    for (let length = 0; length < text.length; length += 7) {
      expect(judge({ eat: text.slice(0, length) }).status).not.toBe('affirming');
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue(), fc.uint8Array(), fc.anything()), (eat) => {
        expect(judge({ eat }).status).toBe('contraindicated');
        expect(judge({ jwks: typeof eat === 'string' ? eat : '' }).status).toBe('contraindicated');
      }),
      { numRuns: 200 },
    );
    const extreme = answer({ overall: { iat: 1e300, exp: 1e300, nbf: -1e300 } });
    expect(judge({ eat: extreme }).failed).toEqual([]);
  });
});
