import { beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedCpu, SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, type TrustAnchors } from '../anchors.ts';
import {
  anchors as intelAnchors,
  collateral,
  crypto,
  now,
  platform,
  sgxCollateral,
  tdxQuote,
} from '../dcap/testing/simulated.ts';
import { createChain } from '../nvidia/testing/ocsp-chain.ts';
import { concat, fromHex, toHex } from '../readers/bytes.ts';
import { buildNear } from '../simulated/composite-builder.ts';
import { buildGpuReport } from '../simulated/gpu-builder.ts';
import { buildNrasAnswer, createSimulatedNras } from '../simulated/nras-builder.ts';
import { buildRim, createSimulatedRimAuthority } from '../simulated/rim-builder.ts';
import { buildSnpReport } from '../simulated/snp-builder.ts';
import type { EvidenceFile } from './artifact.ts';
import { evidenceFilePolicy } from './default-policy.ts';
import { verifyEvidenceSet, type FilesToVerify } from './verify.ts';

/** The same evidence as tools and services of the field write it: none of these forms changes the verdict. */
type Content = Uint8Array | string;
const utf8 = (text: string) => new TextEncoder().encode(text);
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');
const mark = Uint8Array.of(0xef, 0xbb, 0xbf);
const pem = (der: Uint8Array | string) =>
  `-----BEGIN CERTIFICATE-----\n${typeof der === 'string' ? der : base64(der)}\n-----END CERTIFICATE-----\n`;
const without = <T extends object>(value: T, name: keyof T) =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

function judge(files: Readonly<Record<string, Content>>, anchors: TrustAnchors, changes: Partial<FilesToVerify> = {}) {
  const list = Object.entries(files).map(([name, content]): EvidenceFile => ({
    name,
    bytes: typeof content === 'string' ? utf8(content) : content,
  }));
  const result = verifyEvidenceSet({ files: list, policy: evidenceFilePolicy, anchors, now, crypto, ...changes });
  if (!result.ok) return result.error.message;
  const { family, verification } = result.value;
  return `${family} ${verification.reason ?? verification.status}`;
}

const collateralDocument = {
  tcb_info: collateral.tcbInfo,
  tcb_info_signature: collateral.tcbInfoSignature,
  tcb_info_issuer_chain: collateral.tcbInfoIssuerChain,
  qe_identity: collateral.qeIdentity,
  qe_identity_signature: collateral.qeIdentitySignature,
  qe_identity_issuer_chain: collateral.qeIdentityIssuerChain,
  root_ca_crl: collateral.rootCaCrl,
  pck_crl: collateral.pckCrl,
};

