import type { ActionRule, ApprovalRequest, ApprovedNode, QuorumRule } from '../../contract/approval.ts';
import type { JobOrder } from '../../contract/job.ts';
import type { Policy } from '../../contract/policy.ts';
import { orderIsWhole } from '../job/order.ts';
import { policyDigest } from '../policy/policy.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { documentDigest, type SignedDocument } from './documents.ts';

export interface Described {
  readonly title: string;
  readonly sections: readonly { readonly title: string; readonly lines: readonly Line[] }[];
  /** What a custodian should stop at. */
  readonly warnings: readonly string[];
  readonly simulated: boolean;
}
interface Line {
  readonly label: string;
  readonly value: string;
}

/**
 * A request in plain words. Everything is computed from the very document that is signed: the digests of order and policy
 * are not taken from it but made of what is shown. What the words leave out is in the last section, whole, as JSON.
 */
export function describeRequest({ value: request, digest }: SignedDocument<ApprovalRequest>): Described {
  const described = bySubject(request);
  return {
    ...described,
    sections: [
      ...described.sections,
      section('Asked by', [
        ['name', request.requester.name],
        ['key', request.requester.publicKey],
        ['asked at', utc(request.createdAt)],
        ['expires', utc(request.expiresAt)],
        ['under rule', `sha256:${request.ruleSha256}`],
        ['request', `sha256:${digest}`],
      ]),
      section('All that is signed', [['JSON', jsonOf(request)]]),
    ],
  };
}

function bySubject(request: ApprovalRequest): Described {
  switch (request.kind) {
    case 'key-release': {
      const { order, policy, nodes } = request.subject;
      const warnings: string[] = [];
      if (!orderIsWhole(order)) warnings.push('The job id is not the digest of this order.');
      if (policyDigest(policy) !== order.policyDigest)
        warnings.push('The order names another policy than the one shown.');
      for (const { name } of nodes) {
        if (!order.nodes.includes(name)) warnings.push(`The order does not name node ${name}.`);
      }
      return {
        title: `Release the key of ${order.dataset.name} to ${nodes.map(({ name }) => name).join(', ')}`,
        sections: [
          section('Dataset', [
            ['name', order.dataset.name],
            ['root', `sha256:${order.dataset.root}`],
            ['sealed size', `${order.dataset.sealedBytes.toLocaleString('en-US')} bytes`],
          ]),
          ...nodes.map(describeNode),
          describeOrder(order),
          describePolicy(policy),
        ],
        warnings,
        simulated: nodes.some(({ simulated }) => simulated) || policy.acceptSimulated,
      };
    }
    case 'policy-change': {
      const { policy, replaces, retired } = request.subject;
      return {
        title: `${retired ? 'Retire' : 'Change'} policy ${policy.id}`,
        sections: [
          describePolicy(policy),
          section('Replaces', [['policy', replaces === null ? 'nothing: it is new' : `sha256:${replaces}`]]),
        ],
        warnings: policy.acceptSimulated ? ['This policy accepts SIMULATED hardware.'] : [],
        simulated: policy.acceptSimulated,
      };
    }
    case 'override': {
      const { node, checks, justification, jobId, notAfter, policyDigest: digest } = request.subject;
      return {
        title: `Override ${checks.length} failed ${checks.length === 1 ? 'check' : 'checks'} of ${node.name}`,
        sections: [
          describeNode(node),
          section(
            'Checks that failed',
            checks.map(({ id, reason, detail }) => [id, detail === undefined ? reason : `${reason}: ${detail}`]),
          ),
          section('Why', [
            ['in their words', justification],
            ['job', jobId === null ? 'the next one that this node is chosen for, and no other' : `sha256:${jobId}`],
            ['policy', `sha256:${digest}`],
            ['until', utc(notAfter)],
          ]),
        ],
        warnings: ['A key would go to a node that did not pass the policy.'],
        simulated: node.simulated,
      };
    }
    case 'export': {
      const { what, item, description, destination } = request.subject;
      return {
        title: `Export ${exportWords[what]}`,
        sections: [
          section('Export', [
            ['what', exportWords[what]],
            ['item', item],
            ['description', description],
            ['to', destination],
          ]),
        ],
        warnings: what === 'model' ? [] : ['Whoever has the exported file can use the key without Nacre.'],
        simulated: false,
      };
    }
    case 'members-change':
      return {
        title: `Set version ${request.subject.rule.version} of the members' rule`,
        sections: describeRule(request.subject.rule),
        warnings:
          request.subject.rule.actions['key-release'] === undefined ? ['Key releases would need no approval.'] : [],
        simulated: false,
      };
  }
}

