import type { ReportModel } from '../report-model.ts';

const digest = (byte: string): string => byte.repeat(32);

/** A report model with every part filled, for tests of the drawing alone. */
export function sampleModel(change: Partial<ReportModel> = {}): ReportModel {
  return {
    title: 'breast-cancer-mlp',
    subtitle: 'Trained on the sealed dataset breast_cancer.csv.',
    reportId: 'run-0001',
    madeAt: '2026-11-22T13:21:00Z',
    simulated: true,
    verdict: {
      tone: 'warning',
      headline: 'Whole and consistent, on SIMULATED hardware',
      sentence: 'Every check that can be made passed, under the anchors of the local network.',
      exception: { headline: 'SIMULATED', sentence: 'No genuine hardware vouches for anything in this report.' },
    },
    scope: [
      { label: 'Dataset', value: 'breast_cancer.csv, 122 KiB', mono: false },
      { label: 'Merkle root', value: digest('bd'), mono: true },
      { label: 'Job order', value: digest('1b'), mono: true },
      { label: 'Run', value: '2026-11-22 11:04 to 13:15 UTC', mono: false },
      { label: 'Nodes', value: '1 used, 3 refused', mono: false },
      { label: 'Model', value: digest('a8'), mono: true },
    ],
    proves: ['The receipt was signed by the key that the evidence names.', 'The model comes from this order.'],
    doesNotProve: ['That any of this ran on genuine hardware.', 'That the model is accurate, fair or safe.'],
    mustStillDo: [
      'Verify the pack yourself, on a machine with no network.',
      'Compare the key below with one you trust.',
    ],
    custody: [
      { title: 'Sealed', lines: ['root bdbdbd…bdbd'] },
      { title: 'Ordered', lines: ['order 1b1b1b…1b1b'] },
      { title: 'Trained', lines: ['240 frames'] },
      { title: 'Received', lines: ['rcpt a8a8…a8a8'] },
    ],
    attempts: [
      {
        title: 'Attempt 1 on local-ams-2: node-unreachable',
        figures: 'step 117, 17 lost; 312 s, $0.2600; last signed 11:20:11 UTC, found 11:20:24',
        cause: 'Node local-ams-2 is lost: nothing was heard from it for 13 seconds.',
      },
    ],
    lanes: [
      {
        node: 'local-fra-1',
        note: '',
        segments: [
          { from: 0, until: 120, state: 'verified' },
          { from: 120, until: 140, state: 'gap' },
          { from: 140, until: 240, state: 'verified' },
        ],
      },
      { node: 'local-ams-2', note: 'refused: debug-enabled', segments: [] },
    ],
    lastStep: 240,
    signatures: [
      { role: 'Agent, attested key', lines: ['ed25519 52fa0c…07c1'] },
      { role: 'Organisation', lines: ['ed25519 7c4100…e90b', '13:20 UTC'] },
    ],
    pack: { fileName: 'breast-cancer-mlp.nacre-pack', sha256: digest('b2'), log: `log size 432, root ${digest('6c')}` },
    checks: [
      { id: 'pack.container', title: 'The container is whole', outcome: 'pass', required: true },
      {
        id: 'pack.evidence',
        title: 'Evidence verifies again',
        outcome: 'unknown',
        reason: 'simulated',
        detail: 'Anchors are those of the local network.',
        required: true,
      },
    ],
    notChecked: ['Whether the hardware is genuine: it is SIMULATED.'],
    digests: [{ label: 'Dataset root', value: digest('bd') }],
    ...change,
  };
}