describe('an Intel quote and its collateral', () => {
  const seen = (files: Readonly<Record<string, Content>>) => judge(files, intelAnchors);
  const answers = {
    'tcb.json': `{"tcbInfo":${collateral.tcbInfo},"signature":"${collateral.tcbInfoSignature}"}`,
    'identity.json': `{"enclaveIdentity":${collateral.qeIdentity},"signature":"${collateral.qeIdentitySignature}"}`,
    'root.crl': fromHex(collateral.rootCaCrl) ?? '',
    'pck.crl': fromHex(collateral.pckCrl) ?? '',
    'signer.pem': collateral.tcbInfoIssuerChain,
  };
  const octets = (hex: string) => [...(fromHex(hex) ?? [])];

  it('is the same as the separate answers of Intel’s service', () => {
    expect(seen({ quote: tdxQuote, ...answers })).toBe('tdx affirming');
    const order = Object.fromEntries(Object.entries(answers).toReversed());
    expect(seen({ ...order, quote: toHex(tdxQuote) })).toBe('tdx affirming');
    expect(seen({ quote: tdxQuote, ...without(answers, 'pck.crl') })).toBe('tdx crl-missing');
    expect(seen({ quote: tdxQuote, ...without(answers, 'tcb.json') })).toBe('tdx tcb-info-missing');
    expect(seen({ quote: tdxQuote, ...without(answers, 'identity.json') })).toBe('tdx qe-identity-missing');
    const edited = answers['tcb.json'].replace('"UpToDate"', '"OutOfDate"');
    expect(edited).not.toBe(answers['tcb.json']);
    expect(seen({ quote: tdxQuote, ...answers, 'tcb.json': edited })).toBe('tdx tcb-info-signature');
  });

  it('is the one for this machine where there are several, and may have the ends of C strings', () => {
    const own = JSON.stringify(collateralDocument);
    const sgx = JSON.stringify({ ...collateralDocument, tcb_info: sgxCollateral.tcbInfo });
    const other = own.replace(/fmspc\\":\\"[0-9A-F]{12}/, 'fmspc\\":\\"001122334455');
    expect(other).not.toBe(own);
    expect(seen({ 'a.json': sgx, 'b.json': other, 'c.json': own, q: tdxQuote })).toBe('tdx affirming');
    expect(seen({ 'a.json': sgx, 'b.json': other, q: tdxQuote })).toContain('tdx tcb-info-signature');
    const ends = Object.fromEntries(Object.entries(collateralDocument).map(([name, text]) => [name, `${text}\0`]));
    expect(seen({ 'c.json': JSON.stringify(ends), q: tdxQuote })).toBe('tdx affirming');
  });

  it('is the same with bytes as lists of numbers, and behind a byte order mark', () => {
    const lists = {
      ...collateralDocument,
      tcb_info_signature: octets(collateral.tcbInfoSignature),
      root_ca_crl: octets(collateral.rootCaCrl),
      pck_crl: octets(collateral.pckCrl),
    };
    const quote = JSON.stringify({ quote: [...tdxQuote] });
    expect(seen({ 'q.json': quote, 'c.json': JSON.stringify(lists) })).toBe('tdx affirming');
    expect(seen({ 'q.json': JSON.stringify([...tdxQuote]), 'c.json': JSON.stringify(collateralDocument) })).toBe(
      'tdx affirming',
    );
    expect(seen({ q: tdxQuote, 'c.json': concat(mark, utf8(JSON.stringify(collateralDocument))) })).toBe(
      'tdx affirming',
    );
    expect(seen({ q: `0X${toHex(tdxQuote)}`, 'c.json': JSON.stringify(collateralDocument) })).toBe('tdx affirming');
    const strange = JSON.stringify({ quote: [...tdxQuote.slice(0, 100), 256, ...tdxQuote.slice(101)] });
    expect(seen({ 'q.json': strange, 'c.json': JSON.stringify(collateralDocument) })).toContain(
      'no evidence that Nacre knows',
    );
  });
});

