import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceFilePolicy } from '../files/default-policy.ts';
import { inspectEvidence } from '../files/inspect/inspect.ts';
import { verifyEvidenceSet, type FilesToVerify } from '../files/verify.ts';
import { createVtpm } from '../azure/testing/vtpm.ts';
import { verifyAzureVtpm, type AzureVtpmInput } from '../azure/verify.ts';
import { anchors, collateral, collateralOf, crypto, now, platform, random } from '../dcap/testing/simulated.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import { toHex } from '../readers/bytes.ts';
import { buildTdxHclReport, buildTpmQuote, runtimeJson } from './azure-builder.ts';

const vtpm = createVtpm();
const nonce = random(32);
const pcrs = Array.from({ length: 24 }, () => random(32));
const message = buildTpmQuote({ nonce, pcrs });
const signature = vtpm.sign(message);
const machine = buildTdxHclReport({ platform, vtpm });
const base: AzureVtpmInput = {
  name: 'cpu0',
  ...machine,
  tpmQuote: { message, signature, pcrs: new Map(pcrs.map((value, at) => [at, value] as const)) },
  certificates: [],
  collateral,
  tdxPolicy: strictTdxPolicy,
  nonce,
  policy: evidenceFilePolicy.snp,
  anchors,
  now,
  crypto,
};
const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));

function judge(changes: Partial<AzureVtpmInput>) {
  const { verdict } = verifyAzureVtpm({ ...base, ...changes });
  return verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
}

describe('a SIMULATED Azure confidential VM on TDX', () => {
  it('passes without SEPT_VE_DISABLE, which its paravisor does not need, and says so', () => {
    expect(judge({})).toEqual([]);
    const { verdict } = verifyAzureVtpm(base);
    expect(verdict.status).toBe('affirming');
    expect(verdict.notChecked.join(' ')).toContain('SEPT_VE_DISABLE');
    expect(verdict.measurements['mrtd']).toHaveLength(96);
    expect(verdict.measurements['pcr0']).toBe(toHex(pcrs[0] ?? new Uint8Array()));
  });

  const other = buildTdxHclReport({ platform, vtpm: createVtpm() });
  const attackersKey = createVtpm();
  const spliced = Uint8Array.from([
    ...machine.hclReport.subarray(0, 1216),
    ...buildTdxHclReport({ platform, vtpm: attackersKey }).hclReport.subarray(1216),
  ]);
  const debug = buildTdxHclReport({ platform, vtpm, td: { tdAttributes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) } });
  it.each<[string, Partial<AzureVtpmInput>, string]>([
    ['a debug guest', debug, 'debug-enabled'],
    ['the quote of another guest', { tdQuote: other.tdQuote }, 'td-report-mismatch'],
    ['the quote of another guest, first of all', { tdQuote: other.tdQuote }, 'report-data-mismatch'],
    ['a TD report that was edited', { hclReport: flip(machine.hclReport, 32 + 520) }, 'td-report-mismatch'],
    ['a quote that was edited', { tdQuote: flip(machine.tdQuote, 48 + 136) }, 'quote-signature'],
    ['the key of an attacker', { hclReport: spliced }, 'report-data-mismatch'],
    ['the runtime data of another machine', { hclReport: other.hclReport, tdQuote: other.tdQuote }, 'tpm-signature'],
    ['a nonce that is not ours', { nonce: random(32) }, 'nonce-mismatch'],
    ['an old platform', { collateral: collateralOf('tdx', { now: now - 60 * 86_400_000 }) }, 'crl-expired'],
  ])('refuses %s', (_name, changes, reason) => expect(judge(changes)).toContain(reason));

  it('no bit of what is signed or hashed can change', () => {
    const used = machine.hclReport.length - 16;
    const regions = {
      // Sizes and types in front of the runtime data are told from it; the MAC of the TD report is its machine's alone.
      hclReport: [1216 + 8, used],
      tdReport: [32 + 128, 32 + 192],
      tdInfo: [32 + 512, 32 + 912],
      tdQuote: [0, 48 + 584],
      message: [0, message.length],
      signature: [0, signature.length],
    } as const;
    const names = Object.keys(regions) as (keyof typeof regions)[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.nat(7), (name, place, bit) => {
        const [from, to] = regions[name];
        const at = from + (place % (to - from));
        const edit = (bytes: Uint8Array) => bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
        const quote = { ...base.tpmQuote };
        if (name === 'message') quote.message = edit(message);
        if (name === 'signature') quote.signature = edit(signature);
        const inBlob = name === 'hclReport' || name === 'tdReport' || name === 'tdInfo';
        const changed = {
          ...base,
          tpmQuote: quote,
          ...(inBlob ? { hclReport: edit(machine.hclReport) } : {}),
          ...(name === 'tdQuote' ? { tdQuote: edit(machine.tdQuote) } : {}),
        };
        expect(verifyAzureVtpm(changed).verdict.status).not.toBe('affirming');
      }),
      { numRuns: 300 },
    );
  });

  it('refuses to judge without the quote, the collateral or a policy', () => {
    const reasons = (input: AzureVtpmInput) =>
      verifyAzureVtpm(input).verdict.checks.flatMap(({ required, outcome, reason }) =>
        required && outcome !== 'pass' ? [reason] : [],
      );
    const { tdQuote: _quote, ...withoutQuote } = base;
    const { collateral: _collateral, ...withoutCollateral } = base;
    const { tdxPolicy: _policy, ...withoutPolicy } = base;
    expect(reasons(withoutQuote)).toContain('td-quote-missing');
    expect(reasons(withoutCollateral)).toContain('collateral-missing');
    expect(reasons(withoutPolicy)).toContain('family-not-allowed');
  });
});

