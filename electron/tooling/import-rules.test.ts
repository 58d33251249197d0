import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTestCode, problemOf, roomOf, rules } from './import-rules.ts';
import { cycles, importsOf, readGraph } from './module-graph.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const unix = (file: string) => file.replaceAll(path.sep, '/');
const files = globSync(['electron/**/*.ts', 'renderer/src/**/*.{ts,tsx}'], { cwd: root }).map(unix).toSorted();
const graph = readGraph(root, files);

describe('the modules of the house', () => {
  it('are all seen: as many as the repository has', () => {
    const listed = execFileSync(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard', 'electron', 'renderer/src'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    const known = new Set(
      listed.split('\n').filter((file) => /\.tsx?$/.test(file) && existsSync(path.join(root, file))),
    );
    expect(files).toEqual([...known].toSorted());
    expect(files.length).toBeGreaterThan(150);
    expect(graph.length).toBeGreaterThan(files.length);
  });

  it('live in a room that has a rule', () => {
    const free = new Set(['tooling', 'packaging']);
    const lost = files.filter((file) => rules[roomOf(file) ?? ''] === undefined && !free.has(roomOf(file) ?? ''));
    expect(lost).toEqual([]);
  });

  it('import only what their room may', () => {
    const broken = graph.flatMap((found) => {
      const problem = problemOf(found);
      return problem === undefined ? [] : [`${found.from} → ${found.to}: ${problem}`];
    });
    expect(broken).toEqual([]);
  });

  it('import files that exist', () => {
    const missing = graph
      .filter(({ from, kind, to }) => kind === 'file' && !isTestCode(from) && !existsSync(path.join(root, to)))
      .map(({ from, to }) => `${from} → ${to}`);
    expect(missing).toEqual([]);
  });

  it('have no cycles', () => {
    expect(cycles(graph)).toEqual([]);
  });

  it('touch the raw ipcMain in one file only, and the system key store where it is handed on', () => {
    const users = (name: RegExp) =>
      files.filter((file) => {
        const uncommented = readFileSync(path.join(root, file), 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');
        return !isTestCode(file) && roomOf(file) !== 'tooling' && name.test(uncommented);
      });
    expect(users(/\bipcMain\b/)).toEqual(['electron/shell/ipc.ts']);
    // Where Electron has no real key store it uses a password that is the same everywhere: `basic_text`. keychain.ts
    // refuses that one, so everything that asks the store must go through it.
    expect(users(/\bsafeStorage\b/)).toEqual(['electron/shell/main.ts']);
    const main = readFileSync(path.join(root, 'electron/shell/main.ts'), 'utf8');
    expect([...main.matchAll(/safeStorage\b.*/g)].map(([line]) => line)).toEqual([
      'safeStorage,',
      'safeStorage, process.platform, request),',
    ]);
  });
});

describe('the rules catch a planted import', () => {
  it.each([
    ['electron/contract/x.ts', "import { a } from 'lodash'", 'contract may not use the package lodash'],
    ['electron/contract/x.ts', "import { a } from '../domain/a.ts'", 'contract may not import domain'],
    ['electron/domain/x.ts', "import { a } from 'node:fs'", 'domain is free of node:'],
    ['electron/domain/x.ts', "import { a } from 'undici'", 'domain may not use the package undici'],
    ['electron/domain/x.ts', "export * from '../services/vault/a.ts'", 'domain may not import services'],
    [
      'electron/services/runs/x.ts',
      "import { a } from '../vault/a.ts'",
      'service runs takes service vault as an injected type only',
    ],
    [
      'electron/services/runs/x.ts',
      "import { type A, b } from '../vault/a.ts'",
      'service runs takes service vault as an injected type only',
    ],
    [
      'electron/networks/local/x.ts',
      "import type { A } from '../../services/vault/a.ts'",
      'networks may not import services',
    ],
    ['electron/agent/x.ts', "const a = await import('../services/vault/a.ts')", 'agent may not import services'],
    ['electron/localnet/x.ts', "import '../core/a.ts'", 'localnet may not import core'],
    ['electron/workers/x.ts', "import { a } from '../services/vault/a.ts'", 'workers may not import services'],
    ['electron/core/x.ts', "import { app } from 'electron'", 'only shell and preload import electron'],
    ['electron/shell/x.ts', "import { a } from '../core/router.ts'", 'shell may not import core'],
    ['electron/webhost/x.ts', "import { a } from '../services/vault/a.ts'", 'webhost may not import services'],
    ['electron/cli/x.ts', "type A = import('../services/a.ts').A", 'cli may not import services'],
    ['electron/cli/x.ts', 'const a = await import(name)', 'a computed import'],
    ['electron/core/x.ts', "import { a } from './testing/a.ts'", 'product code imports test code'],
    ['renderer/src/app/x.ts', "import { a } from '../../../electron/core/types.ts'", 'renderer may not import core'],
    ['renderer/src/app/x.ts', "import { a } from 'node:path'", 'renderer is free of node:'],
    ['renderer/src/features/runs/x.tsx', "import { A } from '../nodes/A.tsx'", 'a feature never imports a feature'],
    ['renderer/src/ui/x.tsx', "import { useHost } from '../host/index.ts'", 'ui never imports host'],
    ['renderer/src/charts/x.tsx', "import { a } from '../state/a.ts'", 'charts never imports state'],
  ])('%s: %s', (from, source, problem) => {
    expect(importsOf(from, source).map(problemOf)).toEqual([problem]);
  });

  it.each([
    ['electron/services/runs/x.ts', "import type { A } from '../vault/a.ts'"],
    ['electron/shell/x.ts', "import type { Core } from '../core/types.ts'"],
    ['electron/shell/core-process.ts', "import { createCore } from '../core/create-core.ts'"],
    ['renderer/src/features/runs/x.tsx', "import { A } from './A.tsx'"],
    ['electron/core/x.test.ts', "import { a } from '../agent/a.ts'"],
  ])('and let pass what is fine: %s: %s', (from, source) => {
    expect(importsOf(from, source).map(problemOf)).toEqual([undefined]);
  });

  it('finds a cycle, and none through types', () => {
    const a = importsOf('electron/core/a.ts', "import { b } from './b.ts'");
    const b = importsOf('electron/core/b.ts', "import { a } from './a.ts'");
    const typed = importsOf('electron/core/b.ts', "import type { a } from './a.ts'");
    expect(cycles([...a, ...b])).toEqual([['electron/core/a.ts', 'electron/core/b.ts']]);
    expect(cycles([...a, ...typed])).toEqual([]);
  });

  it('says which file does not parse', () => {
    expect(() => importsOf('electron/core/a.ts', 'import { from')).toThrow('electron/core/a.ts');
  });
});

describe('the compiler projects', () => {
  interface Project {
    readonly references: readonly { readonly path: string }[];
    readonly compilerOptions: { readonly types?: readonly string[]; readonly lib?: readonly string[] };
  }
  const project = (room: string): Project => {
    const folder = room === 'renderer' ? 'renderer' : `electron/${room}`;
    return JSON.parse(readFileSync(path.join(root, folder, 'tsconfig.json'), 'utf8')) as Project;
  };

  it.each(Object.entries(rules))('%s references what its rule allows, no more', (room, rule) => {
    const named = project(room).references.map((reference) => path.basename(reference.path));
    const fromFiles = (rule.files ?? []).map((allowed) => roomOf(allowed.source.replaceAll('\\', '').replace('^', '')));
    const allowed = new Set([...rule.rooms, ...(rule.typesOf ?? []), ...fromFiles]);
    expect(named.toSorted()).toEqual([...allowed].toSorted());
  });

  it('gives pure rooms neither Node nor a page', () => {
    for (const room of ['contract', 'domain']) {
      expect(project(room).compilerOptions.types).toEqual([]);
      expect(project(room).compilerOptions.lib?.includes('DOM')).toBe(false);
    }
    const { types = [] } = project('renderer').compilerOptions;
    expect(types.includes('node')).toBe(false);
  });

  it('are all built by tsc -b', () => {
    const all = JSON.parse(readFileSync(path.join(root, 'tsconfig.json'), 'utf8')) as Project;
    expect(all.references.map((reference) => path.basename(reference.path)).toSorted()).toEqual(
      Object.keys(rules).toSorted(),
    );
  });
});
