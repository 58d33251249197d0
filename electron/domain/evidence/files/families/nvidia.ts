import { decodeBase64 } from '../../../encoding/base64.ts';
import { decodeUtf8 } from '../../../encoding/utf8.ts';
import { createChecks } from '../../checks.ts';
import { architectureOf, statedArchitecture, type NvidiaArchitecture } from '../../nvidia/identity.ts';
import { decodeGpuReport, opaqueText, opaqueTypes, parseGpuReport, vbiosVersion } from '../../nvidia/report.ts';
import type { OcspSource } from '../../nvidia/certificate-standing.ts';
import { verifyGpu, type GpuReference, type GpuResult } from '../../nvidia/verify.ts';
import { fromHex, toHex } from '../../readers/bytes.ts';
import { jsonText } from '../../readers/json.ts';
import { parseOcsp } from '../../readers/ocsp.ts';
import { parsePemCertificates } from '../../readers/pem.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import { textOf, type Artifact } from '../artifact.ts';
import { leavesOf, pathFrom } from '../certificates.ts';
import type { Family, FamilyInput } from '../family.ts';
import { gpuItems } from '../recognize-json.ts';

/** NVIDIA GPUs and switches: one report with its chain, or lists of them; manifests from the files or from collateral. */
export const nvidiaFamily: Family = {
  family: 'nvidia',
  expects: 'a GPU report (SPDM 1.1 measurements) or a list of GPU evidence',
  kinds: ['gpu-report', 'gpu-evidence-list'],
  verify(input) {
    const devices = readDevices(input);
    const results = devices.map((device, at) => verifyDevice(device, deviceName(devices, at), input));
    return {
      submodules: results.map(({ verdict }) => verdict),
      binding: checkTogether(devices, results, input),
      chains: devices.map(({ chain }, at) => ({ name: deviceName(devices, at), certificates: chain })),
      used: input.set.of('gpu-report', 'gpu-evidence-list', 'rim', 'ocsp-answer', 'certificates'),
      notChecked: input.nonce === undefined ? ['Freshness: no nonce was given to compare with.'] : [],
    };
  },
};

interface Device {
  readonly report: Uint8Array;
  readonly chain: readonly Certificate[];
  readonly architecture: NvidiaArchitecture | undefined;
  /** The nonce that a list states beside the report: only its author's word. */
  readonly stated: string | undefined;
}

function readDevices({ set }: FamilyInput): Device[] {
  const lists = set.of('gpu-evidence-list');
  const inLists = lists.flatMap((list) =>
    (list.json === undefined ? [] : (gpuItems(list.json) ?? [])).map((item): Device => {
      const report = decodeGpuReport(jsonText(item, 'evidence') ?? '') ?? new Uint8Array();
      const chain = chainOfList(jsonText(item, 'certificate') ?? '');
      // What the list says of itself is compared with the certificate, where it says anything.
      const architecture = statedArchitecture(jsonText(item, 'arch') ?? '') ?? architectureIn(chain);
      return { report, chain, architecture, stated: jsonText(item, 'nonce')?.toLowerCase() };
    }),
  );
  const single = set
    .of('gpu-report')
    .filter(({ file, name }) => name === file || !lists.some((list) => list.file === file))
    .map(({ bytes }): Device => {
      const chain = deviceChain(set.certificates);
      return { report: bytes, chain, architecture: architectureIn(chain), stated: undefined };
    });
  return [...single, ...inLists];
}

/** Base64 of PEM, or PEM. */
function chainOfList(text: string): Certificate[] {
  const pem = text.includes('-----BEGIN') ? text : (decodeUtf8(decodeBase64(text) ?? new Uint8Array()) ?? '');
  const ders = parsePemCertificates(pem);
  if (!ders.ok) return [];
  return ders.value.flatMap((der) => {
    const parsed = parseCertificate(der);
    return parsed.ok ? [parsed.value] : [];
  });
}

/** The path of the one leaf that is a device's; the roots of other vendors and of manifests stand beside it. */
function deviceChain(pool: readonly Certificate[]): Certificate[] {
  const leaves = leavesOf(pool);
  const leaf = leaves.find((one) => architectureOf(one) !== undefined) ?? leaves[0];
  return leaf === undefined ? [] : pathFrom(leaf, pool);
}

function architectureIn([leaf]: readonly Certificate[]): NvidiaArchitecture | undefined {
  return leaf === undefined ? undefined : architectureOf(leaf);
}

function deviceName(devices: readonly Device[], at: number): string {
  const isSwitch = (device: Device | undefined) => device?.architecture === 'ls10';
  const kind = isSwitch(devices[at]);
  const before = devices.slice(0, at).filter((device) => isSwitch(device) === kind).length;
  return `${kind ? 'switch' : 'gpu'}${before}`;
}

