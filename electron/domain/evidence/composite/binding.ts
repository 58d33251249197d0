import type { CheckRows } from '../checks.ts';
import type { GpuResult } from '../nvidia/verify.ts';
import { toHex } from '../readers/bytes.ts';
import { parseCertificate } from '../readers/x509.ts';
import type { CompositeInput } from './input.ts';

/** Whose evidence may be looked at at all. */
export function checkCpu(binding: CheckRows, { anchors, policy, cpu }: CompositeInput): void {
  if (anchors.simulated) {
    binding.judge(
      'binding.simulated',
      'The policy accepts SIMULATED hardware',
      policy.acceptSimulated,
      'simulated-not-accepted',
      { detail: 'The node has SIMULATED hardware; this policy wants real hardware.' },
    );
  }
  // Behind an Azure paravisor the hardware is SEV-SNP.
  const family = cpu.verdict.family === 'azure-vtpm' ? 'snp' : cpu.verdict.family;
  binding.judge(
    'binding.family',
    'The policy accepts this kind of CPU evidence',
    policy.families.some((allowed) => allowed === family),
    'family-not-allowed',
    { detail: `The policy does not accept ${family}.`, expected: policy.families.join(' or '), found: family },
  );
}

/** Freshness: the nonce is ours, and the quote covers it with what the layout says. */
export function checkNonce(binding: CheckRows, { evidence, cpu, nonce, crypto }: CompositeInput): void {
  const title = 'The evidence answers our nonce';
  if (nonce === undefined) {
    binding.unknown('binding.nonce', title, 'nonce-not-given', { detail: 'There is no nonce to compare with.' });
  } else {
    binding.judge('binding.nonce', title, crypto.equal(evidence.nonce, nonce), 'nonce-mismatch', {
      detail: 'The evidence names another nonce: it is old, or was made for someone else.',
      expected: toHex(nonce),
      found: toHex(evidence.nonce),
    });
  }
  const { expected, covers, otherwiseUnbound } = evidence.reportData;
  const found = cpu.reportData;
  const covered = `The CPU quote covers: ${covers}`;
  if (found === undefined) {
    binding.unknown('binding.report-data', covered, 'report-unreadable', { detail: 'The CPU quote cannot be read.' });
    return;
  }
  const holds = crypto.equal(found, expected);
  const halves = [found.subarray(0, 32), found.subarray(32)];
  if (!holds && otherwiseUnbound !== undefined && halves.some((half) => crypto.equal(half, evidence.nonce))) {
    binding.pass('binding.report-data', 'The CPU quote covers: nonce', { found: toHex(found) });
    binding.unknown('binding.signer', 'The CPU quote covers the signing address', 'signer-unbound', {
      detail: otherwiseUnbound,
      required: false,
    });
    return;
  }
  binding.judge('binding.report-data', covered, holds, 'report-data-mismatch', {
    detail: 'The CPU quote was made for other keys, another nonce or other evidence.',
    expected: toHex(expected),
    found: toHex(found),
  });
}

/** The connection and the certificate against the attested TLS key. */
export function checkChannel(binding: CheckRows, { evidence, observedTlsKey, crypto }: CompositeInput): void {
  const { tlsKey, tlsCertificate } = evidence;
  if (tlsKey !== undefined && tlsCertificate !== undefined) {
    const parsed = parseCertificate(tlsCertificate);
    const found = parsed.ok ? crypto.sha256(parsed.value.publicKey.spki) : undefined;
    binding.judge(
      'binding.tls-certificate',
      'The certificate in the evidence is of the attested TLS key',
      found !== undefined && crypto.equal(found, tlsKey),
      'tls-certificate-mismatch',
      {
        detail: 'The certificate is of another key than the one that the CPU quote covers.',
        expected: toHex(tlsKey),
        found: found === undefined ? 'unreadable' : toHex(found),
      },
    );
  }
  const title = 'The connection uses the TLS key that the evidence attests';
  if (observedTlsKey === undefined) {
    binding.unknown('binding.tls-key', title, 'tls-key-not-observed', {
      detail: 'There was no connection to compare with.',
      required: false,
    });
  } else if (tlsKey === undefined) {
    binding.unknown('binding.tls-key', title, 'tls-key-unbound', {
      detail: 'unbound: the evidence attests no TLS key, so anyone may stand between.',
      required: false,
    });
  } else {
    binding.judge('binding.tls-key', title, crypto.equal(observedTlsKey, tlsKey), 'tls-key-mismatch', {
      detail: 'The connection ends at another key than the one in the evidence: someone stands between.',
      expected: toHex(tlsKey),
      found: toHex(observedTlsKey),
    });
  }
}

