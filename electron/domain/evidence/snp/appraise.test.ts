import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import type { SimulatedCpu } from '../../../contract/simulated-hardware.ts';
import { issueHardware, type AuthorityState } from '../../../localnet/authority/authority.ts';
import { honestMeasurement, honestTcb, oldTcb, otherMeasurement } from '../../../localnet/authority/reference.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, type TrustAnchors } from '../anchors.ts';
import {
  buildCertificate,
  derName,
  signatureAlgorithm,
  type CertificateSigner,
} from '../simulated/certificate-builder.ts';
import {
  der,
  derBitString,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTime,
} from '../simulated/der-writer.ts';
import { p384Signer } from '../simulated/p384-key.ts';
import { buildSnpReport, littleEndian, type SnpFieldOverrides } from '../simulated/snp-builder.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { parseCertificate } from '../readers/x509.ts';
import { snpField } from './report.ts';
import { encodeTcb, decodeTcb, productOfCpuid, productOfName, tcbPartsBelow } from './tcb.ts';
import { verifySnp, type SnpInput } from './verify.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const crypto = createNodeCrypto();
const reportData = new Uint8Array(64).fill(9);

let state: AuthorityState;
let anchors: TrustAnchors;
let cpu: SimulatedCpu;
let policy: Policy['snp'];

beforeAll(async () => {
  const network = await startSimulatedNetwork(now);
  state = network.authority;
  anchors = simulatedAnchors({ amd: network.network.anchors.amd, nvidia: [] });
  cpu = network.hardware().cpu;
  policy = network.policy.snp;
}, 120_000);

function verdictOf(overrides: SnpFieldOverrides = {}, changes: Partial<SnpInput> = {}, chip = cpu) {
  return verifySnp({
    name: 'cpu0',
    report: buildSnpReport(chip, reportData, random, overrides),
    certificates: chip.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    policy,
    anchors,
    now,
    crypto,
    ...changes,
  }).verdict;
}

/** Reasons of all required checks that did not pass. */
function reasons(...input: Parameters<typeof verdictOf>): (string | undefined)[] {
  const { checks } = verdictOf(...input);
  return checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
}

const tcb = (value: typeof honestTcb) => encodeTcb(value, 'Genoa');
const bits = (value: bigint) => littleEndian(value, 8);

