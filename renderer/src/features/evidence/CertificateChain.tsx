import type { CertificateChain as Chain, CertificateView } from '../../../../electron/contract/evidence-files.ts';
import { cx, Digest, formatDateTime, formatDuration, Tick, TrustMark } from '../../ui/index.ts';
import styles from './CertificateChain.module.css';

interface CertificateChainProps {
  readonly chain: Chain;
  /** Milliseconds since the epoch: the clock that the evidence was judged by. */
  readonly at: number;
  readonly simulated: boolean;
}

/** From leaf to root: who signed whom, when each was valid, and whether the root is one that is pinned. */
export function CertificateChain({ chain, at, simulated }: CertificateChainProps) {
  const { name, certificates } = chain;
  if (certificates.length === 0) return <p className={styles.none}>{name}: no certificate came with this evidence.</p>;
  const from = Math.min(at, ...certificates.map(({ notBefore }) => Date.parse(notBefore)));
  const to = Math.max(at, ...certificates.map(({ notAfter }) => Date.parse(notAfter)));
  const last = certificates.length - 1;
  return (
    <ol className={styles.chain} aria-label={`Certificate chain of ${name}`}>
      {certificates.map((certificate, index) => (
        <li key={certificate.sha256} className={styles.link}>
          <div className={styles.place}>{placeName(index, last, certificate)}</div>
          <div className={styles.body}>
            <div className={styles.subject} title={certificate.subject}>
              {certificate.subject}
            </div>
            <Validity certificate={certificate} from={from} to={to} at={at} />
            <div className={styles.facts}>
              <span>{certificate.key}</span>
              <span>
                SHA-256 <Digest value={certificate.sha256} of={`fingerprint of ${certificate.subject}`} />
              </span>
              <Pinning certificate={certificate} isLast={index === last} simulated={simulated} />
            </div>
            {index === last || certificate.issuer === certificates[index + 1]?.subject ? null : (
              <p className={styles.gap}>
                <TrustMark trust="unknown" /> Issued by {certificate.issuer}, which is not the next certificate.
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function placeName(index: number, last: number, certificate: CertificateView): string {
  if (certificate.subject === certificate.issuer) return 'root';
  return index === 0 ? 'leaf' : index === last ? 'top' : 'intermediate';
}

/** A pinned root is a fact about a list in Nacre: a plain check, never the pearl. */
function Pinning({
  certificate,
  isLast,
  simulated,
}: {
  readonly certificate: CertificateView;
  readonly isLast: boolean;
  readonly simulated: boolean;
}) {
  if (certificate.pinned) {
    return (
      <span className={styles.pin}>
        <Tick /> {simulated ? 'root of the test authority, SIMULATED' : 'pinned root'}
      </span>
    );
  }
  if (!isLast) return null;
  return (
    <span className={cx(styles.pin, 'is-refused')}>
      <TrustMark trust="refused" simulated={simulated} /> not a pinned root
    </span>
  );
}

/** The time in which a certificate is valid, on the scale of its chain, and the clock as a line through all of them. */
function Validity({
  certificate,
  from,
  to,
  at,
}: {
  readonly certificate: CertificateView;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}) {
  const start = Date.parse(certificate.notBefore);
  const end = Date.parse(certificate.notAfter);
  const share = (time: number) => (to === from ? 0 : ((time - from) / (to - from)) * 1000);
  const isValid = start <= at && at <= end;
  const words = isValid
    ? `ends in ${longDuration((end - at) / 1000)}`
    : at < start
      ? `begins in ${longDuration((start - at) / 1000)}`
      : `ended ${longDuration((at - end) / 1000)} before`;
  return (
    <div className={styles.validity}>
      <svg
        viewBox="0 0 1000 12"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Valid ${formatDateTime(start)} to ${formatDateTime(end)}; at the clock of the verdict it ${words}`}
      >
        <path className={styles.axis} d="M0 6H1000" vectorEffect="non-scaling-stroke" />
        <rect
          className={isValid ? styles.valid : styles.invalid}
          x={share(start)}
          y="3"
          width={Math.max(4, share(end) - share(start))}
          height="6"
        />
        <path className={styles.clock} d={`M${share(at)} 0V12`} vectorEffect="non-scaling-stroke" />
      </svg>
      <div className={styles.dates}>
        <span>{certificate.notBefore.slice(0, 10)}</span>
        <span className={isValid ? undefined : 'is-refused'}>{words}</span>
        <span>{certificate.notAfter.slice(0, 10)}</span>
      </div>
    </div>
  );
}

/** Certificates live for years; hours of a year say nothing. */
function longDuration(seconds: number): string {
  const days = seconds / 86_400;
  if (days >= 730) return `${(days / 365.25).toFixed(1)} years`;
  return days >= 3 ? `${Math.floor(days)} days` : formatDuration(seconds);
}
