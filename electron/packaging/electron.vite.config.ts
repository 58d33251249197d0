import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'electron-vite';

/**
 * Bundles for Electron. The main side keeps one file a module and the folders of electron/ at the same depth, because
 * processes, workers and assets are found by relative URL. Packages stay outside but for the preload, which the sandbox wants in one
 * CommonJS file. The renderer is built by renderer/vite.config.ts for every host alike.
 */
const electron = path.resolve(import.meta.dirname, '..');
const root = path.resolve(electron, '..');

/** Everything that runs as a process or worker of its own. */
const entries = ['shell/main.ts', 'shell/core-process.ts', '*/main.ts', '**/*worker.ts'];
const input = Object.fromEntries(
  globSync(entries, { cwd: electron })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !/^(cli|webhost|tooling)\//.test(file) && existsSync(path.join(electron, file)))
    .map((file) => [file.replace(/\.ts$/, ''), path.join(electron, file)]),
);

export default defineConfig({
  main: {
    build: {
      outDir: path.join(root, 'dist'),
      emptyOutDir: true,
      rollupOptions: {
        input,
        output: {
          format: 'es',
          preserveModules: true,
          preserveModulesRoot: electron,
          entryFileNames: '[name].js',
        },
      },
    },
  },
  preload: {
    build: {
      outDir: path.join(root, 'out', 'preload'),
      emptyOutDir: true,
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: path.join(electron, 'preload', 'preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
});
