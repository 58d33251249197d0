import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './electron/tooling/longest-first.ts';

export default defineConfig({
  test: {
    include: ['electron/**/*.test.ts', 'renderer/**/*.test.ts', 'renderer/**/*.test.tsx'],
    // Importing the real package outside Electron can start a download; the fake is checked against electron.d.ts.
    alias: { electron: path.join(import.meta.dirname, 'electron/shell/testing/electron-fake.ts') },
    testTimeout: 30_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
