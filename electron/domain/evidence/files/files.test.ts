import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceFamilies } from '../../../contract/evidence.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors } from '../anchors.ts';
import {
  anchors as simulated,
  collateral,
  intel as simulatedIntel,
  now,
  sgxCollateral,
  sgxQuote,
  tdxQuote,
} from '../dcap/testing/simulated.ts';
import { concat, toHex } from '../readers/bytes.ts';
import { snpLayout } from '../snp/report.ts';
import type { EvidenceFile } from './artifact.ts';
import { evidenceFilePolicy } from './default-policy.ts';
import { detectFamily } from './detect.ts';
import { createEvidenceSet } from './evidence-set.ts';
import { inspectEvidence } from './inspect/inspect.ts';
import { verifyEvidenceSet, type FilesToVerify } from './verify.ts';

const crypto = createNodeCrypto();
const root = '../shared/vectors';
const utf8 = (text: string) => new TextEncoder().encode(text);
const file = (name: string, content: Uint8Array | string): EvidenceFile => ({
  name,
  bytes: typeof content === 'string' ? utf8(content) : content,
});
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function judge(files: readonly EvidenceFile[], changes: Partial<FilesToVerify> = {}) {
  const input = { files, policy: evidenceFilePolicy, anchors: vendorAnchors, now, crypto };
  const result = verifyEvidenceSet({ ...input, ...changes });
  if (!result.ok) return { error: result.error.message, details: result.error.details };
  const { verification, family } = result.value;
  return { family, status: verification.status, reason: verification.reason, detail: verification.reasonDetail };
}

const collateralJson = (of: typeof collateral) =>
  JSON.stringify({
    pck_crl_issuer_chain: of.pckCrlIssuerChain,
    root_ca_crl: of.rootCaCrl,
    pck_crl: of.pckCrl,
    tcb_info_issuer_chain: of.tcbInfoIssuerChain,
    tcb_info: of.tcbInfo,
    tcb_info_signature: of.tcbInfoSignature,
    qe_identity_issuer_chain: of.qeIdentityIssuerChain,
    qe_identity: of.qeIdentity,
    qe_identity_signature: of.qeIdentitySignature,
  });

