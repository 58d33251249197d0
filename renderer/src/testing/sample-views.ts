import type { Check, Verification } from '../../../electron/contract/evidence.ts';
import type { AppState, EvidenceView, NodeView } from '../../../electron/contract/views.ts';

/** Made-up views for tests and for looking at screens. Everything in them is simulated and says so. */

export function makeNode(change: Partial<NodeView>): NodeView {
  return {
    name: 'local-01',
    network: 'local',
    simulated: true,
    url: 'https://127.0.0.1:47311',
    region: 'eu-north',
    city: 'Helsinki',
    country: 'FI',
    latitude: 60.17,
    longitude: 24.94,
    gpuModel: 'NVIDIA H100 80GB HBM3',
    gpuCount: 1,
    gpuMemoryGib: 80,
    cpuFamily: 'SNP',
    usdPerHour: 2.38,
    uploadMbps: 640,
    reachable: 'yes',
    trust: 'verified',
    runIds: [],
    ...change,
  };
}

const check = (id: string, title: string, outcome: Check['outcome'] = 'pass', more: Partial<Check> = {}): Check => ({
  id,
  title,
  outcome,
  required: true,
  ...more,
});

/** A verification of a simulated SNP node with a GPU; `refused` makes it a debug guest. */
export function makeVerification({ refused, node = 'local-01' }: { refused: boolean; node?: string }): Verification {
  return {
    version: 1,
    node,
    simulated: true,
    status: refused ? 'contraindicated' : 'affirming',
    verifiedAt: '2026-11-22T13:59:48Z',
    policyId: 'default-local',
    policyDigest: '8b67ff1c9e0a4d22b4e5a1f00c9d7e31a2b4c6d8e0f1a3b5c7d9e1f30b2d3464',
    submodules: [
      {
        name: 'cpu0',
        family: 'snp',
        status: refused ? 'contraindicated' : 'affirming',
        checks: [
          check('snp.format', 'Report format, version and length'),
          check('snp.chain', 'VCEK chain to the simulated root'),
          check('snp.signature', 'Report signature, ECDSA P-384'),
          check(
            'snp.debug',
            'No debug guest',
            refused ? 'fail' : 'pass',
            refused
              ? {
                  reason: 'debug-enabled',
                  detail: 'The guest policy allows debugging, so the host can read its memory.',
                  expected: 'policy bit 19 clear',
                  found: 'policy 0x00000000000b0000, bit 19 set',
                }
              : {},
          ),
          check('snp.tcb.minimum', 'TCB at the policy minimum or above'),
          check('snp.measurement', 'Launch measurement is a reference value'),
          check('snp.crl', 'Revocation of the ASK', 'unknown', { required: false, reason: 'no-crl' }),
        ],
        notChecked: ['Revocation of the ASK: no CRL was given', 'Physical access to the host: no evidence can show it'],
        claims: [
          { name: 'version', value: '3' },
          { name: 'guest_svn', value: '0' },
          { name: 'policy', value: refused ? '00 00 0b 00 00 00 00 00' : '00 00 03 00 00 00 00 00' },
          { name: 'vmpl', value: '0' },
          { name: 'reported_tcb', value: '07 00 00 00 00 00 0e 48' },
          { name: 'report_data', value: '2b 9f 41 d8 6a 03 c5 f1 7e 20 b4 4c 90 11 fe 37 5d e0 7c 2b 9f 41 d8 6a' },
          { name: 'chip_id', value: '3d 41 08 aa 91 7c 55 20 e4 18 6b 02 77 9c d4 3f' },
          { name: 'signature r', value: '17 de a4 de 05 b6 b7 54 6e 3b 09 c3 5a 41 88 0f' },
        ],
        measurements: {
          measurement:
            '080a68d7d805f3e2c1b0a9988776655443322110ffeeddccbbaa998877665544332211006c7fe878aa01bb02cc03dd04',
        },
        evidenceSha256: '9c1e5a7712ab34cd56ef78901a2b3c4d5e6f708192a3b4c5d6e7f8091a2b72af',
      },
      {
        name: 'gpu0',
        family: 'nvidia',
        status: 'affirming',
        checks: [
          check('gpu.chain', 'Device chain to the simulated root'),
          check('gpu.signature', 'SPDM report signature, P-384'),
          check('gpu.measurements', 'Measurements, 32 of 32'),
          check('gpu.ocsp', 'Certificate revocation', 'unknown', { required: false, reason: 'not-asked' }),
        ],
        notChecked: ['Revocation of the GPU certificate: OCSP was not asked'],
        claims: [
          { name: 'driver', value: '550.90.07' },
          { name: 'vbios', value: '96.00.9F.00.01' },
          { name: 'nonce', value: '88 d0 5a 3f 10 92 7b c4 e1 06 ad 5f 33 78 20 9e' },
        ],
        measurements: {},
        evidenceSha256: '1f0e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0',
      },
    ],
    binding: [
      check('binding.report-data', 'Report data covers keys and GPU evidence'),
      check('binding.gpu-nonce', 'GPU nonce comes from the runtime'),
      check('binding.freshness', 'Nonce is ours, unused and in time'),
      check('binding.tls', 'TLS key of the connection is the attested one'),
    ],
    notChecked: ['That this is the same machine as last time: no chip id on file'],
    ...(refused
      ? { reason: 'debug-enabled', reasonDetail: 'The guest policy allows debugging, so the host can read its memory.' }
      : {}),
  };
}

export function makeEvidence(id: string, verification: Verification): EvidenceView {
  return {
    id,
    verification,
    ear: 'eyJhbGciOiJFZERTQSJ9.eyJlYXQucHJvZmlsZSI6InRhZzpnaXRodWIuY29tLDIwMjM6dmVyYWlzb24vZWFyIn0.c2lnbmF0dXJl',
    evidenceSha256: '9c1e5a7712ab34cd56ef78901a2b3c4d5e6f708192a3b4c5d6e7f8091a2b72af',
    evidenceBytes: 10_596,
  };
}

export function makeAppState(change: Partial<AppState> = {}): AppState {
  return {
    version: '0.1.0',
    host: 'test',
    profile: '/home/l/.local/share/nacre',
    vault: {
      state: 'unlocked',
      path: '/home/l/.local/share/nacre/vault.db',
      locksAt: '2026-11-22T14:07:05Z',
      unlockFailures: 0,
      kdf: { memoryMib: 256, passes: 3, lastUnlockMs: 940 },
    },
    network: { name: 'local', simulated: true, state: 'running', nodes: 6, ready: 6, verified: 3, refused: 3 },
    approvals: { waiting: 0 },
    money: { usdPerHour: 0, atRiskUsd: 0, simulated: true },
    firstRun: { vault: true, network: true, sampleJob: false },
    ...change,
  };
}
