import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Settings } from '../../../../electron/contract/methods.ts';
import { useAction, useMethod } from '../../host/index.ts';
import {
  ErrorMessage,
  KeyValue,
  Page,
  PageHead,
  Section,
  Segmented,
  TextInput,
  Waiting,
  WorkArea,
  useToasts,
} from '../../ui/index.ts';
import styles from './Settings.module.css';

/** Few settings, each with what it does; a change is kept at once and logged. */
export default function SettingsScreen() {
  const settings = useMethod('settings.get', {});
  const state = useMethod('app.state', {});
  const set = useAction('settings.set');
  const queries = useQueryClient();
  const toasts = useToasts();
  const change = (part: Partial<Settings>) => {
    set.mutate(part, {
      onSuccess: (next) => {
        queries.setQueryData(['settings.get', {}], next);
        toasts.show({ title: 'Setting kept', note: Object.keys(part).join(', ') });
      },
    });
  };
  return (
    <Page>
      <PageHead title="Settings" />
      <WorkArea>
        {settings.isPending ? <Waiting>Reading the settings</Waiting> : null}
        {settings.error === null ? null : <ErrorMessage error={settings.error.error} />}
        {set.error === null ? null : <ErrorMessage inline error={set.error.error} />}
        {settings.data === undefined ? null : (
          <div className={styles.columns}>
            <Section title="Appearance" note="follows the system unless you choose">
              <Segmented
                label="Theme"
                value={settings.data.theme}
                options={[
                  { value: 'system', label: 'System' },
                  { value: 'dark', label: 'Dark' },
                  { value: 'light', label: 'Light' },
                ]}
                onValue={(theme) => change({ theme })}
              />
            </Section>
            <Section title="Vault">
              <WholeNumber
                name="Lock after"
                unit="min"
                hint="Minutes without a key or a click, 1 to 480."
                value={settings.data.autoLockMinutes}
                minimum={1}
                maximum={480}
                onNumber={(autoLockMinutes) => change({ autoLockMinutes })}
              />
            </Section>
            <Section title="Evidence">
              <WholeNumber
                name="Renew evidence of running nodes every"
                unit="s"
                hint="Seconds, 5 to 86,400. A new run takes this unless its draft says otherwise."
                value={settings.data.evidenceRenewSeconds}
                minimum={5}
                maximum={86_400}
                onNumber={(evidenceRenewSeconds) => change({ evidenceRenewSeconds })}
              />
            </Section>
            <Section title="Bandwidth" note="of all transfers together; a run may have a lower limit of its own">
              <WholeNumber
                name="Upload at most"
                unit="Mbit/s"
                hint="Million bits a second; 0: no limit."
                value={settings.data.uploadLimitMbps}
                minimum={0}
                maximum={1_000_000}
                onNumber={(uploadLimitMbps) => change({ uploadLimitMbps })}
              />
              <WholeNumber
                name="Download at most"
                unit="Mbit/s"
                hint="Million bits a second; 0: no limit."
                value={settings.data.downloadLimitMbps}
                minimum={0}
                maximum={1_000_000}
                onNumber={(downloadLimitMbps) => change({ downloadLimitMbps })}
              />
            </Section>
            <Section title="About">
              <KeyValue
                items={[
                  { name: 'Version', value: state.data?.version ?? '' },
                  { name: 'Host', value: state.data?.host ?? '' },
                  { name: 'Profile', value: <span className="mono">{state.data?.profile ?? ''}</span> },
                ]}
              />
            </Section>
          </div>
        )}
      </WorkArea>
    </Page>
  );
}

interface WholeNumberProps {
  readonly name: string;
  readonly unit: string;
  readonly hint: string;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly onNumber: (value: number) => void;
}

/** Kept when the field is left or Enter is pressed, never while typing. */
function WholeNumber({ name, unit, hint, value, minimum, maximum, onNumber }: WholeNumberProps) {
  const [text, setText] = useState(String(value));
  const number = Number(text);
  const good = Number.isInteger(number) && number >= minimum && number <= maximum;
  const keep = () => {
    if (good && number !== value) onNumber(number);
  };
  return (
    <form
      className={styles.number}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <TextInput
        name={name}
        unit={unit}
        inputMode="numeric"
        value={text}
        hint={hint}
        error={good ? undefined : `A whole number from ${minimum} to ${maximum}.`}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={keep}
      />
    </form>
  );
}