describe('SIMULATED AMD evidence', () => {
  let cpu: SimulatedCpu;
  let anchors: TrustAnchors;
  let report: Uint8Array;
  beforeAll(async () => {
    const network = await startSimulatedNetwork(now);
    cpu = network.hardware().cpu;
    anchors = simulatedAnchors({ amd: network.network.anchors.amd, nvidia: [] });
    report = buildSnpReport(cpu, random(64), random);
  }, 120_000);

  const ders = () => cpu.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  const guids = [
    '63da758de6644564adc5f4b93be8accd',
    '4ab7b379bbac4fe4a02f05aef327c782',
    'c0b406a4a803495297433fb6014cd0ae',
  ];
  /** As Windows and some hosts write them: the first three parts in the other order. */
  const swapped = (guid: string) => guid.replace(/^(..)(..)(..)(..)(..)(..)(..)(..)/, '$4$3$2$1$6$5$8$7');
  const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  const table = (contents: readonly Uint8Array[], names = guids) => {
    const start = 24 * (contents.length + 1);
    const heads = contents.map((content, at) => {
      const before = contents.slice(0, at).reduce((sum, { length }) => sum + length, start);
      return concat(fromHex(names[at] ?? '') ?? new Uint8Array(), u32(before), u32(content.length));
    });
    return concat(...heads, new Uint8Array(24), ...contents);
  };

  it('is read from the report and table of configfs, in either order of the GUIDs, also in one file', () => {
    const whole = table(ders());
    for (const auxblob of [
      whole,
      table(ders(), guids.map(swapped)),
      concat(whole, new Uint8Array(3000)),
      table(ders().map((der) => utf8(pem(der)))),
      base64(whole),
    ]) {
      expect(judge({ outblob: report, auxblob }, anchors)).toBe('snp affirming');
    }
    expect(judge({ 'extended.bin': concat(report, whole) }, anchors)).toBe('snp affirming');
    const [leaf, ...others] = ders();
    const rest = others.map(pem).join('');
    expect(judge({ r: concat(report, table(leaf === undefined ? [] : [leaf])), chain: rest }, anchors)).toBe(
      'snp affirming',
    );
  });

  it('is not helped by a table that lies about its sizes, nor by another’s certificates', () => {
    const whole = table(ders());
    expect(judge({ outblob: report, auxblob: whole.slice(0, -1) }, anchors)).toBe('snp chain-incomplete');
    expect(judge({ outblob: report, auxblob: whole.slice(0, 40) }, anchors)).toBe('snp chain-incomplete');
    const wrong = whole.slice();
    wrong[16] = 0xff;
    wrong[19] = 0xff;
    expect(judge({ outblob: report, auxblob: wrong }, anchors)).toBe('snp chain-incomplete');
    const [, ask, ark] = ders();
    const two = table(
      [ask, ark].filter((der) => der !== undefined),
      guids.slice(1),
    );
    expect(judge({ outblob: report, auxblob: two }, anchors)).toBe('snp chain-incomplete');
  });

  it('takes certificates with words around them, and none that the words have broken', () => {
    const [leaf, ...others] = ders();
    if (leaf === undefined) throw new Error('no leaf');
    const printed = `Certificate:\n    Data:\n        Version: 3 (0x2)\n${pem(leaf)}`;
    const chain = others.map((der, at) => `subject=CN = ${at}\nissuer=CN = ${at + 1}\n${pem(der)}`).join('\n');
    expect(judge({ report, 'leaf.txt': printed, 'chain.txt': chain }, anchors)).toBe('snp affirming');
    const started = performance.now();
    judge({ report, chain: '-----BEGIN CERTIFICATE-----\n'.repeat(100_000) }, anchors);
    expect(performance.now() - started).toBeLessThan(1000);
    const broken = pem(leaf).replace('-----END', 'words\n-----END');
    expect(judge({ report, leaf: broken, chain }, anchors)).toBe('snp chain-incomplete');
    expect(judge({ report, leaf: pem(leaf).replace('-----END CERTIFICATE-----', ''), chain }, anchors)).not.toBe(
      'snp affirming',
    );
  });
});

