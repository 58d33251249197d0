import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';

/** One import of one module, as far as the rules care. */
export interface Import {
  /** Path of the importing file from the repository's root, with `/`. */
  readonly from: string;
  /** Path of the imported file likewise, or the specifier itself for packages and `node:`. */
  readonly to: string;
  readonly kind: 'file' | 'package' | 'node';
  /** Erased by the compiler: only types cross. */
  readonly typeOnly: boolean;
}

/** All imports, re-exports, dynamic imports and import types of a source text. Throws when it does not parse. */
export function importsOf(from: string, source: string): Import[] {
  const { module, errors } = parseSync(from, source);
  if (errors.length > 0) throw new Error(`${from}: ${errors[0]?.message ?? 'does not parse'}`);
  const found: { specifier: string; typeOnly: boolean }[] = [];
  for (const statement of module.staticImports) {
    const { entries, moduleRequest } = statement;
    // `import 'x'` has no entries and runs the module; `import type` marks every entry.
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    found.push({ specifier: moduleRequest.value, typeOnly });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest !== null && moduleRequest !== undefined) {
        found.push({ specifier: moduleRequest.value, typeOnly: isType });
      }
    }
  }
  const dynamic = new Set<string>();
  for (const { moduleRequest } of module.dynamicImports) {
    const text = source.slice(moduleRequest.start, moduleRequest.end);
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(text)?.[2];
    // A computed import could reach anything, so it is an import of everything: no rule allows it.
    dynamic.add(literal ?? '*');
    found.push({ specifier: literal ?? '*', typeOnly: false });
  }
  for (const [, specifier] of source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    if (specifier !== undefined && !dynamic.has(specifier)) found.push({ specifier, typeOnly: true });
  }
  return found.map(({ specifier, typeOnly }) => {
    if (specifier.startsWith('.')) {
      const to = path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
      return { from, to: to.replace(/\?.*$/, ''), kind: 'file', typeOnly };
    }
    if (specifier.startsWith('node:')) return { from, to: specifier, kind: 'node', typeOnly };
    return { from, to: packageName(specifier), kind: 'package', typeOnly };
  });
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Reads and parses every given file. */
export function readGraph(root: string, files: readonly string[]): Import[] {
  return files.flatMap((file) => importsOf(file, readFileSync(path.join(root, file), 'utf8')));
}

/** Cycles among files by imports that run; each as the files along it, every cycle found once. */
export function cycles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, kind, typeOnly } of imports) {
    if (kind === 'file' && !typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const found: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string) => {
    const at = trail.indexOf(file);
    if (at !== -1) {
      found.push(trail.slice(at));
      return;
    }
    if (done.has(file)) return;
    trail.push(file);
    for (const target of next.get(file) ?? []) visit(target);
    trail.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return found;
}
