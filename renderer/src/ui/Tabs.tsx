import { Tabs as BaseTabs } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Tabs.module.css';

export interface TabDefinition {
  readonly id: string;
  /** Name, and a count where there is one: "Checkpoints 15". */
  readonly title: ReactNode;
  readonly content: ReactNode;
}

export interface TabsProps {
  readonly label: string;
  readonly tabs: ReadonlyArray<TabDefinition>;
  readonly value?: string;
  readonly onValue?: (id: string) => void;
  /** Pads the row of tabs to the page edge, for tabs that head a side panel. */
  readonly inset?: boolean;
}

export function Tabs({ label, tabs, value, onValue, inset = false }: TabsProps) {
  const first = tabs[0];
  if (first === undefined) return null;
  return (
    <BaseTabs.Root
      className={styles.root}
      {...(value === undefined ? { defaultValue: first.id } : { value })}
      onValueChange={(next) => onValue?.(String(next))}
    >
      <BaseTabs.List className={cx(styles.list, inset && styles.inset)} aria-label={label}>
        {tabs.map((tab) => (
          <BaseTabs.Tab key={tab.id} value={tab.id} className={styles.tab}>
            {tab.title}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {tabs.map((tab) => (
        <BaseTabs.Panel key={tab.id} value={tab.id} className={styles.panel}>
          {tab.content}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  );
}