describe('NVIDIA’s evidence', () => {
  const chains = [createChain(now), createChain(now)] as const;
  const authority = createSimulatedRimAuthority({ now, random });
  const roots = chains.flatMap(({ anchors }) => anchors.nvidiaDevice);
  const anchors = simulatedAnchors({ amd: [], nvidia: roots, rim: [authority.rootSha256] });
  const nonce = random(32);
  const fill = (byte: number) => toHex(new Uint8Array(48).fill(byte));
  const gpuOf = (chain: (typeof chains)[0]): SimulatedGpu => ({
    architecture: 'hopper',
    model: 'H100',
    uuid: 'GPU-SIMULATED',
    privateKey: chain.issued[0].privateKey,
    certificates: [],
    driverVersion: '570.86.10',
    vbiosVersion: '96.00.AF.00.01',
    fwid: 'ab'.repeat(48),
    measurements: [fill(1), fill(2)],
  });
  const reports = chains.map((chain) => buildGpuReport(gpuOf(chain), nonce, random));
  const entryOf = (at: 0 | 1, evidence = base64(reports[at] ?? '')) => ({
    arch: 'HOPPER',
    certificate: base64(chains[at].chain.map(({ der }) => pem(der)).join('')),
    evidence,
    nonce: toHex(nonce),
  });
  const rims = {
    'driver.xml': buildRim(authority, {
      version: '570.86.10',
      product: 'GH100',
      measurements: [{ index: 0, values: [fill(1)] }],
    }),
    'vbios.xml': buildRim(authority, {
      version: '96.00.AF.00.01',
      product: 'GH100',
      measurements: [{ index: 1, values: [fill(2)] }],
    }),
  };
  const seen = (list: unknown) => judge({ 'gpus.json': JSON.stringify(list), ...rims }, anchors, { nonce });

  it('is a list of one or more devices, bare or in any of its wrappers', () => {
    const list = [entryOf(0), entryOf(1)];
    const payload = { arch: 'HOPPER', nonce: toHex(nonce), evidence_list: list };
    for (const form of [
      [entryOf(0)],
      entryOf(0),
      list,
      payload,
      { evidences: list },
      { nvidia_payload: JSON.stringify(payload) },
      { gpu: { nvidia_payload: payload } },
    ]) {
      expect(seen(form)).toBe('nvidia affirming');
    }
  });

  it('counts a device once, and knows an empty list', () => {
    expect(seen([entryOf(0), entryOf(0)])).toBe('nvidia gpu-duplicate');
    expect(seen({ evidence_list: [entryOf(1), entryOf(0), entryOf(1)] })).toBe('nvidia gpu-duplicate');
    expect(seen({ evidence_list: [], arch: 'HOPPER' })).toBe('nvidia gpu-count');
  });

  it('must be of the architecture and over the nonce that its list states', () => {
    expect(seen([{ ...entryOf(0), arch: 'BLACKWELL' }])).toContain('nvidia gpu-architecture-mismatch');
    expect(seen([{ ...entryOf(0), nonce: '00'.repeat(32) }])).toBe('nvidia gpu-nonce-mismatch');
  });

  it('has its report in base64, in hex or both', () => {
    const hex = toHex(reports[0] ?? new Uint8Array());
    expect(seen([entryOf(0, hex)])).toBe('nvidia affirming');
    expect(seen([entryOf(0, base64(hex.toUpperCase()))])).toBe('nvidia affirming');
    expect(seen([entryOf(0, hex.slice(0, -1))])).toBe('nvidia evidence-malformed');
    expect(seen([entryOf(0, '')])).toBe('nvidia evidence-malformed');
  });

  it('is not affirmed for its manifests alone when its report is damaged beyond recognition', () => {
    const authority = createSimulatedRimAuthority({ now, random });
    const measurements = [{ index: 0, values: [fill(1)] }];
    const manifest = buildRim(authority, { version: '1', product: 'GH100', measurements });
    const trusted = simulatedAnchors({ amd: [], nvidia: [], rim: [authority.rootSha256] });
    expect(judge({ 'rim.xml': manifest }, trusted)).toBe('nvidia-rim affirming');
    expect(judge({ 'report.bin': random(4049), 'rim.xml': manifest }, trusted)).toContain('There is no evidence');
    const whole = reports[0] ?? new Uint8Array();
    const cut = whole.slice(3);
    expect(judge({ 'report.bin': cut, 'rim.xml': manifest }, trusted)).not.toContain('affirming');
    expect(judge({ 'report.txt': toHex(cut), 'rim.xml': manifest }, trusted)).not.toContain('affirming');
  });

  it('says of a manifest whose certificate expired', () => {
    const old = createSimulatedRimAuthority({ now, random, notAfter: now - 1 });
    const manifest = buildRim(old, { version: '1', product: 'GH100', measurements: [{ index: 0, values: [fill(1)] }] });
    const trusted = simulatedAnchors({ amd: [], nvidia: [], rim: [old.rootSha256] });
    expect(judge({ 'rim.xml': manifest }, trusted)).toBe('nvidia-rim rim-certificate-expired');
  });
});

