import type { Policy, SnpTcb } from '../../../../electron/contract/policy.ts';
import type { PolicyProblem } from '../../../../electron/contract/policy-document.ts';
import { Checkbox, Section, SimulatedTag, TextInput, Tick } from '../../ui/index.ts';
import { families, numberOf, problemAt, toggled, valuesOf, withFamily } from './policy-edit.ts';
import { NitroSection, SgxSection, TdxSection } from './FamilySections.tsx';
import { LineList } from './LineList.tsx';
import styles from './Policies.module.css';

export interface PolicyFormProps {
  readonly policy: Policy;
  readonly problems: readonly PolicyProblem[];
  /** The id is part of what is signed and stays for all versions. */
  readonly fixedId: boolean;
  readonly onPolicy: (policy: Policy) => void;
}

/** Every field of a policy. What stands wrong says so at its field, in the words of the core. */
export function PolicyForm({ policy, problems, fixedId, onPolicy }: PolicyFormProps) {
  const at = (place: string) => problemAt(problems, place, 'error');
  const look = (place: string) => problemAt(problems, place, 'caution');
  const { snp, gpu } = policy;
  const editGpu = (change: Partial<Policy['gpu']>) => onPolicy({ ...policy, gpu: { ...gpu, ...change } });
  return (
    <div className={styles.form}>
      <Section title="Policy">
        <div className={styles.pair}>
          <TextInput
            name="Id"
            mono
            value={policy.id}
            disabled={fixedId}
            hint={fixedId ? 'Stays the same in every version.' : 'Lower-case letters, digits, dot, dash, underscore.'}
            error={at('id')}
            onChange={(event) => onPolicy({ ...policy, id: event.currentTarget.value })}
          />
          <TextInput
            name="Name"
            value={policy.name}
            error={at('name')}
            onChange={(event) => onPolicy({ ...policy, name: event.currentTarget.value })}
          />
          <TextInput
            name="Oldest evidence"
            unit="s"
            inputMode="numeric"
            value={Number.isNaN(policy.evidenceMaxAgeSeconds) ? '' : String(policy.evidenceMaxAgeSeconds)}
            hint="30 to 86,400. Older evidence counts as stale and gets no key."
            error={at('evidenceMaxAgeSeconds')}
            onChange={(event) => onPolicy({ ...policy, evidenceMaxAgeSeconds: numberOf(event.currentTarget.value) })}
          />
        </div>
      </Section>
      <Section title="CPU evidence" note="a family without a tick is refused">
        <div className={styles.choices}>
          {families.map(({ id, name }) => (
            <Checkbox
              key={id}
              checked={policy.families.includes(id)}
              onChange={(event) => onPolicy(withFamily(policy, id, event.currentTarget.checked))}
            >
              {name}
            </Checkbox>
          ))}
        </div>
        {at('families') === undefined ? null : <p className="small is-refused">{at('families')}</p>}
        <p className={styles.never}>
          <Tick />
          <span>
            <b>Debug: never.</b> A guest or enclave in debug mode is refused by every policy, and nothing can change
            that.
          </span>
        </p>
        <Checkbox
          checked={policy.acceptSimulated}
          onChange={(event) => onPolicy({ ...policy, acceptSimulated: event.currentTarget.checked })}
          note="Only nodes of the local network on this desk can be simulated. They prove the protocol, not a machine."
        >
          Accept <SimulatedTag /> hardware of the local network
        </Checkbox>
      </Section>
      {policy.families.includes('snp') ? (
        <SnpSection
          snp={snp}
          at={at}
          look={look}
          onSnp={(change) => onPolicy({ ...policy, snp: { ...snp, ...change } })}
        />
      ) : null}
      {policy.families.includes('tdx') && policy.tdx !== undefined ? (
        <TdxSection tdx={policy.tdx} at={at} look={look} onTdx={(tdx) => onPolicy({ ...policy, tdx })} />
      ) : null}
      {policy.families.includes('sgx') && policy.sgx !== undefined ? (
        <SgxSection sgx={policy.sgx} at={at} look={look} onSgx={(sgx) => onPolicy({ ...policy, sgx })} />
      ) : null}
      {policy.families.includes('nitro') && policy.nitro !== undefined ? (
        <NitroSection nitro={policy.nitro} at={at} look={look} onNitro={(nitro) => onPolicy({ ...policy, nitro })} />
      ) : null}
      <Section title="GPU evidence">
        <div className={styles.choices}>
          <Checkbox checked={gpu.required} onChange={(event) => editGpu({ required: event.currentTarget.checked })}>
            Demand evidence of every GPU
          </Checkbox>
          <Checkbox
            checked={gpu.requireReferenceMeasurements}
            onChange={(event) => editGpu({ requireReferenceMeasurements: event.currentTarget.checked })}
          >
            Firmware must be what its signed reference says
          </Checkbox>
          <Checkbox
            checked={gpu.requireRevocation ?? false}
            onChange={(event) => editGpu({ requireRevocation: event.currentTarget.checked })}
          >
            Demand NVIDIA's revocation answers (OCSP), which last about a day
          </Checkbox>
        </div>
        <div className={styles.choices}>
          {(['hopper', 'blackwell'] as const).map((each) => (
            <Checkbox
              key={each}
              checked={gpu.architectures.includes(each)}
              onChange={(event) =>
                editGpu({
                  architectures: toggled(gpu.architectures, each, event.currentTarget.checked, ['hopper', 'blackwell']),
                })
              }
            >
              {each === 'hopper' ? 'Hopper (H100, H200)' : 'Blackwell (B200, RTX PRO)'}
            </Checkbox>
          ))}
        </div>
        {at('gpu') === undefined ? null : <p className="small is-refused">{at('gpu')}</p>}
        <div className={styles.pair}>
          <LineList
            name="GPU models"
            values={gpu.models}
            rows={2}
            hint="One a line, for example H100. Empty: any model of these architectures."
            parse={(lines) => [...new Set(lines.split('\n').map((line) => line.trim()))].filter((line) => line !== '')}
            onValues={(models) => editGpu({ models })}
          />
          <TextInput
            name="Least driver"
            mono
            value={gpu.minimumDriver ?? ''}
            placeholder="not checked"
            hint="For example 570.86.10. Empty: not checked."
            error={at('gpu.minimumDriver')}
            onChange={(event) => {
              const { minimumDriver: _former, ...rest } = gpu;
              const next = event.currentTarget.value.trim();
              onPolicy({ ...policy, gpu: next === '' ? rest : { ...rest, minimumDriver: next } });
            }}
          />
        </div>
      </Section>
    </div>
  );
}

