import path from 'node:path';
import { defineConfig } from '@playwright/test';

/** Started by `npm test`, which builds the user interface first and names Chromium in CHROMIUM_PATH. */
const root = path.resolve(import.meta.dirname, '..');

export default defineConfig({
  testDir: import.meta.dirname,
  outputDir: path.join(root, 'test-results'),
  // One core and one network at a time: the machine that runs this may have two processors.
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  projects: [
    { name: 'web', testIgnore: /electron\.spec\.ts$/ },
    { name: 'electron', testMatch: /electron\.spec\.ts$/ },
  ],
});
