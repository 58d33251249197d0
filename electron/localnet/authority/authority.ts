import {
  createHash,
  createPrivateKey,
  constants,
  generateKeyPair,
  sign,
  createPublicKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { CollateralItem } from '../../contract/collateral.ts';
import type { SnpTcb } from '../../contract/policy.ts';
import type { GpuArchitecture } from '../../contract/node-evidence.ts';
import type { SimulatedCpu, SimulatedGpu, SimulatedHardware } from '../../contract/simulated-hardware.ts';
import {
  buildCertificate,
  type CertificateExtension,
  type CertificateName,
  type CertificateSigner,
} from '../../domain/evidence/simulated/certificate-builder.ts';
import { buildCrl } from '../../domain/evidence/simulated/crl-builder.ts';
import {
  derIa5String,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from '../../domain/evidence/simulated/der-writer.ts';
import { parseCertificate } from '../../domain/evidence/readers/x509.ts';
import { p384PrivateKey, p384Signer } from '../../domain/evidence/simulated/p384-key.ts';
import { answerGood, answerItem } from './ocsp.ts';

/**
 * The SIMULATED manufacturers of a local network: an AMD-like root that certifies chips, an NVIDIA-like root that
 * certifies GPUs. Formats and algorithms are the real ones, the roots are this network's own, and every certificate
 * says SIMULATED in its subject.
 */
const base64 = z.string().max(16_384);
const hex48 = z.string().regex(/^[0-9a-f]{96}$/);

/** Keys and root certificates, to keep between starts of one network. Secret only in the sense that it is its root of trust. */
export const authorityStateSchema = z.strictObject({
  version: z.literal(1),
  simulated: z.literal(true),
  /** DER in base64, ASK then ARK. */
  amdCertificates: z.array(base64).length(2),
  /** PKCS #8 DER in base64 of the ASK: signs VCEKs. The ARK's key is not kept. */
  askKey: base64,
  /** DER in base64: provisioner, model identity, root. */
  nvidiaCertificates: z.array(base64).length(3),
  provisionerKey: hex48,
  /** DER in base64: the ARK's list. Absent in networks of before there was one. */
  amdCrl: base64.optional(),
  /** DER in base64: what root and model identity answer about the certificates they issued. Their keys are not kept. */
  nvidiaOcsp: z.array(base64).length(2).optional(),
  createdAt: z.string().max(32).optional(),
});
export type AuthorityState = z.infer<typeof authorityStateSchema>;

export interface AuthorityOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
  /** The list names the network's own intermediate: every node must be refused. For tests. */
  readonly revokeIntermediate?: boolean;
}

const year = 365.25 * 24 * 3600 * 1000;
/** Clocks of desk and network may differ. */
const backdate = 24 * 3600 * 1000;
const organisation = ['O', 'Nacre local network, SIMULATED'] as const;
const amdName = (commonName: string): CertificateName => [['OU', 'SIMULATED'], organisation, ['CN', commonName]];
const gpuName = (commonName: string): CertificateName => [organisation, ['CN', `${commonName} SIMULATED`]];
const amdExtensions = '1.3.6.1.4.1.3704.1';
const generateKeys = promisify(generateKeyPair);

/** Makes the roots of a new network. Two RSA-4096 keys: takes seconds. */
export async function createAuthority(options: AuthorityOptions): Promise<AuthorityState> {
  const [arkKeys, askKeys] = await Promise.all([
    generateKeys('rsa', { modulusLength: 4096 }),
    generateKeys('rsa', { modulusLength: 4096 }),
  ]);
  const ark = rsaSigner(arkKeys.privateKey);
  const ask = rsaSigner(askKeys.privateKey);
  const certify = certifier(options);
  const arkName = amdName('ARK-Genoa');
  const arkCertificate = certify(arkName, arkName, ark.spki, ark, { ca: true, years: 25 });
  const askCertificate = certify(amdName('SEV-Genoa'), arkName, ask.spki, ark, { ca: true, years: 25, pathLength: 0 });
  const amdCrl = buildCrl(
    {
      issuer: arkName,
      thisUpdate: options.now - backdate,
      nextUpdate: options.now + 25 * year,
      revoked: options.revokeIntermediate === true ? [serialOf(askCertificate)] : [],
    },
    ark,
  );
  const [root, identity, provisioner] = [newKey(options), newKey(options), newKey(options)];
  const rootName = gpuName('Device Identity CA');
  const identityName = gpuName('GH100 Identity');
  const provisionerName = gpuName('GH100 Provisioner ICA');
  const rootSigner = p384Signer(root);
  const identitySigner = p384Signer(identity);
  const rootCertificate = certify(rootName, rootName, rootSigner.spki, rootSigner, { ca: true, years: 25 });
  const identityCertificate = certify(identityName, rootName, identitySigner.spki, rootSigner, { ca: true, years: 25 });
  const provisionerCertificate = certify(provisionerName, identityName, p384Signer(provisioner).spki, identitySigner, {
    ca: true,
    years: 25,
  });
  const since = options.now - backdate;
  const nvidiaOcsp = [
    answerGood(identityCertificate, rootCertificate, rootSigner, since),
    answerGood(provisionerCertificate, identityCertificate, identitySigner, since),
  ];
  return {
    version: 1,
    simulated: true,
    amdCertificates: [askCertificate, arkCertificate].map(toBase64),
    askKey: askKeys.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    nvidiaCertificates: [provisionerCertificate, identityCertificate, rootCertificate].map(toBase64),
    provisionerKey: provisioner,
    amdCrl: toBase64(amdCrl),
    nvidiaOcsp: nvidiaOcsp.map(toBase64),
    createdAt: new Date(options.now).toISOString(),
  };
}

/**
 * What these vendors publish about their hardware: SIMULATED, handed to the core out of band with the roots.
 * @param machines whose GPUs the provisioner is asked about
 */
export function authorityCollateral(
  state: AuthorityState,
  machines: readonly Pick<SimulatedHardware, 'gpus'>[] = [],
): CollateralItem[] {
  const { amdCrl, createdAt, nvidiaOcsp = [] } = state;
  if (amdCrl === undefined || createdAt === undefined) return [];
  const sha256 = createHash('sha256').update(Buffer.from(amdCrl, 'base64')).digest('hex');
  const source = 'local network, SIMULATED';
  const provisioner = p384Signer(state.provisionerKey);
  const since = Date.parse(createdAt) - backdate;
  const answers = machines
    .flatMap(({ gpus }) => gpus)
    .map(({ certificates: [, brom = '', issuer = ''] }) =>
      answerGood(fromBase64(brom), fromBase64(issuer), provisioner, since),
    );
  return [
    { kind: 'amd-crl', id: 'Genoa', source, fetchedAt: createdAt, sha256, content: amdCrl },
    ...[...nvidiaOcsp.map(fromBase64), ...answers].map((der) => answerItem(der, source, createdAt)),
  ];
}

/** SHA-256 of the DER of the roots, hex: what the directory hands to the core out of band. */
export function authorityAnchors(state: AuthorityState): { amd: string[]; nvidia: string[] } {
  return { amd: [fingerprint(state.amdCertificates)], nvidia: [fingerprint(state.nvidiaCertificates)] };
}

export interface HardwareRequest {
  readonly tcb: SnpTcb;
  readonly debug: boolean;
  /** Hex SHA-384 of the launched image. */
  readonly measurement: string;
  readonly gpus: readonly {
    readonly architecture: GpuArchitecture;
    readonly model: string;
    readonly driverVersion: string;
    readonly vbiosVersion: string;
    /** Hex, blocks 1, 2, 3 … */
    readonly measurements: readonly string[];
  }[];
}

/** One machine with its own chip key and GPU keys, certified by the authority. */
export function issueHardware(
  state: AuthorityState,
  request: HardwareRequest,
  options: AuthorityOptions,
): SimulatedHardware {
  return {
    version: 1,
    simulated: true,
    cpu: issueCpu(state, request, options.random(64), options),
    gpus: request.gpus.map((gpu) => issueGpu(state, gpu, options)),
  };
}

/** A chip as it is under one firmware: the VCEK follows from chip and TCB. */
export function issueCpu(
  state: AuthorityState,
  request: Pick<HardwareRequest, 'tcb' | 'debug' | 'measurement'>,
  chipId: Uint8Array,
  options: AuthorityOptions,
): SimulatedCpu {
  const vcek = newKey(options);
  const ask = rsaSigner(createPrivateKey({ key: Buffer.from(state.askKey, 'base64'), format: 'der', type: 'pkcs8' }));
  const certificate = certifier(options)(amdName('SEV-VCEK'), amdName('SEV-Genoa'), p384Signer(vcek).spki, ask, {
    ca: false,
    years: 7,
    extensions: vcekExtensions(request.tcb, chipId),
  });
  return {
    product: 'Genoa',
    privateKey: vcek,
    certificates: [toBase64(certificate), ...state.amdCertificates],
    chipId: Buffer.from(chipId).toString('hex'),
    tcb: request.tcb,
    debug: request.debug,
    measurement: request.measurement,
  };
}

function issueGpu(
  state: AuthorityState,
  gpu: HardwareRequest['gpus'][number],
  options: AuthorityOptions,
): SimulatedGpu {
  const certify = certifier(options);
  const [brom, attestation] = [newKey(options), newKey(options)];
  const fwid = createHash('sha384').update(`SIMULATED GPU firmware ${gpu.driverVersion}`).digest();
  const id = Buffer.from(options.random(20)).toString('hex').toUpperCase();
  const bromName: CertificateName = [['SERIALNUMBER', id.slice(0, 18)], ...gpuName('GH100 A01 GSP BROM')];
  const leafName: CertificateName = [['SERIALNUMBER', id], ...gpuName('GH100 A01 GSP FMC LF')];
  const bromSigner = p384Signer(brom);
  const leafSpki = p384Signer(attestation).spki;
  const leaf = certify(leafName, bromName, leafSpki, bromSigner, {
    ca: false,
    years: 25,
    extensions: [fwidExtension(gpu.architecture, leafSpki, fwid)],
  });
  const provisioner = p384Signer(state.provisionerKey);
  const issuer = gpuName('GH100 Provisioner ICA');
  const bromCertificate = certify(bromName, issuer, bromSigner.spki, provisioner, { ca: true, years: 25 });
  return {
    architecture: gpu.architecture,
    model: gpu.model,
    uuid: `GPU-SIMULATED-${id.slice(0, 16).toLowerCase()}`,
    privateKey: attestation,
    certificates: [toBase64(leaf), toBase64(bromCertificate), ...state.nvidiaCertificates],
    driverVersion: gpu.driverVersion,
    vbiosVersion: gpu.vbiosVersion,
    fwid: fwid.toString('hex'),
    measurements: [...gpu.measurements],
  };
}

function fingerprint(certificates: readonly string[]): string {
  return createHash('sha256')
    .update(Buffer.from(certificates.at(-1) ?? '', 'base64'))
    .digest('hex');
}

/** AMD's certificate extensions (57230 §3): the TCB the key was derived for, and the chip. */
function vcekExtensions(tcb: SnpTcb, chipId: Uint8Array): CertificateExtension[] {
  return [
    { oid: `${amdExtensions}.1`, value: derInteger(1) },
    { oid: `${amdExtensions}.2`, value: derIa5String('Genoa') },
    { oid: `${amdExtensions}.3.1`, value: derInteger(tcb.bootloader) },
    { oid: `${amdExtensions}.3.2`, value: derInteger(tcb.tee) },
    { oid: `${amdExtensions}.3.3`, value: derInteger(tcb.snp) },
    { oid: `${amdExtensions}.3.8`, value: derInteger(tcb.microcode) },
    { oid: `${amdExtensions}.4`, value: chipId },
  ];
}

/** TCG DICE: the firmware that the attestation key was made for; Hopper and Blackwell differ in the shape. */
function fwidExtension(architecture: GpuArchitecture, spki: Uint8Array, digest: Uint8Array): CertificateExtension {
  const fwid = derSequence(derOid('2.16.840.1.101.3.4.2.2'), derOctetString(digest));
  if (architecture === 'hopper') {
    return { oid: '2.23.133.5.4.1', value: derSequence(derInteger(1), spki, fwid) };
  }
  // [6] IMPLICIT FWIDLIST
  const list = Uint8Array.of(0xa6, fwid.length, ...fwid);
  return { oid: '2.23.133.5.4.1.1', value: derSequence(list) };
}

interface CertificateKind {
  readonly ca: boolean;
  readonly years: number;
  readonly pathLength?: number;
  readonly extensions?: readonly CertificateExtension[];
}

function certifier({ now, random }: AuthorityOptions) {
  return (
    subject: CertificateName,
    issuer: CertificateName,
    spki: Uint8Array,
    signer: CertificateSigner,
    { years, ...kind }: CertificateKind,
  ): Uint8Array => {
    const serial = Uint8Array.of(1, ...random(15));
    const [notBefore, notAfter] = [now - backdate, now + years * year];
    return buildCertificate({ subject, issuer, spki, serial, notBefore, notAfter, ...kind }, signer);
  };
}

function newKey({ random }: AuthorityOptions): string {
  return p384PrivateKey(random);
}

/** Signs as AMD does: RSASSA-PSS, SHA-384, salt of 48 bytes. */
function rsaSigner(key: KeyObject): CertificateSigner {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
  return {
    kind: 'rsa',
    spki: new Uint8Array(
      createPublicKey({ key: key.export({ type: 'pkcs8', format: 'pem' }), format: 'pem' }).export({
        type: 'spki',
        format: 'der',
      }),
    ),
    sign: (data) => new Uint8Array(sign('sha384', data, { key, ...padding })),
  };
}

function serialOf(certificate: Uint8Array): Uint8Array {
  const parsed = parseCertificate(certificate);
  if (!parsed.ok) throw new Error('a certificate that was just made cannot be read');
  return Buffer.from(parsed.value.serial, 'hex');
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function toBase64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
