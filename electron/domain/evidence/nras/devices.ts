import type { Policy } from '../../../contract/policy.ts';
import type { VerdictBuilder } from '../checks.ts';
import { compareVersions } from '../nvidia/verify.ts';
import { jsonMember, jsonText, type JsonNode } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { claimFlag, claimText, type NrasBundle } from './bundle.ts';
import type { CompactJws } from './jws.ts';

/** What NVIDIA's token says of one GPU. */
export interface NrasDevice {
  readonly name: string;
  /** Serial number of the attestation certificate in decimal: which GPU it is. */
  readonly ueid: string | undefined;
  readonly hardwareModel: string | undefined;
  readonly driver: string | undefined;
  readonly vbios: string | undefined;
  /** NVIDIA's own words, when it could not judge. */
  readonly error: string | undefined;
}

export function deviceOf(name: string, token: CompactJws): NrasDevice {
  const details = jsonMember(token.payload, 'x-nvidia-error-details');
  return {
    name,
    ueid: claimText(token, 'ueid'),
    hardwareModel: claimText(token, 'hwmodel'),
    driver: claimText(token, 'x-nvidia-gpu-driver-version'),
    vbios: claimText(token, 'x-nvidia-gpu-vbios-version'),
    error: details === undefined || details.kind === 'null' ? undefined : errorWords(details),
  };
}

function errorWords(details: JsonNode): string {
  const words = jsonText(details, 'message') ?? jsonText(details, 'description') ?? 'not stated';
  return printable(words);
}

/** One row a question, over all devices; the row names the devices it does not hold for. */
interface Question {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
  readonly detail: string;
  readonly fits: (token: CompactJws) => boolean;
}

const questions: readonly Question[] = [
  {
    id: 'nras.device.errors',
    title: 'NVIDIA reports no error',
    reason: 'nras-device-error',
    detail: 'NVIDIA could not judge this evidence.',
    fits: (token) => deviceOf('', token).error === undefined,
  },
  {
    id: 'nras.device.measurements',
    title: 'NVIDIA found the measurements to be the reference ones',
    reason: 'measurement-mismatch',
    detail: 'The measurement result is not success.',
    fits: (token) =>
      ['success', 'comparison-successful'].includes((claimText(token, 'measres') ?? '').toLowerCase()) &&
      isNothing(jsonMember(token.payload, 'x-nvidia-mismatch-measurement-records')),
  },
  {
    id: 'nras.device.secure-boot',
    title: 'Secure boot is on',
    reason: 'secure-boot-off',
    detail: 'secboot is not true.',
    fits: (token) => claimFlag(token, 'secboot') === true,
  },
  {
    id: 'nras.device.debug',
    title: 'Debugging is disabled',
    reason: 'debug-enabled',
    detail: 'dbgstat is not disabled.',
    fits: (token) => claimText(token, 'dbgstat') === 'disabled',
  },
  {
    id: 'nras.device.report',
    title: 'NVIDIA verified report, signature, nonce and certificates',
    reason: 'nras-report-not-verified',
    detail: 'A claim about the report is missing or false.',
    fits: (token) =>
      ['parsed', 'signature-verified', 'nonce-match'].every(
        (claim) => claimFlag(token, `x-nvidia-gpu-attestation-report-${claim}`) === true,
      ) &&
      claimFlag(token, 'x-nvidia-gpu-arch-check') === true &&
      chainHolds(token, 'attestation-report'),
  },
  {
    id: 'nras.device.rims',
    title: 'NVIDIA verified the reference values it used',
    reason: 'nras-rim-not-verified',
    detail: 'A claim about the driver RIM or the VBIOS RIM is missing or false.',
    fits: (token) =>
      ['driver-rim', 'vbios-rim'].every(
        (rim) =>
          ['fetched', 'signature-verified', 'measurements-available'].every(
            (claim) => claimFlag(token, `x-nvidia-gpu-${rim}-${claim}`) === true,
          ) && chainHolds(token, rim),
      ),
  },
  {
    id: 'nras.device.claims',
    title: 'No claim of NVIDIA is false',
    reason: 'nras-claim-false',
    detail: 'A claim of the token is false.',
    fits: ({ payload }) =>
      payload.kind === 'object' &&
      [...payload.members].every(([name, node]) => !name.startsWith('x-nvidia-') || !isFalse(node)),
  },
];

