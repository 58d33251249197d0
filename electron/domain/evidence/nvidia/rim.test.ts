import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, vendorAnchors, type TrustAnchors } from '../anchors.ts';
import { buildGpuReport } from '../simulated/gpu-builder.ts';
import {
  buildRim,
  createSimulatedRimAuthority,
  type RimContent,
  type RimDeviations,
  type RimMeasurement,
} from '../simulated/rim-builder.ts';
import type { RimPair } from './rim-reference.ts';
import { parseCertificate } from '../readers/x509.ts';
import { buildOcsp, type OcspRequest } from '../simulated/ocsp-builder.ts';
import { verifyRim } from './rim.ts';
import { sourceOf } from './testing/ocsp-chain.ts';
import { verifyGpu, type GpuInput } from './verify.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const crypto = createNodeCrypto();
const nonce = new Uint8Array(32).fill(5);
const authority = createSimulatedRimAuthority({ now, random });
const attacker = createSimulatedRimAuthority({ now, random });
const trusted: Parameters<typeof verifyRim>[1] = { anchors: [authority.rootSha256], now, crypto };
const hash = (fill: string) => fill.repeat(48);
const content: RimContent = {
  version: '1.2.3',
  product: 'GH100',
  measurements: [
    { index: 0, values: [hash('aa')] },
    { index: 1, active: false, values: [hash('bb')] },
    { index: 2, values: [hash('cc'), hash('dd')] },
  ],
};
const honest = buildRim(authority, content);
const reasonOf = (xml: string, context = trusted) => {
  const result = verifyRim(xml, context);
  return result.ok ? undefined : result.reason;
};

describe('a manifest under a private root', () => {
  it('is read from what was signed: active measurements with their alternatives', () => {
    expect(verifyRim(honest, trusted)).toMatchObject({
      ok: true,
      rim: {
        version: '1.2.3',
        product: 'GH100',
        active: [
          { index: 0, size: 48, values: [hash('aa')] },
          { index: 2, size: 48, values: [hash('cc'), hash('dd')] },
        ],
      },
    });
  });

  it('is worth nothing under another root, or when its signer has expired', () => {
    expect(reasonOf(honest, { ...trusted, anchors: vendorAnchors.nvidiaRim })).toBe('chain-root-not-pinned');
    expect(reasonOf(buildRim(attacker, content))).toBe('chain-root-not-pinned');
    const old = createSimulatedRimAuthority({ now, random, notAfter: now - 1 });
    expect(reasonOf(buildRim(old, content), { ...trusted, anchors: [old.rootSha256] })).toBe('certificate-expired');
  });

  it('signed by another key than its certificate names', () => {
    expect(reasonOf(buildRim({ ...authority, signer: attacker.signer }, content))).toBe('rim-signature');
  });

  it.each<[string, (xml: string) => string]>([
    ['an edited measurement', (xml) => xml.replace(hash('aa'), hash('ab'))],
    ['an edited version', (xml) => xml.replace('1.2.3', '1.2.4')],
    ['a measurement made active', (xml) => xml.replace('active="False"', 'active="True"')],
    ['a measurement more', (xml) => xml.replace('</Payload>', '<Resource></Resource></Payload>')],
    ['an edited algorithm', (xml) => xml.replace('#ecdsa-sha384', '#ecdsa-sha256')],
    ['a reference that moved', (xml) => xml.replace('URI=""', 'URI="#other"')],
  ])('with %s', (_, change) => {
    expect(change(honest)).not.toBe(honest);
    expect(reasonOf(change(honest))).toBe('rim-signature');
  });

  it.each<[string, RimDeviations]>([
    ['a part of the document', { rootId: 'part', referenceUri: '#part' }],
    ['nothing that is there', { referenceUri: '#nothing' }],
  ])('whose good signature is over %s', (_, deviations) => {
    expect(reasonOf(buildRim(authority, content, deviations))).toBe('rim-signature');
  });

  it('with other algorithms than NVIDIA uses, though well signed', () => {
    const canonical = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    expect(reasonOf(buildRim(authority, content, { algorithms: { canonical } }))).toBe('rim-signature');
    const digest = 'http://www.w3.org/2001/04/xmlenc#sha384';
    expect(reasonOf(buildRim(authority, content, { algorithms: { digest } }))).toBe('rim-signature');
  });

  it('wrapped: a good signature around or beside forged content', () => {
    const forged = honest.replace(hash('aa'), hash('ee'));
    const signature = /<Signature[\s>].*<\/Signature>/.exec(honest)?.[0] ?? '';
    const outer = '<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd">';
    for (const wrapped of [
      `${outer}${honest}</SoftwareIdentity>`,
      `${outer}${honest.replace(signature, '')}${forged}</SoftwareIdentity>`,
      forged.replace('</SoftwareIdentity>', `${signature}</SoftwareIdentity>`),
      forged.replace('</SoftwareIdentity>', `${honest}</SoftwareIdentity>`),
      honest.replace(signature, '').replace('<Payload>', `<Payload>${signature}`),
      honest.replace(signature, ''),
      honest.replace('<Payload>', '<!-- --><Payload>'),
      `<!DOCTYPE x>${honest}`,
    ]) {
      expect(['rim-malformed', 'rim-signature']).toContain(reasonOf(wrapped));
    }
  });

  it('that says the same index twice, or lacks one of its values', () => {
    const [first] = content.measurements;
    const twice = { ...content, measurements: first === undefined ? [] : [first, first] };
    expect(reasonOf(buildRim(authority, twice))).toBe('rim-malformed');
    const uneven = { ...content, measurements: [{ index: 0, values: [hash('aa'), 'bb'] }] };
    expect(reasonOf(buildRim(authority, uneven))).toBe('rim-malformed');
  });
});

