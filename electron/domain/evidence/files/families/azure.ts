import { createChecks } from '../../checks.ts';
import { parseHclReport } from '../../azure/hcl-report.ts';
import { verifyAzureVtpm } from '../../azure/verify.ts';
import { canonicalJson } from '../../../dsse/dsse.ts';
import { decodeBase64 } from '../../../encoding/base64.ts';
import { decodeUtf8 } from '../../../encoding/utf8.ts';
import { fromHex } from '../../readers/bytes.ts';
import { jsonItems, jsonMember, jsonPlain, parseJson, type JsonNode } from '../../readers/json.ts';
import type { Certificate } from '../../readers/x509.ts';
import type { Artifact } from '../artifact.ts';
import { distinct, readCertificates } from '../certificates.ts';
import type { EvidenceSet } from '../evidence-set.ts';
import type { Family, FamilyInput } from '../family.ts';
import { checkAllowed } from './allowed.ts';
import { dcapCollateral, quoteChain } from './dcap.ts';
import { amdChain } from './snp.ts';
import { withoutNonce } from './without-nonce.ts';

/** The hardware report begins behind the header of Azure's blob. */
const hardwareReportAt = 32;

/**
 * Azure confidential VM on SEV-SNP or TDX: the paravisor's report and a vTPM quote, as one document or as separate files.
 */
export const azureFamily: Family = {
  family: 'azure-vtpm',
  expects: 'an Azure HCL report and a vTPM quote',
  kinds: ['azure-evidence', 'hcl-report'],
  verify(input) {
    const { set, policy, anchors, now, crypto, nonce } = input;
    const parts = readParts(set);
    const parsed = parseHclReport(parts.hclReport);
    const onTdx = parsed.ok && parsed.value.hardware === 'tdx';
    const report = parts.hclReport.subarray(hardwareReportAt, hardwareReportAt + 1184);
    const chain = onTdx
      ? quoteChain(parts.tdQuote ?? new Uint8Array())
      : amdChain(report, distinct([...parts.certificates, ...set.certificates]));
    const rows = createChecks();
    checkAllowed(rows, policy, onTdx ? 'tdx' : 'snp');
    const collateral = onTdx ? dcapCollateral(rows, input, 'tdx', chain) : undefined;
    const highest = input.collateral?.highestEvaluationDataNumber?.('tdx');
    const { verdict } = verifyAzureVtpm({
      name: 'cpu0',
      hclReport: parts.hclReport,
      tpmQuote: {
        message: parts.message,
        signature: parts.signature,
        ...(parts.pcrs === undefined ? {} : { pcrs: parts.pcrs }),
      },
      certificates: onTdx ? [] : chain.map(({ der }) => der),
      ...(parts.tdQuote === undefined ? {} : { tdQuote: parts.tdQuote }),
      ...(collateral === undefined ? {} : { collateral }),
      ...(policy.tdx === undefined ? {} : { tdxPolicy: policy.tdx }),
      ...(highest === undefined ? {} : { highestEvaluationDataNumber: highest }),
      nonce,
      policy: policy.snp,
      anchors,
      now,
      crypto,
    });
    checkAgreement(rows, input, parts, parsed.ok ? parsed.value.runtimeData : undefined);
    return {
      submodules: [withoutNonce(verdict, nonce)],
      binding: rows.checks,
      chains: [{ name: 'cpu0', certificates: chain }],
      used: set.of('azure-evidence', 'hcl-report', 'tpm-quote', 'tdx-quote', 'certificates', 'dcap-collateral'),
    };
  },
};

interface Parts {
  readonly hclReport: Uint8Array;
  readonly tdQuote: Uint8Array | undefined;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: ReadonlyMap<number, Uint8Array> | undefined;
  readonly certificates: readonly Certificate[];
}

/** Files of their own, not values inside a document. */
const filesOf = (set: EvidenceSet, kind: Artifact['kind']) => set.of(kind).filter(({ name, file }) => name === file);

