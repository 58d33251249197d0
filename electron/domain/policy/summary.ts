import type { Policy } from '../../contract/policy.ts';
import type { PolicySummary } from '../../contract/policy-document.ts';
import { showTcb } from './fields.ts';

/** A policy in sentences: what evidence must show, and what a verdict under it says nothing about. */
export function summarizePolicy(policy: Policy): PolicySummary {
  const demands: string[] = [];
  const notChecked: string[] = [];
  const has = (family: Policy['families'][number]) => policy.families.includes(family);
  if (has('snp')) snp(policy, demands, notChecked);
  if (has('tdx')) tdx(policy, demands, notChecked);
  if (has('sgx')) sgx(policy, demands, notChecked);
  if (has('nitro')) nitro(policy, demands, notChecked);
  gpu(policy, demands, notChecked);
  demands.push(`Evidence is at most ${policy.evidenceMaxAgeSeconds} s old when a key goes out.`);
  demands.push('Refuses debug guests, bad signatures and missing bindings, whatever else it says.');
  demands.push(
    policy.acceptSimulated ? 'Accepts SIMULATED hardware, on the local network only.' : 'Refuses SIMULATED hardware.',
  );
  return { demands, notChecked };
}

function snp({ snp: rules }: Policy, demands: string[], notChecked: string[]): void {
  const products = Object.entries(rules.minimumTcb).flatMap(([product, tcb]) =>
    tcb === undefined ? [] : [`${product} with at least ${showTcb(tcb)}`],
  );
  demands.push(
    products.length === 0 ? 'Accepts no product of AMD SEV-SNP.' : `Accepts AMD SEV-SNP on ${either(products)}.`,
    `The guest runs at privilege level ${either(rules.vmpl.map(String))}, without a migration agent${rules.smtAllowed ? '' : ', with SMT off'}.`,
  );
  count(demands, notChecked, rules.measurements.length, 'launch measurement of SEV-SNP', 'which image runs');
  if (rules.provisionalFirmwareAllowed) demands.push('Provisional firmware is accepted.');
  if (rules.requireRevocation === true)
    demands.push('A current revocation list of AMD is at hand, and names nothing of it.');
  else notChecked.push('Revocation of AMD certificates, where no list of AMD was imported.');
  if (!rules.requireAliasCheck) notChecked.push('Whether memory modules lie about their size (alias check).');
  count(demands, notChecked, rules.hostData?.length ?? 0, 'host data of SEV-SNP', 'what the host was asked to start');
  count(demands, notChecked, rules.idKeyDigests?.length ?? 0, 'id key digest of SEV-SNP', 'who signed the image');
  count(demands, notChecked, rules.chipIds?.length ?? 0, 'chip id of SEV-SNP', 'which machine it is');
}

function tdx({ tdx: rules }: Policy, demands: string[], notChecked: string[]): void {
  if (rules === undefined) {
    demands.push('Accepts no Intel TDX: its section is missing.');
    return;
  }
  demands.push(
    `Accepts Intel TDX with platform status ${either(rules.acceptedStatuses)}, collateral number ${rules.minimumEvaluationDataNumber} or newer.`,
  );
  for (const [name, list] of Object.entries(rules.measurements)) {
    count(demands, notChecked, list.length, `${name.toUpperCase()} of TDX`, 'that register');
  }
  if (!rules.requireSeptVeDisable) notChecked.push('SEPT_VE_DISABLE of TDX.');
  if (rules.performanceMonitoringAllowed) demands.push('Performance monitoring of a TDX guest is accepted.');
  if (rules.serviceTds.length > 0) demands.push(`Accepts ${rules.serviceTds.length} TDX service TDs.`);
  count(demands, notChecked, rules.platforms?.length ?? 0, 'platform id of TDX', 'which machine it is');
}

function sgx({ sgx: rules }: Policy, demands: string[], notChecked: string[]): void {
  if (rules === undefined) {
    demands.push('Accepts no Intel SGX: its section is missing.');
    return;
  }
  demands.push(`Accepts Intel SGX with platform status ${either(rules.acceptedStatuses)}.`);
  count(demands, notChecked, rules.mrEnclaves.length, 'MRENCLAVE of SGX', 'which enclave runs');
  count(demands, notChecked, rules.mrSigners.length, 'MRSIGNER of SGX', 'who signed the enclave');
  if (rules.minimumSecurityVersion !== undefined) {
    demands.push(`The SGX security version is ${rules.minimumSecurityVersion} or above.`);
  }
}

function nitro({ nitro: rules }: Policy, demands: string[], notChecked: string[]): void {
  if (rules === undefined) {
    demands.push('Accepts no AWS Nitro: its section is missing.');
    return;
  }
  const registers = Object.keys(rules.pcrs).map((index) => `PCR${index}`);
  demands.push(
    registers.length === 0
      ? 'Accepts AWS Nitro enclaves.'
      : `Accepts AWS Nitro enclaves whose ${registers.join(', ')} hold a listed value.`,
  );
  count(demands, notChecked, rules.oysterImageIds.length, 'Oyster image id', 'the image id of Oyster');
  if (!['0', '1', '2'].some((index) => rules.pcrs[index] !== undefined) && rules.oysterImageIds.length === 0) {
    notChecked.push('Which enclave image runs: no image register is named.');
  }
}

function gpu({ gpu: rules }: Policy, demands: string[], notChecked: string[]): void {
  if (!rules.required) notChecked.push('Whether there is a confidential GPU: GPU evidence is not demanded.');
  const which =
    rules.models.length === 0 ? `any ${either(rules.architectures.map(capital))} GPU` : either(rules.models);
  demands.push(
    rules.required
      ? `Demands NVIDIA evidence of ${which}, bound to the CPU evidence.`
      : `Where there is NVIDIA evidence, it must be of ${which}.`,
  );
  if (rules.minimumDriver === undefined) notChecked.push('The version of the GPU driver.');
  else demands.push(`The GPU driver is ${rules.minimumDriver} or newer.`);
  if (rules.requireReferenceMeasurements) demands.push('GPU firmware is what its signed reference says.');
  else notChecked.push('GPU firmware against its signed reference.');
  if (rules.requireRevocation === true)
    demands.push(
      "Current answers of NVIDIA's revocation service are at hand, and every certificate of devices and of signed references is good.",
    );
  else notChecked.push('Revocation of GPU certificates, where no answer of NVIDIA was imported.');
}

function count(demands: string[], notChecked: string[], values: number, what: string, otherwise: string): void {
  if (values === 0) notChecked.push(`Does not check the ${what}, so it does not know ${otherwise}.`);
  else demands.push(`The ${what} is ${values === 1 ? 'the one listed value' : `one of ${values} listed values`}.`);
}

/** `hopper`, a name of NVIDIA, as people write it. */
function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function either(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? 'none';
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
