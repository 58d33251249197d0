import type { Check } from '../../../../electron/contract/evidence.ts';
import { cx, MarkShape } from '../../ui/index.ts';
import styles from './Evidence.module.css';

export interface BindingFigureProps {
  readonly checks: ReadonlyArray<Check>;
  readonly simulated: boolean;
  readonly cpuName: string;
  readonly gpuName: string | undefined;
}

type Outcome = Check['outcome'];

/** The worst outcome of the checks whose id speaks of a subject; unknown when there is none. */
export function outcomeOf(checks: ReadonlyArray<Check>, subject: RegExp): Outcome {
  const about = checks.filter((check) => subject.test(check.id));
  if (about.length === 0) return 'unknown';
  if (about.some((check) => check.outcome === 'fail')) return 'fail';
  return about.every((check) => check.outcome === 'pass') ? 'pass' : 'unknown';
}

const markOf = { pass: 'verified', fail: 'refused', unknown: 'unknown' } as const;
const wordOf = { pass: 'bound', fail: 'not bound', unknown: 'not checked' } as const;

function wire(outcome: Outcome): string {
  return cx(styles.wire, outcome === 'pass' && styles.wireBound, outcome === 'fail' && styles.wireBroken);
}

/** How one CPU signature covers the channel, the keys, the nonce and the GPU evidence (DESIGN §5). */
export function BindingFigure({ checks, simulated, cpuName, gpuName }: BindingFigureProps) {
  const gpu = outcomeOf(checks, /gpu/u);
  const cpu = outcomeOf(checks, /report-?data|runtime|user-?data/u);
  const label = `The runtime (nonce, keys, channel) is ${wordOf[cpu]} into ${cpuName}; ${
    gpuName === undefined ? 'no GPU evidence' : `${gpuName} is ${wordOf[gpu]}`
  }.`;
  return (
    <svg className={styles.binding} viewBox="0 0 348 196" role="img" aria-label={label}>
      <rect className={styles.box} x="0.5" y="0.5" width="128" height="70" />
      <text className={styles.boxTitle} x="9" y="18">
        runtime
      </text>
      {['nonce of the desk', 'HPKE, signing key', 'TLS key'].map((line, index) => (
        <text key={line} className={styles.boxText} x="9" y={34 + index * 14}>
          {line}
        </text>
      ))}
      <rect className={styles.box} x="219.5" y="0.5" width="128" height="70" />
      <text className={styles.boxTitle} x="228" y="18">
        {gpuName ?? 'GPU evidence'}
      </text>
      <text className={styles.boxText} x="228" y="34">
        {gpuName === undefined ? 'none was given' : 'nonce from runtime'}
      </text>
      <text className={styles.boxText} x="228" y="48">
        {gpuName === undefined ? '' : 'SPDM measurements'}
      </text>
      <rect className={styles.box} x="79.5" y="134.5" width="190" height="60" />
      <text className={styles.boxTitle} x="88" y="152">
        {cpuName}, report data
      </text>
      <text className={styles.boxText} x="88" y="168">
        SHA-384, zeros to 64 bytes
      </text>
      <text className={styles.boxText} x="88" y="182">
        signed by the CPU
      </text>
      <path className={wire(gpu)} d="M129 30H215" />
      <path className={wire(gpu)} d="m209 26 6 4-6 4" />
      <text className={styles.boxNote} x="172" y="22" textAnchor="middle">
        SHA-256
      </text>
      <path className={wire(cpu)} d="M64 71V100H126V131" />
      <path className={wire(cpu)} d="m122 125 4 6 4-6" />
      <text className={styles.boxNote} x="8" y="114">
        SHA-384
      </text>
      <path className={wire(gpu)} d="M284 71V100H222V131" />
      <path className={wire(gpu)} d="m218 125 4 6 4-6" />
      <text className={styles.boxNote} x="340" y="114" textAnchor="end">
        SHA-384
      </text>
      <g transform="translate(167 92)">
        <svg width="14" height="14" viewBox="0 0 16 16">
          <MarkShape trust={markOf[cpu === 'pass' ? gpu : cpu]} simulated={simulated} />
        </svg>
      </g>
      <text className={styles.boxNote} x="174" y="86" textAnchor="middle">
        {wordOf[cpu === 'pass' ? gpu : cpu]}
      </text>
    </svg>
  );
}
