import { createChecks } from '../../checks.ts';
import { verifyAzureVtpm } from '../../azure/verify.ts';
import { decodeBase64 } from '../../../encoding/base64.ts';
import { fromHex } from '../../readers/bytes.ts';
import { jsonItems, jsonMember, jsonText, type JsonNode } from '../../readers/json.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import { distinct } from '../certificates.ts';
import type { EvidenceSet } from '../evidence-set.ts';
import type { Family, FamilyInput } from '../family.ts';
import { checkAllowed } from './allowed.ts';
import { amdChain } from './snp.ts';
import { withoutNonce } from './without-nonce.ts';

/** The hardware report begins behind the header of Azure's blob. */
const hardwareReportAt = 32;

/** Azure confidential VM: the paravisor's report and a vTPM quote, as one document or as separate files. */
export const azureFamily: Family = {
  family: 'azure-vtpm',
  expects: 'an Azure HCL report and a vTPM quote',
  kinds: ['azure-evidence', 'hcl-report'],
  verify(input) {
    const { set, policy, anchors, now, crypto, nonce } = input;
    const parts = readParts(set);
    const report = parts.hclReport.subarray(hardwareReportAt, hardwareReportAt + 1184);
    const chain = amdChain(report, distinct([...parts.certificates, ...set.certificates]));
    const { verdict } = verifyAzureVtpm({
      name: 'cpu0',
      hclReport: parts.hclReport,
      tpmQuote: {
        message: parts.message,
        signature: parts.signature,
        ...(parts.pcrs === undefined ? {} : { pcrs: parts.pcrs }),
      },
      certificates: chain.map(({ der }) => der),
      nonce,
      policy: policy.snp,
      anchors,
      now,
      crypto,
    });
    return {
      submodules: [withoutNonce(verdict, nonce)],
      binding: sameReport(input, parts),
      chains: [{ name: 'cpu0', certificates: chain }],
      used: set.of('azure-evidence', 'hcl-report', 'tpm-quote', 'certificates'),
    };
  },
};

interface Parts {
  readonly hclReport: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: ReadonlyMap<number, Uint8Array> | undefined;
  readonly certificates: readonly Certificate[];
}

/** The document's own values count; a file stands in for one that it lacks. */
function readParts(set: EvidenceSet): Parts {
  const [document] = set.of('azure-evidence');
  const inner = jsonMember(document?.json, 'evidence') ?? document?.json;
  const quote = jsonMember(inner, 'tpm_quote') ?? jsonMember(inner, 'tpmQuote');
  const ofFiles = (kind: 'hcl-report' | 'tpm-quote') => set.of(kind).find(({ name, file }) => name === file)?.bytes;
  const report = decode(jsonText(inner, 'hcl_report') ?? jsonText(inner, 'hclReport'));
  const vcek = decode(jsonText(inner, 'vcek'));
  const certificate = vcek === undefined ? undefined : parseCertificate(vcek);
  return {
    hclReport: report ?? ofFiles('hcl-report') ?? new Uint8Array(),
    message: decode(jsonText(quote, 'message')) ?? ofFiles('tpm-quote') ?? new Uint8Array(),
    signature: decode(jsonText(quote, 'signature')) ?? signatureFile(set) ?? new Uint8Array(),
    pcrs: registers(quote),
    certificates: certificate?.ok === true ? [certificate.value] : [],
  };
}

/** A signature has no marks: the one file of bytes that has the size of an RSA signature. */
function signatureFile(set: EvidenceSet): Uint8Array | undefined {
  const found = set.of('bytes').filter(({ bytes }) => bytes.length >= 256 && bytes.length <= 1024);
  return found.length === 1 ? found[0]?.bytes : undefined;
}

/** Hex, base64 or base64url. */
function decode(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text === '') return undefined;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return fromHex(text) ?? decodeBase64(standard, { padding: false });
}

function registers(quote: JsonNode | undefined): ReadonlyMap<number, Uint8Array> | undefined {
  const items = jsonItems(quote, 'pcrs');
  if (items === undefined || items.length === 0 || items.length > 32) return undefined;
  const values = items.map((item) => (item.kind === 'string' ? fromHex(item.value) : undefined) ?? new Uint8Array());
  return new Map(values.map((value, at) => [at, value]));
}

/** The same report in two files must be the same: a reader of one must not be told about the other. */
function sameReport({ set, policy, crypto: { equal } }: FamilyInput, parts: Parts) {
  const rows = createChecks();
  checkAllowed(rows, policy, 'snp');
  const beside = set.of('hcl-report').filter(({ name, file }) => name === file);
  if (beside.length > 0 && set.of('azure-evidence').length > 0) {
    const same = beside.every(({ bytes }) => equal(bytes, parts.hclReport));
    rows.judge('binding.same-report', 'The files hold one and the same report', same, 'files-contradict', {
      detail: 'The document and a file beside it hold different HCL reports.',
    });
  }
  return rows.checks;
}
