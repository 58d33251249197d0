import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Runtime } from '../contract/node-evidence.ts';
import type { PackVerdict } from '../contract/views.ts';
import { createEd25519Verifier, sha256Of } from '../core/ed25519.ts';
import { createPackVerifier } from '../core/evidence/verifier.ts';
import { createSigner } from '../domain/dsse/dsse.ts';
import { encodeBase64 } from '../domain/encoding/base64.ts';
import { simulateNodeEvidence } from '../domain/evidence/simulated/node-evidence.ts';
import { createAppraiser } from '../domain/pack/appraiser.ts';
import { writePack } from '../domain/pack/container.ts';
import { writeContents, type FailedPackDocuments } from '../domain/pack/contents.ts';
import {
  organisation,
  sampleLostRun,
  sampleRun,
  startedAt,
  type EvidenceMaker,
  type SampleContents,
} from '../domain/pack/testing/sample-run.ts';
import { random, runtimeFor, startSimulatedNetwork } from '../services/evidence/testing/simulated-network.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';
import { createEvidenceVerifier } from '../services/evidence/verifier.ts';
import { runNacre } from './testing/process.ts';

/** A pack as the core writes it: SEV-SNP and GPU evidence in the real formats, made and judged by the real code. */
async function makeMaker(): Promise<EvidenceMaker> {
  const network = await startSimulatedNetwork(startedAt);
  const honest = network.hardware();
  const debug = network.hardware({ debug: true });
  let clock = startedAt;
  const verifier = createEvidenceVerifier({ clock: () => clock, random, build: 'nacre test' });
  return {
    policy: network.policy,
    anchors: {
      version: 1,
      simulated: true,
      amd: [...network.network.anchors.amd],
      nvidia: [...network.network.anchors.nvidia],
      gpuMeasurements: Object.fromEntries(
        Object.entries(network.network.gpuMeasurements).map(([index, values]) => [index, [...values]]),
      ),
    },
    make(request) {
      clock = request.at;
      const runtime: Runtime = { ...runtimeFor(request.challenge), signingKey: encodeBase64(request.signingKey) };
      const answer = simulateNodeEvidence(request.honest ? honest : debug, runtime, random);
      const verdict = verifier.verifyNode({
        node: request.node,
        challenge: request.challenge,
        evidence: answer,
        observedTlsSpkiSha256: runtime.tlsSpkiSha256,
        policy: network.policy,
        simulatedNetwork: network.network,
        expectedGpus: 1,
        signer: request.organisation,
      });
      if (!verdict.ok) throw new Error(verdict.error.message);
      const { verification, ear } = verdict.value;
      return {
        version: 1,
        node: request.node,
        verifiedAt: verification.verifiedAt,
        challenge: request.challenge,
        answer: JSON.parse(JSON.stringify(answer)) as (typeof run.evidence)[0]['answer'],
        observedTlsSpkiSha256: runtime.tlsSpkiSha256,
        expectedGpus: 1,
        ear,
        status: verification.status,
        ...(verification.reason === undefined ? {} : { reason: verification.reason }),
      };
    },
  };
}

const crypto = { verify: createEd25519Verifier(), sha256: sha256Of };
let run: SampleContents;
let lost: FailedPackDocuments;
let good: Uint8Array;
let directory = '';

function pack(contents: SampleContents | FailedPackDocuments, key = organisation): Uint8Array {
  const title = { runId: 'run-1', runName: 'Breast cancer', simulated: true, createdAt: '2026-11-22T12:00:00Z' };
  const written = writePack(title, writeContents(contents), key, crypto);
  if (!written.ok) throw new Error(written.error.message);
  return written.value;
}

beforeAll(async () => {
  const maker = await makeMaker();
  run = sampleRun(maker, 20);
  lost = sampleLostRun(maker);
  good = pack(run);
  directory = await mkdtemp(join(tmpdir(), 'nacre-verify-'));
}, 180_000);
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const verify = createPackVerifier(createAppraiser(createNodeCrypto(), crypto.verify), crypto);
const failures = (bytes: Uint8Array) =>
  verify(bytes, '')
    .checks.filter(({ outcome, required }) => required && outcome !== 'pass')
    .map(({ id }) => id);

