import { startSystemTimer } from './schedule.ts';

/** The idle time of an open vault: when it was touched last, and when it is to lock itself. */
export interface IdleLock {
  /** Milliseconds since 1970. */
  locksAt(): number;
  /**
   * True when the idle time of an armed lock has run out: a sleeping machine fires its timers late, so every use asks
   * this, too. Not once disarmed: a lock writes itself into the log, and who hears of the entry may ask for the state.
   */
  ranOut(): boolean;
  touch(): void;
  setAfter(ms: number): void;
  /** Calls `onDue` when the time may have run out; it asks `ranOut` and arms again. */
  arm(): void;
  disarm(): void;
}

export function createIdleLock(options: {
  readonly clock: () => number;
  readonly afterMs: number;
  readonly timer: ((ms: number, run: () => void) => () => void) | undefined;
  readonly onDue: () => void;
}): IdleLock {
  const { clock, onDue } = options;
  const startTimer = options.timer ?? startSystemTimer;
  let afterMs = options.afterMs;
  let lastTouch = 0;
  let stop: (() => void) | undefined;
  let armed = false;
  const idle: IdleLock = {
    locksAt: () => lastTouch + afterMs,
    ranOut: () => armed && clock() >= idle.locksAt(),
    touch() {
      lastTouch = clock();
    },
    setAfter(ms) {
      afterMs = ms;
    },
    arm() {
      stop?.();
      armed = true;
      stop = startTimer(Math.max(0, idle.locksAt() - clock()), onDue);
    },
    disarm() {
      stop?.();
      armed = false;
      stop = undefined;
    },
  };
  return idle;
}
