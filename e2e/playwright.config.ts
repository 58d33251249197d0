import path from 'node:path';
import { defineConfig } from '@playwright/test';

/** Started by `npm test`, which builds the user interface first and names Chromium in CHROMIUM_PATH. */
const root = path.resolve(import.meta.dirname, '..');

const long = /(vault|custodians|ray)\.spec\.ts$/;

export default defineConfig({
  testDir: import.meta.dirname,
  outputDir: path.join(root, 'test-results'),
  // Each test has a profile, a core and a browser of its own; a third at a time made the others as much slower.
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 420_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  projects: [
    // Begun in this order: a long test that comes last leaves the other workers without work.
    { name: 'web-long', testMatch: long },
    { name: 'web', testIgnore: [long, /electron\.spec\.ts$/] },
    { name: 'electron', testMatch: /electron\.spec\.ts$/ },
  ],
});
