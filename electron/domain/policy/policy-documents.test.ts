import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../../contract/dsse.ts';
import type { Policy } from '../../contract/policy.ts';
import type { PolicyVersion } from '../../contract/policy-document.ts';
import { createSigner, signJson } from '../dsse/dsse.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { comparePolicies } from './compare.ts';
import { claimedAuthors, parsePolicyFile, policyVersionDigest, readPolicyHistory } from './document.ts';
import { localMinimumTcb, localNetworkPolicy } from './policy.ts';
import { policyProblems } from './problems.ts';
import { summarizePolicy } from './summary.ts';
import { policyTemplates } from './templates.ts';
import { readPolicyText, writePolicyText } from './text.ts';

const measurement = 'ab'.repeat(48);
const policy = localNetworkPolicy({ measurements: [measurement], minimumTcb: localMinimumTcb });
const withSnp = (change: Partial<Policy['snp']>): Policy => ({ ...policy, snp: { ...policy.snp, ...change } });
const template = (id: string) => {
  const found = policyTemplates.find((candidate) => candidate.policy.id === id);
  if (found === undefined) throw new Error(id);
  return found.policy;
};

describe('the text of a policy', () => {
  it('is read back as it was written', () => {
    for (const each of [policy, ...policyTemplates.map((one) => one.policy)]) {
      const read = readPolicyText(writePolicyText(each));
      expect(read).toMatchObject({ ok: true, policy: each });
    }
  });

  it('names line and column of what is wrong', () => {
    const text = writePolicyText(policy);
    const problem = (changed: string) => {
      const read = readPolicyText(changed);
      if (read.ok) throw new Error('accepted');
      return read.problems[0];
    };
    expect(problem(text.replace('"vmpl": [', '"vmpl": ['.concat('4, ')))).toMatchObject({
      place: 'snp.vmpl.0',
      line: text.slice(0, text.indexOf('"vmpl"')).split('\n').length,
    });
    // An unknown field is named, and found where it stands.
    const unknown = problem(text.replace('"snp": {', '"snp": {\n    "acceptDebug": true,'));
    expect(unknown).toMatchObject({ place: 'snp.acceptDebug', column: 20 });
    expect(unknown.message).toContain('"acceptDebug"');
    // Not JSON at all: a comma too many, two equal keys, two values, text before and after.
    expect(problem('{\n  "version": 1,\n}')).toMatchObject({ line: 3, column: 1 });
    expect(problem('{"a":1,\n "a":2}')).toMatchObject({ line: 2, column: 2 });
    expect(problem(`${text}{}`).line).toBe(text.split('\n').length);
    // Columns count characters, not bytes.
    expect(problem('{"ä": "ö", x}')).toMatchObject({ line: 1, column: 12 });
    expect(problem(' '.repeat(1_048_577)).message).toContain('longer');
  });

  it('survives any text, and what it accepts is a policy without contradiction', () => {
    const text = writePolicyText(policy);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), fc.nat(6), (at, put, cut) => {
        const read = readPolicyText(text.slice(0, at) + put + text.slice(at + cut));
        if (!read.ok) return read.problems[0].severity === 'error' && read.problems[0].message !== '';
        return policyProblems(read.policy).every(({ severity }) => severity === 'caution');
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => !readPolicyText(any).ok));
  });
});

