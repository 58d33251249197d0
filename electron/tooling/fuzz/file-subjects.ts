import { createHash, randomBytes } from 'node:crypto';
import { collateralKinds, type CollateralItem, type CollateralKind } from '../../contract/collateral.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import type { Policy } from '../../contract/policy.ts';
import type { PolicyFile, PolicyVersion } from '../../contract/policy-document.ts';
import { createSigner, signJson } from '../../domain/dsse/dsse.ts';
import type { TrustAnchors } from '../../domain/evidence/anchors.ts';
import { readBundle, signBundle } from '../../domain/evidence/collateral/bundle.ts';
import { readFacts } from '../../domain/evidence/collateral/facts.ts';
import { inspectEvidence } from '../../domain/evidence/files/inspect/inspect.ts';
import { parsePolicyFile, policyVersionDigest, readPolicyHistory } from '../../domain/policy/document.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import type { FuzzSubjects } from './fuzz-subjects.ts';
import type { ParserTarget } from './parsers.ts';

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const accepted = (read: { readonly ok: boolean }) => (read.ok ? 'affirming' : 'contraindicated');
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface FileSubjectParts {
  readonly now: number;
  readonly anchors: TrustAnchors;
  readonly policy: Policy;
  /** What bundles hold, by kind. */
  readonly collateral: readonly { readonly kind: CollateralKind; readonly bytes: Uint8Array }[];
  /** Whose seeds `inspect` is shown too. */
  readonly parsers: readonly ParserTarget[];
}

/** What people bring as files: bundles of collateral, policies with their history, and anything at all to `inspect`. */
export function createFileSubjects({ now, anchors, policy, collateral, parsers }: FileSubjectParts): FuzzSubjects {
  const crypto = createNodeCrypto();
  const signer = createSigner(new Uint8Array(randomBytes(32)));
  const at = new Date(now).toISOString();
  const items = collateral.map(({ kind, bytes }) => itemOf(kind, bytes, at));
  const bundle = utf8(JSON.stringify(signBundle({ items, createdAt: at, note: 'fuzz' }, signer)));
  const openBundle = (bytes: Uint8Array) => readBundle(bytes, [signer.keyId], { sha256: digest });
  const policies = utf8(JSON.stringify(policyFile(policy, signer, at)));
  const openPolicies = (bytes: Uint8Array) => {
    const file = parsePolicyFile(bytes);
    return file.ok ? readPolicyHistory(file.value.versions, [signer.publicKey]) : file;
  };
  return {
    parsers: [
      { name: 'collateral bundle', seeds: [bundle], parse: openBundle },
      {
        // A bundle that was changed stops at its signature: what is in it is changed on its own.
        name: 'collateral item',
        seeds: collateral.map(({ bytes }) => bytes),
        parse: (bytes) => collateralKinds.map((kind) => readFacts({ ...draft(kind, bytes, at), id: '?' })),
      },
      { name: 'signed policy file', seeds: [policies], parse: openPolicies },
      {
        name: 'inspect',
        seeds: [...parsers.flatMap(({ seeds }) => seeds), bundle, policies],
        parse: (bytes) => inspectEvidence({ name: 'file', bytes }, { anchors, crypto }),
      },
    ],
    verifiers: [
      {
        name: 'collateral bundle',
        evidence: bundle,
        signed: signedText(bundle),
        verify: (bytes) => accepted(openBundle(bytes)),
      },
      {
        name: 'policy file',
        evidence: policies,
        signed: signedText(policies),
        verify: (bytes) => accepted(openPolicies(bytes)),
      },
    ],
  };
}

function draft(kind: CollateralKind, bytes: Uint8Array, fetchedAt: string): CollateralItem {
  const content = Buffer.from(bytes).toString('base64');
  return { kind, id: '?', source: 'the test authority', fetchedAt, sha256: digest(bytes), content };
}

function itemOf(kind: CollateralKind, bytes: Uint8Array, fetchedAt: string): CollateralItem {
  const item = draft(kind, bytes, fetchedAt);
  const facts = readFacts(item);
  if (!facts.ok) throw new Error(`${kind}: ${facts.detail}`);
  return { ...item, id: facts.value.id };
}

/** A policy with two versions. */
function policyFile(policy: Policy, signer: ReturnType<typeof createSigner>, at: string): PolicyFile {
  const author = Buffer.from(signer.publicKey).toString('base64');
  const first: PolicyVersion = { version: 1, number: 1, previous: null, policy, retired: false, note: '', author, at };
  const second: PolicyVersion = { ...first, number: 2, previous: policyVersionDigest(first), note: 'again' };
  const versions = [first, second].map((version) => signJson(payloadTypes.policy, version, signer));
  return { format: 'nacre-policy', version: 1, versions };
}

/** Where payloads and signatures of the envelopes stand in the file. */
function signedText(file: Uint8Array): (readonly [number, number])[] {
  return [...textOf(file).matchAll(/"(?:payload|sig)":"([^"]+)"/g)].map(({ index, 0: member, 1: value = '' }) => {
    const from = index + member.length - 1 - value.length;
    return [from, from + value.length] as const;
  });
}
