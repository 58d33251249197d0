import { useNavigate } from 'react-router';
import type { Check } from '../../../../electron/contract/evidence.ts';
import type { NodeView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Button,
  cx,
  ErrorMessage,
  formatAge,
  formatCount,
  formatUsdPerHour,
  KeyValue,
  plural,
  reasonWords,
  Section,
  shortGpu,
  SidePanel,
  SimulatedTag,
  Tick,
  TrustMark,
} from '../../ui/index.ts';
import styles from './Nodes.module.css';
import { HealthSection } from './HealthSection.tsx';
import { reading, trustOf, wordOf } from './node-words.ts';

/** Checks that did not pass come first; of the rest as many as there is room for. */
const shownChecks = 10;

const sentences = {
  verified: 'Fresh evidence passed every required check. A key may be released to it.',
  warning: 'Its evidence is valid but needs a look before a key goes to it.',
  refused: 'A required check failed, so no key goes to this node.',
  unknown: 'It has given no evidence, so nothing is known and no key goes to it.',
} as const;

const figures = [
  { field: 'DCGM_FI_DEV_GPU_UTIL', name: 'GPU utilisation', unit: '%', scale: 1, decimals: 0 },
  { field: 'DCGM_FI_DEV_FB_USED', name: 'GPU memory', unit: 'GiB', scale: 1 / 1024, decimals: 1 },
  { field: 'DCGM_FI_DEV_GPU_TEMP', name: 'Temperature', unit: '°C', scale: 1, decimals: 0 },
  { field: 'DCGM_FI_DEV_POWER_USAGE', name: 'Power', unit: 'W', scale: 1, decimals: 0 },
] as const;

export function NodePanel({ node }: { readonly node: NodeView }) {
  const navigate = useNavigate();
  const now = useNow();
  const evidence = useMethod('nodes.evidence', { node: node.name });
  const verify = useAction('nodes.verify');
  const verification = evidence.data?.verification;
  const checks =
    verification === undefined
      ? []
      : [...verification.submodules.flatMap((part) => part.checks), ...verification.binding];
  const passed = checks.filter((check) => check.outcome === 'pass').length;
  const failed = checks.filter((check) => check.outcome === 'fail').length;
  const first = checks.toSorted((left, right) => weight(left) - weight(right)).slice(0, shownChecks);
  const trust = trustOf(node);
  const asking = verify.isPending || node.trust === 'checking';
  return (
    <SidePanel
      label={`Node ${node.name}`}
      actions={
        <>
          <Button
            variant="primary"
            onClick={() => verify.mutate({ node: node.name })}
            working={asking ? `Asking ${node.name}` : undefined}
          >
            {evidence.data == null ? 'Ask for evidence' : 'Ask again'}
          </Button>
          <Button
            off={evidence.data == null ? '' : undefined}
            onClick={() => (evidence.data == null ? undefined : void navigate(`/evidence/${evidence.data.id}`))}
          >
            Open evidence
          </Button>
        </>
      }
    >
      <div className={styles.panelHead}>
        <b className="mono">{node.name}</b>
        <span className="small dim">
          {node.city}, {node.cpuFamily.toUpperCase()} with {shortGpu(node.gpuModel)}
        </span>
        <span className="grow" />
        {node.simulated ? <SimulatedTag /> : null}
      </div>
      <div className={cx(styles.verdict, trust === 'refused' && styles.refused, trust === 'warning' && styles.warning)}>
        <div className={styles.verdictTitle}>
          <TrustMark trust={trust} simulated={node.simulated} />
          <div>
            <b>
              {wordOf(node)}
              {node.reason === undefined ? '' : `: ${reasonWords(node.reason)}`}
            </b>
            <p>{node.reasonDetail ?? sentences[trust]}</p>
          </div>
        </div>
      </div>
      {verify.error === null ? null : (
        <Section>
          <ErrorMessage inline error={verify.error.error} />
        </Section>
      )}
      <Section
        title="Evidence"
        aside={
          checks.length === 0
            ? 'none yet'
            : `${plural(checks.length, 'check')}: ${passed} pass, ${failed} fail, ${checks.length - passed - failed} unknown`
        }
      >
        {evidence.error === null ? null : <ErrorMessage inline error={evidence.error.error} />}
        <ul className={styles.checks}>
          {first.map((check) => (
            <li key={check.id}>
              {check.outcome === 'pass' ? <Tick title="pass" /> : null}
              {check.outcome === 'fail' ? <TrustMark trust="refused" simulated={node.simulated} title="fail" /> : null}
              {check.outcome === 'unknown' ? (
                <TrustMark trust="unknown" simulated={node.simulated} title="unknown" />
              ) : null}
              <span>{check.title}</span>
              <span className={cx(check.outcome === 'fail' && styles.failed)}>{reasonWords(check.reason)}</span>
            </li>
          ))}
        </ul>
        {checks.length > first.length ? (
          <p className="small faint">and {checks.length - first.length} more under Open evidence</p>
        ) : null}
        {node.verifiedAt === undefined ? null : (
          <p className="small faint">Evidence {formatAge(node.verifiedAt, now)}.</p>
        )}
      </Section>
      <Section title="Telemetry" aside={node.telemetryAt === undefined ? 'none yet' : formatAge(node.telemetryAt, now)}>
        <KeyValue
          items={figures.map((entry) => {
            const value = reading(node, entry.field);
            return {
              name: entry.name,
              value:
                value === undefined ? (
                  <span className="faint">not reported</span>
                ) : (
                  `${formatCount(value * entry.scale, entry.decimals)} ${entry.unit}`
                ),
            };
          })}
        />
      </Section>
      <HealthSection node={node.name} />
      <Section title="Offer">
        <KeyValue
          items={[
            { name: 'Price', value: `${formatUsdPerHour(node.usdPerHour)}${node.simulated ? ', simulated' : ''}` },
            { name: 'Upload', value: `${formatCount(node.uploadMbps)} Mbit/s` },
            { name: 'Region', value: `${node.region}, ${node.country}` },
            { name: 'Address', value: <span className="mono">{node.url}</span> },
          ]}
        />
      </Section>
    </SidePanel>
  );
}

function weight(check: Check): number {
  return { fail: 0, unknown: 1, pass: 2 }[check.outcome];
}
