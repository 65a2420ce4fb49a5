/** Entries of a Dubbo mesh rule before they are printed: left out, joined and shared by services. */
import { refusedName } from './entry-name.ts';
import { escapeRegex } from './text-regex.ts';
import type { YamlMapping, YamlTree } from './yaml-text.ts';

// Longer lists are hard to read, and joining them takes time.
const MOST_ALTERNATIVES = 64;

/** One `routedetail`. `match` null means that it takes every call. */
export interface MeshEntry {
  /** Rules of the plan for which it stands, in order. */
  readonly rules: readonly string[];
  readonly refused: boolean;
  readonly match: YamlMapping | null;
  readonly route: YamlTree;
}

/** Entries for some services; `services` null: for all others. */
export interface MeshRouteEntries {
  readonly services: readonly string[] | null;
  readonly entries: readonly MeshEntry[];
}

/** The name of an entry in the document. */
export function entryName({ rules, refused }: MeshEntry): string {
  return refused ? refusedName(rules) : rules.join('-');
}

/** Neighbours with one outcome become one entry where one match says both; an entry behind an equal one falls away. */
export function joinEntries(entries: readonly MeshEntry[]): MeshEntry[] {
  let list = [...entries];
  for (let changed = true; changed; ) {
    changed = false;
    const joined: MeshEntry[] = [];
    for (const entry of list) {
      const last = joined.at(-1);
      const both = last === undefined ? null : joinTwo(last, entry);
      if (both === null) joined.push(entry);
      else {
        joined[joined.length - 1] = both;
        changed = true;
      }
    }
    list = joined;
  }
  return list;
}

// Only refused entries stand for several rules: a name that `eval` prints must say which rule decided.
function joinTwo(a: MeshEntry, b: MeshEntry): MeshEntry | null {
  const sameRule = a.rules.join() === b.rules.join();
  if (a.refused !== b.refused || (!a.refused && !sameRule)) return null;
  if (JSON.stringify(a.route) !== JSON.stringify(b.route)) return null;
  const match = joinMatches(a.match, b.match);
  if (match === undefined) return null;
  return { ...a, rules: [...new Set([...a.rules, ...b.rules])], match };
}

// undefined: no single match says both.
function joinMatches(a: YamlMapping | null, b: YamlMapping | null): YamlMapping | null | undefined {
  if (a === null || b === null) return null;
  if (isWider(a, b)) return a;
  if (isWider(b, a)) return b;
  const joined = joinAt(a, b);
  return joined === null ? undefined : (joined as YamlMapping);
}

// Every part that `a` asks for stands in `b` too.
function isWider(a: YamlTree | undefined, b: YamlTree | undefined): boolean {
  if (a === undefined) return true;
  if (b === undefined) return false;
  if (isMapping(a) && isMapping(b) && !isText(a)) {
    return Object.entries(a).every(([key, value]) => isWider(value, b[key]));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

// Two trees that differ in one text match, or in one list of alternatives, become one with both.
function joinAt(a: YamlTree, b: YamlTree): YamlTree | null {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return null;
    const at = a.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(b[index]));
    const rest = a.every((item, index) => index <= at || JSON.stringify(item) === JSON.stringify(b[index]));
    const joined = at < 0 || !rest ? null : joinAt(a[at] as YamlTree, b[at] as YamlTree);
    return joined === null ? null : a.map((item, index) => (index === at ? joined : (item as YamlTree)));
  }
  if (!isMapping(a) || !isMapping(b)) return null;
  const texts = joinTexts(a, b);
  if (texts !== null) return texts;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const differing = keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  const [key] = differing;
  if (key === undefined || differing.length > 1) return null;
  const [left, right] = [a[key], b[key]];
  if (left === undefined || right === undefined) return null;
  if (key === 'oneof' && Array.isArray(left) && Array.isArray(right)) {
    const oneof = union(left, right);
    return oneof.length > MOST_ALTERNATIVES ? null : { ...a, oneof };
  }
  // argp and args belong together by position, and an index is no alternative.
  if (key === 'argp' || key === 'argc' || key === 'index' || key === 'sourceLabels') return null;
  const joined = joinAt(left, right);
  return joined === null ? null : { ...a, [key]: joined };
}

function union(a: readonly YamlTree[], b: readonly YamlTree[]): YamlTree[] {
  const known = new Set(a.map((item) => JSON.stringify(item)));
  return [...a, ...b.filter((item) => !known.has(JSON.stringify(item)))];
}

// `exact` and joined lists of names: `{regex: 'pay|refund'}`.
function joinTexts(a: YamlMapping, b: YamlMapping): YamlMapping | null {
  const [left, right] = [namesOf(a), namesOf(b)];
  if (left === null || right === null) return null;
  const names = [...new Set([...left, ...right])];
  return names.length > MOST_ALTERNATIVES ? null : { regex: names.map(escapeRegex).join('|') };
}

function namesOf(match: YamlMapping): readonly string[] | null {
  const keys = Object.keys(match);
  if (keys.length !== 1) return null;
  if (typeof match.exact === 'string') return match.exact === '' ? null : [match.exact];
  return typeof match.regex === 'string' && /^[A-Za-z0-9_$]+(?:\|[A-Za-z0-9_$]+)*$/.test(match.regex)
    ? match.regex.split('|')
    : null;
}

function isMapping(tree: YamlTree): tree is YamlMapping {
  return typeof tree === 'object' && !Array.isArray(tree) && Object.getPrototypeOf(tree) === Object.prototype;
}

function isText(tree: YamlMapping): boolean {
  return ['exact', 'prefix', 'regex', 'empty', 'noempty', 'oneof', 'range'].some((key) => key in tree);
}

/** Services with the same entries share a route; a service whose entries are those of all others needs none. */
export function shareRoutes(routes: readonly MeshRouteEntries[]): MeshRouteEntries[] {
  const rest = routes.find((route) => route.services === null);
  const restText = rest === undefined ? null : JSON.stringify(rest.entries);
  const shared = new Map<string, { services: string[]; entries: readonly MeshEntry[] }>();
  for (const { services, entries } of routes) {
    const text = JSON.stringify(entries);
    if (services === null || text === restText) continue;
    const known = shared.get(text);
    if (known === undefined) shared.set(text, { services: [...services], entries });
    else known.services.push(...services);
  }
  return rest === undefined ? [...shared.values()] : [...shared.values(), rest];
}
