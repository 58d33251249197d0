import type { Policy } from '../../contract/policy.ts';
import type { PolicyProblem } from '../../contract/policy-document.ts';

const familyNames = { snp: 'AMD SEV-SNP', tdx: 'Intel TDX', sgx: 'Intel SGX', nitro: 'AWS Nitro' } as const;

/**
 * What the schema cannot see: errors make a policy that refuses everything or says two things at once; cautions are
 * choices that a person should have made knowingly.
 */
export function policyProblems(policy: Policy): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const error = (place: string, message: string) => void problems.push({ severity: 'error', place, message });
  const caution = (place: string, message: string) => void problems.push({ severity: 'caution', place, message });
  checkFamilies(policy, error, caution);
  checkSnp(policy, error, caution);
  checkDcap(policy, caution);
  checkNitro(policy, caution);
  checkGpu(policy, error, caution);
  for (const [place, values] of lists(policy)) {
    if (new Set(values).size < values.length) error(place, 'A value stands here twice.');
  }
  return problems;
}

type Tell = (place: string, message: string) => void;

function checkFamilies(policy: Policy, error: Tell, caution: Tell): void {
  for (const family of ['tdx', 'sgx', 'nitro'] as const) {
    const listed = policy.families.includes(family);
    const name = familyNames[family];
    if (listed && policy[family] === undefined) {
      error('families', `${name} is listed, but there is no section "${family}", so every such node is refused.`);
    }
    if (!listed && policy[family] !== undefined) {
      caution(family, `There is a section for ${name}, but families does not list it, so it has no effect.`);
    }
  }
}

function checkSnp({ families, snp, acceptSimulated }: Policy, error: Tell, caution: Tell): void {
  if (!families.includes('snp')) return;
  if (Object.keys(snp.minimumTcb).length === 0) {
    error('snp.minimumTcb', 'No product has a least firmware, so every SEV-SNP node is refused. Name at least one.');
  }
  for (const [product, tcb] of Object.entries(snp.minimumTcb)) {
    if (tcb !== undefined && product !== 'Turin' && tcb.fmc !== undefined) {
      error(`snp.minimumTcb.${product}.fmc`, `${product} has no FMC; only Turin and later do.`);
    }
  }
  if (snp.measurements.length === 0) {
    caution('snp.measurements', 'The launch measurement is not checked, so any image passes the CPU part.');
  }
  if (snp.provisionalFirmwareAllowed) {
    caution('snp.provisionalFirmwareAllowed', 'Provisional firmware can be rolled back by the host.');
  }
  if (!snp.requireAliasCheck && !acceptSimulated) {
    caution(
      'snp.requireAliasCheck',
      'Without the alias check, memory modules that lie about their size are not found.',
    );
  }
  if (snp.vmpl.some((level) => level !== 0)) {
    caution('snp.vmpl', 'A level other than 0 is right only for guests with a paravisor.');
  }
}

function checkDcap({ families, tdx, sgx }: Policy, caution: Tell): void {
  const tolerant = (place: string, statuses: readonly string[]) => {
    const old = statuses.filter((status) => status.startsWith('OutOfDate'));
    if (old.length > 0) caution(place, `${old.join(' and ')} accepts platforms with known, unfixed holes.`);
  };
  if (families.includes('tdx') && tdx !== undefined) {
    tolerant('tdx.acceptedStatuses', tdx.acceptedStatuses);
    if (tdx.measurements.mrtd.length === 0) {
      caution('tdx.measurements.mrtd', 'MRTD is not checked, so any firmware of the guest passes.');
    }
    if (tdx.measurements.rtmr1.length === 0 || tdx.measurements.rtmr2.length === 0) {
      caution('tdx.measurements', 'RTMR1 or RTMR2 is not checked, so the kernel or its command line is not known.');
    }
    if (!tdx.requireSeptVeDisable) {
      caution(
        'tdx.requireSeptVeDisable',
        'Without SEPT_VE_DISABLE the host can inject faults. Only paravisors need that.',
      );
    }
  }
  if (families.includes('sgx') && sgx !== undefined) {
    tolerant('sgx.acceptedStatuses', sgx.acceptedStatuses);
    if (sgx.mrEnclaves.length === 0 && sgx.mrSigners.length === 0) {
      caution('sgx.mrEnclaves', 'Neither MRENCLAVE nor MRSIGNER is checked, so any enclave passes.');
    }
  }
}

function checkNitro({ families, nitro }: Policy, caution: Tell): void {
  if (!families.includes('nitro') || nitro === undefined) return;
  const image = ['0', '1', '2'].some((index) => nitro.pcrs[index] !== undefined);
  if (!image && nitro.oysterImageIds.length === 0) {
    caution('nitro.pcrs', 'No image register and no Oyster image id is named, so any enclave image passes.');
  }
}

function checkGpu({ gpu, families }: Policy, error: Tell, caution: Tell): void {
  if (!gpu.required) {
    caution('gpu.required', 'GPU evidence is not demanded, so a node without a confidential GPU passes.');
    return;
  }
  if (gpu.architectures.length === 0) {
    error('gpu.architectures', 'GPU evidence is demanded, but no architecture is accepted, so every node is refused.');
  }
  if (families.every((family) => family === 'nitro')) {
    error('gpu.required', 'Nitro enclaves have no GPU, so with GPU evidence demanded every node is refused.');
  }
  if (gpu.models.length === 0)
    caution('gpu.models', 'No GPU model is named, so every model of the architectures passes.');
  if (!gpu.requireReferenceMeasurements) {
    caution('gpu.requireReferenceMeasurements', 'GPU firmware is not compared with what NVIDIA signed.');
  }
  if (gpu.minimumDriver !== undefined && !/^\d+(\.\d+){1,3}$/.test(gpu.minimumDriver)) {
    error('gpu.minimumDriver', 'A driver version is numbers and dots, for example 570.86.10.');
  }
}

function lists(policy: Policy): (readonly [string, readonly unknown[]])[] {
  const found: [string, readonly unknown[]][] = [];
  const walk = (value: unknown, place: string) => {
    if (Array.isArray(value)) found.push([place, value]);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) walk(member, place === '' ? name : `${place}.${name}`);
    }
  };
  walk(policy, '');
  return found;
}
