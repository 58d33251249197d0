import { readFileSync, globSync } from 'node:fs';
import path from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

/**
 * What a secret went into (a MAC, an authentication tag, a key confirmation) is compared in constant time. Public digests
 * may be compared as text: whoever sees the time knows both sides already.
 */
const root = path.resolve(import.meta.dirname, '..', '..');
const files = globSync(['electron/services/**/*.ts', 'electron/domain/**/*.ts', 'electron/agent/**/*.ts'], {
  cwd: root,
})
  .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'))
  .toSorted();

const secretName = /(^|[a-z])(mac|hmac|authTag|confirmation|tagBytes)$/i;
/** An element of an array is a byte that a parser looks at, `.length` is public. */
function nameOf(node: { readonly type: string; readonly [field: string]: unknown }): string | undefined {
  if (node.type === 'Identifier') return node['name'] as string;
  if (node.type === 'MemberExpression' && node['computed'] === false) return nameOf(node['property'] as typeof node);
  // toHex(mac), mac.toString('hex'): another spelling of the same bytes.
  if (node.type === 'CallExpression') {
    const callee = node['callee'] as typeof node;
    const [first] = node['arguments'] as (typeof node)[];
    const inner = callee.type === 'MemberExpression' ? nameOf(callee['object'] as typeof node) : undefined;
    return inner !== undefined && secretName.test(inner) ? inner : first === undefined ? inner : nameOf(first);
  }
  return undefined;
}

/**
 * Computed here and now: `hash.digest()`, `checksumOf(header)`, `sha256Hex(bytes)`; a digest that was read, and
 * `sha256()` that names a signed public document, are public text.
 */
function computesDigest(node: { readonly type: string; readonly [field: string]: unknown }): boolean {
  if (node.type !== 'CallExpression') return false;
  return /^(digest|checksum\w*|sha(256|384|512)Hex)$/.test(nameOf(node['callee'] as typeof node) ?? '');
}

/** Comparisons of secret values by an operator, or by a method that stops at the first difference. */
function leaks(source: string): string[] {
  const { program, errors } = parseSync('file.ts', source);
  if (errors.length > 0) throw new Error(errors[0]?.message);
  const found: string[] = [];
  const text = ({ start, end }: { readonly start: number; readonly end: number }) => source.slice(start, end);
  new Visitor({
    BinaryExpression(node) {
      if (!['===', '!==', '==', '!='].includes(node.operator)) return;
      const sides = [node.left, node.right] as unknown as { type: string; name?: string }[];
      if (sides.some((side) => side.type === 'Literal' || side.name === 'undefined')) return;
      if (sides.some((side) => secretName.test(nameOf(side) ?? '') || computesDigest(side))) found.push(text(node));
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      if (!['equals', 'compare'].includes(callee.property.name)) return;
      const parts = [callee.object, ...node.arguments] as unknown as { type: string }[];
      if (parts.some((part) => secretName.test(nameOf(part) ?? '') || computesDigest(part))) found.push(text(node));
    },
  }).visit(program);
  return found;
}

describe('comparisons of MACs and tags', () => {
  it('are found by this test, in every spelling', () => {
    for (const bad of [
      'if (mac === expected) go();',
      'if (header.mac !== macOf(header)) go();',
      'if (toHex(mac) === text) go();',
      "if (mac.toString('hex') === text) go();",
      'if (mac.equals(expected)) go();',
      'if (Buffer.compare(authTag, other) === 0) go();',
      "if (hash.digest('hex') !== expected) go();",
      'if (checksumOf(header) !== header.checksum) go();',
      'if (sha256Hex(vault) !== head.vault.sha256) go();',
      'if (hash.digest().equals(expected)) go();',
    ]) {
      expect(leaks(bad), bad).toHaveLength(1);
    }
    for (const good of [
      'if (mac === undefined) go();',
      'if (mac.length !== 32) go();',
      'if (timingSafeEqual(mac, expected)) go();',
      'if (crypto.equal(mac, expected)) go();',
      'if (view.digest === chosen.digest) go();',
      'if (digestText !== shown) go();',
      "if (tag === 'x') go();",
    ]) {
      expect(leaks(good), good).toEqual([]);
    }
  });

  it('take constant time in services, domain and agent', () => {
    expect(files.length).toBeGreaterThan(150);
    const found = files.flatMap((file) =>
      leaks(readFileSync(path.join(root, file), 'utf8')).map((text) => `${file}: ${text}`),
    );
    expect(found).toEqual([]);
  });
});
