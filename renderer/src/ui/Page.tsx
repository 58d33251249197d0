import type { CSSProperties, ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Page.module.css';
import { TrustMark, type Trust } from './TrustMark.tsx';

/** A screen: head, answers and banners stand still, the work area under them scrolls. */
export function Page({ children }: { readonly children: ReactNode }) {
  return <div className={styles.page}>{children}</div>;
}

export interface PageHeadProps {
  readonly title: ReactNode;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHead({ title, note, actions }: PageHeadProps) {
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      {note === undefined ? null : <span className={styles.headNote}>{note}</span>}
      <span className="grow" />
      {actions}
    </div>
  );
}

export interface Answer {
  /** "Is it still attested?" */
  readonly question: string;
  /** "Verified" */
  readonly answer: ReactNode;
  readonly detail?: ReactNode;
  readonly second?: ReactNode;
  /** Only where the answer is about hardware evidence, a warning or a refusal. */
  readonly trust?: Trust | undefined;
  readonly simulated?: boolean | undefined;
}

/** The questions people come with, and their answers, over the evidence. */
export function AnswerStrip({ answers }: { readonly answers: ReadonlyArray<Answer> }) {
  return (
    <div className={styles.answers}>
      {answers.map((answer) => (
        <div key={answer.question} className={styles.answer}>
          <span className="label">{answer.question}</span>
          <div className={styles.said}>
            {answer.trust === undefined ? null : (
              <TrustMark trust={answer.trust} simulated={answer.simulated} size="medium" />
            )}
            {answer.answer}
            {answer.detail === undefined ? null : <small>{answer.detail}</small>}
          </div>
          <p>{answer.second}</p>
        </div>
      ))}
    </div>
  );
}

export interface WorkAreaProps {
  readonly children: ReactNode;
  /** A `SidePanel`. */
  readonly panel?: ReactNode;
  /** Panel width in pixels at the usual text size; 336 when absent. */
  readonly panelWidth?: number;
}

/** The scrolling part of a page with an optional panel at its right. */
export function WorkArea({ children, panel, panelWidth }: WorkAreaProps) {
  const style = panelWidth === undefined ? undefined : ({ '--panel-width': `${panelWidth / 16}rem` } as CSSProperties);
  return (
    <div className={cx(styles.work, panel === undefined && styles.alone)} style={style}>
      <div className={styles.main}>{children}</div>
      {panel}
    </div>
  );
}

export interface SidePanelProps {
  readonly label: string;
  readonly children: ReactNode;
  /** Buttons that stay at the foot. */
  readonly actions?: ReactNode;
}

export function SidePanel({ label, children, actions }: SidePanelProps) {
  return (
    <aside className={styles.panel} aria-label={label}>
      {children}
      {actions === undefined ? null : <div className={styles.acts}>{actions}</div>}
    </aside>
  );
}

export interface SectionProps {
  readonly title?: ReactNode;
  /** Beside the title, in small type. */
  readonly note?: ReactNode;
  /** At the right end of the title line. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A region parted from its neighbours by a hairline. */
export function Section({ title, note, aside, children }: SectionProps) {
  return (
    <section className={styles.section}>
      {title === undefined ? null : (
        <div className={styles.sectionHead}>
          <h2>{title}</h2>
          {note === undefined ? null : <span className="small faint">{note}</span>}
          {aside === undefined ? null : <span className="small dim">{aside}</span>}
        </div>
      )}
      {children}
    </section>
  );
}