describe('the policy, by a report that is rightly signed', () => {
  it('affirms the honest one', () => {
    expect(reasons()).toEqual([]);
    expect(verdictOf().status).toBe('affirming');
  });

  it.each<[string, SnpFieldOverrides, string[]]>([
    ['DEBUG', { policy: bits(0xb0000n) }, ['debug-enabled']],
    ['migration agent', { policy: bits(0x70000n) }, ['migration-agent-allowed']],
    ['bit 17 off', { policy: bits(0x10000n) }, ['guest-policy-malformed']],
    ['VMPL 1', { vmpl: littleEndian(1n, 4) }, ['vmpl']],
    ['asked for by the host', { vmpl: littleEndian(0xffff_ffffn, 4) }, ['vmpl']],
    ['no alias check', { platformInfo: bits(0x5n) }, ['alias-check-missing']],
    ['provisional firmware', { currentTcb: tcb({ ...honestTcb, snp: 28 }) }, ['firmware-provisional']],
    ['committed below reported', { committedTcb: tcb(oldTcb) }, ['tcb-order', 'firmware-provisional']],
    ['reported other than certified', { reportedTcb: tcb({ ...honestTcb, snp: 26 }) }, ['endorsement-tcb-mismatch']],
    ['other image', { measurement: fromHex(otherMeasurement) ?? new Uint8Array() }, ['measurement-not-allowed']],
    ['other chip', { chipId: new Uint8Array(64).fill(1) }, ['chip-id-mismatch']],
    ['masked chip', { chipId: new Uint8Array(64) }, ['chip-id-masked']],
    ['masked chip flag', { flags: littleEndian(2n, 4) }, ['chip-id-masked']],
    ['VLEK claimed', { flags: littleEndian(4n, 4) }, ['signing-key-mismatch', 'endorsement-csp-missing']],
    ['no signing key', { flags: littleEndian(28n, 4) }, ['signing-key-mismatch']],
    ['other algorithm', { signatureAlgorithm: littleEndian(2n, 4) }, ['report-signature']],
    [
      'Milan chip under a Genoa root',
      { cpuid: Uint8Array.of(0x19, 0x01, 1) },
      ['product-mismatch', 'product-not-allowed'],
    ],
    ['unknown chip', { cpuid: Uint8Array.of(0x17, 0x01, 1) }, ['product-mismatch']],
    ['version 4', { version: littleEndian(4n, 4) }, ['evidence-malformed']],
    ['reserved bytes', { reserved0: Uint8Array.of(1) }, ['evidence-malformed']],
    ['reserved flags', { flags: littleEndian(32n, 4) }, ['evidence-malformed']],
  ])('%s', (_, overrides, expected) => {
    expect(reasons(overrides)).toEqual(expected);
    expect(verdictOf(overrides).status).not.toBe('affirming');
  });

  it('a masked chip is unknown, not failed', () => {
    expect(verdictOf({ chipId: new Uint8Array(64) }).status).toBe('warning');
  });

  it('lists of the policy are held, and their absence is said', () => {
    const hostData = new Uint8Array(32).fill(3);
    const lists: Policy['snp'] = {
      ...policy,
      hostData: [toHex(hostData)],
      chipIds: [cpu.chipId],
      idKeyDigests: ['00'.repeat(48)],
    };
    expect(reasons({ hostData }, { policy: lists })).toEqual([]);
    expect(reasons({}, { policy: lists })).toEqual(['host-data-not-allowed']);
    expect(reasons({}, { policy: { ...policy, chipIds: ['00'.repeat(64)] } })).toEqual(['chip-not-allowed']);
    expect(reasons({}, { policy: { ...policy, idKeyDigests: ['11'.repeat(48)] } })).toEqual(['id-key-not-allowed']);
    expect(reasons({}, { policy: { ...policy, smtAllowed: false } })).toEqual(['smt-allowed']);
    const open = verdictOf({}, { policy: { ...policy, measurements: [] } });
    expect(open.notChecked.join(' ')).toContain('launch measurement');
    expect(reasons({}, { policy: { ...policy, minimumTcb: {} } })).toEqual(['product-not-allowed']);
  });

  it('a clock that is no number is a bug, not a pass', () => {
    for (const clock of [Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number]) {
      expect(() => verdictOf({}, { now: clock })).toThrow(TypeError);
    }
  });

  it('time counts', () => {
    expect(reasons({}, { now: now + 8 * 366 * 24 * 3600 * 1000 })).toEqual(['certificate-expired']);
    expect(reasons({}, { now: now - 2 * 24 * 3600 * 1000 })).toEqual(['certificate-not-yet-valid']);
  });
});

describe('the certificates', () => {
  const der64 = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64'));

  it('must be three, in order, of this chip', () => {
    const [vcek, ask, ark] = cpu.certificates.map(der64);
    if (vcek === undefined || ask === undefined || ark === undefined) throw new Error('no chain');
    expect(reasons({}, { certificates: [] })).toContain('chain-incomplete');
    expect(reasons({}, { certificates: [vcek, ask] })).toContain('chain-incomplete');
    expect(reasons({}, { certificates: [vcek, ask, ark, ark] })).toContain('chain-incomplete');
    expect(reasons({}, { certificates: [vcek, ark, ask] })[0]).toBe('chain-issuer-mismatch');
    expect(reasons({}, { certificates: [Uint8Array.of(1, 2, 3), ask, ark] })[0]).toBe('certificate-malformed');
    const other = issueHardware(
      state,
      { tcb: honestTcb, debug: false, measurement: honestMeasurement, gpus: [] },
      { now, random },
    );
    expect(reasons({}, { certificates: other.cpu.certificates.map(der64) })).toEqual([
      'report-signature',
      'chip-id-mismatch',
    ]);
  });

  it('an endorsement without AMD’s extensions is none', () => {
    const attacker = p384Signer(cpu.privateKey);
    const name = [['CN', 'SEV-VCEK']] as const;
    const forged = buildCertificate(
      {
        subject: name,
        issuer: name,
        spki: attacker.spki,
        serial: Uint8Array.of(1),
        notBefore: now - 1000,
        notAfter: now + 1000,
        ca: false,
      },
      attacker,
    );
    const [, ask, ark] = cpu.certificates.map(der64);
    if (ask === undefined || ark === undefined) throw new Error('no chain');
    const found = reasons({}, { certificates: [forged, ask, ark] });
    expect(found[0]).toBe('chain-issuer-mismatch');
    expect(found).toEqual(expect.arrayContaining(['chain-algorithm', 'product-mismatch', 'endorsement-malformed']));
  });
});

