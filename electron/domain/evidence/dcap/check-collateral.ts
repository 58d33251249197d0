import { sameBytes, toHex } from '../readers/bytes.ts';
import { noCollateral, type DcapRun } from './check-platform.ts';
import { isvLevelOf, sameUnderMask, type IsvLevel, type QeIdentity, type TcbInfo } from './documents.ts';
import type { EnclaveReport } from './enclave-report.ts';
import type { PckClaims } from './pck.ts';
import { pathProblems, type PreparedDocument } from './state.ts';

interface Dated {
  readonly issueDate: number;
  readonly nextUpdate: number;
  readonly tcbEvaluationDataNumber: number;
}

interface DocumentWords {
  /** Part of check ids and reason codes: `tcb-info`. */
  readonly id: 'tcb-info' | 'qe-identity';
  readonly name: string;
}

/**
 * One signed document: its signer leads to the pinned root, signed exactly these bytes, and the document is current.
 * @returns its content only when all of that holds
 */
function checkDocument<T extends Dated>(
  { verdict, family, state, now, collateral }: DcapRun,
  document: PreparedDocument<T> | undefined,
  { id, name }: DocumentWords,
): T | undefined {
  const row = (part: string) => `${family}.${id}.${part}`;
  const titles = {
    chain: `The signer of the ${name} leads to the pinned root`,
    signature: `The ${name} is signed, byte for byte`,
    current: `The ${name} is current`,
  };
  if (collateral === undefined || document === undefined) {
    for (const part of ['chain', 'signature', 'current'] as const) {
      verdict.unknown(row(part), titles[part], 'collateral-missing', noCollateral);
    }
    return undefined;
  }
  if (document.missing) {
    verdict.fail(row('signature'), titles.signature, `${id}-missing`, { detail: `The collateral has no ${name}.` });
    return undefined;
  }
  const trusted = checkSigner();
  const signed = verdict.judge(row('signature'), titles.signature, document.signed, `${id}-signature`, {
    detail: `The ${name} was changed, or its signature is another’s.`,
  });
  if (!document.parsed.ok) {
    verdict.fail(row('current'), titles.current, `${id}-malformed`, { detail: document.parsed.detail });
    return undefined;
  }
  const { value } = document.parsed;
  const early = now < value.issueDate;
  const current = verdict.judge(
    row('current'),
    titles.current,
    !early && now < value.nextUpdate,
    early ? 'collateral-not-yet-valid' : 'collateral-expired',
    {
      detail: `The ${name} is good ${document.window} only.`,
      found: document.window,
    },
  );
  return trusted && signed && current ? value : undefined;

  function checkSigner(): boolean {
    if (document?.chain.ok !== true) {
      const detail = document?.chain.ok === false ? document.chain.detail : '';
      verdict.fail(row('chain'), titles.chain, 'certificate-malformed', { detail });
      return false;
    }
    const path = document.chain.value;
    const [problem, ...more] = pathProblems(state, path, now);
    const [leaf, root] = path.certificates;
    const role =
      leaf?.subject.commonName === 'Intel SGX TCB Signing' &&
      leaf.basicConstraints?.ca !== true &&
      root?.subject.commonName === 'Intel SGX Root CA';
    return verdict.judge(
      row('chain'),
      titles.chain,
      problem === undefined && role,
      problem?.reason ?? 'chain-role-mismatch',
      {
        detail: () =>
          problem === undefined
            ? `${leaf?.subject.text ?? 'The signer'} is not Intel's TCB signing certificate.`
            : [problem, ...more].map(({ detail }) => detail).join(' '),
      },
    );
  }
}