/** Number, nonce, kind and distinctness of the GPUs. */
export function checkGpus(
  binding: CheckRows,
  { evidence, policy, expectedGpus, crypto }: CompositeInput,
  gpus: readonly GpuResult[],
  nonce: Uint8Array,
): void {
  // Evidence that speaks of GPUs must show one, whether the policy demands GPUs or not.
  if (policy.gpu.required || expectedGpus !== undefined || evidence.gpuBinding.kind !== 'none') {
    const fits = expectedGpus === undefined ? gpus.length > 0 : gpus.length === expectedGpus;
    binding.judge('binding.gpu-count', 'The GPUs are all there', fits, 'gpu-count', {
      detail: 'There is evidence of another number of GPUs, or of none.',
      expected: expectedGpus === undefined ? 'at least 1' : String(expectedGpus),
      found: String(gpus.length),
    });
  }
  if (gpus.length === 0) return;
  const signed = gpus.every(({ report }) => report !== undefined && crypto.equal(report.nonce, nonce));
  const stated = evidence.gpus.every(
    ({ statedNonce }) => statedNonce === undefined || crypto.equal(statedNonce, nonce),
  );
  binding.judge('binding.gpu-nonce', 'Every GPU signed the same nonce', signed && stated, 'gpu-nonce-mismatch', {
    detail: signed ? 'The list states another nonce than the GPUs signed.' : 'GPU evidence is of another session.',
    expected: toHex(nonce),
    found: gpus.map(({ report }) => (report === undefined ? 'unreadable' : toHex(report.nonce))).join(', '),
  });
  const kinds = new Set(evidence.gpus.map(({ architecture }) => architecture).filter((kind) => kind !== 'ls10'));
  binding.judge('binding.gpu-architecture', 'All GPUs are of one architecture', kinds.size === 1, 'gpu-mixed', {
    detail: 'One machine has GPUs of one architecture.',
    found: [...kinds].join(', '),
  });
  const serials = gpus.map(({ serial }) => serial);
  binding.judge(
    'binding.gpu-distinct',
    'No GPU appears twice',
    new Set(serials).size === serials.length,
    'gpu-duplicate',
    {
      detail: 'One GPU answers for several.',
    },
  );
}

/** Whether the CPU quote commits to this GPU evidence, or only shares a nonce with it. */
export function checkGpuBinding(binding: CheckRows, input: CompositeInput): void {
  const { evidence, cpu, requireGpuBinding, crypto } = input;
  const { gpuBinding, reportData } = evidence;
  if (evidence.gpus.length === 0 || gpuBinding.kind === 'none') return;
  const title = 'The CPU quote commits to the GPU evidence';
  if (gpuBinding.kind === 'nonce') {
    binding.unknown('binding.gpu', title, 'gpu-unbound', {
      detail: 'unbound: the CPU quote does not commit to the GPU evidence, only a nonce is shared.',
      required: requireGpuBinding,
    });
    return;
  }
  const { stated, computed } = gpuBinding;
  const same = stated === undefined || crypto.equal(stated, computed);
  const covered = cpu.reportData !== undefined && crypto.equal(cpu.reportData, reportData.expected);
  binding.judge('binding.gpu', title, same && covered, 'gpu-evidence-not-bound', {
    detail: same
      ? 'REPORTDATA does not cover this GPU evidence.'
      : 'The GPU evidence is not the one whose hash the document states: it was swapped.',
    expected: toHex(computed),
    found: stated === undefined ? 'not stated' : toHex(stated),
  });
}
