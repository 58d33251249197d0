import type { ReactNode } from 'react';
import { Tick, TrustMark } from '../../ui/index.ts';
import styles from './Designer.module.css';

interface StepProps {
  readonly number: number;
  readonly title: string;
  /** `ready` when this step needs nothing more; the note says what it needs otherwise. */
  readonly ready: boolean;
  readonly note: string;
  readonly children: ReactNode;
}

export function Step({ number, title, ready, note, children }: StepProps) {
  const id = `designer-step-${number}`;
  return (
    <section className={styles.step} aria-labelledby={id}>
      <div className={styles.side}>
        <h2 id={id}>
          <span className={styles.number}>{number}</span>
          {title}
        </h2>
        <p className={styles.state}>
          {ready ? <Tick /> : <TrustMark trust="warning" size="small" />}
          <span>{note}</span>
        </p>
      </div>
      <div className={styles.body}>{children}</div>
    </section>
  );
}
