import type { CollateralItem } from '../../../contract/collateral.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import type { CollateralSource } from '../files/family.ts';
import { toHex } from '../readers/bytes.ts';
import { parseOcsp } from '../readers/ocsp.ts';
import { pckCrlId, readFacts, type CollateralFacts } from './facts.ts';

interface Entry {
  readonly item: CollateralItem;
  readonly facts: CollateralFacts;
}

/** A source that remembers what was taken from it, so that it can be kept with the evidence that was judged by it. */
export interface UsedCollateral extends CollateralSource {
  /** Each item that was chosen since the source was made, once. */
  used(): CollateralItem[];
}

/**
 * Chooses collateral for evidence: by FMSPC and CA, by product, by product and version, the newest of each. What is chosen
 * may be expired: its verifier then fails the row that needs it.
 * @param highest the newest evaluation numbers that were ever seen
 */
export function createCollateralSource(
  name: string,
  items: readonly CollateralItem[],
  highest: Readonly<Partial<Record<'tdx' | 'sgx', number>>> = {},
): UsedCollateral {
  const used = new Map<string, CollateralItem>();
  const entries = items.flatMap((item): Entry[] => {
    const facts = readFacts(item);
    return facts.ok ? [{ item, facts: facts.value }] : [];
  });
  const newest = (fits: (facts: CollateralFacts) => boolean): Entry | undefined => {
    const [found] = entries.filter(({ facts }) => fits(facts)).toSorted(byNewest);
    if (found !== undefined) used.set(found.item.sha256, found.item);
    return found;
  };
  const of = (kind: CollateralFacts['kind'], id: string) => newest((facts) => facts.kind === kind && facts.id === id);
  const answers = entries.flatMap((entry) => {
    const answer = entry.facts.kind === 'nvidia-ocsp' ? parseOcsp(entry.facts.bytes) : undefined;
    return answer?.ok === true ? [{ entry, singles: answer.value.singles }] : [];
  });
  return {
    name,
    used: () => [...used.values()],
    dcap({ tee, fmspc, authority }) {
      const info = of('intel-tcb-info', `${tee}/${fmspc.toUpperCase()}`);
      const identity = of('intel-qe-identity', tee === 'tdx' ? 'TD_QE' : 'QE');
      const pckCrl = of('intel-pck-crl', pckCrlId(authority) ?? '');
      const rootCrl = of('intel-root-crl', 'root');
      if (info === undefined && identity === undefined && pckCrl === undefined) return undefined;
      // A missing part is an empty text: the verifier names it.
      return Object.freeze({
        tcbInfo: info === undefined ? '' : text(info),
        tcbInfoSignature: info?.item.signature ?? '',
        tcbInfoIssuerChain: info?.item.chain ?? '',
        qeIdentity: identity === undefined ? '' : text(identity),
        qeIdentitySignature: identity?.item.signature ?? '',
        qeIdentityIssuerChain: identity?.item.chain ?? '',
        rootCaCrl: rootCrl === undefined ? '' : toHex(rootCrl.facts.bytes),
        pckCrl: pckCrl === undefined ? '' : toHex(pckCrl.facts.bytes),
        pckCrlIssuerChain: pckCrl?.item.chain ?? '',
      });
    },
    highestEvaluationDataNumber: (tee) => highest[tee],
    jwks() {
      const found = of('nras-jwks', 'nras');
      return found === undefined ? undefined : { text: text(found), fetchedAt: Date.parse(found.item.fetchedAt) };
    },
    amdCrl: (product) => of('amd-crl', product)?.facts.bytes,
    rim({ product, version }) {
      const wanted = version.toLowerCase();
      const found = newest(({ kind, id }) => {
        const [of = '', stated = ''] = id.split('/');
        return kind === 'nvidia-rim' && of.startsWith(product) && stated.toLowerCase() === wanted;
      });
      return found === undefined ? undefined : text(found);
    },
    ocsp(fits) {
      const found = answers.filter(({ singles }) => singles.some(({ certificate }) => fits(certificate)));
      for (const { entry } of found) used.set(entry.item.sha256, entry.item);
      return found.map(({ entry }) => entry.facts.bytes);
    },
  };
}

function byNewest(a: Entry, b: Entry): number {
  const [left, right] = [a.facts.number ?? 0n, b.facts.number ?? 0n];
  if (left !== right) return left > right ? -1 : 1;
  return b.facts.validFrom - a.facts.validFrom;
}

function text({ facts }: Entry): string {
  return decodeUtf8(facts.bytes) ?? '';
}