/** Claims version 2 says `…-cert-chain-validated` or `…-cert-validated`, version 3 an object with a status. */
function chainHolds(token: CompactJws, subject: string): boolean {
  const prefix = `x-nvidia-gpu-${subject}-cert`;
  const flags = [`${prefix}-chain-validated`, `${prefix}-validated`].map((claim) => claimFlag(token, claim));
  if (flags.includes(false)) return false;
  const chain = jsonMember(token.payload, `${prefix}-chain`);
  if (chain === undefined) return flags.includes(true);
  const status = jsonText(chain, 'x-nvidia-cert-status') ?? jsonText(chain, 'status');
  const ocsp = jsonText(chain, 'x-nvidia-cert-ocsp-status') ?? jsonText(chain, 'ocsp-status');
  return status === 'valid' && (ocsp === undefined || ocsp === 'good');
}

function isNothing(node: JsonNode | undefined): boolean {
  return node === undefined || node.kind === 'null' || (node.kind === 'array' && node.items.length === 0);
}

function isFalse(node: JsonNode): boolean {
  return node.kind === 'boolean' && !node.value;
}

/** Rows about the device tokens, and the policy on what they name. */
export function checkDevices(verdict: VerdictBuilder, bundle: NrasBundle, policy: Policy['gpu']): void {
  const tokens = [...bundle.devices];
  for (const { id, title, reason, detail, fits } of questions) {
    const wrong = tokens.filter(([, token]) => !fits(token)).map(([name]) => name);
    verdict.judge(id, title, wrong.length === 0 && tokens.length > 0, reason, {
      detail: wrong.length === 0 ? 'There is no device.' : `${wrong.join(', ')}: ${detail}`,
    });
  }
  const devices = tokens.map(([name, token]) => deviceOf(name, token));
  const ids = devices.map(({ ueid }) => ueid);
  verdict.judge(
    'nras.device.distinct',
    'No GPU appears twice',
    !ids.includes(undefined) && new Set(ids).size === ids.length,
    'gpu-duplicate',
    { detail: 'One GPU answers for several, or a token names none.' },
  );
  checkPolicy(verdict, devices, policy);
  for (const { name, hardwareModel, driver, vbios, ueid } of devices) {
    const words = `${hardwareModel ?? '?'}, driver ${driver ?? '?'}, VBIOS ${vbios ?? '?'}, ueid ${ueid ?? '?'}`;
    verdict.claim(name, printable(words));
  }
  const warnings = tokens.flatMap(([name, { payload }]) => {
    const warning = jsonMember(payload, 'x-nvidia-attestation-warning');
    return isNothing(warning)
      ? []
      : [`${name}: ${warning?.kind === 'string' ? printable(warning.value) : 'see the token'}`];
  });
  if (warnings.length > 0) {
    verdict.unknown('nras.device.warning', 'NVIDIA has no warning', 'nras-warning', {
      detail: warnings.join('; '),
      required: false,
    });
  }
}

function checkPolicy(verdict: VerdictBuilder, devices: readonly NrasDevice[], policy: Policy['gpu']): void {
  const architectures = devices.map(({ hardwareModel }) => architecture(hardwareModel));
  verdict.judge(
    'nras.policy.architecture',
    'The architectures are ones that the policy names',
    architectures.every((found) => found !== undefined && policy.architectures.includes(found)),
    'gpu-architecture-not-allowed',
    {
      detail: 'The policy does not accept this architecture.',
      expected: policy.architectures.join(' or '),
      found: printable([...new Set(devices.map(({ hardwareModel }) => hardwareModel ?? 'not stated'))].join(', ')),
    },
  );
  const { minimumDriver } = policy;
  if (minimumDriver !== undefined) {
    verdict.judge(
      'nras.policy.driver',
      'The drivers are at or above the minimum',
      devices.every(({ driver }) => driver !== undefined && compareVersions(driver, minimumDriver) >= 0),
      'gpu-driver-below-minimum',
      {
        detail: 'A driver is older than the policy allows.',
        expected: minimumDriver,
        found: printable([...new Set(devices.map(({ driver }) => driver ?? 'not stated'))].join(', ')),
      },
    );
  }
  if (policy.models.length > 0) verdict.notChecked('The GPU model: the tokens name the chip, not the product.');
}

function architecture(hardwareModel: string | undefined): 'hopper' | 'blackwell' | undefined {
  if (/^GH\d/.test(hardwareModel ?? '')) return 'hopper';
  return /^GB\d/.test(hardwareModel ?? '') ? 'blackwell' : undefined;
}
