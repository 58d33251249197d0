import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import { cacheGoodSignatures } from '../../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors } from '../anchors.ts';
import { fromHex } from '../readers/bytes.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { opaqueText, opaqueTypes, parseGpuReport, vbiosVersion } from './report.ts';
import { verifyRim } from './rim.ts';
import { verifyGpu, type GpuReference } from './verify.ts';

const root = '../shared/vectors';
const available = existsSync(root);
const crypto = cacheGoodSignatures(createNodeCrypto());
const policy: Policy['gpu'] = {
  required: true,
  architectures: ['hopper', 'blackwell'],
  models: [],
  requireReferenceMeasurements: true,
};

interface Meta {
  readonly expected: string;
  readonly evaluate_at: string;
  readonly nonce?: string;
  readonly driver_version?: string;
}

const families: Readonly<Record<string, RegExp>> = {
  'invalid:spdm-signature': /^spdm-signature$/,
  'invalid:rim-unavailable': /^rim-unavailable$/,
  'invalid:rim-certificate-expired': /^rim-certificate-expired$/,
  'invalid:measurement-mismatch': /^measurement-mismatch$/,
  // Only an OCSP answer shows a hold: offline it is invalid because there is no reference manifest.
  'invalid:certificate-on-hold': /^rim-unavailable$/,
};

function certificatesOf(pem: string): Uint8Array[] {
  const certificates = parsePemCertificates(pem);
  if (!certificates.ok) throw new Error(certificates.detail);
  return certificates.value;
}