describe('files of an Azure confidential VM on TDX', () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const document = {
    platform: 'az-tdx',
    evidence: {
      version: 1,
      tpm_quote: { signature: toHex(signature), message: toHex(message), pcrs: pcrs.map(toHex) },
      hcl_report: Buffer.from(machine.hclReport).toString('base64url'),
      td_quote: Buffer.from(machine.tdQuote).toString('base64url'),
    },
  };
  const lists = {
    tpm_quote: { signature: [...signature], message: [...message], pcrs: pcrs.map((value) => [...value]) },
    hcl_report: [...machine.hclReport],
    td_quote: [...machine.tdQuote],
  };
  const collateralFile = { name: 'collateral.json', bytes: text(JSON.stringify(collateral)) };
  const verify = (files: FilesToVerify['files'], changes: Partial<FilesToVerify> = {}) => {
    const result = verifyEvidenceSet({ files, policy: evidenceFilePolicy, anchors, now, crypto, nonce, ...changes });
    return result.ok ? [result.value.family, result.value.verification.reason] : result.error.message;
  };
  const json = (value: unknown) => ({ name: 'evidence.json', bytes: text(JSON.stringify(value)) });
  const parts = [
    { name: 'hcl-report.bin', bytes: machine.hclReport },
    { name: 'td-quote.bin', bytes: machine.tdQuote },
    { name: 'tpm-quote.msg', bytes: message },
    { name: 'tpm-quote.sig', bytes: signature },
  ];

  it('are one document, lists of octets, or parts', () => {
    expect(verify([json(document), collateralFile])).toEqual(['azure-vtpm', undefined]);
    expect(verify([json(document.evidence), collateralFile])).toEqual(['azure-vtpm', undefined]);
    expect(verify([json(lists), collateralFile])).toEqual(['azure-vtpm', undefined]);
    expect(verify([...parts, collateralFile])).toEqual(['azure-vtpm', undefined]);
    expect(verify([json(document), ...parts, collateralFile])).toEqual(['azure-vtpm', undefined]);
    expect(verify([json(document)])).toEqual(['azure-vtpm', 'collateral-missing']);
  });

  it.each([
    ['hcl-report.bin', 600],
    ['td-quote.bin', 200],
    ['tpm-quote.msg', 60],
    ['tpm-quote.sig', 9],
  ])('must not contradict each other: %s', (name, at) => {
    const files = parts.map((file) => (file.name === name ? { name, bytes: flip(file.bytes, at) } : file));
    expect(verify([json(document), ...files, collateralFile])).toEqual(['azure-vtpm', 'files-contradict']);
    const runtime = { name: 'runtime_data.json', bytes: text(runtimeJson(vtpm)) };
    expect(verify([json(document), runtime, collateralFile])).toEqual(['azure-vtpm', undefined]);
    const edited = { name: 'runtime_data.json', bytes: text(runtimeJson(createVtpm())) };
    expect(verify([json(document), edited, collateralFile])).toEqual(['azure-vtpm', 'files-contradict']);
  });

  it('show the fields of the TD report by name', () => {
    const found = inspectEvidence({ name: 'hcl-report.bin', bytes: machine.hclReport }, { anchors, crypto });
    const [part] = found.ok ? found.value.parts : [];
    const value = (name: string) => part?.fields.find((field) => field.name === name)?.value;
    expect(part?.problem).toBeUndefined();
    expect(value('report.reportdata')).toBe(toHex(machine.tdQuote.subarray(48 + 520, 48 + 584)));
    expect(value('report.rtmr3')).toBe(toHex(machine.tdQuote.subarray(48 + 472, 48 + 520)));
    expect(value('runtime.report_type')).toContain('4');
  });

  it('are refused where the policy does not accept TDX', () => {
    const policy = { ...evidenceFilePolicy, families: ['snp' as const] };
    expect(verify([json(document), collateralFile], { policy })).toEqual(['azure-vtpm', 'family-not-allowed']);
  });
});
