import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedPlatform, pem } from '../simulated/intel-authority.ts';
import { buildTdxQuote } from '../simulated/intel-quote.ts';
import { crlBytes, readDcapCollateral, type DcapCollateral } from './collateral.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import {
  anchors,
  collateral,
  collateralOf,
  crypto,
  day,
  failures,
  intel,
  now,
  platform,
  random,
  tdx,
  tdxQuote,
} from './testing/simulated.ts';
import { createDcapVerifier } from './verifier.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const snake = (given: DcapCollateral) => ({
  tcb_info: given.tcbInfo,
  tcb_info_signature: given.tcbInfoSignature,
  tcb_info_issuer_chain: given.tcbInfoIssuerChain,
  qe_identity: given.qeIdentity,
  qe_identity_signature: given.qeIdentitySignature,
  qe_identity_issuer_chain: given.qeIdentityIssuerChain,
  root_ca_crl: given.rootCaCrl,
  pck_crl: given.pckCrl,
  pck_crl_issuer_chain: given.pckCrlIssuerChain,
});

function read(source: unknown): DcapCollateral {
  const parsed = readDcapCollateral(source);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

const refusal = (source: unknown) => {
  const parsed = readDcapCollateral(source);
  return parsed.ok ? 'was accepted' : parsed.detail;
};

describe('collateral files', () => {
  it('in both layouts are the same, down to the signed bytes', () => {
    const qvl = snake(collateral);
    expect(read(qvl)).toEqual(collateral);
    expect(read(JSON.stringify(qvl))).toEqual(collateral);
    expect(read(bytes(JSON.stringify(qvl, null, 2)))).toEqual(collateral);
    expect(read({ ...collateral })).toEqual(collateral);
    const { tcbInfo, tcbInfoSignature, qeIdentity, qeIdentitySignature, ...rest } = collateral;
    const tcbAnswer = `{"tcbInfo":${tcbInfo},"signature":"${tcbInfoSignature}"}`;
    const qeAnswer = ` { "enclaveIdentity" : ${qeIdentity} , "signature" : "${qeIdentitySignature}" } `;
    const encoded = { ...rest, tcbInfoIssuerChain: encodeURIComponent(rest.tcbInfoIssuerChain) };
    expect(read({ ...encoded, tcbInfo: tcbAnswer, qeIdentity: qeAnswer })).toEqual(collateral);
    // The answers embedded as they came.
    const embedded = `{"tcbInfo":${tcbAnswer},"qeIdentity":${qeAnswer},${JSON.stringify(encoded).slice(1)}`;
    expect(read(bytes(embedded))).toEqual(collateral);
    expect(tdx({ collateral: read(embedded) }).verdict.status).toBe('affirming');
  });

  it('that are ambiguous or have lost the signed bytes are refused', () => {
    expect(refusal('{"tcb_info":"{}","tcb_info":"{}"}')).toContain('appears twice at byte 17');
    expect(refusal({ tcb_info: '{}', tcbInfo: '{}' })).toContain('tcb_info and tcbInfo');
    expect(refusal({ tcbInfo: { id: 'TDX' } })).toContain('as Intel sent it');
    expect(refusal({ tcb_info: '{"tcbInfo":{},"signature":"aa"}', tcb_info_signature: 'bb' })).toContain(
      'two signatures',
    );
    expect(refusal({ tcb_info: '{"tcbInfo":{}}' })).toContain('no signature');
    expect(refusal('{"tcb_info":5}')).toContain('byte 12');
    for (const source of [
      '',
      '[]',
      '{}',
      'null',
      5,
      null,
      undefined,
      [],
      new Uint8Array(5_000_000),
      '{"pck_crl":""}',
    ]) {
      expect(refusal(source)).not.toBe('was accepted');
    }
    // Equal keys inside a signed document: two readers could see two values.
    const twice = collateral.tcbInfo.replace('{"id":"TDX"', '{"id":"SGX","id":"TDX"');
    expect(failures(tdx({ collateral: { ...collateral, tcbInfo: twice } }))).toContain('tcb-info-malformed');
  });

  it('survive any value', () => {
    fc.assert(fc.property(fc.anything(), (source) => void readDcapCollateral(source)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (source) => void readDcapCollateral(source)));
    fc.assert(fc.property(fc.string(), fc.json(), (text, json) => void [crlBytes(text), readDcapCollateral(json)]));
  });

  it('have their lists as hex, base64 or PEM', () => {
    const der = crlBytes(collateral.pckCrl);
    if (der === undefined) throw new Error('hex');
    const base64 = Buffer.from(der).toString('base64');
    const pem = `-----BEGIN X509 CRL-----\n${base64.replace(/(.{64})/g, '$1\n')}\n-----END X509 CRL-----\n`;
    for (const pckCrl of [base64, pem, collateral.pckCrl.toUpperCase()]) {
      expect(tdx({ collateral: { ...collateral, pckCrl } }).verdict.status).toBe('affirming');
    }
  });
});

describe('a verifier that remembers', () => {
  const request = { name: 'cpu0', quote: tdxQuote, collateral, policy: strictTdxPolicy, now };
  const fresh = () => createDcapVerifier({ anchors, crypto });

  it('lets nothing through that has expired since, or is not valid yet', () => {
    const verifier = fresh();
    const short = createSimulatedPlatform(intel, { now, random, notAfter: now + day });
    const quote = buildTdxQuote(short, {});
    for (const at of [now, now + day, now])
      expect(verifier.verifyTdx({ ...request, quote, now: at }).verdict.status).toBe('affirming');
    expect(failures(verifier.verifyTdx({ ...request, quote, now: now + day + 1000 }))).toEqual(['certificate-expired']);
    expect(failures(verifier.verifyTdx({ ...request, now: now + 29 * day }))).toContain('crl-expired');
    expect(failures(verifier.verifyTdx({ ...request, now: now - 2 * day }))).toContain('collateral-not-yet-valid');
    expect(failures(verifier.verifyTdx({ ...request, now: now + 11 * 365 * day }))).toContain('certificate-expired');
    expect(verifier.verifyTdx(request).verdict.status).toBe('affirming');
    expect(() => verifier.verifyTdx({ ...request, now: Number.NaN })).toThrow(TypeError);
  });

  it('lets nothing through that was revoked since', () => {
    const verifier = fresh();
    expect(verifier.verifyTdx(request).verdict.status).toBe('affirming');
    for (const changes of [
      { revokedByPlatformCa: [platform.pck] },
      { revokedByRoot: [intel.platformCa] },
      { revokedByRoot: [intel.tcbSigner] },
    ]) {
      expect(failures(verifier.verifyTdx({ ...request, collateral: collateralOf('tdx', changes) }))).toContain(
        'certificate-revoked',
      );
    }
  });

  it('sees collateral that is changed in place', () => {
    const verifier = fresh();
    const open = { ...collateral };
    expect(verifier.verifyTdx({ ...request, collateral: open }).verdict.status).toBe('affirming');
    open.pckCrl = '';
    expect(failures(verifier.verifyTdx({ ...request, collateral: open }))).toContain('crl-missing');
  });

  it('takes no other texts for collateral that it knows, under the same signatures', () => {
    const verifier = fresh();
    const judge = (changes: object) => verifier.verifyTdx({ ...request, collateral: { ...collateral, ...changes } });
    expect(judge({}).verdict.status).toBe('affirming');
    for (const [changes, reason] of [
      [{ tcbInfo: collateral.tcbInfo.replace('"tcbType":0', '"tcbType":0 ') }, 'tcb-info-signature'],
      [{ qeIdentity: `${collateral.qeIdentity} ` }, 'qe-identity-signature'],
      [{ tcbInfoIssuerChain: pem(intel.platformCa.certificate, intel.root.certificate) }, 'tcb-info-signature'],
      [{ rootCaCrl: `00${collateral.rootCaCrl}` }, 'crl-malformed'],
    ] as const) {
      expect(failures(judge(changes)), reason).toContain(reason);
      expect(judge({}).verdict.status).toBe('affirming');
    }
  });

  it('takes no other report of the quoting enclave for the one it knows', () => {
    const verifier = fresh();
    expect(verifier.verifyTdx(request).verdict.status).toBe('affirming');
    const other = createSimulatedPlatform(intel, { now, random });
    const stolen = { ...platform, attestationKey: other.attestationKey };
    // The attacker's key, vouched for by a report that the PCK key never signed.
    const forged = buildTdxQuote({ ...stolen, pck: { ...platform.pck, signer: other.pck.signer } }, {});
    expect(failures(verifier.verifyTdx({ ...request, quote: forged }))).toEqual(['qe-report-signature']);
    // The same buffer, changed by its owner after it was verified.
    const mine = tdxQuote.slice();
    expect(verifier.verifyTdx({ ...request, quote: mine }).verdict.status).toBe('affirming');
    mine[200] = (mine[200] ?? 0) ^ 1;
    expect(failures(verifier.verifyTdx({ ...request, quote: mine }))).toEqual(['quote-signature']);
  });

  it('verifies only the quote again for the same machine, and two more signatures for the next', () => {
    let count = 0;
    const counting = {
      ...crypto,
      verifyEcdsa: (input: Parameters<typeof crypto.verifyEcdsa>[0]) => (count++, crypto.verifyEcdsa(input)),
    };
    const verifier = createDcapVerifier({ anchors, crypto: counting });
    const cost = (quote: Uint8Array) => {
      count = 0;
      expect(verifier.verifyTdx({ ...request, quote }).verdict.status).toBe('affirming');
      return count;
    };
    // CA, PCK, TCB signer, two lists, two documents, QE report, quote: each once.
    expect(cost(tdxQuote)).toBe(9);
    expect(cost(tdxQuote)).toBe(1);
    expect(cost(buildTdxQuote(platform, { mrtd: random(48) }))).toBe(1);
    expect(cost(buildTdxQuote(createSimulatedPlatform(intel, { now, random }), {}))).toBe(3);
  });
});
