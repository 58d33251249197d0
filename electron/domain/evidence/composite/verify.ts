import type { Verification } from '../../../contract/evidence.ts';
import { policyDigest } from '../../policy/policy.ts';
import { assertClock, createChecks, firstFailure, statusOf, worstStatus } from '../checks.ts';
import { verifyEventLog, type EventLogResult } from '../eventlog/verify.ts';
import { verifyNras, type NrasResult } from '../nras/verify.ts';
import { verifyGpu, type GpuResult } from '../nvidia/verify.ts';
import { iso } from '../readers/chain.ts';
import type { SnpResult } from '../snp/verify.ts';
import type { TdxResult } from '../tdx/verify.ts';
import { checkChannel, checkCpu, checkGpuBinding, checkGpus, checkNonce } from './binding.ts';
import type { CompositeCpu, CompositeInput } from './input.ts';
import { checkVouching, vouchedGpus } from './vouching.ts';

export interface CompositeResult {
  readonly verification: Verification;
  readonly gpus: readonly GpuResult[];
  readonly nras: NrasResult | undefined;
  readonly eventLog: EventLogResult | undefined;
}

/** What of a TDX verdict a composite needs. */
export function cpuOfTdx({ verdict, quote }: TdxResult): CompositeCpu {
  if (quote === undefined) return { verdict, reportData: undefined };
  const { reportData, rtmrs, mrConfigId } = quote.td;
  return { verdict, reportData, registers: rtmrs, mrConfigId };
}

/** As `cpuOfTdx`, of an SNP report. It has no registers that a guest extends. */
export function cpuOfSnp({ verdict, report }: SnpResult): CompositeCpu {
  return { verdict, reportData: report?.reportData };
}

/**
 * CPU and GPUs of one machine in one document (ATTESTATION §5): each part's verdict, and rows on what binds them. What the
 * hardware does not bind is said as `unbound: …`, never shown as verified. @throws TypeError when `now` is not finite
 */
export function verifyComposite(input: CompositeInput): CompositeResult {
  assertClock(input.now);
  const { evidence, cpu, policy, anchors, now, crypto } = input;
  const nonce = input.nonce ?? evidence.nonce;
  const nras = input.nras && verifyNras({ ...input.nras, name: 'nras', nonce, policy: policy.gpu, now, crypto });
  const vouched = vouchedGpus(evidence.gpus, nras);
  const gpus = evidence.gpus.map((part, at) => {
    const reference = input.gpuReference?.(at) ?? { kind: 'none' };
    // NVIDIA's word may stand for reference values that are not at hand; the binding rows say that it does.
    const replaced = reference.kind === 'none' && vouched[at] === true;
    return verifyGpu({
      name: `gpu${at}`,
      architecture: part.architecture,
      report: part.report,
      certificates: part.certificates,
      nonce,
      reference,
      policy: replaced ? { ...policy.gpu, requireReferenceMeasurements: false } : policy.gpu,
      anchors,
      now,
      crypto,
      ...(input.ocsp === undefined ? {} : { ocsp: input.ocsp }),
    });
  });
  const eventLog = input.eventLog && verifyEventLog({ ...input.eventLog, ...logInput(input) });
  const binding = createChecks();
  checkCpu(binding, input);
  checkNonce(binding, input);
  checkChannel(binding, input);
  checkGpus(binding, input, gpus, nonce);
  checkGpuBinding(binding, input);
  const references = evidence.gpus.map((_, at) => input.gpuReference?.(at).kind ?? 'none');
  if (nras !== undefined) checkVouching(binding, { gpus, nras, vouched, references });
  const submodules = [
    cpu.verdict,
    // Before the GPUs: where NVIDIA's word stands for their reference values, its own reason is the finer one.
    ...(nras === undefined ? [] : [nras.verdict]),
    ...gpus.map(({ verdict }) => verdict),
    ...(eventLog === undefined ? [] : [eventLog.verdict]),
  ];
  const failed = firstFailure([...binding.checks, ...submodules.flatMap(({ checks }) => checks)]);
  const verification: Verification = {
    version: 1,
    node: input.node,
    simulated: anchors.simulated,
    status: worstStatus([...submodules.map(({ status }) => status), statusOf(binding.checks)]),
    verifiedAt: iso(now),
    policyId: policy.id,
    policyDigest: policyDigest(policy),
    submodules,
    binding: binding.checks,
    notChecked: notChecked(input, nras),
    ...(failed === undefined ? {} : { reason: failed.reason ?? 'unknown' }),
    ...(failed?.detail === undefined ? {} : { reasonDetail: failed.detail }),
  };
  return { verification, gpus, nras, eventLog };
}

/** A log counts against the registers of a quote whose verdict is sound; the verdict of the quote itself is another row. */
function logInput({ cpu, crypto }: CompositeInput) {
  return {
    name: 'eventlog',
    registers: cpu.registers,
    crypto,
    ...(cpu.mrConfigId === undefined ? {} : { mrConfigId: cpu.mrConfigId }),
  };
}

function notChecked({ anchors, evidence, observedTlsKey }: CompositeInput, nras: NrasResult | undefined): string[] {
  return [
    ...(anchors.simulated
      ? ['Real hardware: everything here is SIMULATED, and proves the protocol, not a machine.']
      : []),
    ...evidence.unbound,
    ...(observedTlsKey === undefined ? ['The TLS connection: there was none to compare with.'] : []),
    ...(evidence.layout === 'tinfoil-v3'
      ? ['The signature that the document carries beside the quote: nothing here rests on it.']
      : []),
    ...(nras === undefined ? [] : ['What NVIDIA vouches for: it was not evaluated again here.']),
    'That the GPUs are in the machine of the CPU: a genuine GPU elsewhere, relayed in time, looks the same.',
    'Where the machine stands and who can open it: physical attacks on memory and buses (TEE.fail) are not excluded.',
  ];
}
