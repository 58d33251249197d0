import type { NitroPolicy, SgxPolicy, TdxPolicy } from '../../../../electron/contract/policy.ts';
import { Checkbox, Section, TextInput } from '../../ui/index.ts';
import { LineList } from './LineList.tsx';
import styles from './Policies.module.css';
import { numberOf, optional, registerLines, registersOf, statuses, toggled, valuesOf } from './policy-edit.ts';

interface Places {
  readonly at: (place: string) => string | undefined;
  readonly look: (place: string) => string | undefined;
}

interface DcapFieldsProps<Section extends TdxPolicy | SgxPolicy> extends Places {
  readonly section: 'tdx' | 'sgx';
  readonly value: Section;
  readonly onValue: (value: Section) => void;
}

/** What TDX and SGX share: the status of the platform and the age of Intel's collateral. */
function DcapFields<Section extends TdxPolicy | SgxPolicy>({
  section,
  value,
  at,
  look,
  onValue,
}: DcapFieldsProps<Section>) {
  const caution = look(`${section}.acceptedStatuses`);
  const error = at(`${section}.acceptedStatuses`);
  return (
    <>
      <div className={styles.choices} role="group" aria-label="Accepted statuses of the platform">
        {statuses.map((status) => (
          <Checkbox
            key={status}
            checked={value.acceptedStatuses.includes(status)}
            onChange={(event) =>
              onValue({
                ...value,
                acceptedStatuses: toggled(value.acceptedStatuses, status, event.currentTarget.checked, statuses),
              })
            }
          >
            {status}
          </Checkbox>
        ))}
      </div>
      {error === undefined ? null : <p className="small is-refused">{error} Accept at least one status.</p>}
      {caution === undefined ? null : <p className="small is-warning">{caution}</p>}
      <p className="small dim">Revoked is never accepted.</p>
      <div className={styles.pair}>
        <TextInput
          name="Least evaluation data number"
          inputMode="numeric"
          value={Number.isNaN(value.minimumEvaluationDataNumber) ? '' : String(value.minimumEvaluationDataNumber)}
          hint="Of Intel’s collateral. Never older than the newest that this desk has seen."
          error={at(`${section}.minimumEvaluationDataNumber`)}
          onChange={(event) => onValue({ ...value, minimumEvaluationDataNumber: numberOf(event.currentTarget.value) })}
        />
        <LineList
          name="Accepted advisories"
          values={value.acceptedAdvisories ?? []}
          rows={2}
          hint="INTEL-SA-… that a person has judged, one a line."
          parse={valuesOf}
          onValues={(list) => {
            const { acceptedAdvisories: _former, ...rest } = value;
            onValue({ ...(rest as Section), ...optional('acceptedAdvisories', list) });
          }}
        />
      </div>
    </>
  );
}

const registers = [
  ['mrtd', 'MRTD', 'the guest firmware'],
  ['rtmr0', 'RTMR0', 'virtual hardware and firmware configuration'],
  ['rtmr1', 'RTMR1', 'boot loader and kernel'],
  ['rtmr2', 'RTMR2', 'command line and initial disk'],
  ['rtmr3', 'RTMR3', 'what was started after boot'],
  ['mrConfigId', 'MRCONFIGID', 'configuration given by the host'],
  ['mrOwner', 'MROWNER', 'owner named by the host'],
  ['mrOwnerConfig', 'MROWNERCONFIG', 'the owner’s configuration'],
] as const;

interface TdxSectionProps extends Places {
  readonly tdx: TdxPolicy;
  readonly onTdx: (tdx: TdxPolicy) => void;
}

