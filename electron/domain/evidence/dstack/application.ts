import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, isZero, toHex } from '../readers/bytes.ts';
import { jsonText, parseJson } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { composeProblem, type DstackLog, type RuntimeEvent } from './event-log.ts';
import { dstackConfigId } from './report-data.ts';

/** What a person expects of a dstack application. All of it is optional; what is not given is said to be unchecked. */
export interface DstackExpectations {
  /** Raw bytes of `app-compose.json`: what the guest was told to run. */
  readonly appCompose?: Uint8Array;
  /** MRCONFIGID of the verified quote. */
  readonly mrConfigId?: Uint8Array;
  /** Allowed compose hashes, 32 bytes in lower-case hex. */
  readonly composeHashes?: readonly string[];
  /** Allowed os image hashes, 32 bytes in lower-case hex. */
  readonly osImageHashes?: readonly string[];
  /** The exact JSON of the GPU attestation that the guest made at boot. */
  readonly gpuAttestation?: Uint8Array;
}

/** What dstack measured before `system-ready`. */
export interface DstackInfo {
  readonly composeHash: Uint8Array | undefined;
  readonly appId: Uint8Array | undefined;
  readonly osImageHash: Uint8Array | undefined;
}

/** Events that the system writes: one of each, before the application starts. */
const systemEvents = [
  'app-id',
  'compose-hash',
  'instance-id',
  'mr-kms',
  'os-image-hash',
  'key-provider',
  'storage-fs',
  'gpu-policy-hash',
  'gpu-attestation',
] as const;
const textEvents: ReadonlySet<string> = new Set(['key-provider', 'storage-fs', 'gpu-attestation']);

/** Rows and claims about the application that a dstack guest runs. */
export function checkDstack(
  verdict: VerdictBuilder,
  { events }: DstackLog,
  expectations: DstackExpectations,
  crypto: EvidenceCrypto,
): DstackInfo {
  const names = events.map(({ name }) => name);
  const problem = composeProblem(names);
  verdict.judge(
    'dstack.order',
    'There is one compose-hash, from before the application started',
    problem === undefined,
    problem?.reason ?? '',
    { detail: problem === undefined ? '' : `${problem.detail}.` },
  );
  // What follows system-ready the application itself may have written.
  const ready = names.indexOf('system-ready');
  const system = ready < 0 ? events : events.slice(0, ready);
  const repeated = systemEvents.filter((name) => system.filter((event) => event.name === name).length > 1);
  verdict.judge('dstack.unique', 'No event of the system appears twice', repeated.length === 0, 'event-repeated', {
    detail: `Twice before system-ready: ${repeated.join(', ')}.`,
  });
  const find = (name: string) => system.find((event) => event.name === name)?.payload;
  for (const name of systemEvents) {
    const payload = find(name);
    if (payload !== undefined) verdict.claim(name, textEvents.has(name) ? readable(payload) : toHex(payload));
  }
  if (ready >= 0) {
    const own = events.slice(ready + 1);
    if (own.length > 0)
      verdict.claim('events of the application', printable(own.map(({ name }) => name).join(', '), 500));
  }
  const info = { composeHash: find('compose-hash'), appId: find('app-id'), osImageHash: find('os-image-hash') };
  checkCompose(verdict, info, expectations, crypto);
  checkConfigId(verdict, info, expectations, crypto);
  checkImage(verdict, info, expectations);
  checkGpuAttestation(verdict, system, expectations, crypto);
  return info;
}