describe('packs with evidence in the real formats', () => {
  it('verify again from the pack alone, and say SIMULATED', () => {
    expect(failures(good)).toEqual([]);
    const verdict = verify(good, '', organisation.publicKey);
    expect(verdict).toMatchObject({ whole: true, simulated: true, status: 'warning' });
    expect(verdict.notChecked.join(' ')).toContain('SIMULATED');
  });

  it('never verify after any change of any byte', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = good.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        const verdict = verify(changed, '');
        expect(verdict).toMatchObject({ whole: false, status: 'contraindicated' });
        expect(verdict.checks.some(({ outcome, detail }) => outcome === 'fail' && detail !== undefined)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('do not let evidence choose its anchors, its node, its key or its time', () => {
    const [refused, basis] = run.evidence as [(typeof run.evidence)[0], (typeof run.evidence)[0]];
    const changed = (change: Partial<typeof basis>) => ({ ...run, evidence: [refused, { ...basis, ...change }] });
    const cases: [string, SampleContents][] = [
      ['vendor anchors', { ...run, anchors: { ...run.anchors, simulated: false } }],
      ['anchors of another network', { ...run, anchors: { ...run.anchors, amd: ['ab'.repeat(32)] } }],
      [
        'other reference measurements',
        { ...run, anchors: { ...run.anchors, gpuMeasurements: { 0: ['00'.repeat(48)] } } },
      ],
      ['evidence of the debug guest', changed({ answer: refused.answer })],
      ['another TLS key', changed({ observedTlsSpkiSha256: '00'.repeat(32) })],
      ['an expired challenge', changed({ verifiedAt: '2026-11-22T11:30:00.000Z' })],
      ['another count of GPUs', changed({ expectedGpus: 8 })],
    ];
    for (const [what, contents] of cases) {
      const found = failures(pack(contents));
      expect(found, what).toContain('evidence.1');
      expect(found, what).toContain('release');
      expect(verify(pack(contents), '').status, what).toBe('contraindicated');
    }
  });
});

describe('nacre verify', () => {
  it('exits 0 on a whole pack and prints the verdict, with no profile and nothing written', async () => {
    await writeFile(join(directory, 'good.nacre-pack'), good);
    const text = await runNacre(directory, ['verify', 'good.nacre-pack']);
    expect(text).toMatchObject({ code: 0, note: '' });
    expect(text.out).toContain('WHOLE AND CONSISTENT, on SIMULATED hardware');
    expect(text.out).toContain('no hardware trust');
    const key = Buffer.from(organisation.publicKey).toString('base64');
    const json = await runNacre(directory, ['verify', 'good.nacre-pack', '--json', '--organisation-key', key]);
    expect(json.code).toBe(0);
    const verdict = JSON.parse(json.out) as PackVerdict;
    expect(verdict.checks.find(({ id }) => id === 'pack.organisation')?.outcome).toBe('pass');
    expect(await readdir(directory)).toEqual(['good.nacre-pack']);
  }, 60_000);

  it('says in its second line that a run did not succeed, and what its lost node signed', async () => {
    await writeFile(join(directory, 'lost.nacre-pack'), pack(lost));
    const text = await runNacre(directory, ['verify', 'lost.nacre-pack']);
    expect(text.code).toBe(0);
    expect(text.out.split('\n').slice(0, 2)).toEqual([
      'WHOLE AND CONSISTENT, on SIMULATED hardware',
      'THE RUN DID NOT SUCCEED (failed): no model, no receipt',
    ]);
    expect(text.out).toContain('attempt 1 on local-b failed (node-unreachable) at step 6: 2 steps lost, 6 s, $0.0600');
    expect(text.out).not.toContain('model sha256');
    await rm(join(directory, 'lost.nacre-pack'));
  }, 60_000);

  it('exits 1 and names what broke; 2 when there is nothing to read', async () => {
    const bent = good.slice();
    bent[bent.length - 10] = (bent[bent.length - 10] ?? 0) ^ 1;
    await writeFile(join(directory, 'bent'), bent);
    const text = await runNacre(directory, ['verify', 'bent']);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/^REFUSED: telemetry\.jsonl was changed/);
    await writeFile(join(directory, 'foreign'), pack(run, createSigner(new Uint8Array(32).fill(5))));
    const foreign = await runNacre(directory, ['verify', 'foreign', '--json']);
    expect(foreign.code).toBe(1);
    expect((JSON.parse(foreign.out) as PackVerdict).checks.find(({ id }) => id === 'order')?.outcome).toBe('fail');
    expect(await runNacre(directory, ['verify', 'absent'])).toMatchObject({ code: 2, out: '' });
    expect(await runNacre(directory, ['verify', 'bent', '--organisation-key', 'x'])).toMatchObject({ code: 2 });
  }, 60_000);
});
