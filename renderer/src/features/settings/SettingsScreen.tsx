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
  formatCount,
  useToasts,
} from '../../ui/index.ts';
import styles from './Settings.module.css';

interface NumberSetting {
  readonly field: 'autoLockMinutes' | 'evidenceRenewSeconds' | 'uploadLimitMbps' | 'downloadLimitMbps';
  readonly name: string;
  readonly unit: string;
  readonly hint: string;
  readonly minimum: number;
  readonly maximum: number;
}

const rateHint = 'Million bits a second; 0: no limit.';
const groups: ReadonlyArray<{
  readonly title: string;
  readonly note?: string;
  readonly numbers: ReadonlyArray<NumberSetting>;
}> = [
  {
    title: 'Vault',
    numbers: [
      {
        field: 'autoLockMinutes',
        name: 'Lock after',
        unit: 'min',
        hint: 'Minutes without a key or a click, 1 to 480.',
        minimum: 1,
        maximum: 480,
      },
    ],
  },
  {
    title: 'Evidence',
    numbers: [
      {
        field: 'evidenceRenewSeconds',
        name: 'Renew evidence of running nodes every',
        unit: 's',
        hint: 'Seconds, 5 to 86,400. A new run takes this unless its draft says otherwise.',
        minimum: 5,
        maximum: 86_400,
      },
    ],
  },
  {
    title: 'Bandwidth',
    note: 'of all transfers together; a run may have a lower limit of its own',
    numbers: [
      {
        field: 'uploadLimitMbps',
        name: 'Upload at most',
        unit: 'Mbit/s',
        hint: rateHint,
        minimum: 0,
        maximum: 1_000_000,
      },
      {
        field: 'downloadLimitMbps',
        name: 'Download at most',
        unit: 'Mbit/s',
        hint: rateHint,
        minimum: 0,
        maximum: 1_000_000,
      },
    ],
  },
];

const hosts = {
  electron: 'desktop window',
  web: 'browser, by the web host',
  cli: 'command line',
  test: 'test harness',
} as const;

/** Few settings, each with what it does; a change is kept at once and logged. */
export default function SettingsScreen() {
  const settings = useMethod('settings.get', {});
  const state = useMethod('app.state', {});
  const set = useAction('settings.set');
  const queries = useQueryClient();
  const toasts = useToasts();
  const change = (part: Partial<Settings>, name: string) => {
    set.mutate(part, {
      onSuccess: (next) => {
        queries.setQueryData(['settings.get', {}], next);
        toasts.show({ title: 'Setting kept', note: name });
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
                onValue={(theme) => change({ theme }, 'Theme')}
              />
            </Section>
            {groups.map(({ title, note, numbers }) => (
              <Section key={title} title={title} note={note}>
                <div className="stack">
                  {numbers.map((setting) => (
                    <WholeNumber
                      key={setting.field}
                      setting={setting}
                      value={settings.data[setting.field]}
                      onNumber={(value) => change({ [setting.field]: value }, setting.name)}
                    />
                  ))}
                </div>
              </Section>
            ))}
            <Section title="About">
              <KeyValue
                items={[
                  { name: 'Version', value: state.data?.version ?? '' },
                  { name: 'Shown in', value: state.data === undefined ? '' : hosts[state.data.host] },
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
  readonly setting: NumberSetting;
  readonly value: number;
  readonly onNumber: (value: number) => void;
}

/** Kept when the field is left or Enter is pressed, never while typing. */
function WholeNumber({ setting, value, onNumber }: WholeNumberProps) {
  const { name, unit, hint, minimum, maximum } = setting;
  const [text, setText] = useState(String(value));
  const number = Number(text);
  const good = text.trim() !== '' && Number.isInteger(number) && number >= minimum && number <= maximum;
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
        error={good ? undefined : `Write a whole number from ${formatCount(minimum)} to ${formatCount(maximum)}.`}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={keep}
      />
    </form>
  );
}