function checkCompose(
  verdict: VerdictBuilder,
  { composeHash }: DstackInfo,
  { appCompose, composeHashes }: DstackExpectations,
  crypto: EvidenceCrypto,
): void {
  const found = composeHash === undefined ? 'none' : toHex(composeHash);
  if (appCompose === undefined) verdict.notChecked('What the compose hash stands for: no app compose was given.');
  else {
    const expected = crypto.sha256(appCompose);
    verdict.judge(
      'dstack.compose',
      'The guest runs the given app compose',
      composeHash !== undefined && crypto.equal(composeHash, expected),
      'compose-hash-mismatch',
      { detail: 'The guest measured another app compose.', expected: toHex(expected), found },
    );
  }
  if (composeHashes === undefined) verdict.notChecked('Whether this application is an allowed one: no list was given.');
  else {
    verdict.judge(
      'dstack.compose.allowed',
      'The app compose is an allowed one',
      composeHashes.includes(found),
      'compose-hash-not-allowed',
      { detail: 'The compose hash is not on the list.', expected: composeHashes.join(' or ').slice(0, 500), found },
    );
  }
}

function checkConfigId(
  verdict: VerdictBuilder,
  { composeHash }: DstackInfo,
  { mrConfigId }: DstackExpectations,
  crypto: EvidenceCrypto,
): void {
  const title = 'The quote names the app compose in MRCONFIGID';
  if (mrConfigId === undefined) return;
  if (isZero(mrConfigId)) {
    // Older hosts leave it empty; RTMR3 carries the compose hash all the same.
    verdict.unknown('dstack.mrconfigid', title, 'mrconfigid-empty', { detail: 'MRCONFIGID is zero.', required: false });
    verdict.notChecked('MRCONFIGID: the host left it empty, so the app compose is bound by RTMR3 alone.');
    return;
  }
  const expected = composeHash?.length === 32 ? dstackConfigId(composeHash) : undefined;
  verdict.judge(
    'dstack.mrconfigid',
    title,
    expected !== undefined && crypto.equal(expected, mrConfigId),
    'mrconfigid-mismatch',
    {
      detail: 'MRCONFIGID is not 01 and the compose hash.',
      expected: expected === undefined ? 'a compose hash' : toHex(expected),
      found: toHex(mrConfigId),
    },
  );
}

function checkImage(verdict: VerdictBuilder, { osImageHash }: DstackInfo, { osImageHashes }: DstackExpectations): void {
  verdict.notChecked(
    'That the os image is the one it says: it measures its own hash. MRTD and RTMR0 to 2 must be reference values.',
  );
  if (osImageHashes === undefined) return;
  const found = osImageHash === undefined ? 'none' : toHex(osImageHash);
  verdict.judge(
    'dstack.os-image',
    'The os image is an allowed one',
    osImageHashes.includes(found),
    'os-image-not-allowed',
    {
      detail: 'The os image hash is not on the list, or the log has none.',
      expected: osImageHashes.join(' or ').slice(0, 500),
      found,
    },
  );
}

function checkGpuAttestation(
  verdict: VerdictBuilder,
  system: readonly RuntimeEvent[],
  { gpuAttestation }: DstackExpectations,
  crypto: EvidenceCrypto,
): void {
  if (gpuAttestation === undefined) return;
  const payload = system.find(({ name }) => name === 'gpu-attestation')?.payload;
  const parsed = payload && parseJson(payload, { what: 'the gpu-attestation event', maxSize: 65_536, maxDepth: 8 });
  const stated = parsed?.ok === true ? fromHex(jsonText(parsed.value, 'evidence_sha256') ?? '') : undefined;
  verdict.judge(
    'dstack.gpu-attestation',
    'The guest measured this GPU attestation at boot',
    stated !== undefined && crypto.equal(stated, crypto.sha256(gpuAttestation)),
    'gpu-attestation-mismatch',
    { detail: 'The gpu-attestation event is missing, or is of another attestation.' },
  );
  verdict.notChecked('That the GPUs are still the ones of the boot: the event is a statement of that moment.');
}

function readable(payload: Uint8Array): string {
  const text = decodeUtf8(payload.subarray(0, 300));
  return text !== undefined && /^[\x20-\x7e]*$/.test(text) ? text : toHex(payload.subarray(0, 300));
}
