import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { p384 } from '@noble/curves/nist.js';
import { encodeBase64 } from '../../encoding/base64.ts';
import { nrasIssuer } from '../nras/verify.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { p384PrivateKey, p384Signer } from './p384-key.ts';

/** A SIMULATED attestation service: real formats under a key of its own, which no vendor's key set holds. */
export interface SimulatedNras {
  readonly simulated: true;
  readonly keyId: string;
  /** JWK set, JSON. */
  readonly jwks: string;
  sign(data: Uint8Array): Uint8Array;
}

export type TokenClaims = Readonly<Record<string, unknown>>;

export function createSimulatedNras(random: (bytes: number) => Uint8Array): SimulatedNras {
  const privateKey = p384PrivateKey(random);
  const point = p384.getPublicKey(fromHex(privateKey) ?? new Uint8Array(), false);
  const keyId = `SIMULATED-${toHex(random(8))}`;
  const [x, y] = [base64url(point.subarray(1, 49)), base64url(point.subarray(49))];
  const jwks = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-384', kid: keyId, x, y }] });
  return { simulated: true, keyId, jwks, sign: p384Signer(privateKey).sign };
}

/** One compact token. @param header members that replace or join the honest ones, for attacks */
export function buildToken(nras: SimulatedNras, claims: TokenClaims, header: TokenClaims = {}): string {
  const parts = [{ kid: nras.keyId, alg: 'ES384', ...header }, claims].map((part) =>
    base64url(utf8ToBytes(JSON.stringify(part))),
  );
  const signed = parts.join('.');
  return `${signed}.${base64url(nras.sign(utf8ToBytes(signed)))}`;
}

export interface NrasAnswerRequest {
  readonly nonce: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Serial of each GPU's attestation certificate in decimal. */
  readonly ueids: readonly string[];
  /** Serial of each switch's attestation certificate; none unless given. */
  readonly switches?: readonly string[];
  /** Claims that replace or join the honest ones; the functions are asked per GPU and per switch. */
  readonly overall?: TokenClaims;
  readonly device?: (at: number) => TokenClaims;
  readonly switchDevice?: (at: number) => TokenClaims;
}

/** An answer in the form of the service's API: the overall token, and one token a device. */
export function buildNrasAnswer(nras: SimulatedNras, request: NrasAnswerRequest): string {
  const seconds = Math.floor(request.now / 1000);
  const common = {
    iss: nrasIssuer,
    nbf: seconds,
    iat: seconds,
    exp: seconds + 3600,
    eat_nonce: toHex(request.nonce),
  };
  const gpus = request.ueids.map((ueid, at): [string, string] => [
    `GPU-${at}`,
    buildToken(nras, { ...common, ...honestDevice, ueid, ...request.device?.(at) }),
  ]);
  const switches = (request.switches ?? []).map((ueid, at): [string, string] => [
    `SWITCH-${at}`,
    buildToken(nras, { ...common, ...honestSwitch, ueid, ...request.switchDevice?.(at) }),
  ]);
  const devices = [...gpus, ...switches];
  const submods = Object.fromEntries(
    devices.map(([name, token]) => [name, ['DIGEST', ['SHA-256', toHex(sha256(utf8ToBytes(token)))]]]),
  );
  const claims = { ...common, sub: 'SIMULATED', 'x-nvidia-overall-att-result': true, submods, ...request.overall };
  return JSON.stringify([['JWT', buildToken(nras, claims)], Object.fromEntries(devices)]);
}

const honestDevice = {
  hwmodel: 'GH100',
  secboot: true,
  dbgstat: 'disabled',
  measres: 'success',
  'x-nvidia-attestation-warning': null,
  'x-nvidia-gpu-arch-check': true,
  'x-nvidia-gpu-driver-version': '595.71.05',
  'x-nvidia-gpu-vbios-version': '96.00.D9.00.02',
  'x-nvidia-gpu-attestation-report-parsed': true,
  'x-nvidia-gpu-attestation-report-signature-verified': true,
  'x-nvidia-gpu-attestation-report-nonce-match': true,
  'x-nvidia-gpu-attestation-report-cert-chain-validated': true,
  ...Object.fromEntries(
    ['driver-rim', 'vbios-rim'].flatMap((rim) =>
      ['fetched', 'schema-validated', 'signature-verified', 'cert-validated', 'measurements-available'].map((claim) => [
        `x-nvidia-gpu-${rim}-${claim}`,
        true,
      ]),
    ),
  ),
};

const validChain = {
  'x-nvidia-cert-expiration-date': '9999-12-31T23:59:59Z',
  'x-nvidia-cert-status': 'valid',
  'x-nvidia-cert-ocsp-status': 'good',
  'x-nvidia-cert-ocsp-response-valid': true,
  'x-nvidia-cert-revocation-reason': null,
};

/** Version 3.0 of NVIDIA's claims about switches. */
const honestSwitch = {
  hwmodel: 'LS_10 A01 FSP BROM',
  secboot: true,
  dbgstat: 'disabled',
  measres: 'success',
  'x-nvidia-device-type': 'nvswitch',
  'x-nvidia-mismatch-measurement-records': null,
  'x-nvidia-switch-arch-check': true,
  'x-nvidia-switch-bios-version': '96.10.6D.00.01',
  'x-nvidia-switch-attestation-report-cert-chain': validChain,
  'x-nvidia-switch-attestation-report-cert-chain-fwid-match': true,
  'x-nvidia-switch-attestation-report-parsed': true,
  'x-nvidia-switch-attestation-report-nonce-match': true,
  'x-nvidia-switch-attestation-report-signature-verified': true,
  'x-nvidia-switch-bios-rim-fetched': true,
  'x-nvidia-switch-bios-rim-cert-chain': validChain,
  'x-nvidia-switch-bios-rim-signature-verified': true,
  'x-nvidia-switch-bios-rim-version-match': true,
  'x-nvidia-switch-bios-rim-measurements-available': true,
};

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes, { padding: false }).replaceAll('+', '-').replaceAll('/', '_');
}