describe('a GPU against its manifests', () => {
  let gpu: SimulatedGpu;
  let anchors: TrustAnchors;
  beforeAll(async () => {
    const network = await startSimulatedNetwork(now);
    const [first] = network.hardware().gpus;
    if (first === undefined) throw new Error('no GPU');
    gpu = first;
    anchors = simulatedAnchors({ ...network.network.anchors, rim: [authority.rootSha256] });
  }, 120_000);

  const measurement = (index: number, ...values: string[]): RimMeasurement => ({
    index,
    values: [gpu.measurements[index] ?? hash('00'), ...values],
  });
  const driver = (changes: Partial<RimContent> = {}) =>
    buildRim(authority, {
      version: gpu.driverVersion,
      product: 'GH100',
      measurements: [measurement(0), measurement(1)],
      ...changes,
    });
  const vbios = (changes: Partial<RimContent> = {}) =>
    buildRim(authority, { version: gpu.vbiosVersion, product: 'GH100', measurements: [measurement(2)], ...changes });
  const verdictOf = (rims: RimPair, changes: Partial<GpuInput> = {}) =>
    verifyGpu({
      name: 'gpu0',
      architecture: 'hopper',
      report: buildGpuReport(gpu, nonce, random),
      certificates: gpu.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
      nonce,
      reference: { kind: 'rims', rims },
      policy: { required: true, architectures: ['hopper'], models: [], requireReferenceMeasurements: true },
      anchors,
      now,
      crypto,
      ...changes,
    }).verdict;
  const reasons = (rims: RimPair, changes: Partial<GpuInput> = {}) =>
    verdictOf(rims, changes)
      .checks.filter(({ required, outcome }) => required && outcome !== 'pass')
      .map(({ reason }) => reason);

  it('is affirmed when both are for it and all measurements are equal, or equal to an alternative', () => {
    expect(reasons({ driver: driver(), vbios: vbios() })).toEqual([]);
    const alternatives = [{ index: 2, values: [hash('11'), gpu.measurements[2] ?? ''] }];
    expect(reasons({ driver: driver(), vbios: vbios({ measurements: alternatives }) })).toEqual([]);
  });

  it('is refused when a measurement differs or is missing', () => {
    const other = [{ index: 2, values: [hash('11')] }];
    expect(reasons({ driver: driver(), vbios: vbios({ measurements: other }) })).toEqual(['measurement-mismatch']);
    const beyond = [{ index: 63, values: [hash('00')] }];
    expect(reasons({ driver: driver(), vbios: vbios({ measurements: beyond }) })).toEqual(['measurement-mismatch']);
  });

  it('is refused when a manifest is for another version or product, missing, or of another signer', () => {
    expect(reasons({ driver: driver({ version: '1.0' }), vbios: vbios() })).toContain('rim-version-mismatch');
    expect(reasons({ driver: driver(), vbios: vbios({ product: 'LS10' }) })).toContain('rim-version-mismatch');
    expect(reasons({ driver: driver() })).toContain('rim-unavailable');
    const foreign = buildRim(attacker, { version: gpu.vbiosVersion, product: 'GH100', measurements: [measurement(2)] });
    expect(reasons({ driver: driver(), vbios: foreign })).toContain('rim-chain-root-not-pinned');
  });

  it('is refused when both manifests claim one measurement, or neither any', () => {
    expect(reasons({ driver: driver(), vbios: vbios({ measurements: [measurement(1)] }) })).toContain('rim-conflict');
    const nothing = { measurements: [] };
    expect(reasons({ driver: driver(nothing), vbios: vbios(nothing) })).toEqual(['reference-empty']);
  });

  it('is refused when who signed a manifest was revoked, and a policy may demand to know', () => {
    const certificates = authority.chain.map((der) => {
      const parsed = parseCertificate(der);
      if (!parsed.ok) throw new Error(parsed.detail);
      return parsed.value;
    });
    const say = (at: number, status: OcspRequest['status']) => {
      const [certificate, issuer, signer] = [certificates[at], certificates[at + 1], authority.issuers[at]];
      if (certificate === undefined || issuer === undefined || signer === undefined) throw new Error('no issuer');
      return buildOcsp({ certificate, issuer, status, thisUpdate: now - 1000, nextUpdate: now + 1000 }, signer);
    };
    const rims = { driver: driver(), vbios: vbios() };
    const row = (changes: Partial<GpuInput>) => {
      const found = verdictOf(rims, changes).checks.find(({ id }) => id === 'gpu.rim.driver.revocation');
      return [found?.outcome, found?.required, found?.reason];
    };
    const good = [say(0, 'good'), say(1, 'good')];
    expect(row({})).toEqual(['unknown', false, 'ocsp-not-given']);
    expect(row({ ocsp: sourceOf(...good) })).toEqual(['pass', true, undefined]);
    const revoked = sourceOf(say(0, { revokedAt: now - 5000, reason: 1 }), ...good);
    expect(reasons(rims, { ocsp: revoked })).toEqual(['certificate-revoked', 'certificate-revoked']);
    const middle = sourceOf(say(1, { revokedAt: now - 5000, reason: 6 }));
    expect(reasons(rims, { ocsp: middle })).toEqual(['certificate-on-hold', 'certificate-on-hold']);
    const demanding: Policy['gpu'] = {
      required: true,
      architectures: ['hopper'],
      models: [],
      requireReferenceMeasurements: true,
      requireRevocation: true,
    };
    // The device's own chain is one more question.
    expect(reasons(rims, { policy: demanding })).toEqual(Array(3).fill('ocsp-not-given'));
    expect(reasons(rims, { policy: demanding, ocsp: sourceOf(...good) })).toEqual(['ocsp-not-given']);
  });

  it('measurement 35 counts only while NVDEC0 is on', () => {
    // The simulated GPU reports NVDEC0 off and has no block 36.
    const withNvdec = { measurements: [measurement(2), { index: 35, values: [hash('35')] }] };
    expect(reasons({ driver: driver(), vbios: vbios(withNvdec) })).toEqual([]);
  });
});
