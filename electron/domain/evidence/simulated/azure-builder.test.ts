import { constants, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, vendorAnchors } from '../anchors.ts';
import { createVtpm } from '../azure/testing/vtpm.ts';
import { verifyAzureVtpm, type AzureVtpmInput } from '../azure/verify.ts';
import { concat } from '../readers/bytes.ts';
import { buildHclReport, buildTpmQuote, runtimeJson, tpmSignature, type HclRequest } from './azure-builder.ts';

const now = Date.parse('2026-11-22T17:00:00Z');

const vtpm = createVtpm();
const nonce = random(32);
const pcrs = Array.from({ length: 24 }, () => random(32));
const message = buildTpmQuote({ nonce, pcrs });
const registers = new Map(pcrs.map((value, at) => [at, value] as const));

let request: HclRequest;
let base: AzureVtpmInput;
beforeAll(async () => {
  const setup = await startSimulatedNetwork(now);
  const { cpu } = setup.hardware({ gpus: [] });
  request = { cpu, vtpm, random };
  base = {
    name: 'cpu0',
    hclReport: buildHclReport(request),
    tpmQuote: { message, signature: vtpm.sign(message), pcrs: registers },
    certificates: cpu.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    nonce,
    policy: setup.policy.snp,
    anchors: simulatedAnchors({ amd: setup.network.anchors.amd, nvidia: [] }),
    now,
    crypto: createNodeCrypto(),
  };
}, 120_000);

function judge(changes: Partial<AzureVtpmInput>) {
  const { verdict } = verifyAzureVtpm({ ...base, ...changes });
  return verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
}
const hcl = (changes: Partial<HclRequest>) => buildHclReport({ ...request, ...changes });

describe('a SIMULATED Azure confidential VM', () => {
  it('passes under its own root and under no other', () => {
    expect(judge({})).toEqual([]);
    expect(verifyAzureVtpm(base).verdict.status).toBe('affirming');
    expect(judge({ anchors: vendorAnchors })).toContain('chain-root-not-pinned');
  });

  it('takes TPMT_SIGNATURE with RSASSA and with RSAPSS of either salt', () => {
    const pss = (saltLength: number) =>
      new Uint8Array(
        sign('sha256', message, { key: vtpm.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
      );
    const quote = (signature: Uint8Array) => ({ tpmQuote: { message, signature, pcrs: registers } });
    expect(judge(quote(tpmSignature(0x14, vtpm.sign(message))))).toEqual([]);
    expect(judge(quote(tpmSignature(0x16, pss(32))))).toEqual([]);
    expect(judge(quote(tpmSignature(0x16, pss(222))))).toEqual([]);
    expect(judge(quote(tpmSignature(0x14, pss(32))))).toEqual(['tpm-signature']);
    expect(judge(quote(tpmSignature(0x16, vtpm.sign(message))))).toEqual(['tpm-signature']);
    expect(judge(quote(tpmSignature(0x18, vtpm.sign(message))))).toEqual(['tpm-signature']);
  });

  it('refuses a key that the hardware did not commit to', () => {
    const other = createVtpm();
    const report = hcl({ vtpm: other });
    expect(judge({ hclReport: report })).toEqual(['tpm-signature']);
    // The genuine hardware report with the attacker's runtime data behind it.
    const spliced = concat(base.hclReport.subarray(0, 32 + 1184), report.subarray(32 + 1184));
    const signature = other.sign(message);
    expect(judge({ hclReport: spliced, tpmQuote: { message, signature, pcrs: registers } })).toEqual([
      'report-data-mismatch',
    ]);
  });

  it.each<[string, () => Partial<AzureVtpmInput>, string]>([
    ['a debug guest', () => ({ hclReport: hcl({ cpu: { ...request.cpu, debug: true } }) }), 'debug-enabled'],
    ['a report that is called a TD report', () => ({ hclReport: hcl({ type: 4 }) }), 'td-quote-missing'],
    ['other hardware', () => ({ hclReport: hcl({ type: 3 }) }), 'azure-hardware-unknown'],
    ['another hash', () => ({ hclReport: hcl({ hashType: 2 }) }), 'report-data-mismatch'],
    ['no attestation key', () => ({ hclReport: hcl({ runtime: '{"keys":[]}' }) }), 'runtime-data-malformed'],
    [
      'the encryption key in its place',
      () => ({ hclReport: hcl({ runtime: runtimeJson(vtpm, 'HCLEkPub') }) }),
      'runtime-data-malformed',
    ],
    [
      'two attestation keys',
      () => ({ hclReport: hcl({ runtime: runtimeJson(vtpm).replace(/\[(\{"kid".*?\})\]/, '[$1,$1]') }) }),
      'runtime-data-malformed',
    ],
    [
      'a repeated member',
      () => ({ hclReport: hcl({ runtime: runtimeJson(vtpm).replace('"user-data"', '"keys":[],"user-data"') }) }),
      'runtime-data-malformed',
    ],
    ['runtime data that is no JSON', () => ({ hclReport: hcl({ runtime: 'keys' }) }), 'runtime-data-malformed'],
  ])('refuses %s', (_, changes, reason) => expect(judge(changes())).toContain(reason));

  it.each<[string, Parameters<typeof buildTpmQuote>[0], string]>([
    ['another magic', { nonce, pcrs, magic: 0xff544348 }, 'quote-malformed'],
    ['another type', { nonce, pcrs, type: 0x8017 }, 'quote-malformed'],
    ['the beginning of the nonce', { nonce: nonce.slice(0, 31), pcrs }, 'nonce-mismatch'],
    ['more than the nonce', { nonce: concat(nonce, Uint8Array.of(0)), pcrs }, 'nonce-mismatch'],
    ['no register at all', { nonce, pcrs: [] }, 'pcr-digest'],
    ['other registers', { nonce, pcrs: pcrs.with(7, random(32)) }, 'pcr-digest'],
  ])('refuses a signed quote with %s', (_, quote, reason) => {
    const changed = buildTpmQuote(quote);
    expect(judge({ tpmQuote: { message: changed, signature: vtpm.sign(changed), pcrs: registers } })).toEqual([reason]);
  });

  it('counts only registers that were quoted', () => {
    const fewer = buildTpmQuote({ nonce, pcrs: pcrs.slice(0, 4) });
    const tpmQuote = { message: fewer, signature: vtpm.sign(fewer), pcrs: registers };
    expect(judge({ tpmQuote })).toEqual([]);
    expect(judge({ tpmQuote, registers: new Map([[7, [pcrs[7] ?? new Uint8Array()]]]) })).toEqual(['register-missing']);
  });
});
