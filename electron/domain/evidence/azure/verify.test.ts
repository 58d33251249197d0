import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheGoodSignatures } from '../../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors } from '../anchors.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { parseHclReport } from './hcl-report.ts';
import { parseTpmQuote, parseTpmSignature } from './tpm-quote.ts';
import { verifyAzureVtpm, type AzureVtpmInput } from './verify.ts';

const folder = '../shared/vectors/azure-vtpm/snp-live';
const crypto = cacheGoodSignatures(createNodeCrypto());
const zero = { bootloader: 0, tee: 0, snp: 0, microcode: 0 };
const policy: AzureVtpmInput['policy'] = {
  minimumTcb: { Milan: zero, Genoa: zero, Turin: { ...zero, fmc: 0 } },
  vmpl: [0],
  smtAllowed: true,
  migrationAgentAllowed: false,
  provisionalFirmwareAllowed: true,
  requireAliasCheck: false,
  measurements: [],
};

function failures(input: AzureVtpmInput): (string | undefined)[] {
  return verifyAzureVtpm(input)
    .verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass')
    .map(({ reason }) => reason);
}

describe('Azure vTPM vector', () => {
  if (!existsSync(folder)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const read = (file: string) => new Uint8Array(readFileSync(join(folder, file)));
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  const meta = JSON.parse(text('meta.json')) as { expected: string; evaluate_at: string };
  const live = JSON.parse(text('live-evidence.json')) as { evidence: { tpm_quote: { pcrs: string[] } } };
  const certificates = parsePemCertificates(`${text('vcek.pem')}\n${text('ask_ark.pem')}`);
  if (!certificates.ok) throw new Error(certificates.detail);
  const pcrs = new Map(live.evidence.tpm_quote.pcrs.map((hex, at) => [at, fromHex(hex) ?? new Uint8Array()] as const));
  const message = read('tpm-quote.msg');
  const signature = read('tpm-quote.sig');
  const input: AzureVtpmInput = {
    name: 'cpu0',
    hclReport: read('hcl-report.bin'),
    tpmQuote: { message, signature, pcrs },
    certificates: certificates.value,
    nonce: new TextEncoder().encode('attestation-test-fixture'),
    policy,
    anchors: vendorAnchors,
    now: Date.parse(meta.evaluate_at),
    crypto,
  };

  it('is valid, with the rows of the SNP report among its own', () => {
    expect(meta.expected).toBe('valid');
    const { verdict } = verifyAzureVtpm(input);
    expect(failures(input)).toEqual([]);
    expect(verdict.status).toBe('affirming');
    expect(verdict.family).toBe('azure-vtpm');
    expect(verdict.checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['snp.signature', 'azure.quote.nonce']));
    expect(verdict.measurements['pcr0']).toBe(toHex(pcrs.get(0) ?? new Uint8Array()));
    expect(verdict.measurements['measurement']).toHaveLength(96);
  });

  it('reads the runtime data exactly', () => {
    const parsed = parseHclReport(input.hclReport);
    expect(parsed.ok && toHex(parsed.value.runtimeData)).toBe(toHex(read('runtime_data.json')));
  });

  it.each<[string, Partial<AzureVtpmInput>, string[]]>([
    ['the beginning of the nonce', { nonce: new TextEncoder().encode('attestation-test') }, ['nonce-mismatch']],
    ['an empty nonce', { nonce: new Uint8Array() }, ['nonce-mismatch']],
    ['no nonce to compare with', { nonce: undefined }, ['nonce-not-given']],
    [
      'a register changed',
      { tpmQuote: { message, signature, pcrs: new Map([...pcrs, [7, new Uint8Array(32)]]) } },
      ['pcr-digest'],
    ],
    ['a register missing', { tpmQuote: { message, signature, pcrs: new Map([...pcrs].slice(1)) } }, ['pcr-digest']],
    ['another PCR than expected', { registers: new Map([[4, [new Uint8Array(32)]]]) }, ['register-mismatch']],
    [
      'expected PCRs without values',
      { tpmQuote: { message, signature }, registers: new Map([[4, []]]) },
      ['registers-not-given'],
    ],
    ['an empty signature', { tpmQuote: { message, signature: new Uint8Array(), pcrs } }, ['tpm-signature']],
  ])('refuses %s', (_, changes, expected) => expect(failures({ ...input, ...changes })).toEqual(expected));

  it('takes the expected PCR', () => {
    expect(failures({ ...input, registers: new Map([[4, [pcrs.get(4) ?? new Uint8Array()]]]) })).toEqual([]);
  });

  it('no bit of report, quote or signature can change', () => {
    const parsed = parseHclReport(input.hclReport);
    const used = parsed.ok ? 32 + 1184 + 20 + parsed.value.runtimeData.length : 0;
    const flip = (bytes: Uint8Array, at: number, bit: number) =>
      bytes.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte));
    fc.assert(
      fc.property(fc.constantFrom('hcl', 'message', 'signature'), fc.nat(), fc.nat(7), (part, place, bit) => {
        const lengths = { hcl: used - 32, message: message.length, signature: signature.length };
        const at = place % lengths[part];
        const quote = { ...input.tpmQuote };
        if (part === 'message') quote.message = flip(message, at, bit);
        if (part === 'signature') quote.signature = flip(signature, at, bit);
        const hclReport = part === 'hcl' ? flip(input.hclReport, 32 + at, bit) : input.hclReport;
        const { verdict } = verifyAzureVtpm({ ...input, hclReport, tpmQuote: quote });
        expect(verdict.status).not.toBe('affirming');
      }),
      { numRuns: 150 },
    );
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < message.length; length++)
      expect(parseTpmQuote(message.subarray(0, length)).ok).toBe(false);
    for (let length = 0; length < 2346; length += 3)
      expect(parseHclReport(input.hclReport.subarray(0, length)).ok).toBe(false);
    for (let length = 0; length < 256; length++)
      expect(parseTpmSignature(signature.subarray(0, length), 256).ok).toBe(false);
  });
});

describe('Azure readers', () => {
  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => {
        expect(parseHclReport(bytes).ok).toBe(false);
        expect(parseTpmQuote(bytes).ok).toBe(false);
        parseTpmSignature(bytes, 256);
      }),
      { numRuns: 300 },
    );
    expect(parseHclReport(new Uint8Array(20_000)).ok).toBe(false);
    expect(parseTpmQuote(new Uint8Array(3000)).ok).toBe(false);
  });
});