const exportWords = {
  'dataset-identity': 'the secret key that opens every sealed dataset',
  backup: 'a backup of the vault: all its keys, under a passphrase',
  'recovery-shares': 'shares that open the whole vault when enough of them come together',
  model: 'a trained model, in the clear',
  key: 'a secret key',
} as const;

function describeNode(node: ApprovedNode): Described['sections'][number] {
  return section(`Node ${node.name}${node.simulated ? ' (SIMULATED hardware)' : ''}`, [
    ...node.parts.map(({ name, family, measurement }): [string, string] => [
      `${name} (${family}) measurement`,
      measurement === '' ? 'none reported' : measurement,
    ]),
    ['evidence', `sha256:${node.evidenceSha256}`],
    ['verified at', utc(node.verifiedAt)],
  ]);
}

function describeOrder(order: JobOrder): Described['sections'][number] {
  const { program, budget } = order;
  return section('Job', [
    ['name', order.name],
    ['id', `sha256:${order.jobId}`],
    [
      'program',
      program.type === 'command'
        ? program.command.join(' ')
        : `built-in ${program.trainer} of ${program.target}, ${program.epochs} epochs`,
    ],
    ['attempt', describeAttempt(order)],
    ['budget', `$${budget.maximumUsd}, ${budget.maximumSeconds} s`],
    ['results sealed to', order.outputRecipients.join(', ')],
    ['may run on', order.nodes.join(', ')],
    ['not after', utc(order.notAfter)],
  ]);
}

/** An approval covers one order, so one attempt on the nodes it names: what is lost is not begun again under it. */
function describeAttempt({ attempt }: JobOrder): string {
  if (attempt === undefined) return '1: should its node be lost, the next attempt asks for approval again';
  const from =
    attempt.resume === undefined ? 'from the beginning' : `from the checkpoint of step ${attempt.resume.step}`;
  return `${attempt.number}, ${from}: an earlier node of this run had the key and was given up (first job sha256:${attempt.firstJobId})`;
}

function describePolicy(policy: Policy): Described['sections'][number] {
  const { snp, tdx, nitro, gpu } = policy;
  const lines: [string, string][] = [
    ['name', policy.name],
    ['digest', `sha256:${policyDigest(policy)}`],
    ['CPU families', policy.families.join(', ')],
    ['SNP measurements', snp.measurements.length === 0 ? 'not checked' : snp.measurements.join(', ')],
  ];
  if (tdx !== undefined)
    lines.push(['TDX', `${tdx.acceptedStatuses.join(', ')}; MRTD ${listed(tdx.measurements.mrtd)}`]);
  if (nitro !== undefined) lines.push(['Nitro image ids', listed(nitro.oysterImageIds)]);
  lines.push(
    ['GPU', gpu.required ? `required: ${gpu.architectures.join(', ')}` : 'not required'],
    ['GPU reference measurements', gpu.requireReferenceMeasurements ? 'required' : 'not required'],
    ['GPU revocation', gpu.requireRevocation === true ? 'required' : 'checked where NVIDIA’s answers are at hand'],
    ['evidence at most', `${policy.evidenceMaxAgeSeconds} s old`],
    ['SIMULATED hardware', policy.acceptSimulated ? 'accepted' : 'refused'],
  );
  return section(`Policy ${policy.id}`, lines);
}

/** A rule in plain words. */
export function describeRule(rule: QuorumRule): Described['sections'] {
  return [
    section('Rule', [
      ['organisation', rule.organisation],
      ['version', String(rule.version)],
      ['digest', `sha256:${documentDigest(rule)}`],
    ]),
    section(
      'Members',
      rule.members.map(({ name, roles, publicKey }) => [name, `${roles.join(', ')}; key ${publicKey}`]),
    ),
    section(
      'What needs approval',
      Object.entries(rule.actions).flatMap(([action, entry]): [string, string][] =>
        entry === undefined ? [] : [[action, actionWords(entry)]],
      ),
    ),
  ];
}

function actionWords({ approvals, requesterCounts, validSeconds }: ActionRule): string {
  const who = requesterCounts ? 'whoever asks may be one of them' : 'not counting whoever asks';
  return `${approvals} custodians, ${who}; a request stands ${validSeconds} s`;
}

const listed = (values: readonly string[]) => (values.length === 0 ? 'not checked' : values.join(', '));

function jsonOf(value: unknown): string {
  return decodeUtf8(canonicalJson(value)) ?? '';
}

function section(title: string, lines: readonly (readonly [string, string])[]): Described['sections'][number] {
  return { title, lines: lines.map(([label, value]) => ({ label, value: readable(value) })) };
}

/** What a document says must not be able to redraw the screen it is read on. */
function readable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

/** `2026-11-23 02:39:04 UTC`, as every screen writes a time. */
function utc(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
