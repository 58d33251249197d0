import { Fragment, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { cx } from '../../ui/index.ts';
import styles from './Frame.module.css';
import { Brand, Icon } from './icons.tsx';
import { places } from './places.ts';

export interface TopBarAnswer {
  /** "Vault" */
  readonly question: string;
  /** "Unlocked" */
  readonly value: ReactNode;
  /** "auto-locks in 4:12" */
  readonly note?: ReactNode;
}

export interface Crumb {
  readonly name: string;
  readonly path?: string;
}

/** Where one is, then the four answers that are always there: vault, network, approvals, money at risk. */
export function TopBar({
  where,
  answers,
}: {
  readonly where: ReadonlyArray<Crumb>;
  readonly answers: ReadonlyArray<TopBarAnswer>;
}) {
  return (
    <header className={styles.bar}>
      <nav className={styles.where} aria-label="Where you are">
        {where.map((crumb, index) => (
          <Fragment key={crumb.name}>
            {index === 0 ? null : <span aria-hidden="true">/</span>}
            {index === where.length - 1 || crumb.path === undefined ? (
              <b>{crumb.name}</b>
            ) : (
              <Link to={crumb.path}>{crumb.name}</Link>
            )}
          </Fragment>
        ))}
      </nav>
      {answers.map((answer) => (
        <div key={answer.question} className={styles.answer}>
          <span>{answer.question}</span>
          <span className={styles.value}>
            <b>{answer.value}</b>
            {answer.note === undefined ? null : <span className="dim">{answer.note}</span>}
          </span>
        </div>
      ))}
    </header>
  );
}

/** The rail. While the vault is locked or absent its places are shown but closed. */
export function Rail({ open }: { readonly open: boolean }) {
  const { pathname } = useLocation();
  return (
    <nav className={styles.rail} aria-label="Main">
      <div className={styles.brand}>
        <Brand />
      </div>
      {places.map((place) => {
        const last = place.id === 'settings' && styles.last;
        const face = (
          <>
            <Icon of={place.id} />
            <span>{place.name}</span>
          </>
        );
        return open ? (
          <Link
            key={place.id}
            to={place.path}
            className={cx(styles.place, last)}
            aria-current={pathname === place.path || pathname.startsWith(`${place.path}/`) ? 'page' : undefined}
          >
            {face}
          </Link>
        ) : (
          <span key={place.id} className={cx(styles.place, styles.closed, last)} aria-disabled="true">
            {face}
          </span>
        );
      })}
    </nav>
  );
}

export interface FrameProps {
  readonly open: boolean;
  readonly where: ReadonlyArray<Crumb>;
  readonly answers: ReadonlyArray<TopBarAnswer>;
  readonly children: ReactNode;
}

export function Frame({ open, where, answers, children }: FrameProps) {
  return (
    <div className={styles.app}>
      <a
        className={styles.skip}
        href="#main"
        onClick={(event) => {
          // The fragment belongs to the router, so the jump is made by hand.
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the page
      </a>
      <Rail open={open} />
      <TopBar where={where} answers={answers} />
      <main id="main" tabIndex={-1} className={styles.main}>
        {children}
      </main>
    </div>
  );
}
