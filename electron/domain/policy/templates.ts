import type { Policy, SgxPolicy, SnpTcb, TdxPolicy } from '../../contract/policy.ts';
import type { PolicyTemplate } from '../../contract/policy-document.ts';
import { strictTdxPolicy } from './intel-sections.ts';

/**
 * A place to start, not a vendor's word: AMD names the firmware that fixes a hole per bulletin and product, and the list
 * of what is missing sends the person there.
 */
const leastFirmware: Readonly<Record<'Milan' | 'Genoa' | 'Turin', SnpTcb>> = {
  Milan: { bootloader: 4, tee: 0, snp: 24, microcode: 219 },
  Genoa: { bootloader: 10, tee: 0, snp: 23, microcode: 84 },
  Turin: { fmc: 1, bootloader: 1, tee: 1, snp: 4, microcode: 81 },
};

const strictSnp: Policy['snp'] = {
  minimumTcb: leastFirmware,
  vmpl: [0],
  smtAllowed: true,
  migrationAgentAllowed: false,
  provisionalFirmwareAllowed: false,
  requireAliasCheck: true,
  measurements: [],
};

const noSnp: Policy['snp'] = { ...strictSnp, minimumTcb: {} };

/** 17 is the data set of June 2025: an older one lacks advisories that are known. SWHardeningNeeded is what most fleets report at best. */
const strictTdx: TdxPolicy = {
  ...strictTdxPolicy,
  acceptedStatuses: ['UpToDate', 'SWHardeningNeeded'],
  minimumEvaluationDataNumber: 17,
};

const hopper: Policy['gpu'] = {
  required: true,
  architectures: ['hopper'],
  models: ['H100', 'H200'],
  requireReferenceMeasurements: true,
};
const noGpu: Policy['gpu'] = { required: false, architectures: [], models: [], requireReferenceMeasurements: true };

const common = { version: 1, evidenceMaxAgeSeconds: 300, acceptSimulated: false } as const;

const firmwareOfSnp =
  'The least firmware that AMD’s newest security bulletin names for your product (snp.minimumTcb); the values here are a start.';
const measurementOfSnp = 'The launch measurement of your SEV-SNP image (snp.measurements).';
const measurementsOfTdx = 'MRTD and RTMR0 to RTMR3 of your TDX image (tdx.measurements).';

/** Starting points for real hardware. None accepts a debug guest (none can) or SIMULATED hardware. */
export const policyTemplates: readonly PolicyTemplate[] = [
  {
    name: 'AMD SEV-SNP with H100 or H200',
    about: 'A confidential VM on Milan, Genoa or Turin with a Hopper GPU in confidential mode.',
    missing: [measurementOfSnp, firmwareOfSnp],
    policy: {
      ...common,
      id: 'snp-hopper',
      name: 'SEV-SNP with Hopper',
      families: ['snp'],
      snp: strictSnp,
      gpu: hopper,
    },
  },
  {
    name: 'Intel TDX with H100 or H200',
    about: 'A trust domain with a Hopper GPU in confidential mode, as on dstack and most clouds.',
    missing: [measurementsOfTdx],
    policy: {
      ...common,
      id: 'tdx-hopper',
      name: 'TDX with Hopper',
      families: ['tdx'],
      snp: noSnp,
      tdx: strictTdx,
      gpu: hopper,
    },
  },
  {
    name: 'SEV-SNP or TDX, with H100 or H200',
    about: 'Either kind of confidential VM, for a network that offers both.',
    missing: [measurementOfSnp, firmwareOfSnp, measurementsOfTdx],
    policy: {
      ...common,
      id: 'any-hopper',
      name: 'SEV-SNP or TDX with Hopper',
      families: ['snp', 'tdx'],
      snp: strictSnp,
      tdx: strictTdx,
      gpu: hopper,
    },
  },
  {
    name: 'AWS Nitro and Marlin Oyster',
    about: 'An enclave without a GPU. On Oyster the image id covers image, kernel, application and init parameters.',
    missing: ['The Oyster image ids that may run (nitro.oysterImageIds), or PCR0, PCR1 and PCR2 (nitro.pcrs).'],
    policy: {
      ...common,
      id: 'nitro-oyster',
      name: 'Nitro and Oyster',
      families: ['nitro'],
      snp: noSnp,
      nitro: { pcrs: {}, oysterImageIds: [] },
      gpu: noGpu,
    },
  },
  {
    name: 'Intel SGX enclave',
    about: 'An enclave without a GPU.',
    missing: ['MRENCLAVE of the enclave, or MRSIGNER with product id and security version.'],
    policy: {
      ...common,
      id: 'sgx-enclave',
      name: 'SGX enclave',
      families: ['sgx'],
      snp: noSnp,
      sgx: {
        acceptedStatuses: ['UpToDate', 'SWHardeningNeeded'],
        minimumEvaluationDataNumber: 17,
        mrEnclaves: [],
        mrSigners: [],
      } satisfies SgxPolicy,
      gpu: noGpu,
    },
  },
];
