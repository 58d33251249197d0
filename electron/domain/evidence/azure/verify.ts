import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import { assertClock, createVerdict, statusOf, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { concat, toHex } from '../readers/bytes.ts';
import { judgeSnpHardware, judgeTdxHardware, type AzureHardware, type AzureHardwareInput } from './hardware.ts';
import { parseHclReport, type HclReport } from './hcl-report.ts';
import { parseRuntimeData, type RuntimeData } from './runtime-data.ts';
import { parseTpmQuote, parseTpmSignature, type TpmQuote, type TpmSignature } from './tpm-quote.ts';

export interface AzureVtpmInput extends AzureHardwareInput {
  /** The paravisor's report out of the vTPM. */
  readonly hclReport: Uint8Array;
  readonly tpmQuote: {
    /** TPMS_ATTEST. */
    readonly message: Uint8Array;
    /** TPMT_SIGNATURE, or bare RSASSA octets. */
    readonly signature: Uint8Array;
    /** SHA-256 registers by index, as the guest read them; unsigned until their digest is compared. */
    readonly pcrs?: ReadonlyMap<number, Uint8Array>;
  };
  /** What the quote must carry, whole; undefined leaves freshness undecided, which is never affirming. */
  readonly nonce: Uint8Array | undefined;
  /** Allowed values of vTPM registers by index: what the guest booted. */
  readonly registers?: ReadonlyMap<number, readonly Uint8Array[]>;
}

export interface AzureVtpmResult {
  readonly verdict: SubmoduleVerdict;
  /** The nonce or binding that the quote carries; undefined when there is no readable quote. */
  readonly extraData: Uint8Array | undefined;
}

/**
 * Verifies an Azure confidential VM (ATTESTATION §4.7): the paravisor's SNP report, or the TDX quote made from its TD
 * report, that the hardware commits to the runtime data, that the vTPM key in the runtime data signed the quote, and that
 * the quote carries our nonce and the registers.
 * @throws TypeError when `now` is not finite
 */
export function verifyAzureVtpm(input: AzureVtpmInput): AzureVtpmResult {
  assertClock(input.now);
  const { crypto } = input;
  const verdict = createVerdict({
    name: input.name,
    family: 'azure-vtpm',
    evidenceSha256: toHex(crypto.sha256(input.hclReport)),
  });
  const title = 'The report is a well-formed report of a paravisor';
  const parsed = parseHclReport(input.hclReport);
  if (!parsed.ok) {
    verdict.fail('azure.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), extraData: undefined };
  }
  verdict.pass('azure.format', title);
  const { hardware } = parsed.value;
  const known = verdict.judge(
    'azure.hardware',
    'The hardware under the paravisor is SEV-SNP or TDX',
    hardware !== 'other',
    'azure-hardware-unknown',
    { detail: 'The report names hardware that is not known.', found: hardware },
  );
  if (!known) return { verdict: verdict.build(), extraData: undefined };
  const own =
    hardware === 'tdx' ? judgeTdxHardware(verdict, input, parsed.value) : judgeSnpHardware(input, parsed.value);
  const runtime = checkRuntime(verdict, parsed.value, own.reportData, input);
  const quote = checkQuote(verdict, runtime, input);
  verdict.notChecked(
    `The software of the paravisor, which is the vTPM: only its ${hardware === 'tdx' ? 'MRTD' : 'SNP measurement'} says what it is.`,
  );
  return { verdict: withHardware(verdict.build(), own.verdict), extraData: quote?.extraData };
}

/** The hardware's rows stand before the ones that rest on it. */
function withHardware(verdict: SubmoduleVerdict, hardware: AzureHardware['verdict']): SubmoduleVerdict {
  if (hardware === undefined) return verdict;
  const at = verdict.checks.findIndex(({ id }) => id === 'azure.td-report' || id === 'azure.report-data');
  const checks = [...verdict.checks.slice(0, at), ...hardware.checks, ...verdict.checks.slice(at)];
  return {
    ...verdict,
    checks,
    status: statusOf(checks),
    claims: [...hardware.claims, ...verdict.claims],
    measurements: { ...hardware.measurements, ...verdict.measurements },
    notChecked: [...hardware.notChecked, ...verdict.notChecked],
  };
}

function checkRuntime(
  verdict: VerdictBuilder,
  report: HclReport,
  reportData: Uint8Array | undefined,
  { crypto }: AzureVtpmInput,
): RuntimeData | undefined {
  const found = reportData ?? new Uint8Array();
  const expected = concat(crypto.sha256(report.runtimeData), new Uint8Array(32));
  verdict.judge(
    'azure.report-data',
    'The hardware report covers the runtime data',
    report.hashType === 1 && crypto.equal(found, expected),
    'report-data-mismatch',
    {
      detail:
        report.hashType === 1
          ? 'The runtime data, which names the vTPM key, is not the one that the hardware signed.'
          : `The report uses hash type ${report.hashType}; only SHA-256 is known.`,
      expected: toHex(expected),
      found: reportData === undefined ? 'unreadable' : toHex(found),
    },
  );
  const title = 'The runtime data names one attestation key of the vTPM';
  const parsed = parseRuntimeData(report.runtimeData);
  if (!parsed.ok) {
    verdict.fail('azure.key', title, 'runtime-data-malformed', { detail: parsed.detail });
    return undefined;
  }
  verdict.pass('azure.key', title, { found: `RSA, ${8 * parsed.value.keyBytes} bits` });
  for (const [name, value] of parsed.value.claims) verdict.claim(name, value);
  const { secureBoot } = parsed.value;
  if (secureBoot === true) verdict.pass('azure.secure-boot', 'The VM is set to secure boot', { required: false });
  else {
    verdict.fail('azure.secure-boot', 'The VM is set to secure boot', 'secure-boot-off', {
      detail: 'The configuration of the VM does not say that secure boot is on.',
      required: false,
    });
  }
  return parsed.value;
}

function checkQuote(
  verdict: VerdictBuilder,
  runtime: RuntimeData | undefined,
  input: AzureVtpmInput,
): TpmQuote | undefined {
  const parsed = parseTpmQuote(input.tpmQuote.message);
  const title = 'The quote is a well-formed quote of a TPM';
  if (!parsed.ok) {
    verdict.fail('azure.quote.format', title, 'quote-malformed', { detail: parsed.detail });
    return undefined;
  }
  const quote = parsed.value;
  verdict.pass('azure.quote.format', title);
  verdict.claim('quoted registers', quote.selected.join(', '));
  verdict.claim('vTPM resets', String(quote.resetCount));
  if (runtime !== undefined) checkSignature(verdict, runtime, input);
  checkNonce(verdict, quote, input);
  checkRegisters(verdict, quote, input);
  return quote;
}

function checkSignature(verdict: VerdictBuilder, runtime: RuntimeData, { tpmQuote, crypto }: AzureVtpmInput): void {
  const title = 'The quote is signed by the key in the runtime data';
  const parsed = parseTpmSignature(tpmQuote.signature, runtime.keyBytes);
  if (!parsed.ok) {
    verdict.fail('azure.quote.signature', title, 'tpm-signature', { detail: parsed.detail });
    return;
  }
  const holds = verifies(parsed.value, runtime, tpmQuote.message, crypto);
  verdict.judge('azure.quote.signature', title, holds, 'tpm-signature', {
    detail: 'The signature does not fit the quote and the key: one of them was changed or is another’s.',
    found: parsed.value.scheme,
  });
}

function verifies(
  { scheme, signature }: TpmSignature,
  { attestationKey: spki, keyBytes }: RuntimeData,
  data: Uint8Array,
  crypto: EvidenceCrypto,
): boolean {
  if (scheme === 'rsassa') return crypto.verifyRsaPkcs1({ hash: 'sha256', spki, signature, data });
  // TPM 2.0 part 1 §B.7: the salt is as long as the digest, or as the key allows, by the TPM's mode.
  return [32, keyBytes - 34].some((saltLength) =>
    crypto.verifyRsaPss({ hash: 'sha256', spki, signature, data, saltLength }),
  );
}

function checkNonce(verdict: VerdictBuilder, { extraData }: TpmQuote, { nonce, crypto }: AzureVtpmInput): void {
  const title = 'The quote answers our nonce';
  if (nonce === undefined) {
    verdict.unknown('azure.quote.nonce', title, 'nonce-not-given', { detail: 'There is no nonce to compare with.' });
    return;
  }
  verdict.judge('azure.quote.nonce', title, nonce.length > 0 && crypto.equal(extraData, nonce), 'nonce-mismatch', {
    detail: 'The quote carries other data: it is old, or was made for someone else.',
    expected: toHex(nonce),
    found: toHex(extraData),
  });
}

function checkRegisters(verdict: VerdictBuilder, quote: TpmQuote, input: AzureVtpmInput): void {
  const { crypto, tpmQuote, registers = new Map<number, readonly Uint8Array[]>() } = input;
  const { pcrs } = tpmQuote;
  const title = 'The register values are the ones that were quoted';
  if (pcrs === undefined) {
    const required = registers.size > 0;
    const detail = 'The quote holds only a digest, and no register values were given.';
    verdict.unknown('azure.pcr-digest', title, 'registers-not-given', { detail, required });
    verdict.notChecked('What the guest booted: no vTPM register values were given.');
    return;
  }
  const values = quote.selected.map((index) => pcrs.get(index));
  const digest = crypto.sha256(...values.map((value) => value ?? new Uint8Array()));
  const complete = values.length > 0 && values.every((value) => value?.length === 32);
  const quoted = verdict.judge(
    'azure.pcr-digest',
    title,
    complete && crypto.equal(digest, quote.pcrDigest),
    'pcr-digest',
    {
      detail: complete ? 'A register value was changed.' : 'A register that was quoted is missing.',
      expected: toHex(quote.pcrDigest),
      found: toHex(digest),
    },
  );
  if (quoted)
    quote.selected.forEach((index, at) => verdict.measurement(`pcr${index}`, toHex(values[at] ?? new Uint8Array())));
  for (const [index, allowed] of registers) {
    // What was not quoted is only what the guest says.
    const found = quoted && quote.selected.includes(index) ? pcrs.get(index) : undefined;
    verdict.judge(
      `azure.pcr${index}`,
      `PCR${index} is an expected one`,
      found !== undefined && allowed.some((value) => crypto.equal(found, value)),
      found === undefined ? 'register-missing' : 'register-mismatch',
      {
        detail:
          found === undefined ? 'This register is not among the quoted ones.' : 'The guest booted something else.',
        expected: allowed.map(toHex).join(' or '),
        found: found === undefined ? 'not quoted' : toHex(found),
      },
    );
  }
  if (registers.size === 0) verdict.notChecked('What the guest booted: no expected vTPM registers were given.');
}
