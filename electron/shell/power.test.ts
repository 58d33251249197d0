import type { PowerMonitor } from 'electron';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { argumentValue, profileFolder } from './arguments.ts';
import { startAutoLock } from './power.ts';
import { idle, powerEvents, powerMonitor } from './testing/electron-fake.ts';

let locks = 0;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  locks = 0;
  Object.assign(idle, { seconds: 0, state: 'active' });
  const monitor = powerMonitor as unknown as PowerMonitor;
  stop = startAutoLock({ monitor, minutes: () => 15, lock: () => (locks += 1) });
});
afterEach(() => {
  stop();
  powerEvents.removeAllListeners();
  vi.useRealTimers();
});

it('locks when nobody touched the machine for the set time, and not before', () => {
  idle.seconds = 15 * 60 - 1;
  vi.advanceTimersByTime(15_000);
  expect(locks).toBe(0);
  idle.seconds = 15 * 60;
  vi.advanceTimersByTime(15_000);
  expect(locks).toBe(1);
});

it('locks when the system says its screen is locked', () => {
  idle.state = 'locked';
  vi.advanceTimersByTime(15_000);
  expect(locks).toBe(1);
});

it.each(['suspend', 'lock-screen'])('locks at once on %s', (event) => {
  powerEvents.emit(event);
  expect(locks).toBe(1);
});

it('asks no more once stopped', () => {
  stop();
  idle.seconds = 100_000;
  vi.advanceTimersByTime(60_000);
  expect(locks).toBe(0);
});

it('finds its own arguments between Chromium’s', () => {
  expect(argumentValue(['electron', '.', '--no-sandbox', '--profile', 'here'], 'profile')).toBe('here');
  expect(argumentValue(['--profile=there', '--profile', 'here'], 'profile')).toBe('there');
  expect(argumentValue(['--profile', '--no-open'], 'profile')).toBeUndefined();
  expect(profileFolder(['--profile', 'p'], '/work', '/default')).toMatch(/work.p$/);
  expect(profileFolder([], '/work', '/default')).toBe('/default');
});
