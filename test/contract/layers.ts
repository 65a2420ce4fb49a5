/** The arrows of ARCHITECTURE.md as a rule about imports. A new capability is one line in `CAPABILITIES`. */
import type { Import } from './import-graph.ts';

/** The parts of weir, each with the others whose core it may know; a pattern names the only files that it may know. */
const CAPABILITIES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  mesh: {},
  rules: {},
  interception: { mesh: /./ },
  sidecar: { mesh: /./, interception: /^interception\/(?:supervised\/|managed-sidecars\.ts)/ },
  discovery: { mesh: /./, rules: /./ },
  fleet: { mesh: /./, interception: /./, sidecar: /./ },
  monitoring: {},
  readiness: { mesh: /./, interception: /./ },
  support: {},
  tour: { mesh: /./, interception: /./, sidecar: /./, rules: /./ },
};

/** The layers that each layer may import. `core` is all of a capability but its adapters, its texts and its composition. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  errors: ['errors'],
  platform: ['platform', 'errors'],
  cli: ['cli', 'platform', 'errors'],
  core: ['core', 'pure platform', 'errors'],
  text: ['text', 'core', 'compose', 'cli', 'pure platform', 'errors'],
  adapters: ['adapters', 'core', 'platform', 'errors'],
  compose: ['compose', 'adapters', 'core', 'text', 'cli', 'platform', 'errors'],
  commands: ['compose', 'core', 'text', 'cli', 'pure platform', 'errors'],
  programs: ['compose', 'adapters', 'core', 'text', 'cli', 'platform', 'errors'],
};

/** Modules that only some layers may import. */
const MODULES: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^node:(?:fs|child_process|net|dgram|dns|tls|https?|http2|worker_threads|cluster)\b/,
    ['platform', 'adapters', 'programs'],
  ],
  [/^execa\b/, ['platform']],
  [/^chalk\b/, ['cli']],
  [/^@oclif\//, ['cli', 'text', 'commands']],
  [/^(?:ink|react)\b/, ['text']],
];

/** A line for each import against the arrows. */
export function brokenArrows(imports: readonly Import[]): string[] {
  const effects = reaching(imports, (to) => MODULES[0]?.[0].test(to) === true || /^execa\b/.test(to));
  return imports.filter((edge) => !isAllowed(edge, effects)).map(({ from, to }) => `${from} -> ${to}`);
}

function isAllowed({ from, to, isType }: Import, effects: ReadonlySet<string>): boolean {
  const layer = layerOf(from);
  if (!to.endsWith('.ts')) return MODULES.every(([module, layers]) => !module.test(to) || layers.includes(layer));
  const target = layerOf(to);
  const isPure = target === 'platform' && (isType || !effects.has(to));
  if (!LAYERS[layer]?.includes(target) && !(isPure && LAYERS[layer]?.includes('pure platform'))) return false;
  const [own = '', other = ''] = [from, to].map((file) => file.split('/')[0]);
  if (own === other || CAPABILITIES[other] === undefined || CAPABILITIES[own] === undefined) return true;
  if (layer === 'compose') return target !== 'adapters';
  return target !== 'adapters' && CAPABILITIES[own][other]?.test(to) === true;
}

function layerOf(file: string): string {
  const [top = '', ...rest] = file.split('/');
  if (CAPABILITIES[top] === undefined) return top;
  if (rest.includes('adapters')) return 'adapters';
  if (rest[0] === 'cli' || rest[0] === 'text') return 'text';
  return rest.length === 1 && rest[0]?.startsWith('compose') ? 'compose' : 'core';
}

/** The files that reach, over imports that are there at run time, a module of that kind. */
function reaching(imports: readonly Import[], isKind: (to: string) => boolean): Set<string> {
  const found = new Set<string>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { from, to, isType } of imports) if (!isType && (isKind(to) || found.has(to))) found.add(from);
  }
  return found;
}