describe('NVIDIA vectors', () => {
  if (!available) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const single = readdirSync(join(root, 'nvidia')).filter((name) =>
    existsSync(join(root, 'nvidia', name, 'report.bin')),
  );
  it('are all there', () => expect(single).toHaveLength(7));

  it.each(single)('%s', (name) => {
    const path = (file: string) => join(root, 'nvidia', name, file);
    const text = (file: string) => readFileSync(path(file), 'utf8');
    const meta = JSON.parse(text('meta.json')) as Meta;
    const report = new Uint8Array(readFileSync(path('report.bin')));
    const reference: GpuReference = existsSync(path('driver_rim.xml'))
      ? { kind: 'rims', rims: { driver: text('driver_rim.xml'), vbios: text('vbios_rim.xml') } }
      : { kind: 'none' };
    const { verdict } = verifyGpu({
      name: 'gpu0',
      architecture: name.startsWith('b200') ? 'blackwell' : 'hopper',
      report,
      certificates: certificatesOf(text('cert_chain.pem')),
      nonce: fromHex(meta.nonce ?? '') ?? new Uint8Array(),
      reference,
      policy,
      anchors: vendorAnchors,
      now: Date.parse(meta.evaluate_at),
      crypto,
    });
    const failed = verdict.checks.filter((check) => check.required && check.outcome !== 'pass');
    if (meta.expected === 'valid') {
      expect(failed).toEqual([]);
      expect(verdict.status).toBe('affirming');
      expect(verdict.checks.find(({ id }) => id === 'gpu.measurements')?.expected).toBe('32 equal');
    } else {
      expect(verdict.status).toBe('contraindicated');
      expect(failed[0]?.reason).toMatch(families[meta.expected] ?? /^$/);
    }
    if (meta.expected === 'invalid:measurement-mismatch') expect(failed[0]?.detail).toContain('1, 2, 3, 9');
    const parsed = parseGpuReport(report);
    if (parsed.ok) {
      expect(opaqueText(parsed.value, opaqueTypes.driverVersion)).toBe(meta.driver_version);
      expect(vbiosVersion(parsed.value)).toMatch(/^(96|97)\.00\./);
    } else expect(meta.expected).not.toBe('valid');
  });

  it('no bit of a whole GPU report can change', () => {
    const path = (file: string) => join(root, 'nvidia', 'h100-complete-with-rims', file);
    const report = new Uint8Array(readFileSync(path('report.bin')));
    const meta = JSON.parse(readFileSync(path('meta.json'), 'utf8')) as Meta;
    const rest = {
      name: 'gpu0',
      architecture: 'hopper' as const,
      certificates: certificatesOf(readFileSync(path('cert_chain.pem'), 'utf8')),
      nonce: fromHex(meta.nonce ?? '') ?? new Uint8Array(),
      reference: { kind: 'none' } as const,
      policy: { ...policy, requireReferenceMeasurements: false },
      anchors: vendorAnchors,
      now: Date.parse(meta.evaluate_at),
      crypto,
    };
    // Without reference values, so that only format, chain and signature stand between a change and affirming.
    expect(verifyGpu({ ...rest, report }).verdict.status).toBe('affirming');
    fc.assert(
      fc.property(fc.nat(report.length - 1), fc.nat(7), (at, bit) => {
        const changed = report.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        return verifyGpu({ ...rest, report: changed }).verdict.status !== 'affirming';
      }),
      { numRuns: 60 },
    );
  });

  it.each(['gpus.json', 'switches.json'])('hgx-4gpu-4switch %s', (file) => {
    const folder = join(root, 'nvidia', 'hgx-4gpu-4switch');
    const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Meta;
    const list = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, string>[];
    const rim = readFileSync(join(root, 'nvidia-rim', 'switch-vbios-valid', 'rim.xml'), 'utf8');
    expect(list).toHaveLength(4);
    const serials = list.map((item, at) => {
      const { verdict, serial } = verifyGpu({
        name: `gpu${at}`,
        architecture: file === 'gpus.json' ? 'hopper' : 'ls10',
        report: new Uint8Array(Buffer.from(item['evidence'] ?? '', 'base64')),
        certificates: certificatesOf(Buffer.from(item['certificate'] ?? '', 'base64').toString('latin1')),
        nonce: fromHex(item['nonce'] ?? '') ?? new Uint8Array(),
        reference: file === 'gpus.json' ? { kind: 'none' } : { kind: 'rims', rims: { vbios: rim } },
        policy,
        anchors: vendorAnchors,
        now: Date.parse(meta.evaluate_at),
        crypto,
      });
      const failed = verdict.checks
        .filter((check) => check.required && check.outcome !== 'pass')
        .map(({ reason }) => reason);
      expect(failed).toEqual(file === 'gpus.json' ? ['rim-unavailable'] : []);
      return serial;
    });
    // The recorded switches are one switch four times: that is what binding.gpu-distinct is for.
    expect(new Set(serials).size).toBe(file === 'gpus.json' ? 4 : 1);
  });

  it.each(readdirSync(join(root, 'nvidia-rim')))('RIM %s', (name) => {
    const folder = join(root, 'nvidia-rim', name);
    const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Meta;
    const xml = readFileSync(join(folder, 'rim.xml'), 'utf8');
    const context = { anchors: vendorAnchors.nvidiaRim, now: Date.parse(meta.evaluate_at), crypto };
    const result = verifyRim(xml, context);
    expect(result.ok ? 'valid' : `invalid:${result.reason}`).toBe(meta.expected);
    if (!result.ok) return;
    expect(result.rim.active.length).toBeGreaterThan(0);
    const reasonOf = (changed: string) => {
      const again = verifyRim(changed, context);
      return again.ok ? 'valid' : again.reason;
    };
    // Signature wrapping: the signed tag hidden inside another, a second signature, another reference.
    const body = xml.replace(/^<\?xml[^>]*\?>/, '');
    expect(reasonOf(`<SoftwareIdentity>${body}</SoftwareIdentity>`)).not.toBe('valid');
    expect(reasonOf(xml.replace('<ds:Signature ', '<ds:Signature xmlns:a="a"/><ds:Signature '))).toBe('rim-malformed');
    expect(reasonOf(xml.replace('Reference URI=""', 'Reference URI="#x"'))).toBe('rim-signature');
    expect(reasonOf(xml.replace('active="True"', 'active="False"'))).toBe('rim-signature');
    expect(reasonOf(`<!DOCTYPE a>${body}`)).toBe('rim-malformed');
  });
});
