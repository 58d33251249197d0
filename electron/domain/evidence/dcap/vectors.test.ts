import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors } from '../anchors.ts';
import { verifySgx } from '../sgx/verify.ts';
import { verifyTdx } from '../tdx/verify.ts';
import { readDcapCollateral } from './collateral.ts';
import { parseQuote } from './quote.ts';
import { strictSgxPolicy, strictTdxPolicy } from '../../policy/intel-sections.ts';
import { createDcapVerifier } from './verifier.ts';

const root = '../shared/vectors';
const crypto = createNodeCrypto();
const anchors = vendorAnchors;

interface Meta {
  readonly family: 'tdx' | 'sgx';
  readonly expected: string;
  readonly evaluate_at: string;
  readonly evidence_crypto_valid: boolean;
}

function load(path: string) {
  const read = (file: string) => new Uint8Array(readFileSync(join(root, path, file)));
  const collateral = readDcapCollateral(read('collateral.json'));
  if (!collateral.ok) throw new Error(collateral.detail);
  const meta = JSON.parse(readFileSync(join(root, path, 'meta.json'), 'utf8')) as Meta;
  const now = Date.parse(meta.evaluate_at);
  return { meta, request: { name: 'cpu0', quote: read('quote.bin'), collateral: collateral.value, now } };
}

type Loaded = ReturnType<typeof load>;

function verify({ meta, request }: Loaded): SubmoduleVerdict {
  return meta.family === 'tdx'
    ? verifyTdx({ ...request, policy: strictTdxPolicy, anchors, crypto }).verdict
    : verifySgx({ ...request, policy: strictSgxPolicy, anchors, crypto }).verdict;
}

const failures = ({ checks }: SubmoduleVerdict) =>
  checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
/** What the evidence alone must hold up to, whatever the collateral and the policy say. */
const cryptographic = /^(tdx|sgx)\.(pck\.(certificates|roles|extension)|qe\.signature|qe\.report-data|signature)$/;

describe('Intel vectors', () => {
  if (!existsSync(root)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const names = ['tdx', 'sgx'].flatMap((family) => readdirSync(join(root, family)).map((name) => `${family}/${name}`));
  const remembering = createDcapVerifier({ anchors, crypto });
  it('are all there', () => expect(names).toHaveLength(18));

  it.each(names)('%s', (name) => {
    const vector = load(name);
    const { meta, request } = vector;
    const verdict = verify(vector);
    const failed = failures(verdict);
    if (meta.expected === 'valid') {
      expect(failed).toEqual([]);
      expect(verdict.status).toBe('affirming');
    } else {
      expect(verdict.status).toBe('contraindicated');
      expect(failed[0]).toBe(meta.expected.replace('invalid:', ''));
    }
    const intact = verdict.checks.filter(({ id }) => cryptographic.test(id)).every(({ outcome }) => outcome === 'pass');
    expect(intact).toBe(meta.evidence_crypto_valid);
    expect(verdict.notChecked).not.toEqual([]);
    // What a verifier remembers changes no word of a verdict.
    for (let round = 0; round < 2; round++) {
      const again =
        meta.family === 'tdx'
          ? remembering.verifyTdx({ ...request, policy: strictTdxPolicy })
          : remembering.verifySgx({ ...request, policy: strictSgxPolicy });
      expect(again.verdict).toEqual(verdict);
    }
  });

  it.each(names.filter((name) => load(name).meta.expected === 'valid'))(
    '%s: no bit of what is signed can change',
    (name) => {
      const { request } = load(name);
      const parsed = parseQuote(request.quote);
      if (!parsed.ok) throw new Error(parsed.detail);
      // Header, body, both signatures, attestation key, QE report and its data; not the PEM, where a space may be a line end.
      const end = parsed.value.signature.certificationData.byteOffset - request.quote.byteOffset;
      const verifier = createDcapVerifier({ anchors, crypto });
      fc.assert(
        fc.property(fc.nat(end - 1), fc.nat(7), (at, bit) => {
          const quote = request.quote.slice();
          quote[at] = (quote[at] ?? 0) ^ (1 << bit);
          return verifier.verifyTdx({ ...request, quote, policy: strictTdxPolicy }).verdict.status !== 'affirming';
        }),
        { numRuns: 60 },
      );
    },
  );
});