describe('a machine behind NEAR’s interface', () => {
  const chain = createChain(now);
  const nonce = random(32);
  const gpu: SimulatedGpu = {
    architecture: 'hopper',
    model: 'H100',
    uuid: 'GPU-SIMULATED',
    privateKey: chain.issued[0].privateKey,
    certificates: chain.chain.map(({ der }) => base64(der)),
    driverVersion: '570.86.10',
    vbiosVersion: '96.00.AF.00.01',
    fwid: 'ab'.repeat(48),
    measurements: ['01'.repeat(48)],
  };
  const near = buildNear({ platform, gpus: [gpu], random }, { nonce, signer: random(20), appCompose: utf8('{}') });
  const { nonce: asked, signing_address: address } = JSON.parse(near.request) as Record<string, string>;
  const answer = {
    signing_address: `0x${address}`,
    signing_algo: 'ecdsa',
    request_nonce: asked,
    intel_quote: toHex(near.quote),
    nvidia_payload: near.nvidiaPayload,
    event_log: JSON.stringify(near.eventLog),
  };
  const anchors: TrustAnchors = { ...chain.anchors, intelSgx: intelAnchors.intelSgx };
  const policy = {
    ...evidenceFilePolicy,
    acceptSimulated: true,
    gpu: { ...evidenceFilePolicy.gpu, requireReferenceMeasurements: false },
  };
  const seen = (document: unknown) =>
    judge({ 'answer.json': JSON.stringify(document), 'c.json': JSON.stringify(collateralDocument) }, anchors, {
      nonce,
      policy,
    });

  it('is read from its answer as it came', () => {
    expect(seen(answer)).toBe('composite affirming');
    expect(seen({ model_attestations: [answer] })).toBe('composite affirming');
    expect(seen({ ...answer, event_log: near.eventLog })).toBe('composite affirming');
    expect(seen({ ...answer, request_nonce: '00'.repeat(32) })).toBe('composite nonce-mismatch');
    expect(seen({ ...answer, signing_address: `0x${'00'.repeat(20)}` })).toBe('composite report-data-mismatch');
    const none = JSON.stringify({ arch: 'HOPPER', nonce: asked, evidence_list: [] });
    expect(seen({ ...answer, nvidia_payload: none })).toBe('composite gpu-count');
  });
});

describe('an answer of NVIDIA’s service', () => {
  const nras = createSimulatedNras(random);
  const nonce = random(32);
  const answer = buildNrasAnswer(nras, { nonce, now, ueids: ['101'] });
  const anchors = simulatedAnchors({ amd: [], nvidia: [] });
  const seen = (eat: string) => judge({ eat, 'jwks.json': nras.jwks }, anchors, { nonce });
  const [[, overall], devices] = JSON.parse(answer) as [[string, string], Record<string, string>];

  it('is found in the report of NVIDIA’s client, whose own words count for nothing', () => {
    const eat: unknown = JSON.parse(answer);
    expect(seen(answer)).toBe('nras affirming');
    expect(seen(JSON.stringify({ detached_eat: eat }))).toBe('nras affirming');
    const failed = { claims: [{ measres: 'fail' }], detached_eat: eat, result_code: 1, result_message: 'Failed' };
    expect(seen(JSON.stringify(failed))).toBe('nras affirming');
    expect(seen(JSON.stringify({ first: eat, second: eat }))).toBe('nras evidence-malformed');
    const without = { detached_eat: [['JWT', overall], {}], devices };
    expect(seen(JSON.stringify(without))).toBe('nras submods-mismatch');
  });

  it('is refused by what is missing when it is the overall token alone', () => {
    expect(seen(overall)).toBe('nras submods-mismatch');
    expect(seen(`${overall}\n`)).toBe('nras submods-mismatch');
    expect(seen(devices['GPU-0'] ?? '')).toBe('nras evidence-malformed');
  });
});
