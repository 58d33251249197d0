import type { Check } from '../../../../contract/evidence.ts';
import { createChecks } from '../../checks.ts';
import type { CompositeEvidence } from '../../composite/evidence.ts';
import { parseIonet, parseNear } from '../../composite/near.ts';
import { parseTinfoil } from '../../composite/tinfoil.ts';
import type { CompositeInput } from '../../composite/input.ts';
import { cpuOfSnp, cpuOfTdx, verifyComposite } from '../../composite/verify.ts';
import { toHex, type Parsed } from '../../readers/bytes.ts';
import { jsonMember } from '../../readers/json.ts';
import { parseCertificate } from '../../readers/x509.ts';
import { verifySnp } from '../../snp/verify.ts';
import { verifyTdx } from '../../tdx/verify.ts';
import { textOf, type Artifact } from '../artifact.ts';
import type { EvidenceSet } from '../evidence-set.ts';
import type { Family, FamilyInput, FamilyOutcome } from '../family.ts';
import { evidenceFilePolicy } from '../default-policy.ts';
import { checkAllowed } from './allowed.ts';
import { dcapCollateral, quoteChain } from './dcap.ts';
import { appComposeOf } from './eventlog.ts';
import { ocspOf, referenceOf } from './nvidia.ts';
import { amdChain, amdCrl } from './snp.ts';
import { undecidedWithoutNonce, withoutNonce } from './without-nonce.ts';

/** CPU and GPUs of one machine, in the layouts of Tinfoil, of NEAR and its users, and of io.net. */
export const compositeFamily: Family = {
  family: 'composite',
  expects: 'a TDX quote or an SNP report with GPU evidence, in the layout of Tinfoil, NEAR or io.net',
  kinds: ['tinfoil-document', 'gpu-evidence-list'],
  fits: (set) => set.of('tinfoil-document').length > 0 || set.of('tdx-quote').length > 0,
  verify(input) {
    const { set, crypto } = input;
    const evidence = readComposite(set, input);
    if (!evidence.ok) return malformed(set, evidence.detail);
    const rows = createChecks();
    const { cpu } = evidence.value;
    const quote = evidence.value.quote ?? set.of('tdx-quote')[0]?.bytes ?? new Uint8Array();
    const chain = cpu === 'tdx' ? quoteChain(quote) : amdChain(quote, set.certificates);
    checkAllowed(rows, input.policy, cpu);
    sameQuote(rows, set.of(cpu === 'tdx' ? 'tdx-quote' : 'snp-report'), quote, crypto);
    const result = verifyComposite({
      ...compositeInput(input, evidence.value),
      cpu: cpuOf(rows, input, cpu, quote, chain),
    });
    const { verification } = result;
    return {
      submodules: verification.submodules.map((verdict) => withoutNonce(verdict, input.nonce)),
      binding: [...rows.checks, ...relaxed(verification.binding, input.nonce)],
      notChecked: verification.notChecked,
      chains: [{ name: 'cpu0', certificates: chain }, ...gpuChains(evidence.value)],
      used: set.artifacts.filter(({ kind }) => !unused.has(kind)),
    };
  },
};

const unused: ReadonlySet<Artifact['kind']> = new Set(['vector-description', 'fingerprints', 'text', 'bytes']);

function readComposite(set: EvidenceSet, { crypto }: FamilyInput): Parsed<CompositeEvidence> {
  const [tinfoil] = set.of('tinfoil-document');
  if (tinfoil !== undefined) return parseTinfoil(tinfoil.bytes, crypto);
  const ionet = set
    .of('json', 'near-request')
    .find(({ json }) => jsonMember(json, 'cpu') !== undefined && jsonMember(json, 'gpu') !== undefined);
  if (ionet !== undefined) return parseIonet(ionet.bytes, crypto);
  const [request] = set.of('near-request');
  const [payload] = set.of('gpu-evidence-list');
  const [quote] = set.of('tdx-quote');
  if (request === undefined || payload === undefined || quote === undefined) {
    const detail =
      'a quote and GPU evidence stand side by side, and no document with nonce and signing key says what binds them';
    return { ok: false, detail };
  }
  return parseNear({ request: request.bytes, nvidiaPayload: payload.bytes, quote: quote.bytes }, crypto);
}

