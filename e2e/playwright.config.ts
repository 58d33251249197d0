import path from 'node:path';
import { defineConfig } from '@playwright/test';

/** Started by `npm test`, which builds the user interface first and names Chromium in CHROMIUM_PATH. */
const root = path.resolve(import.meta.dirname, '..');

const long = /(vault|custodians|ray)\.spec\.ts$/;

export default defineConfig({
  testDir: import.meta.dirname,
  outputDir: path.join(root, 'test-results'),
  // Each test has a profile, a core and a browser of its own. Three on two processors: much of it is waiting.
  workers: 3,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  projects: [
    // Begun in this order: a long test that comes last leaves the other workers without work.
    { name: 'web-long', testMatch: long },
    { name: 'web', testIgnore: [long, /electron\.spec\.ts$/] },
    { name: 'electron', testMatch: /electron\.spec\.ts$/ },
  ],
});
