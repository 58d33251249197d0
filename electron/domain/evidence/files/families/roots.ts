import type { EvidenceCrypto } from '../../crypto.ts';
import { createVerdict, type VerdictBuilder } from '../../checks.ts';
import { toHex } from '../../readers/bytes.ts';
import { validatePath } from '../../readers/chain.ts';
import { jsonText } from '../../readers/json.ts';
import type { Certificate } from '../../readers/x509.ts';
import type { Artifact } from '../artifact.ts';
import { pathFrom, pinnedRoots, readCertificates, selfIssued } from '../certificates.ts';
import type { Family, FamilyInput } from '../family.ts';

/** Root certificates against the pinned ones. A root that is not pinned fails, whoever vouches for it. */
export const rootsFamily: Family = {
  family: 'roots',
  expects: 'root certificates',
  kinds: ['fingerprints', 'certificates'],
  // Certificates beside anything else belong to it.
  fits: ({ artifacts }) => artifacts.every(({ kind }) => kind === 'certificates' || kind === 'fingerprints'),
  verify(input) {
    const { set, crypto } = input;
    const files = set.of('certificates', 'fingerprints');
    const hash = toHex(crypto.sha256(...files.map(({ bytes }) => bytes)));
    const verdict = createVerdict({ name: 'roots', family: 'roots', evidenceSha256: hash });
    checkCertificates(verdict, input);
    for (const list of set.of('fingerprints')) checkList(verdict, list, input);
    return {
      submodules: [verdict.build()],
      chains: [{ name: 'roots', certificates: set.certificates }],
      used: files,
      notChecked: ['That a root is still in use by its vendor.'],
    };
  },
};

function checkCertificates(verdict: VerdictBuilder, { set, anchors, now, crypto }: FamilyInput): void {
  const title = 'There is a certificate';
  verdict.judge('roots.present', title, set.certificates.length > 0, 'chain-empty', {
    detail: 'No certificate was given.',
  });
  for (const [at, certificate] of set.certificates.entries()) {
    const name = certificate.subject.commonName ?? certificate.subject.text;
    const chain = pathFrom(certificate, set.certificates);
    const path = validatePath({ chain, anchors: [...pinnedRoots(anchors)], now, crypto });
    const authority = certificate.basicConstraints?.ca === true;
    const problems = authority
      ? path
      : [{ reason: 'chain-not-a-ca', detail: `${name} is no CA, so it anchors nothing.` }, ...path];
    const what = selfIssued(certificate) ? `${name} is a pinned root` : `${name} leads to a pinned root`;
    verdict.judge(`roots.certificate${at}`, what, problems.length === 0, problems[0]?.reason ?? '', {
      detail: problems.map(({ detail }) => detail).join(' '),
      found: fingerprint(certificate, crypto),
    });
    verdict.measurement(name, fingerprint(certificate, crypto));
  }
}

/** The list must say of each file what its certificate is, and of a root that is not among the files a pinned hash. */
function checkList(verdict: VerdictBuilder, list: Artifact, { set, anchors, crypto }: FamilyInput): void {
  if (list.json?.kind !== 'object') return;
  for (const [file, entry] of list.json.members) {
    const stated = (jsonText(entry, 'sha256') ?? '').toLowerCase();
    const found = set.of('certificates').find((artifact) => artifact.file === file);
    const read = found === undefined ? undefined : readCertificates(found);
    const actual = read?.ok === true && read.value[0] !== undefined ? fingerprint(read.value[0], crypto) : undefined;
    const holds = actual === undefined ? pinnedRoots(anchors).has(stated) : actual === stated;
    verdict.judge(`roots.list.${file}`, `${list.name} names ${file} as it is`, holds, 'fingerprint-mismatch', {
      detail:
        actual === undefined
          ? 'The list names a root that is not among the files and not pinned.'
          : 'The list names another certificate.',
      expected: stated,
      found: actual ?? 'no such file',
    });
  }
}

function fingerprint(certificate: Certificate, crypto: Pick<EvidenceCrypto, 'sha256'>): string {
  return toHex(crypto.sha256(certificate.der));
}