function compositeInput(input: FamilyInput, evidence: CompositeEvidence): Omit<CompositeInput, 'cpu'> {
  const { set, policy, anchors, now, crypto, nonce, collateral } = input;
  const [token] = set.of('nras-token');
  const [keys] = set.of('jwks');
  const imported = keys === undefined ? collateral?.jwks() : undefined;
  const jwks = keys === undefined ? imported?.text : textOf(keys);
  const [log] = set.of('dstack-event-log');
  const compose = appComposeOf(set);
  return {
    node: set.files[0]?.name ?? 'files',
    evidence,
    nonce,
    ...(token === undefined || jwks === undefined
      ? {}
      : { nras: { eat: token.bytes, jwks, ...(imported === undefined ? {} : { jwksFetchedAt: imported.fetchedAt }) } }),
    ...(log === undefined
      ? {}
      : {
          eventLog: {
            log: { kind: 'dstack', json: log.bytes } as const,
            ...(compose === undefined ? {} : { appCompose: compose.bytes }),
          },
        }),
    gpuReference: (at) => {
      const gpu = evidence.gpus[at];
      return gpu === undefined ? { kind: 'none' } : referenceOf(gpu.report, gpu.architecture, input);
    },
    ocsp: ocspOf(input),
    // Files show; they release nothing. The row says what is unbound.
    requireGpuBinding: false,
    policy,
    anchors,
    now,
    crypto,
  };
}

function cpuOf(
  rows: ReturnType<typeof createChecks>,
  input: FamilyInput,
  cpu: CompositeEvidence['cpu'],
  quote: Uint8Array,
  chain: ReturnType<typeof quoteChain>,
) {
  const { policy, anchors, now, crypto, collateral } = input;
  if (cpu === 'snp') {
    const crl = amdCrl(chain, input);
    const certificates = chain.map(({ der }) => der);
    const request = { name: 'cpu0', report: quote, certificates, policy: policy.snp, anchors, now, crypto };
    return cpuOfSnp(verifySnp({ ...request, ...(crl === undefined ? {} : { crl }) }));
  }
  const tdx = policy.tdx ?? evidenceFilePolicy.tdx;
  if (tdx === undefined) throw new Error('the default policy speaks of TDX');
  const highest = collateral?.highestEvaluationDataNumber?.('tdx');
  return cpuOfTdx(
    verifyTdx({
      name: 'cpu0',
      quote,
      collateral: dcapCollateral(rows, input, 'tdx', chain),
      policy: tdx,
      anchors,
      now,
      crypto,
      ...(highest === undefined ? {} : { highestEvaluationDataNumber: highest }),
    }),
  );
}

/** A quote beside a document that holds one must be the same: a reader of the one must not be told about the other. */
function sameQuote(
  rows: ReturnType<typeof createChecks>,
  quotes: readonly Artifact[],
  quote: Uint8Array,
  crypto: FamilyInput['crypto'],
): void {
  const others = quotes.filter(({ bytes }) => !crypto.equal(bytes, quote));
  if (quotes.length < 2) return;
  rows.judge('binding.same-quote', 'The files hold one and the same quote', others.length === 0, 'files-contradict', {
    detail: `Other quotes than the one that was judged: ${others.map(({ name, bytes }) => `${name} (${toHex(crypto.sha256(bytes)).slice(0, 16)}…)`).join(', ')}.`,
  });
}

function relaxed(checks: readonly Check[], nonce: Uint8Array | undefined): Check[] {
  return checks.map((check) => (nonce === undefined ? undecidedWithoutNonce(check) : check));
}

function gpuChains({ gpus }: CompositeEvidence): NonNullable<FamilyOutcome['chains']> {
  return gpus.map(({ certificates }, at) => ({
    name: `gpu${at}`,
    certificates: certificates.flatMap((der) => {
      const parsed = parseCertificate(der);
      return parsed.ok ? [parsed.value] : [];
    }),
  }));
}

function malformed(set: EvidenceSet, detail: string): FamilyOutcome {
  const rows = createChecks();
  rows.fail('binding.format', 'The evidence is in a layout that is known', 'evidence-malformed', {
    detail: `${detail}.`,
  });
  return {
    submodules: [],
    binding: rows.checks,
    used: set.of('tinfoil-document', 'gpu-evidence-list', 'near-request'),
  };
}
