import type { Import } from './module-graph.ts';

/** A row of the table in the design, §4. Rooms are folders of electron/, and `renderer`. */
export interface Rule {
  /** Rooms whose code may be imported. The room itself always may. */
  readonly rooms: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly typesOf?: readonly string[];
  /** Single files that may be imported from rooms that are otherwise closed. */
  readonly files?: readonly RegExp[];
  /** npm packages; all when absent. */
  readonly packages?: readonly RegExp[];
  readonly node: boolean;
}

/** Packages without I/O, clock or platform code. */
const purePackages = [
  /^@noble\//,
  /^(zod|cborg|canonicalize|xml-crypto|@xmldom\/xmldom|csv-parse|age-encryption|@hpke\/core|jose)$/,
];

export const rules: Readonly<Record<string, Rule>> = {
  contract: { rooms: [], packages: [/^zod$/], node: false },
  domain: { rooms: ['contract'], packages: purePackages, node: false },
  services: { rooms: ['contract', 'domain'], node: true },
  networks: { rooms: ['contract', 'domain'], node: true },
  agent: { rooms: ['contract', 'domain'], node: true },
  localnet: { rooms: ['contract', 'domain'], node: true },
  workers: { rooms: ['contract', 'domain'], files: [/^electron\/services\/(sealing|evidence)\//], node: true },
  core: { rooms: ['contract', 'domain', 'services', 'networks', 'workers'], node: true },
  // The entry of the utility process starts the core; the rest of the shell knows its types only.
  shell: { rooms: ['contract'], typesOf: ['core'], files: [/^electron\/core\/create-core\.ts$/], node: true },
  preload: { rooms: ['contract'], typesOf: ['core'], packages: [/^electron$/], node: false },
  webhost: { rooms: ['contract', 'core'], node: true },
  cli: { rooms: ['contract', 'core'], node: true },
  renderer: { rooms: ['contract'], node: false },
};

/** `electron/services/vault/vault.ts` → `services`; undefined outside the house. */
export function roomOf(file: string): string | undefined {
  if (file.startsWith('renderer/')) return 'renderer';
  return /^electron\/([^/]+)\//.exec(file)?.[1];
}

export function isTestCode(file: string): boolean {
  return /\.test\.tsx?$/.test(file) || file.includes('/testing/');
}

const area = (file: string, inside: string): string | undefined => {
  const rest = file.startsWith(inside) ? file.slice(inside.length).split('/') : [];
  return rest.length > 1 ? rest[0] : undefined;
};

/** Why this import is not allowed, or undefined. Test code may look anywhere; nothing may look at test code. */
export function problemOf(found: Import): string | undefined {
  if (isTestCode(found.from)) return undefined;
  const room = roomOf(found.from);
  const rule = room === undefined ? undefined : rules[room];
  if (room === undefined || rule === undefined) return undefined;
  if (found.to === '*') return 'a computed import';
  if (found.kind === 'node') return rule.node ? undefined : `${room} is free of node:`;
  if (found.kind === 'package') return packageProblem(room, rule, found);
  if (isTestCode(found.to)) return 'product code imports test code';
  const target = roomOf(found.to);
  if (target === room) return insideProblem(room, found);
  if (target === undefined) return undefined;
  if (rule.rooms.includes(target)) return undefined;
  if (found.typeOnly && rule.typesOf?.includes(target) === true) return undefined;
  if (rule.files?.some((allowed) => allowed.test(found.to)) === true) return undefined;
  return `${room} may not import ${target}`;
}

function packageProblem(room: string, rule: Rule, found: Import): string | undefined {
  if (found.to === 'electron' && room !== 'shell' && room !== 'preload')
    return 'only shell and preload import electron';
  if (rule.packages === undefined || rule.packages.some((allowed) => allowed.test(found.to))) return undefined;
  return `${room} may not use the package ${found.to}`;
}

/** Not services: how vault and store open SQLite files in the same way, and the pages that report and recovery kit are drawn on. */
const sharedByServices = /^electron\/services\/(store\/sqlite\.ts$|print\/)/;

function insideProblem(room: string, { from, to, typeOnly }: Import): string | undefined {
  if (room === 'services') {
    const own = area(from, 'electron/services/');
    const other = area(to, 'electron/services/');
    const foreign = own !== undefined && other !== undefined && own !== other && !sharedByServices.test(to);
    return foreign && !typeOnly ? `service ${own} takes service ${other} as an injected type only` : undefined;
  }
  if (room !== 'renderer') return undefined;
  const feature = area(from, 'renderer/src/features/');
  const target = area(to, 'renderer/src/features/');
  if (feature !== undefined && target !== undefined && feature !== target) return 'a feature never imports a feature';
  const part = area(from, 'renderer/src/') ?? '';
  const other = area(to, 'renderer/src/') ?? '';
  if (['ui', 'charts'].includes(part) && ['features', 'host', 'state', 'app'].includes(other)) {
    return `${part} never imports ${other}`;
  }
  return undefined;
}