/** The document's own values count; a file stands in for one that it lacks. */
function readParts(set: EvidenceSet): Parts {
  const [document] = set.of('azure-evidence');
  const inner = jsonMember(document?.json, 'evidence') ?? document?.json;
  const quote = jsonMember(inner, 'tpm_quote') ?? jsonMember(inner, 'tpmQuote') ?? jsonMember(inner, 'quote');
  const member = (...names: readonly string[]) =>
    decode(names.map((name) => jsonMember(inner, name)).find((node) => node !== undefined));
  const file = (kind: Artifact['kind']) => filesOf(set, kind)[0]?.bytes;
  return {
    hclReport: member('hcl_report', 'hclReport', 'report') ?? file('hcl-report') ?? new Uint8Array(),
    tdQuote: member('td_quote', 'tdQuote') ?? file('tdx-quote'),
    message: decode(jsonMember(quote, 'message')) ?? file('tpm-quote') ?? new Uint8Array(),
    signature: decode(jsonMember(quote, 'signature')) ?? signatureFile(set) ?? new Uint8Array(),
    pcrs: registers(quote),
    certificates: endorsement(document, jsonMember(inner, 'vcek')),
  };
}

/** The VCEK of a document, DER in base64 or PEM. */
function endorsement(document: Artifact | undefined, vcek: JsonNode | undefined): readonly Certificate[] {
  if (document === undefined || vcek?.kind !== 'string') return [];
  const { text: _, ...artifact } = document;
  const bytes = decode(vcek) ?? new Uint8Array();
  const read = readCertificates(
    vcek.value.startsWith('-----BEGIN') ? { ...artifact, text: vcek.value } : { ...artifact, bytes },
  );
  return read.ok ? read.value : [];
}

/** A signature has no marks: the one file of bytes that has the size of an RSA signature. */
function signatureFile(set: EvidenceSet): Uint8Array | undefined {
  const found = set.of('bytes').filter(({ bytes }) => bytes.length >= 256 && bytes.length <= 1024);
  return found.length === 1 ? found[0]?.bytes : undefined;
}

const maximumList = 32_768;

/** Hex, base64, base64url, or a list of octets as older tools write bytes. */
function decode(node: JsonNode | undefined): Uint8Array | undefined {
  if (node?.kind === 'array') {
    if (node.items.length > maximumList) return undefined;
    const octets = node.items.map((item) => (item.kind === 'number' ? item.value : -1));
    return octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet <= 255)
      ? Uint8Array.from(octets)
      : undefined;
  }
  if (node?.kind !== 'string' || node.value === '') return undefined;
  const standard = node.value.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return fromHex(node.value) ?? decodeBase64(standard, { padding: false });
}

function registers(quote: JsonNode | undefined): ReadonlyMap<number, Uint8Array> | undefined {
  const items = jsonItems(quote, 'pcrs');
  if (items === undefined || items.length === 0 || items.length > 32) return undefined;
  return new Map(items.map((item, at) => [at, decode(item) ?? new Uint8Array()]));
}

/** What stands in two files must be the same: a reader of one must not be told about the other. */
function checkAgreement(
  rows: ReturnType<typeof createChecks>,
  { set, crypto }: FamilyInput,
  parts: Parts,
  runtime: Uint8Array | undefined,
): void {
  // The runtime data beside the report that holds it: the keys in it are what everything else rests on.
  const runtimes = filesOf(set, 'json').filter(({ text }) => text?.includes('HCLAkPub'));
  const pairs = [
    ['HCL report', filesOf(set, 'hcl-report'), parts.hclReport],
    ['TD quote', filesOf(set, 'tdx-quote'), parts.tdQuote],
    ['vTPM quote', filesOf(set, 'tpm-quote'), parts.message],
  ] as const;
  const differing: string[] = pairs.flatMap(([what, files, counted]) =>
    counted !== undefined && files.some(({ bytes }) => !crypto.equal(bytes, counted)) ? [what] : [],
  );
  // Only the report's own bytes are hashed; beside it the same may be printed in another way.
  const counted = plainText(runtime);
  if (counted !== undefined && runtimes.some(({ bytes }) => plainText(bytes) !== counted))
    differing.push('runtime data');
  const beside = signatureFile(set);
  if (beside !== undefined && !crypto.equal(beside, parts.signature)) differing.push('signature of the vTPM');
  if (pairs.every(([, files]) => files.length === 0) && runtimes.length === 0 && beside === undefined) return;
  rows.judge('binding.same-report', 'The files say the same', differing.length === 0, 'files-contradict', {
    detail: `The files hold different values of: ${differing.join(', ')}.`,
  });
}

/** JSON in its one canonical form. @returns undefined for what is no JSON */
function plainText(bytes: Uint8Array | undefined): string | undefined {
  const parsed =
    bytes === undefined ? undefined : parseJson(bytes, { what: 'the runtime data', maxSize: maximumList, maxDepth: 8 });
  return parsed?.ok === true ? decodeUtf8(canonicalJson(jsonPlain(parsed.value))) : undefined;
}
