import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import { jsonItems, jsonMember, jsonText, type JsonNode } from '../readers/json.ts';

/** Three base64url parts of which the first decodes to an object: `{"` is `eyJ`. */
export const jwtPattern = /^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** What a JSON document is, by its members. `json` when it is none of the known layouts. */
export function recognizeJson(node: JsonNode): EvidenceKind {
  if (node.kind === 'object') return recognizeObject(node);
  if (node.kind === 'array') return recognizeArray(node.items);
  if (node.kind === 'string' && jwtPattern.test(node.value)) return 'nras-token';
  return 'json';
}

function recognizeObject(node: JsonNode): EvidenceKind {
  const has = (...names: readonly string[]) => names.every((name) => jsonMember(node, name) !== undefined);
  if (has('payloadType', 'payload', 'signatures')) {
    return jsonText(node, 'payloadType')?.includes('collateral') === true ? 'collateral-bundle' : 'json';
  }
  if (has('expected', 'evaluate_at')) return 'vector-description';
  if (isCollateral(node)) return 'dcap-collateral';
  if (has('cpu', 'report_data') && jsonMember(node, 'cpu')?.kind === 'object') return 'tinfoil-document';
  if (has('quote', 'event_log')) return 'dstack-quote';
  if (has('signing_address', 'nonce') || has('signing_address', 'request_nonce')) return 'near-request';
  if (isAzure(node)) return 'azure-evidence';
  if (gpuItems(node) !== undefined) return 'gpu-evidence-list';
  const keys = jsonItems(node, 'keys');
  if (keys !== undefined && keys.length > 0 && keys.every((key) => jsonText(key, 'kty') !== undefined)) {
    return keys.some((key) => jsonText(key, 'kid') === 'HCLAkPub') ? 'json' : 'jwks';
  }
  if (isFingerprints(node)) return 'fingerprints';
  return holdsToken(node, 0) ? 'nras-token' : 'json';
}

function recognizeArray(items: readonly JsonNode[]): EvidenceKind {
  const [first] = items;
  if (first === undefined) return 'json';
  if (items.every(isGpuItem)) return 'gpu-evidence-list';
  if (items.every((item) => jsonMember(item, 'imr') !== undefined && jsonMember(item, 'digest') !== undefined)) {
    return 'dstack-event-log';
  }
  return items.some((item) => holdsToken(item, 0)) ? 'nras-token' : 'json';
}

/** Collateral with all in it, by its members in snake or camel case; a part may be missing, which its verdict then says. */
function isCollateral(node: JsonNode): boolean {
  const has = (name: string) => jsonMember(node, name) !== undefined;
  const camel = ['tcbInfo', 'qeIdentity', 'enclaveIdentity', 'rootCaCrl', 'pckCrl'].filter(has);
  return has('tcb_info') || has('tcb_info_signature') || has('qe_identity') || has('pck_crl') || camel.length > 1;
}

/** Also as the first tools wrote it: `{quote: {message, …}, report, vcek}`, bytes as lists. */
function isAzure(node: JsonNode): boolean {
  const inner = jsonMember(node, 'evidence') ?? node;
  const bytes = (name: string) => ['string', 'array'].includes(jsonMember(inner, name)?.kind ?? '');
  const first = bytes('report') && bytes('vcek') && jsonMember(jsonMember(inner, 'quote'), 'message') !== undefined;
  return bytes('hcl_report') || bytes('hclReport') || first;
}

function isFingerprints(node: JsonNode): boolean {
  if (node.kind !== 'object' || node.members.size === 0) return false;
  return [...node.members.values()].every((entry) => /^[0-9a-f]{64}$/i.test(jsonText(entry, 'sha256') ?? ''));
}

/** Items of NVIDIA's list of evidence in the layouts of its tools, of CPU vendors' services and of providers. */
export function gpuItems(node: JsonNode): readonly JsonNode[] | undefined {
  if (node.kind === 'array') return node.items.length > 0 && node.items.every(isGpuItem) ? node.items : undefined;
  for (const name of ['evidence_list', 'evidences', 'evidence', 'gpus']) {
    const items = jsonItems(node, name);
    // NVIDIA's own two names say what an empty list is a list of.
    const named = name === 'evidence_list' || name === 'evidences';
    if (items !== undefined && (items.length > 0 || named) && items.every(isGpuItem)) return items;
  }
  return isGpuItem(node) ? [node] : undefined;
}

function isGpuItem(node: JsonNode): boolean {
  return jsonText(node, 'evidence') !== undefined && jsonText(node, 'certificate') !== undefined;
}

function holdsToken(node: JsonNode, depth: number): boolean {
  if (depth > 4) return false;
  if (node.kind === 'string') return jwtPattern.test(node.value);
  if (node.kind === 'array') return node.items.slice(0, 64).some((item) => holdsToken(item, depth + 1));
  if (node.kind !== 'object') return false;
  return [...node.members.values()].slice(0, 64).some((member) => holdsToken(member, depth + 1));
}
