import type { CheckRows } from '../checks.ts';
import type { NrasResult } from '../nras/verify.ts';
import type { GpuReference, GpuResult } from '../nvidia/verify.ts';
import { parseCertificate } from '../readers/x509.ts';
import type { GpuPart } from './evidence.ts';

/**
 * For each GPU, whether an affirming answer of NVIDIA speaks of it: the `ueid` of a token is the serial number of the
 * attestation certificate in decimal, so a token for another GPU vouches for nothing here.
 */
export function vouchedGpus(gpus: readonly GpuPart[], nras: NrasResult | undefined): readonly boolean[] {
  const affirmed = nras?.verdict.status === 'affirming' ? gpuIds(nras) : [];
  return gpus.map(({ certificates }) => {
    const [leaf] = certificates;
    const parsed = leaf === undefined ? undefined : parseCertificate(leaf);
    return parsed?.ok === true && affirmed.includes(ueidOf(parsed.value.serial));
  });
}

/** Switches may be in the answer too; they vouch for no GPU. */
function gpuIds({ devices }: NrasResult): (string | undefined)[] {
  return devices.filter(({ kind }) => kind === 'gpu').map(({ ueid }) => ueid);
}

/** @param serial hex of a certificate's serial number */
function ueidOf(serial: string): string {
  return BigInt(`0x${serial}`).toString();
}

export interface Vouching {
  readonly gpus: readonly GpuResult[];
  readonly nras: NrasResult;
  readonly vouched: readonly boolean[];
  readonly references: readonly GpuReference['kind'][];
}

/** Rows on whether NVIDIA's answer is about these GPUs, and what rests on it. */
export function checkVouching(binding: CheckRows, { gpus, nras, vouched, references }: Vouching): void {
  const known = gpuIds(nras);
  const foreign = gpus.filter(({ serial }) => serial === undefined || !known.includes(ueidOf(serial)));
  binding.judge(
    'binding.nras-gpus',
    "NVIDIA's answer is about these GPUs",
    foreign.length === 0 && gpus.length > 0,
    'nras-other-gpus',
    {
      detail:
        gpus.length === 0
          ? 'There is no GPU evidence that it could be about.'
          : `It does not speak of ${foreign.map(({ verdict }) => verdict.name).join(', ')}: it was made for another machine.`,
      found: `${gpus.length - foreign.length} of ${gpus.length}`,
    },
  );
  const more = known.length - (gpus.length - foreign.length);
  if (more > 0) {
    binding.unknown('binding.nras-more', "The GPUs of NVIDIA's answer are all here", 'nras-more-gpus', {
      detail: `It speaks of ${more} more GPUs, whose evidence was not given.`,
      required: false,
    });
  }
  const resting = gpus
    .filter((_, at) => vouched[at] === true && references[at] === 'none')
    .map(({ verdict }) => verdict.name);
  if (resting.length > 0) {
    binding.pass('binding.nras-measurements', "Measurements without reference values are vouched by NVIDIA's service", {
      found: `vouched by NVIDIA, not compared here: ${resting.join(', ')}`,
    });
  }
}