export function TdxSection({ tdx, at, look, onTdx }: TdxSectionProps) {
  return (
    <Section title="Intel TDX" note="accepted statuses of the platform">
      <DcapFields section="tdx" value={tdx} at={at} look={look} onValue={onTdx} />
      <div className={styles.choices}>
        <Checkbox
          checked={tdx.requireSeptVeDisable}
          onChange={(event) => onTdx({ ...tdx, requireSeptVeDisable: event.currentTarget.checked })}
        >
          Demand SEPT_VE_DISABLE
        </Checkbox>
        <Checkbox
          checked={tdx.performanceMonitoringAllowed}
          onChange={(event) => onTdx({ ...tdx, performanceMonitoringAllowed: event.currentTarget.checked })}
        >
          Allow performance monitoring
        </Checkbox>
      </div>
      <div className={styles.pair}>
        {registers.map(([field, name, what]) => (
          <LineList
            key={field}
            name={name}
            values={tdx.measurements[field]}
            rows={2}
            hint={`${what[0]?.toUpperCase()}${what.slice(1)}. Empty: not checked.`}
            error={at(`tdx.measurements.${field}`)}
            parse={valuesOf}
            onValues={(list) => onTdx({ ...tdx, measurements: { ...tdx.measurements, [field]: list } })}
          />
        ))}
        <LineList
          name="Service TDs"
          values={tdx.serviceTds}
          rows={2}
          hint="Allowed MRSERVICETD besides zero."
          error={at('tdx.serviceTds')}
          parse={valuesOf}
          onValues={(serviceTds) => onTdx({ ...tdx, serviceTds })}
        />
        <LineList
          name="Platforms"
          values={tdx.platforms ?? []}
          rows={2}
          hint="PPID or instance id of allowed machines. Empty: not checked."
          error={at('tdx.platforms')}
          parse={valuesOf}
          onValues={(list) => {
            const { platforms: _former, ...rest } = tdx;
            onTdx({ ...rest, ...optional('platforms', list) });
          }}
        />
      </div>
    </Section>
  );
}

interface SgxSectionProps extends Places {
  readonly sgx: SgxPolicy;
  readonly onSgx: (sgx: SgxPolicy) => void;
}

export function SgxSection({ sgx, at, look, onSgx }: SgxSectionProps) {
  return (
    <Section title="Intel SGX" note="accepted statuses of the platform">
      <DcapFields section="sgx" value={sgx} at={at} look={look} onValue={onSgx} />
      <div className={styles.pair}>
        <LineList
          name="MRENCLAVE"
          values={sgx.mrEnclaves}
          hint="Enclaves that may run, 64 hex digits. Empty: not checked."
          error={at('sgx.mrEnclaves')}
          caution={look('sgx.mrEnclaves')}
          parse={valuesOf}
          onValues={(mrEnclaves) => onSgx({ ...sgx, mrEnclaves })}
        />
        <LineList
          name="MRSIGNER"
          values={sgx.mrSigners}
          hint="Who may have signed them, 64 hex digits. Empty: not checked."
          error={at('sgx.mrSigners')}
          parse={valuesOf}
          onValues={(mrSigners) => onSgx({ ...sgx, mrSigners })}
        />
        {(
          [
            ['productId', 'Product id'],
            ['minimumSecurityVersion', 'Least security version'],
          ] as const
        ).map(([field, name]) => (
          <TextInput
            key={field}
            name={name}
            inputMode="numeric"
            placeholder="not checked"
            value={sgx[field] === undefined || Number.isNaN(sgx[field]) ? '' : String(sgx[field])}
            error={at(`sgx.${field}`)}
            onChange={(event) => {
              const { [field]: _former, ...rest } = sgx;
              const text = event.currentTarget.value.trim();
              onSgx(text === '' ? (rest as SgxPolicy) : ({ ...rest, [field]: numberOf(text) } as SgxPolicy));
            }}
          />
        ))}
      </div>
    </Section>
  );
}

interface NitroSectionProps extends Places {
  readonly nitro: NitroPolicy;
  readonly onNitro: (nitro: NitroPolicy) => void;
}

export function NitroSection({ nitro, at, look, onNitro }: NitroSectionProps) {
  const lines = registerLines(nitro.pcrs);
  return (
    <Section title="AWS Nitro and Marlin Oyster">
      <div className={styles.pair}>
        <LineList
          name="Registers"
          values={lines === '' ? [] : lines.split('\n')}
          rows={4}
          hint="One a line: 0: and 96 hex digits. A register named here must be there."
          error={at('nitro.pcrs')}
          caution={look('nitro.pcrs')}
          parse={(text) => text.split('\n')}
          onValues={(list) => onNitro({ ...nitro, pcrs: registersOf(list.join('\n')) })}
        />
        <LineList
          name="Oyster image ids"
          values={nitro.oysterImageIds}
          rows={4}
          hint="One a line, 64 hex digits. The id covers PCR0, 1, 2 and 16."
          error={at('nitro.oysterImageIds')}
          parse={valuesOf}
          onValues={(oysterImageIds) => onNitro({ ...nitro, oysterImageIds })}
        />
      </div>
    </Section>
  );
}
