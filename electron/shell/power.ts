import type { PowerMonitor } from 'electron';

export interface AutoLockOptions {
  readonly monitor: Pick<PowerMonitor, 'on' | 'getSystemIdleTime' | 'getSystemIdleState'>;
  /** Minutes without input after which the vault is locked. */
  readonly minutes: () => number;
  readonly lock: () => void;
}

const pollMs = 15_000;

/**
 * Locks the vault when nobody is there. Polling the idle time works everywhere; the lock-screen event exists on macOS
 * and Windows only, so it and suspend are accelerators. @returns a function that stops it.
 */
export function startAutoLock({ monitor, minutes, lock }: AutoLockOptions): () => void {
  monitor.on('suspend', lock);
  monitor.on('lock-screen', lock);
  const timer = setInterval(() => {
    const threshold = minutes() * 60;
    if (monitor.getSystemIdleTime() >= threshold || monitor.getSystemIdleState(threshold) === 'locked') lock();
  }, pollMs);
  return () => clearInterval(timer);
}