describe('contradictions', () => {
  const errors = (changed: Policy) =>
    policyProblems(changed)
      .filter(({ severity }) => severity === 'error')
      .map(({ place }) => place);

  it('are found, each at its place', () => {
    expect(errors(policy)).toEqual([]);
    expect(errors({ ...policy, families: ['snp', 'tdx'] })).toEqual(['families']);
    expect(errors(withSnp({ minimumTcb: {} }))).toEqual(['snp.minimumTcb']);
    expect(errors(withSnp({ minimumTcb: { Genoa: { ...localMinimumTcb, fmc: 1 } } }))).toEqual([
      'snp.minimumTcb.Genoa.fmc',
    ]);
    expect(errors(withSnp({ measurements: [measurement, measurement] }))).toEqual(['snp.measurements']);
    expect(errors({ ...policy, gpu: { ...policy.gpu, architectures: [] } })).toEqual(['gpu.architectures']);
    expect(errors({ ...template('nitro-oyster'), gpu: policy.gpu })).toEqual(['gpu.required']);
    expect(errors({ ...policy, gpu: { ...policy.gpu, minimumDriver: 'new' } })).toEqual(['gpu.minimumDriver']);
  });

  it('leave cautions to what a person may choose', () => {
    const places = policyProblems(withSnp({ measurements: [], provisionalFirmwareAllowed: true })).map((p) => p.place);
    expect(places).toEqual(expect.arrayContaining(['snp.measurements', 'snp.provisionalFirmwareAllowed']));
  });
});

describe('templates', () => {
  it('have no contradiction, accept nothing simulated, and say what is missing', () => {
    for (const { policy: one, missing } of policyTemplates) {
      expect(policyProblems(one).filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(one.acceptSimulated).toBe(false);
      expect(missing.length).toBeGreaterThan(0);
      // An empty list is said in words, as something that is not checked.
      expect(summarizePolicy(one).notChecked.join(' ')).toMatch(/measurement|MRTD|image|enclave/);
    }
  });
});

describe('a summary', () => {
  it('says what is demanded and what is not checked', () => {
    const words = summarizePolicy(policy);
    expect(words.demands[0]).toBe(
      'Accepts AMD SEV-SNP on Genoa with at least boot loader 10, TEE 0, SNP 22, microcode 84.',
    );
    expect(words.demands.join(' ')).toContain('Refuses debug guests');
    expect(words.demands.join(' ')).toContain('SIMULATED');
    expect(summarizePolicy(withSnp({ measurements: [] })).notChecked[0]).toContain(
      'Does not check the launch measurement',
    );
  });
});

describe('comparing policies', () => {
  const rows = (after: Policy, before = policy) =>
    comparePolicies(before, after).map(({ place, effect }) => [place, effect]);

  it('tells stricter, looser and different apart', () => {
    expect(rows(policy)).toEqual([]);
    expect(rows(withSnp({ measurements: [] }))).toEqual([['snp.measurements', 'looser']]);
    expect(rows(policy, withSnp({ measurements: [] }))).toEqual([['snp.measurements', 'stricter']]);
    expect(rows(withSnp({ measurements: ['cd'.repeat(48)] }))).toEqual([['snp.measurements', 'different']]);
    expect(rows(withSnp({ minimumTcb: { Genoa: { ...localMinimumTcb, snp: 23 } } }))).toEqual([
      ['snp.minimumTcb.Genoa', 'stricter'],
    ]);
    expect(rows(withSnp({ minimumTcb: { Genoa: { ...localMinimumTcb, snp: 23, microcode: 1 } } }))).toEqual([
      ['snp.minimumTcb.Genoa', 'different'],
    ]);
    expect(rows(withSnp({ minimumTcb: { Genoa: localMinimumTcb, Milan: localMinimumTcb } }))).toEqual([
      ['snp.minimumTcb.Milan', 'looser'],
    ]);
    expect(rows({ ...policy, evidenceMaxAgeSeconds: 60, acceptSimulated: false })).toEqual([
      ['evidenceMaxAgeSeconds', 'stricter'],
      ['acceptSimulated', 'stricter'],
    ]);
    expect(rows({ ...policy, gpu: { ...policy.gpu, minimumDriver: '570.9' } })).toEqual([
      ['gpu.minimumDriver', 'stricter'],
    ]);
    const demanding = { ...policy, gpu: { ...policy.gpu, requireRevocation: true } };
    expect(rows(demanding)).toEqual([['gpu.requireRevocation', 'stricter']]);
    expect(rows(policy, demanding)).toEqual([['gpu.requireRevocation', 'looser']]);
    const about = /[Rr]evocation/;
    expect(
      summarizePolicy(demanding)
        .demands.filter((one) => about.test(one))
        .join(' '),
    ).toContain('NVIDIA');
    expect(
      summarizePolicy(policy)
        .notChecked.filter((one) => about.test(one))
        .join(' '),
    ).toContain('NVIDIA');
    const nitro = template('nitro-oyster');
    const pcrs = { ...nitro, nitro: { pcrs: { '0': [measurement] }, oysterImageIds: [] } };
    expect(rows(pcrs, nitro)).toEqual([['nitro.pcrs.0', 'stricter']]);
    expect(rows({ ...policy, tdx: template('tdx-hopper').tdx as NonNullable<Policy['tdx']> })).toEqual([
      ['tdx', 'looser'],
    ]);
  });

  it('turns around when its sides are swapped, and sees every change of a field', () => {
    const turned = { stricter: 'looser', looser: 'stricter', different: 'different' } as const;
    const all = [
      policy,
      withSnp({ vmpl: [0, 1] }),
      withSnp({ chipIds: ['00'.repeat(64)] }),
      ...policyTemplates.map((t) => t.policy),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.constantFrom(...all), (a, b) => {
        const there = comparePolicies(a, b);
        const back = comparePolicies(b, a);
        expect(back.map(({ place, effect }) => [place, effect])).toEqual(
          there.map(({ place, effect }) => [place, turned[effect]]),
        );
        expect(there.length === 0).toBe(a === b);
      }),
    );
  });
});

