import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../readers/bytes.ts';
import { pem, createSimulatedPlatform } from '../simulated/intel-authority.ts';
import { buildSgxQuote, buildTdxQuote } from '../simulated/intel-quote.ts';
import { readDcapCollateral } from './collateral.ts';
import { collateral, failures, intel, now, platform, random, sgx, sgxCollateral, tdx } from './testing/simulated.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const { identity, pck, pckChain } = platform;
const tail = concat(Uint8Array.from(identity.components), Uint8Array.of(13, 0), identity.pceId);
const withChain = { ...collateral, pckCertificateChain: pckChain };
const quote = (certificationType: number, certificationData: Uint8Array) =>
  buildTdxQuote(platform, {}, { certificationType, certificationData });

describe('quotes that do not carry their PCK chain', () => {
  it.each([
    ['the PPID in the clear', 1, concat(identity.ppid, tail)],
    ['a PPID encrypted with RSA-2048', 2, concat(random(256), tail)],
    ['a PPID encrypted with RSA-3072', 3, concat(random(384), tail)],
  ])('pass with %s and the chain of the collateral', (_, type, data) => {
    const result = tdx({ quote: quote(type, data), collateral: withChain });
    expect(failures(result)).toEqual([]);
    expect(result.verdict.status).toBe('affirming');
    expect(result.verdict.checks.find(({ id }) => id === 'tdx.pck.platform')?.outcome).toBe('pass');
    expect(failures(tdx({ quote: quote(type, data) }))[0]).toBe('pck-chain-missing');
  });

  it('pass with the leaf alone and the issuers of the collateral', () => {
    const leaf = utf8(pem(pck.certificate));
    expect(failures(tdx({ quote: quote(4, leaf) }))).toEqual([]);
    expect(failures(tdx({ quote: quote(4, concat(leaf, new Uint8Array(3))) }))).toEqual([]);
    expect(failures(tdx({ quote: quote(4, leaf), collateral: { ...collateral, pckCrlIssuerChain: '' } }))[0]).toBe(
      'pck-chain-missing',
    );
    expect(failures(tdx({ quote: quote(4, leaf), collateral: undefined }))[0]).toBe('pck-chain-missing');
  });

  it('pass as SGX quotes too, with the collateral read from its file', () => {
    const data = concat(random(384), tail);
    const file = JSON.stringify({ ...sgxCollateral, pckCertificateChain: pckChain });
    const read = readDcapCollateral(file);
    if (!read.ok) throw new Error(read.detail);
    const deviations = { certificationType: 3, certificationData: data };
    expect(failures(sgx({ quote: buildSgxQuote(platform, {}, deviations), collateral: read.value }))).toEqual([]);
  });

  const other = createSimulatedPlatform(intel, { now, random });
  it.each<[string, Uint8Array, string, string]>([
    ['another PPID', concat(random(16), tail), pckChain, 'pck-platform-mismatch'],
    [
      'another PCEID',
      concat(identity.ppid, tail.subarray(0, 18), fromHex('0100') ?? tail),
      pckChain,
      'pck-platform-mismatch',
    ],
    ['the chain of another platform', concat(identity.ppid, tail), other.pckChain, 'qe-report-signature'],
    ['a chain that is none', concat(identity.ppid, tail), 'PCK', 'certificate-malformed'],
    ['too little', identity.ppid, pckChain, 'certification-data-malformed'],
    ['too much', concat(identity.ppid, tail, Uint8Array.of(0)), pckChain, 'certification-data-malformed'],
  ])('are refused with %s', (_, data, chain, reason) => {
    const found = failures(tdx({ quote: quote(1, data), collateral: { ...collateral, pckCertificateChain: chain } }));
    expect(found).toContain(reason);
  });

  it.each([0, 6, 7, 8, 65_535])('are refused by name with certification data of type %i', (type) => {
    const result = tdx({ quote: quote(type, utf8(pckChain)), collateral: withChain });
    expect(failures(result)[0]).toBe('certification-data-unsupported');
  });

  it('take no chain from the collateral when the quote has one', () => {
    const foreign = { ...collateral, pckCertificateChain: other.pckChain };
    expect(failures(tdx({ collateral: foreign }))).toEqual([]);
  });
});
