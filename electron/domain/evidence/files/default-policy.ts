import type { Policy } from '../../../contract/policy.ts';
import { strictSgxPolicy, strictTdxPolicy } from '../../policy/intel-sections.ts';

const anyFirmware = { bootloader: 0, tee: 0, snp: 0, microcode: 0 };

/**
 * What evidence files are judged by when nobody names a policy: strict on everything that evidence alone can show, with no
 * reference values, because nobody said what should run. The verdict lists the latter as not checked.
 */
export const evidenceFilePolicy: Policy = {
  version: 1,
  id: 'evidence-files',
  name: 'Evidence files: strict, without reference values',
  families: ['snp', 'tdx', 'sgx', 'nitro'],
  snp: {
    minimumTcb: { Milan: anyFirmware, Genoa: anyFirmware, Turin: { ...anyFirmware, fmc: 0 } },
    vmpl: [0],
    smtAllowed: true,
    migrationAgentAllowed: false,
    provisionalFirmwareAllowed: true,
    requireAliasCheck: false,
    measurements: [],
  },
  tdx: strictTdxPolicy,
  sgx: strictSgxPolicy,
  nitro: { pcrs: {}, oysterImageIds: [] },
  gpu: {
    // Of a document that holds no GPU evidence, nobody said that there should be some.
    required: false,
    architectures: ['hopper', 'blackwell'],
    models: [],
    requireReferenceMeasurements: true,
  },
  evidenceMaxAgeSeconds: 300,
  acceptSimulated: false,
};