/** A root of this test alone, because the authority does not keep its root key. */
function revokingRoot() {
  const rsa = (): CertificateSigner => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
    return {
      kind: 'rsa',
      spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
      sign: (data) => new Uint8Array(sign('sha384', data, pss)),
    };
  };
  const [rootKey, askKey] = [rsa(), rsa()];
  const [arkName, askName] = [[['CN', 'ARK-Genoa']] as const, [['CN', 'SEV-Genoa']] as const];
  const times = { notBefore: now - 1000, notAfter: now + 1_000_000 };
  const vcek = parseCertificate(new Uint8Array(Buffer.from(cpu.certificates[0] ?? '', 'base64')));
  if (!vcek.ok) throw new Error(vcek.detail);
  const extensions = vcek.value.extensions.filter(({ oid }) => oid.startsWith('1.3.6.1.4.1.3704'));
  const leaf = { subject: [['CN', 'SEV-VCEK']] as const, issuer: askName, spki: vcek.value.publicKey.spki, extensions };
  const ark = { subject: arkName, issuer: arkName, spki: rootKey.spki };
  const certificates = [
    buildCertificate({ ...leaf, ...times, serial: Uint8Array.of(1), ca: false }, askKey),
    buildCertificate(
      { ...times, subject: askName, issuer: arkName, spki: askKey.spki, serial: Uint8Array.of(2), ca: true },
      rootKey,
    ),
    buildCertificate({ ...ark, ...times, serial: Uint8Array.of(3), ca: true }, rootKey),
  ];
  const crl = (serials: readonly number[], signer = rootKey) => {
    const algorithm = signatureAlgorithm('rsa');
    const revoked = serials.map((serial) => derSequence(derInteger(serial), derTime(now)));
    const tbs = derSequence(
      derInteger(1),
      algorithm,
      derName(arkName),
      derTime(now - 1000),
      derTime(now + 1000),
      derSequence(...revoked),
      der(0xa0, derSequence(derSequence(derOid('2.5.29.20'), derOctetString(derInteger(1))))),
    );
    return derSequence(tbs, algorithm, derBitString(signer.sign(tbs)));
  };
  const root = createHash('sha256')
    .update(certificates[2] ?? '')
    .digest('hex');
  return { certificates, anchors: simulatedAnchors({ amd: [root], nvidia: [] }), crl, askKey };
}

describe('the CRL of the root', () => {
  it('is unknown when absent, believed only from the root, and revokes', () => {
    const absent = verdictOf();
    expect(absent.checks.find(({ id }) => id === 'snp.revocation')).toMatchObject({
      outcome: 'unknown',
      required: false,
    });
    expect(absent.notChecked.join(' ')).toContain('Revocation of SEV-Genoa');
    const { certificates, anchors: roots, crl, askKey } = revokingRoot();
    const found = (list: Uint8Array, at = now) => reasons({}, { certificates, anchors: roots, crl: list, now: at });
    expect(found(crl([77]))).toEqual([]);
    expect(found(crl([77, 2]))).toEqual(['certificate-revoked']);
    expect(found(crl([77], askKey))).toEqual(['crl-signature']);
    expect(found(crl([77]), now + 2000)).toEqual(['crl-expired']);
    expect(found(Uint8Array.of(1))).toEqual(['crl-malformed']);
  });
});

describe('TCB versions', () => {
  it('are laid out by product', () => {
    const turin = { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 5 };
    expect(toHex(encodeTcb(turin, 'Turin'))).toBe('0102030400000005');
    expect(decodeTcb(encodeTcb(turin, 'Turin'), 'Turin')).toEqual(turin);
    expect(toHex(encodeTcb(honestTcb, 'Genoa'))).toBe('0a00000000001b54');
    expect(tcbPartsBelow(oldTcb, honestTcb)).toEqual(['bootloader', 'snp', 'microcode']);
    expect(productOfCpuid({ family: 0x19, model: 0xa0 })).toBe('Genoa');
    expect(productOfCpuid({ family: 0x19, model: 0x20 })).toBeUndefined();
    expect(productOfName('Siena-A0')).toBe('Genoa');
    expect(productOfName('Rome')).toBeUndefined();
    expect(toHex(snpField(buildSnpReport(cpu, reportData, random), 'reportData'))).toBe(toHex(reportData));
  });
});
