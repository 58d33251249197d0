import type { EvidenceFamily } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';

/** One measured register that a policy has reference values for. */
export interface ExpectedRegister {
  /** Its name among the measurements of a verdict. */
  readonly measurement: string;
  /** As people say it. */
  readonly register: string;
  /** Id of the check that compares it. */
  readonly check: string;
  readonly expected: readonly string[];
  /** What it stands for, in words: "the image". */
  readonly meaning: string;
}

const tdxMeanings = {
  mrtd: 'the guest firmware',
  rtmr0: 'the virtual hardware and firmware configuration',
  rtmr1: 'the boot loader and kernel',
  rtmr2: 'the kernel command line and initial disk',
  rtmr3: 'what was started after boot',
  mrConfigId: 'the configuration that the host was given',
  mrOwner: 'the owner that the host named',
  mrOwnerConfig: 'the owner’s configuration',
} as const;

const nitroMeanings: Readonly<Record<string, string>> = {
  '0': 'the enclave image',
  '1': 'the kernel and its start',
  '2': 'the application',
  '3': 'the role of the parent instance',
  '4': 'the id of the parent instance',
  '8': 'the certificate that signed the image',
  '16': 'the init parameters',
};

/** The registers of a family that a policy names values for. An empty list is no demand and is left out. */
export function expectedRegisters(policy: Policy, family: EvidenceFamily): readonly ExpectedRegister[] {
  const all = registersOf(policy, family);
  return all.filter(({ expected }) => expected.length > 0);
}

function registersOf({ snp, tdx, sgx, nitro }: Policy, family: EvidenceFamily): readonly ExpectedRegister[] {
  switch (family) {
    case 'snp':
      return [
        {
          measurement: 'measurement',
          register: 'MEASUREMENT',
          check: 'snp.measurement',
          expected: snp.measurements,
          meaning: 'the image that was launched',
        },
      ];
    case 'tdx':
    case 'dstack':
      return Object.entries(tdx?.measurements ?? {}).map(([name, expected]) => ({
        measurement: name.toLowerCase(),
        register: name.toUpperCase(),
        check: `tdx.${name.toLowerCase()}`,
        expected,
        meaning: tdxMeanings[name as keyof typeof tdxMeanings],
      }));
    case 'sgx':
      return [
        ['mrenclave', sgx?.mrEnclaves ?? [], 'the enclave'] as const,
        ['mrsigner', sgx?.mrSigners ?? [], 'who signed the enclave'] as const,
      ].map(([measurement, expected, meaning]) => ({
        measurement,
        register: measurement.toUpperCase(),
        check: `sgx.${measurement}`,
        expected,
        meaning,
      }));
    case 'nitro':
      return Object.entries(nitro?.pcrs ?? {}).map(([index, expected]) => ({
        measurement: `pcr${index}`,
        register: `PCR${index}`,
        check: `nitro.pcr${index}`,
        expected,
        meaning: nitroMeanings[index] ?? 'what the application put there',
      }));
    default:
      return [];
  }
}