function verifyDevice(device: Device, name: string, input: FamilyInput): GpuResult {
  return verifyGpu({
    name,
    architecture: device.architecture ?? 'hopper',
    report: device.report,
    certificates: device.chain.map(({ der }) => der),
    nonce: input.nonce,
    reference: referenceOf(device.report, device.architecture, input),
    ocsp: ocspOf(input),
    policy: input.policy.gpu,
    anchors: input.anchors,
    now: input.now,
    crypto: input.crypto,
  });
}

/** Manifests whose version is the report's; when none is, one of the right sort, so that the mismatch is told. */
export function referenceOf(
  report: Uint8Array,
  architecture: NvidiaArchitecture | undefined,
  { set, collateral }: Pick<FamilyInput, 'set' | 'collateral'>,
): GpuReference {
  const parsed = parseGpuReport(report);
  if (!parsed.ok) return { kind: 'none' };
  const manifests = set.of('rim').map((artifact) => ({ artifact, ...describe(artifact) }));
  const find = (version: string | undefined, sort: 'driver' | 'vbios'): string | undefined => {
    const same = manifests.find((one) => one.version?.toLowerCase() === version?.toLowerCase());
    const chosen = same ?? manifests.find((one) => one.sort === sort);
    if (chosen !== undefined) return textOf(chosen.artifact);
    const product = productPrefix(architecture);
    return version === undefined || product === undefined ? undefined : collateral?.rim({ product, version });
  };
  const driver =
    architecture === 'ls10' ? undefined : find(opaqueText(parsed.value, opaqueTypes.driverVersion), 'driver');
  const vbios = find(vbiosVersion(parsed.value), 'vbios');
  if (driver === undefined && vbios === undefined) return { kind: 'none' };
  const rims = { ...(driver === undefined ? {} : { driver }), ...(vbios === undefined ? {} : { vbios }) };
  return { kind: 'rims', rims };
}

/** Answers among the files and in the collateral: which of them counts is for the verifier. */
export function ocspOf({ set, collateral }: Pick<FamilyInput, 'set' | 'collateral'>): OcspSource {
  const given = set.of('ocsp-answer').flatMap(({ bytes }) => {
    const parsed = parseOcsp(bytes);
    return parsed.ok ? [{ bytes, singles: parsed.value.singles }] : [];
  });
  return (fits) => [
    ...given.filter(({ singles }) => singles.some(({ certificate }) => fits(certificate))).map(({ bytes }) => bytes),
    ...(collateral?.ocsp(fits) ?? []),
  ];
}

function productPrefix(architecture: NvidiaArchitecture | undefined): string | undefined {
  return architecture === undefined ? undefined : { hopper: 'GH', blackwell: 'GB', ls10: 'LS10' }[architecture];
}

/** What a manifest says it is for, unverified: only to choose among several. VBIOS versions have five parts. */
function describe(artifact: Artifact): { version: string | undefined; sort: 'driver' | 'vbios' } {
  const version = /\scolloquialVersion="([^"]{1,64})"/.exec(textOf(artifact))?.[1];
  return { version, sort: version !== undefined && version.split('.').length >= 5 ? 'vbios' : 'driver' };
}

function checkTogether(devices: readonly Device[], results: readonly GpuResult[], { crypto }: FamilyInput) {
  const rows = createChecks();
  if (devices.length === 0) {
    const detail = 'The list of evidence is empty.';
    rows.fail('binding.gpu-count', 'There is a device', 'gpu-count', { detail });
  }
  for (const [at, { stated }] of devices.entries()) {
    const found = results[at]?.report?.nonce;
    if (stated === undefined || found === undefined) continue;
    const name = deviceName(devices, at);
    const expected = fromHex(stated) ?? new Uint8Array();
    rows.judge(
      `binding.${name}-nonce-stated`,
      `The nonce stated for ${name} is the one it signed`,
      crypto.equal(expected, found),
      'gpu-nonce-mismatch',
      {
        detail: 'The list states another nonce than the device signed.',
        expected: stated,
        found: toHex(found),
      },
    );
  }
  if (devices.length < 2) return rows.checks;
  const nonces = new Set(results.map(({ report }) => (report === undefined ? 'unreadable' : toHex(report.nonce))));
  rows.judge('binding.gpu-nonce', 'Every device signed the same nonce', nonces.size === 1, 'gpu-nonce-mismatch', {
    detail: 'The devices answered different challenges: they need not be of one machine.',
    found: [...nonces].join(', '),
  });
  const gpus = new Set(devices.map(({ architecture }) => architecture).filter((one) => one !== 'ls10'));
  rows.judge('binding.gpu-architecture', 'All GPUs are of one architecture', gpus.size <= 1, 'gpu-mixed', {
    detail: 'One machine has GPUs of one architecture; these come from several.',
    found: [...gpus].map((one) => one ?? 'unknown').join(', '),
  });
  const serials = results.map(({ serial }) => serial ?? '');
  rows.judge(
    'binding.gpu-distinct',
    'No device appears twice',
    new Set(serials).size === serials.length,
    'gpu-duplicate',
    {
      detail: 'One device answers for several.',
    },
  );
  return rows.checks;
}