/** Step 7: the QE identity is genuine, and the quoting enclave is the one it describes. @returns its TCB level */
export function checkQuotingEnclave(
  run: DcapRun,
  report: EnclaveReport,
): { readonly level?: IsvLevel; readonly identity?: QeIdentity } {
  const { verdict, family, collateral } = run;
  const words: DocumentWords = { id: 'qe-identity', name: 'QE identity' };
  const identity = checkDocument(run, collateral?.qeIdentity, words);
  verdict.judge(`${family}.qe.debug`, 'The quoting enclave cannot be debugged', !report.debug, 'qe-debug-enabled', {
    detail: 'The quoting enclave runs in debug mode: whoever runs the host has its keys.',
  });
  const matchTitle = "The quoting enclave is Intel's";
  const levelTitle = 'The version of the quoting enclave is known';
  if (identity === undefined) {
    const missing = collateral === undefined ? 'collateral-missing' : 'qe-identity-not-trusted';
    const detail = { detail: 'There is no QE identity that can be relied on to compare with.' };
    verdict.unknown(`${family}.qe.identity`, matchTitle, missing, detail);
    verdict.unknown(`${family}.qe.tcb`, levelTitle, missing, detail);
    return {};
  }
  const differing = [
    identity.id === (family === 'tdx' ? 'TD_QE' : 'QE') ? undefined : 'id',
    sameUnderMask(report.miscSelect, identity.miscselect, identity.miscselectMask) ? undefined : 'MISCSELECT',
    sameUnderMask(report.attributes, identity.attributes, identity.attributesMask) ? undefined : 'ATTRIBUTES',
    sameBytes(report.mrSigner, identity.mrsigner) ? undefined : 'MRSIGNER',
    report.productId === identity.isvprodid ? undefined : 'ISVPRODID',
  ].filter((name) => name !== undefined);
  verdict.judge(`${family}.qe.identity`, matchTitle, differing.length === 0, 'qe-identity-mismatch', {
    detail: () => `The quoting enclave differs from the identity that Intel published in ${differing.join(', ')}.`,
    ...(differing.length === 0
      ? {}
      : {
          expected: `${identity.id}, MRSIGNER ${toHex(identity.mrsigner)}, ISVPRODID ${identity.isvprodid}`,
          found: `MRSIGNER ${toHex(report.mrSigner)}, ISVPRODID ${report.productId}`,
        }),
  });
  const level = isvLevelOf(identity.tcbLevels, report.securityVersion);
  verdict.judge(`${family}.qe.tcb`, levelTitle, level !== undefined, 'qe-tcb-level-not-found', {
    detail: `No level of the QE identity reaches down to ISVSVN ${report.securityVersion}.`,
    found: `ISVSVN ${report.securityVersion}${level === undefined ? '' : `: ${level.tcbStatus}`}`,
  });
  return level === undefined ? { identity } : { identity, level };
}

/** Step 8: the TCB info is genuine and of this kind of platform. */
export function checkTcbInfo(run: DcapRun, pck: PckClaims | undefined): TcbInfo | undefined {
  const { verdict, family, collateral } = run;
  const info = checkDocument(run, collateral?.tcbInfo, { id: 'tcb-info', name: 'TCB info' });
  const title = 'The TCB info is of this kind of platform';
  // What an unauthenticated document says of itself still tells a person which one to fetch instead.
  const stated = collateral?.tcbInfo.parsed.ok === true ? collateral.tcbInfo.parsed.value : undefined;
  if (stated === undefined || pck === undefined) {
    verdict.unknown(
      `${family}.tcb-info.platform`,
      title,
      collateral === undefined ? 'collateral-missing' : 'tcb-info-not-trusted',
      { detail: 'TCB info and PCK certificate cannot be compared.' },
    );
    return undefined;
  }
  const id = family === 'tdx' ? 'TDX' : 'SGX';
  const reason =
    stated.fmspc !== pck.fmspc
      ? 'fmspc-mismatch'
      : stated.pceId !== pck.pceId
        ? 'pceid-mismatch'
        : 'tcb-info-of-other-tee';
  const fits = stated.fmspc === pck.fmspc && stated.pceId === pck.pceId && stated.id === id;
  verdict.judge(`${family}.tcb-info.platform`, title, fits, reason, {
    detail: 'The collateral was fetched for another platform: fetch it for the FMSPC of this one.',
    expected: `${id}, FMSPC ${pck.fmspc}, PCEID ${pck.pceId}`,
    found: `${stated.id}, FMSPC ${stated.fmspc}, PCEID ${stated.pceId}`,
  });
  return fits ? info : undefined;
}

/** Collateral may never be older than the policy wants, nor than the newest that this desk has seen. */
export function checkRollback(
  { verdict, family, collateral }: DcapRun,
  documents: readonly (Dated | undefined)[],
  lowest: number,
): number | undefined {
  const id = `${family}.collateral.evaluation-number`;
  const title = 'The collateral is not older than what is known already';
  const numbers = documents.map((document) => document?.tcbEvaluationDataNumber);
  const found = Math.min(...numbers.map((number) => number ?? Number.POSITIVE_INFINITY));
  if (numbers.includes(undefined) || !Number.isFinite(found)) {
    verdict.unknown(id, title, collateral === undefined ? 'collateral-missing' : 'collateral-not-trusted', {
      detail: 'TCB info or QE identity cannot be relied on.',
    });
    return undefined;
  }
  verdict.judge(id, title, found >= lowest, 'collateral-rolled-back', {
    detail: 'Older collateral hides what Intel learnt since: a withheld TCB recovery looks up to date. Fetch it anew.',
    expected: `at least ${lowest}`,
    found: String(found),
  });
  return found;
}