describe('evidence files', () => {
  const intel = { anchors: simulated };

  it('are told by what is in them, whatever wraps them and whatever they are called', () => {
    const beside = file('x', collateralJson(collateral));
    const hex = toHex(tdxQuote);
    for (const wrapped of [
      tdxQuote,
      hex,
      `0x${hex.toUpperCase()}\n`,
      hex.match(/.{1,64}/g)?.join('\r\n') ?? '',
      base64(tdxQuote),
      `${
        base64(tdxQuote)
          .match(/.{1,76}/g)
          ?.join('\n') ?? ''
      }\n`,
      base64(tdxQuote).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
      JSON.stringify({ anything: [{ quote: hex }] }),
      JSON.stringify({ evidence: base64(tdxQuote) }),
      base64(utf8(hex)),
    ]) {
      expect(judge([file('report.txt', wrapped), beside], intel)).toMatchObject({ family: 'tdx', status: 'affirming' });
      // The order of files decides nothing.
      expect(judge([beside, file('a.pem', wrapped)], intel)).toMatchObject({ family: 'tdx', status: 'affirming' });
    }
    const sgx = [file('a', base64(sgxQuote)), file('b', collateralJson(sgxCollateral))];
    expect(judge(sgx, intel)).toMatchObject({ family: 'sgx', status: 'affirming' });
  });

  it('need collateral, which must be for this platform, and real anchors do not take simulated hardware', () => {
    const quote = file('quote', tdxQuote);
    expect(judge([quote], intel)).toMatchObject({ status: 'warning', reason: 'collateral-missing' });
    expect(judge([quote, file('c', '{"tcb_info": 1}')], intel)).toMatchObject({ reason: 'collateral-malformed' });
    expect(judge([quote, file('c', collateralJson(collateral))])).toMatchObject({
      status: 'contraindicated',
      reason: 'chain-root-not-pinned',
    });
    expect(
      judge([quote, file('c', collateralJson(collateral))], { ...intel, now: now + 40 * 86_400_000 }),
    ).toMatchObject({ status: 'contraindicated' });
    expect(() => judge([quote], { now: Number.NaN })).toThrow(TypeError);
  });

  it('must be over the nonce that a person gives: the whole report data, not a part of it', () => {
    const files = [file('quote', tdxQuote), file('c', collateralJson(collateral))];
    const reportData = tdxQuote.slice(568, 632);
    expect(judge(files, { ...intel, nonce: reportData })).toMatchObject({ status: 'affirming' });
    expect(judge(files, { ...intel, nonce: reportData.subarray(0, 32) })).toMatchObject({ reason: 'nonce-mismatch' });
    expect(judge(files, { ...intel, nonce: new Uint8Array(65) })).toMatchObject({ reason: 'nonce-mismatch' });
  });

  it('are found inside documents, as text or as they are', () => {
    const inside = JSON.stringify({
      quote: toHex(tdxQuote),
      collateral: JSON.parse(collateralJson(collateral)) as unknown,
    });
    expect(judge([file('all.json', inside)], intel)).toMatchObject({ family: 'tdx', status: 'affirming' });
    for (const log of [
      [],
      '[]',
      'not a log at all, and long enough to be looked at: ' + 'x'.repeat(40),
      '{"a":1,"a":2}',
    ]) {
      const document = file('report.json', JSON.stringify({ quote: toHex(tdxQuote), event_log: log }));
      expect(judge([document], { ...intel, logOnly: true }), String(log)).toMatchObject({
        family: 'dstack',
        status: 'contraindicated',
      });
    }
  });

  it('of a policy that does not speak of the family are refused', () => {
    const files = [file('quote', tdxQuote), file('c', collateralJson(collateral))];
    const { tdx: _, ...silent } = evidenceFilePolicy;
    expect(judge(files, { ...intel, policy: silent })).toMatchObject({
      status: 'contraindicated',
      reason: 'family-not-allowed',
    });
  });

  it('that are bad are named, with the offset', () => {
    const quote = [file('q', tdxQuote)];
    const detail = (name: string, content: Uint8Array | string, changes: Partial<FilesToVerify> = {}) => {
      const found = judge([file(name, content)], changes);
      return 'error' in found ? found.error : found.detail;
    };
    expect(detail('e', new Uint8Array())).toBe('e is empty.');
    expect(detail('r', tdxQuote.subarray(0, 700), intel)).toContain('stopped at offset 636');
    expect(detail('r', tdxQuote.subarray(0, 100), intel)).toMatch(/stopped at offset \d+/);
    expect(detail('r', new Uint8Array(1000).fill(7), { family: 'snp' })).toContain('stopped at offset 1000');
    expect(detail('r', new Uint8Array(1000).fill(7), { family: 'nitro' })).toContain('stopped at offset 1');
    expect(detail('r', new Uint8Array(1000).fill(7))).toContain('offset 0');
    expect(detail('d.json', '{"quote": 1,\n "quote": 2}')).toBe(
      'd.json is not usable JSON: a member name appears twice at byte 14.',
    );
    expect(detail('d.json', '{"quote": ')).toContain('byte 10');
    expect(
      detail('leaf.der', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', { family: 'snp' }),
    ).toBe('leaf.der is PEM; an SNP report of 1184 bytes was expected. Reading stopped at offset 0.');
    expect(judge(quote, { ...intel, family: 'nitro' })).toMatchObject({
      error: 'q is a tdx-quote; a Nitro attestation document (COSE_Sign1) was expected. Reading stopped at offset 0.',
      details: { offset: 0, file: 'q', kind: 'tdx-quote' },
    });
    expect(detail('big', concat(tdxQuote, new Uint8Array(20_000)))).toContain('at most 16384 are read');
    expect(detail('rim.xml', `<SoftwareIdentity ${' '.repeat(262_144)}/>`)).toContain('at most 262144 are read');
    expect(judge([file('x', 'nothing here')], {})).toMatchObject({ details: { unrecognized: true } });
  });

  it('beside evidence that cannot be read count against it', () => {
    const files = [
      file('quote', tdxQuote),
      file('c', collateralJson(collateral)),
      file('leaf.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    ];
    expect(judge(files, intel)).toMatchObject({ status: 'contraindicated', reason: 'certificate-malformed' });
  });

  it('of every family have a verdict, or a named error, for any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.constantFrom(undefined, ...evidenceFamilies),
        (bytes, family) => {
          const found = judge([file('f', bytes)], family === undefined ? {} : { family });
          return 'error' in found || found.status !== 'affirming';
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('inspection', () => {
  const context = { anchors: vendorAnchors, crypto };
  const inspect = (bytes: Uint8Array) => {
    const found = inspectEvidence(file('f', bytes), context);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };
  const field = (bytes: Uint8Array, name: string) => inspect(bytes).parts[0]?.fields.find((one) => one.name === name);

  it('tells every byte of a quote once, in order', () => {
    const [part] = inspect(tdxQuote).parts;
    expect(part?.problem).toBeUndefined();
    let at = 0;
    for (const { offset, length, name } of part?.fields ?? []) {
      expect(offset, name).toBe(at);
      at += length ?? 0;
    }
    expect(at).toBe(tdxQuote.length);
    expect(part?.certificates).toHaveLength(3);
    expect(field(tdxQuote, 'header.version')).toMatchObject({ offset: 0, length: 2 });
    expect(field(tdxQuote, 'body.mrtd')?.value).toHaveLength(96);
    expect(field(sgxQuote, 'body.mrenclave')).toMatchObject({ offset: 112, length: 32 });
  });

  it('keeps what was readable before the place where bytes stop making sense', () => {
    for (const size of [49, 300, 700, 1100]) {
      const part = inspect(concat(tdxQuote.subarray(0, size))).parts[0];
      if (part?.kind === 'bytes') continue;
      expect(part?.problem?.offset).toBeLessThanOrEqual(size);
      expect(part?.fields.length).toBeGreaterThan(5);
    }
    const snp = new Uint8Array(1184);
    snp[0] = 5;
    snp[0x34] = 1;
    const [part] = inspect(snp).parts;
    expect(part?.kind).toBe('snp-report');
    for (const [offset, length] of Object.values(snpLayout)) {
      expect(part?.fields.some((one) => one.offset === offset && one.length === length)).toBe(true);
    }
  });

  it('survives any bytes and any changed bytes, fast', () => {
    const seeds = [
      tdxQuote,
      sgxQuote,
      utf8(collateralJson(collateral)),
      utf8(JSON.stringify({ quote: toHex(tdxQuote) })),
    ];
    let slowest = 0;
    fc.assert(
      fc.property(fc.nat(seeds.length), fc.uint8Array({ maxLength: 600 }), fc.nat(20_000), (seed, noise, at) => {
        const base = seeds[seed];
        const bytes = base === undefined ? noise : base.slice();
        if (base !== undefined)
          bytes.set(noise.subarray(0, Math.max(0, bytes.length - (at % bytes.length))), at % bytes.length);
        const started = performance.now();
        const found = inspectEvidence(file('f', bytes), context);
        slowest = Math.max(slowest, performance.now() - started);
        return found.ok || found.error.code === 'invalid_input';
      }),
      { numRuns: 600 },
    );
    expect(slowest).toBeLessThan(250);
  });
});

describe('vectors as files', () => {
  if (!existsSync(root)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const read = (folder: string, except: readonly string[] = []) =>
    readdirSync(join(root, folder))
      .filter((name) => name !== 'meta.json' && !except.includes(name) && !name.endsWith('.gz'))
      .map((name) => file(name, new Uint8Array(readFileSync(join(root, folder, name)))));
  const at = (time: string) => ({ now: Date.parse(time) });
  const snp = 'sev-snp/genoa-v5-live';
  const march = at('2026-03-01T00:00:00Z');
  const der = (pem: string) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
  const blocks = (pem: string) => pem.match(/-----BEGIN[\s\S]+?END CERTIFICATE-----/g) ?? [];

  it('take certificates in any order, form and number of files', () => {
    const text = (name: string) => readFileSync(join(root, snp, name), 'utf8');
    const [ask = '', ark = ''] = blocks(text('ask_ark.pem'));
    const report = new Uint8Array(readFileSync(join(root, snp, 'report.bin')));
    const leaf = text('leaf.pem');
    const response = concat(Uint8Array.of(0, 0, 0, 0, 0xa0, 0x04, 0, 0), new Uint8Array(24), report);
    for (const files of [
      [file('a', report), file('b', `${ark}\n${leaf}\n${ask}`)],
      [file('a', der(ark)), file('b', der(ask)), file('c', der(leaf)), file('d', toHex(report))],
      [file('a', base64(report)), file('b', base64(utf8(`${leaf}\n${ask}\n${ark}\n`)))],
      [file('a', concat(report, new Uint8Array(2816))), file('b', `${leaf}\n${ask}\n${ark}`)],
      [file('a', response), file('b', `${leaf}\n${ask}\n${ark}`), file('c', `${leaf}`)],
      [file('a', JSON.stringify({ report: base64(report), certs: [leaf, ask, ark].map((pem) => base64(der(pem))) }))],
    ]) {
      expect(judge(files, march), files.map(({ name }) => name).join()).toMatchObject({
        family: 'snp',
        status: 'affirming',
      });
    }
    expect(judge([file('a', report), file('b', leaf)], march)).toMatchObject({ reason: 'chain-incomplete' });
    // The endorsement of another product under this chain stays a mismatch, also when it is sorted.
    const other = readFileSync(join(root, 'sev-snp/milan-v3-vlek-vmpl1-aws', 'leaf.pem'), 'utf8');
    expect(judge([file('a', report), file('b', `${other}\n${ask}\n${ark}`)], march).reason).toMatch(/^chain-/);
  });

  it('never let evidence choose its roots: a set of roots fails with one that is not pinned, or listed wrongly', () => {
    const files = read('roots/trust-anchors');
    const november = at('2026-11-22T00:00:00Z');
    expect(judge(files, november)).toMatchObject({ family: 'roots', status: 'affirming' });
    const list = files.find(({ name }) => name === 'fingerprints.json');
    const changed = Buffer.from(list?.bytes ?? [])
      .toString()
      .replace('69d063b4', '69d063b5');
    const others = files.filter(({ name }) => name !== 'fingerprints.json');
    expect(judge([...others, file('fingerprints.json', changed)], november)).toMatchObject({
      reason: 'fingerprint-mismatch',
    });
    const foreign = readFileSync(join(root, snp, 'leaf.pem'), 'utf8');
    expect(judge([...others, file('own.pem', foreign)], november)).toMatchObject({ status: 'contraindicated' });
    const own = file('own.der', simulatedIntel.root.certificate);
    expect(judge([...others, own], { now })).toMatchObject({ reason: 'chain-root-not-pinned' });
    const ask = others.filter(({ name }) => name === 'amd_milan_ask.pem');
    expect(judge(ask, november)).toMatchObject({ status: 'contraindicated' });
  });

  it('name the nonce: another one refuses, none is listed as not checked', () => {
    const gpu = read('nvidia/h100-complete-with-rims');
    const meta = JSON.parse(readFileSync(join(root, 'nvidia/h100-complete-with-rims/meta.json'), 'utf8')) as {
      nonce: string;
    };
    const june = at('2024-06-01T00:00:00Z');
    const nonce = Uint8Array.from(Buffer.from(meta.nonce, 'hex'));
    expect(judge(gpu, { ...june, nonce })).toMatchObject({ status: 'affirming' });
    expect(judge(gpu, june)).toMatchObject({ status: 'affirming' });
    expect(judge(gpu, { ...june, nonce: new Uint8Array(32) })).toMatchObject({ reason: 'gpu-nonce-mismatch' });
    const nras = read('nras/nras-v3-h100-pass');
    const asked = at('2026-06-29T02:08:03Z');
    expect(judge(nras, asked)).toMatchObject({ family: 'nras', status: 'affirming' });
    expect(judge(nras, { ...asked, nonce: new Uint8Array(32) })).toMatchObject({ reason: 'nonce-mismatch' });
    expect(
      judge(
        nras.filter(({ name }) => name !== 'jwks.json'),
        asked,
      ),
    ).toMatchObject({ reason: 'jwks-missing' });
    const later = at('2026-06-29T04:08:03Z');
    expect(judge(nras, later)).toMatchObject({ reason: 'token-expired' });
  });

  it('with two different quotes in one set contradict each other', () => {
    const files = read('composite/tinfoil-v3-tdx-h100-20260629');
    const then = at('2026-06-29T02:08:05Z');
    expect(judge(files, then)).toMatchObject({ family: 'composite', status: 'affirming' });
    const other = file('quote.bin', new Uint8Array(readFileSync(join(root, 'tdx/v4-uptodate-phala/quote.bin'))));
    const mixed = [...files.filter(({ name }) => name !== 'quote.bin'), other];
    expect(judge(mixed, then)).toMatchObject({ status: 'contraindicated', reason: 'files-contradict' });
  });

  it('of event logs need collateral, unless only the log is asked about; stated report data must be the quote’s', () => {
    const files = read('eventlog/dstack-quote-report');
    const june = at('2026-06-01T00:00:00Z');
    expect(judge(files, { ...june, logOnly: true })).toMatchObject({ family: 'dstack', status: 'affirming' });
    expect(judge(files, june)).toMatchObject({ family: 'dstack', status: 'warning', reason: 'collateral-missing' });
    const report = Buffer.from(files[0]?.bytes ?? []).toString();
    const lie = report
      .replace('"report_data":"1234', '"report_data":"1235')
      .replace('"report_data": "1234', '"report_data": "1235');
    expect(lie).not.toBe(report);
    expect(judge([file('r.json', lie)], { ...june, logOnly: true })).toMatchObject({ reason: 'report-data-mismatch' });
  });

  const parts = evidenceFolders(root).flatMap((folder) => read(folder));
  it.each([...new Set(parts.map(({ bytes }) => toHex(crypto.sha256(bytes))))].map((hash) => [hash.slice(0, 12), hash]))(
    '%s is read to its end',
    (_, hash) => {
      const one = parts.find(({ bytes }) => toHex(crypto.sha256(bytes)) === hash);
      if (one === undefined) throw new Error('gone');
      const set = createEvidenceSet([one]);
      if (!set.ok) throw new Error(set.error.message);
      const started = performance.now();
      const found = inspectEvidence(one, { anchors: vendorAnchors, crypto });
      expect(performance.now() - started).toBeLessThan(2000);
      if (!found.ok) throw new Error(found.error.message);
      for (const part of found.value.parts) {
        // Tampered documents are still whole in form; a signature and a nonce alone have no marks.
        if (part.kind !== 'bytes' && part.kind !== 'text')
          expect(part.problem, `${one.name} ${part.name}`).toBeUndefined();
        for (const { offset, length } of part.fields)
          if (offset !== undefined) expect(offset + (length ?? 0)).toBeLessThanOrEqual(part.bytes);
      }
      expect(detectFamily(set.value).ok || set.value.artifacts.length > 0).toBe(true);
    },
  );
});

function evidenceFolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((family) => readdirSync(join(folder, family.name)).map((name) => join(family.name, name)));
}
