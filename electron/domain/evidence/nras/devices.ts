import type { Policy } from '../../../contract/policy.ts';
import type { VerdictBuilder } from '../checks.ts';
import { compareVersions } from '../nvidia/verify.ts';
import { jsonMember, jsonText, type JsonNode } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { claimFlag, claimText, type NrasBundle } from './bundle.ts';
import type { CompactJws } from './jws.ts';

/** What NVIDIA's token says of one GPU or switch. */
export interface NrasDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  /** Serial number of the attestation certificate in decimal: which device it is. */
  readonly ueid: string | undefined;
  readonly hardwareModel: string | undefined;
  /** Switches have none. */
  readonly driver: string | undefined;
  /** VBIOS of a GPU, BIOS of a switch. */
  readonly firmware: string | undefined;
  /** NVIDIA's own words, when it could not judge. */
  readonly error: string | undefined;
}

/** NVIDIA's claims guide has one set of claims for GPUs and another for NVSwitches (both version 3.0). */
export type DeviceKind = 'gpu' | 'switch';

export function deviceOf(name: string, token: CompactJws): NrasDevice {
  const details = jsonMember(token.payload, 'x-nvidia-error-details');
  const kind = kindOf(token);
  return {
    name,
    kind,
    ueid: claimText(token, 'ueid'),
    hardwareModel: claimText(token, 'hwmodel'),
    driver: claimText(token, 'x-nvidia-gpu-driver-version'),
    firmware: claimText(token, kind === 'gpu' ? 'x-nvidia-gpu-vbios-version' : 'x-nvidia-switch-bios-version'),
    error: details === undefined || details.kind === 'null' ? undefined : errorWords(details),
  };
}

/** What a token says it is about. A token that mixes both kinds lacks claims of the one that it is taken for. */
function kindOf(token: CompactJws): DeviceKind {
  const stated = claimText(token, 'x-nvidia-device-type');
  if (stated !== undefined) return stated === 'nvswitch' || stated === 'switch' ? 'switch' : 'gpu';
  return jsonMember(token.payload, 'x-nvidia-switch-arch-check') === undefined ? 'gpu' : 'switch';
}

/** The reference manifests that NVIDIA compares a device with. */
const manifests: Readonly<Record<DeviceKind, readonly string[]>> = {
  gpu: ['driver-rim', 'vbios-rim'],
  switch: ['bios-rim'],
};

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
        (claim) => claimFlag(token, `x-nvidia-${kindOf(token)}-attestation-report-${claim}`) === true,
      ) &&
      architectureHolds(token) &&
      chainHolds(token, 'attestation-report'),
  },
  {
    id: 'nras.device.rims',
    title: 'NVIDIA verified the reference values it used',
    reason: 'nras-rim-not-verified',
    detail: 'A claim about a RIM (of driver and VBIOS, of a switch its BIOS) is missing or false.',
    fits: (token) =>
      manifests[kindOf(token)].every(
        (rim) =>
          ['fetched', 'signature-verified', 'measurements-available'].every(
            (claim) => claimFlag(token, `x-nvidia-${kindOf(token)}-${rim}-${claim}`) === true,
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
  const prefix = `x-nvidia-${kindOf(token)}-${subject}-cert`;
  const flags = [`${prefix}-chain-validated`, `${prefix}-validated`].map((claim) => claimFlag(token, claim));
  if (flags.includes(false)) return false;
  const chain = jsonMember(token.payload, `${prefix}-chain`);
  if (chain === undefined) return flags.includes(true);
  const status = jsonText(chain, 'x-nvidia-cert-status') ?? jsonText(chain, 'status');
  const ocsp = jsonText(chain, 'x-nvidia-cert-ocsp-status') ?? jsonText(chain, 'ocsp-status');
  const answered = jsonMember(chain, 'x-nvidia-cert-ocsp-response-valid');
  return status === 'valid' && (ocsp === undefined || ocsp === 'good') && (answered === undefined || isTrue(answered));
}

/** Of a switch the claims guide says the architecture as a text, NVIDIA's SDK makes it a flag. */
function architectureHolds(token: CompactJws): boolean {
  const kind = kindOf(token);
  const claim = `x-nvidia-${kind}-arch-check`;
  return claimFlag(token, claim) === true || (kind === 'switch' && isSwitchModel(claimText(token, claim)));
}

function isNothing(node: JsonNode | undefined): boolean {
  return node === undefined || node.kind === 'null' || (node.kind === 'array' && node.items.length === 0);
}

function isFalse(node: JsonNode): boolean {
  return node.kind === 'boolean' && !node.value;
}

function isTrue(node: JsonNode): boolean {
  return node.kind === 'boolean' && node.value;
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
    'No device appears twice',
    !ids.includes(undefined) && new Set(ids).size === ids.length,
    'gpu-duplicate',
    { detail: 'One device answers for several, or a token names none.' },
  );
  checkPolicy(verdict, devices, policy);
  for (const { name, kind, hardwareModel, driver, firmware, ueid } of devices) {
    const versions =
      kind === 'gpu' ? `driver ${driver ?? '?'}, VBIOS ${firmware ?? '?'}` : `switch, BIOS ${firmware ?? '?'}`;
    verdict.claim(name, printable(`${hardwareModel ?? '?'}, ${versions}, ueid ${ueid ?? '?'}`));
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
  const architectures = devices.map(architecture);
  verdict.judge(
    'nras.policy.architecture',
    'The architectures are ones that the policy names',
    architectures.every((found) => found === 'switch' || (found !== undefined && policy.architectures.includes(found))),
    'gpu-architecture-not-allowed',
    {
      detail: 'The policy does not accept this architecture.',
      expected: policy.architectures.join(' or '),
      found: printable([...new Set(devices.map(({ hardwareModel }) => hardwareModel ?? 'not stated'))].join(', ')),
    },
  );
  const { minimumDriver } = policy;
  const gpus = devices.filter(({ kind }) => kind === 'gpu');
  if (gpus.length === 0) verdict.notChecked('GPUs: the answer is about switches alone.');
  if (minimumDriver !== undefined) {
    verdict.judge(
      'nras.policy.driver',
      'The drivers are at or above the minimum',
      gpus.every(({ driver }) => driver !== undefined && compareVersions(driver, minimumDriver) >= 0),
      'gpu-driver-below-minimum',
      {
        detail: 'A driver is older than the policy allows.',
        expected: minimumDriver,
        found: printable([...new Set(gpus.map(({ driver }) => driver ?? 'not stated'))].join(', ')),
      },
    );
  }
  if (policy.models.length > 0) verdict.notChecked('The GPU model: the tokens name the chip, not the product.');
}

/** Every policy takes the switch, as it does with the reports of switches. */
function architecture({ kind, hardwareModel }: NrasDevice): 'hopper' | 'blackwell' | 'switch' | undefined {
  if (kind === 'switch') return isSwitchModel(hardwareModel) ? 'switch' : undefined;
  if (/^GH\d/.test(hardwareModel ?? '')) return 'hopper';
  return /^GB\d/.test(hardwareModel ?? '') ? 'blackwell' : undefined;
}

function isSwitchModel(model: string | undefined): boolean {
  return /^LS_?10/.test(model ?? '');
}
