import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import { cacheGoodSignatures } from '../../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors } from '../anchors.ts';
import { toHex } from '../readers/bytes.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { parseSnpReport, snpSignedBytes } from './report.ts';
import { verifySnp } from './verify.ts';

const folder = '../shared/vectors/sev-snp';
const available = existsSync(folder);
const crypto = cacheGoodSignatures(createNodeCrypto());

interface Meta {
  readonly expected: string;
  readonly evaluate_at: string;
  readonly report_version: number;
  readonly policy: string;
  readonly vmpl: number;
  readonly signing_key: number;
  readonly reported_tcb: string;
  readonly cpuid_fms: string;
  readonly report_data: string;
  readonly measurement: string;
  readonly host_data: string;
  readonly platform_info: string;
}

const zero = { bootloader: 0, tee: 0, snp: 0, microcode: 0 };
/** The default policy of the vectors: no minimum TCB, VMPL 0. */
const policy: Policy['snp'] = {
  minimumTcb: { Milan: zero, Genoa: zero, Turin: { ...zero, fmc: 0 } },
  vmpl: [0],
  smtAllowed: true,
  migrationAgentAllowed: false,
  provisionalFirmwareAllowed: true,
  requireAliasCheck: false,
  measurements: [],
};

function load(name: string) {
  const read = (file: string) => new Uint8Array(readFileSync(join(folder, name, file)));
  const text = (file: string) => readFileSync(join(folder, name, file), 'utf8');
  const certificates = parsePemCertificates(`${text('leaf.pem')}\n${text('ask_ark.pem')}`);
  if (!certificates.ok) throw new Error(certificates.detail);
  return { meta: JSON.parse(text('meta.json')) as Meta, report: read('report.bin'), certificates: certificates.value };
}

/** The family of reasons that a vector's code stands for. */
const families: Readonly<Record<string, RegExp>> = {
  'invalid:chain': /^chain-/,
  'invalid:report-signature': /^report-signature$/,
  'invalid:debug-enabled': /^debug-enabled$/,
  'invalid:vmpl': /^vmpl$/,
};

describe('SNP vectors', () => {
  if (!available) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const names = readdirSync(folder);
  it('are all there', () => expect(names).toHaveLength(11));

  it.each(names)('%s', (name) => {
    const { meta, report, certificates } = load(name);
    const now = Date.parse(meta.evaluate_at);
    const { verdict } = verifySnp({ name: 'cpu0', report, certificates, policy, anchors: vendorAnchors, now, crypto });
    const failed = verdict.checks.filter((check) => check.required && check.outcome !== 'pass');
    if (meta.expected === 'valid') {
      expect(failed).toEqual([]);
      expect(verdict.status).toBe('affirming');
    } else {
      expect(verdict.status).toBe('contraindicated');
      expect(failed[0]?.reason).toMatch(families[meta.expected] ?? /^$/);
    }
    expect(verdict.notChecked).not.toEqual([]);
  });

  it.each(names.filter((name) => load(name).meta.expected === 'valid'))('%s: no bit of it can change', (name) => {
    const { meta, report, certificates } = load(name);
    const rest = {
      name: 'cpu0',
      certificates,
      policy,
      anchors: vendorAnchors,
      now: Date.parse(meta.evaluate_at),
      crypto,
    };
    fc.assert(
      fc.property(fc.nat(snpSignedBytes - 1), fc.nat(7), (at, bit) => {
        const changed = report.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        return verifySnp({ ...rest, report: changed }).verdict.status !== 'affirming';
      }),
      { numRuns: 25 },
    );
    for (const size of [0, 1, 1183, 1185, 4096]) {
      expect(verifySnp({ ...rest, report: new Uint8Array(size) }).verdict.status).toBe('contraindicated');
    }
  });

  it.each(names)('%s reads field by field', (name) => {
    const { meta, report } = load(name);
    const parsed = parseSnpReport(report);
    if (!parsed.ok) throw new Error(parsed.detail);
    const found = parsed.value;
    const hex = (value: number) => value.toString(16).padStart(2, '0');
    expect({
      report_version: found.version,
      policy: `0x${found.policy.raw.toString(16)}`,
      vmpl: found.vmpl,
      signing_key: found.signingKey,
      reported_tcb: toHex(found.reportedTcb),
      cpuid_fms:
        found.cpuid === undefined
          ? '000000'
          : hex(found.cpuid.family) + hex(found.cpuid.model) + hex(found.cpuid.stepping),
      report_data: toHex(found.reportData),
      measurement: toHex(found.measurement),
      host_data: toHex(found.hostData),
      platform_info: `0x${found.platform.raw.toString(16)}`,
    }).toEqual({
      report_version: meta.report_version,
      policy: meta.policy,
      vmpl: meta.vmpl,
      signing_key: meta.signing_key,
      reported_tcb: meta.reported_tcb,
      cpuid_fms: meta.cpuid_fms,
      report_data: meta.report_data,
      measurement: meta.measurement,
      host_data: meta.host_data,
      platform_info: meta.platform_info,
    });
  });
});