interface SnpSectionProps {
  readonly snp: Policy['snp'];
  readonly at: (place: string) => string | undefined;
  readonly look: (place: string) => string | undefined;
  readonly onSnp: (change: Partial<Policy['snp']>) => void;
}

const products = ['Milan', 'Genoa', 'Turin'] as const;
const emptyTcb: SnpTcb = { bootloader: 0, tee: 0, snp: 0, microcode: 0 };
const parts = [
  ['bootloader', 'Boot loader'],
  ['tee', 'TEE'],
  ['snp', 'SNP'],
  ['microcode', 'Microcode'],
  ['fmc', 'FMC'],
] as const;

function SnpSection({ snp, at, look, onSnp }: SnpSectionProps) {
  const lists = [
    ['measurements', 'Launch measurements', 'SHA-384 of the image, 96 hex digits'],
    ['hostData', 'Host data', '64 hex digits'],
    ['idKeyDigests', 'Id key digests', 'SHA-384 of the key that signed the image, 96 hex digits'],
    ['chipIds', 'Chips', 'ids of the machines that are allowed, 128 hex digits'],
  ] as const;
  return (
    <Section title="AMD SEV-SNP" note="least firmware of each product; one without a tick is refused">
      {products.map((product) => {
        const tcb = snp.minimumTcb[product];
        const place = `snp.minimumTcb.${product}`;
        return (
          <div key={product}>
            <div className={styles.tcb} role="group" aria-label={`Least firmware of ${product}`}>
              <Checkbox
                checked={tcb !== undefined}
                onChange={(event) => {
                  const { [product]: _former, ...others } = snp.minimumTcb;
                  const added = product === 'Turin' ? { ...emptyTcb, fmc: 0 } : emptyTcb;
                  onSnp({ minimumTcb: event.currentTarget.checked ? { ...others, [product]: added } : others });
                }}
              >
                {product}
              </Checkbox>
              {tcb === undefined
                ? null
                : parts.map(([part, title]) =>
                    part === 'fmc' && product !== 'Turin' ? null : (
                      <TextInput
                        key={part}
                        name={title}
                        alignEnd
                        inputMode="numeric"
                        value={Number.isNaN(tcb[part]) ? '' : String(tcb[part] ?? 0)}
                        onChange={(event) =>
                          onSnp({
                            minimumTcb: {
                              ...snp.minimumTcb,
                              [product]: { ...tcb, [part]: numberOf(event.currentTarget.value) },
                            },
                          })
                        }
                      />
                    ),
                  )}
            </div>
            {at(place) === undefined ? null : <p className="small is-refused">{at(place)} 0 to 255.</p>}
          </div>
        );
      })}
      {products.some((product) => snp.minimumTcb[product] !== undefined) ? null : (
        <p className="small is-refused">{at('snp.minimumTcb')}</p>
      )}
      <div className={styles.choices} role="group" aria-label="Privilege levels (VMPL)">
        <span className="dim" style={{ lineHeight: '24px' }}>
          VMPL
        </span>
        {[0, 1, 2, 3].map((level) => (
          <Checkbox
            key={level}
            checked={snp.vmpl.includes(level)}
            onChange={(event) => onSnp({ vmpl: toggled(snp.vmpl, level, event.currentTarget.checked, [0, 1, 2, 3]) })}
          >
            {level}
          </Checkbox>
        ))}
        {at('snp.vmpl') === undefined ? null : <span className="small is-refused">{at('snp.vmpl')}</span>}
      </div>
      <div className={styles.choices}>
        {(
          [
            ['smtAllowed', 'Allow SMT'],
            ['requireAliasCheck', 'Demand the memory alias check'],
            ['requireRevocation', "Demand AMD's revocation list"],
            ['provisionalFirmwareAllowed', 'Allow provisional firmware'],
          ] as const
        ).map(([field, title]) => (
          <Checkbox
            key={field}
            checked={snp[field] ?? false}
            onChange={(event) => onSnp({ [field]: event.currentTarget.checked })}
          >
            {title}
          </Checkbox>
        ))}
      </div>
      <div className={styles.pair}>
        {lists.map(([field, name, what]) => (
          <LineList
            key={field}
            name={name}
            values={snp[field] ?? []}
            hint={`One a line: ${what}. Empty: not checked.`}
            error={at(`snp.${field}`)}
            caution={look(`snp.${field}`)}
            parse={valuesOf}
            onValues={(list) => onSnp({ [field]: list })}
          />
        ))}
      </div>
    </Section>
  );
}