describe('signed versions', () => {
  const signer = createSigner(new Uint8Array(32).fill(3));
  const other = createSigner(new Uint8Array(32).fill(4));
  const make = (number: number, previous: string | null, change: Partial<PolicyVersion> = {}): PolicyVersion => ({
    version: 1,
    number,
    previous,
    policy,
    retired: false,
    note: '',
    author: encodeBase64(signer.publicKey),
    at: '2026-11-22T17:00:00.000Z',
    ...change,
  });
  const sign = (version: PolicyVersion, by = signer) => signJson(payloadTypes.policy, version, by);
  const first = make(1, null);
  const second = make(2, policyVersionDigest(first), { policy: withSnp({ vmpl: [0, 1] }) });
  const third = make(3, policyVersionDigest(second), { retired: true });
  const chain = [first, second, third].map((version) => sign(version));
  const read = (envelopes: readonly unknown[], keys = [signer.publicKey]) => readPolicyHistory(envelopes, keys);

  it('make one chain', () => {
    const history = read(chain);
    expect(history.ok && history.value.map(({ version }) => version)).toEqual([first, second, third]);
    expect(read([]).ok).toBe(false);
  });

  it('are refused when one is gone, moved, changed, by someone else, or about something else', () => {
    const code = (envelopes: readonly unknown[], keys?: Uint8Array[]) => {
      const history = read(envelopes, keys);
      return history.ok ? 'accepted' : history.error.code;
    };
    expect(code(chain.slice(1))).toBe('integrity');
    expect(code([chain[0], chain[2]])).toBe('integrity');
    expect(code([chain[1], chain[0]])).toBe('integrity');
    expect(code(chain, [other.publicKey])).toBe('integrity');
    expect(code([sign(first, other)], [signer.publicKey, other.publicKey])).toBe('integrity');
    expect(code([chain[0], sign({ ...second, policy: { ...policy, id: 'another' } })])).toBe('integrity');
    expect(code([{ ...chain[0], payload: chain[1]?.payload }])).toBe('integrity');
    expect(code([{}])).toBe('damaged');
  });

  it('travel in a file, which is read but not believed', () => {
    const bytes = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)));
    const file = parsePolicyFile(bytes({ format: 'nacre-policy', version: 1, versions: chain }));
    expect(file.ok && claimedAuthors(file.value)).toEqual([encodeBase64(signer.publicKey)]);
    expect(parsePolicyFile(bytes({ format: 'nacre-policy', version: 1, versions: [] })).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => !parsePolicyFile(any).ok));
  });
});
