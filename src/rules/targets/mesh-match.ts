/** Match entries of Dubbo's dialect for conditions on one leaf. */
import type { RoutingCall } from '../case-file.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import { isObjectType } from '../plan/java-type.ts';
import { joinEnds } from '../plan/join-ends.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { PlanCondition } from '../plan/route-plan.ts';
import { emptyCall } from './empty-call.ts';
import { type NumberAlternative, type NumericClass, numberMatch } from './number-match.ts';
import { type TextMatch, textMatchRegex, textSet } from './text-match.ts';
import { escapeRegex } from './text-regex.ts';
import { YamlFloat, type YamlTree } from './yaml-text.ts';

/** The conditions on one leaf, as `spec.dubbo` can say them. */
export type LeafMatch =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'match'; readonly entries: readonly YamlTree[]; readonly notes: readonly DiagnosticCode[] }
  | { readonly kind: 'unsupported'; readonly code: DiagnosticCode; readonly why: string };

/** The same for an argument: the values other than null, and whether null passes. */
export interface ArgumentMatch {
  readonly values: LeafMatch;
  readonly nullPasses: boolean;
}

const NEVER = '[^\\s\\S]';

/** Conditions on an attachment, as one StringMatch: its `empty` also holds for null, its other fields are skipped there. */
export function attachmentMatch(key: string, conditions: readonly PlanCondition[]): LeafMatch {
  const set = textSet(joinEnds(conditions), (value) => ({
    ...emptyCall(),
    attachments: value === null ? {} : { [key]: value },
  }));
  if (!set.ok) return { kind: 'unsupported', code: 'WR032', why: set.why };
  const notes: DiagnosticCode[] = set.noted ? ['WR030'] : [];
  const plain = set.match === null || set.match.kind === 'texts' || set.match.kind === 'prefix';
  if (!plain || set.nullPasses) notes.push('WR035');
  if (set.match === null) {
    if (!set.nullPasses) return { kind: 'never' };
    return { kind: 'match', entries: [{ regex: NEVER, empty: 'true' }], notes };
  }
  if (set.match.kind === 'any' && set.nullPasses) return { kind: 'always' };
  if (set.match.kind === 'texts' && set.match.texts.length === 1 && set.match.texts[0] === '' && set.nullPasses) {
    return { kind: 'match', entries: [{ empty: 'true' }], notes };
  }
  const tree = stringMatch(set.match);
  if (tree === null) return { kind: 'unsupported', code: 'WR030', why: 'regexes with flags cannot be joined' };
  return { kind: 'match', entries: [set.nullPasses ? nullableMatch(set.match, tree) : tree], notes };
}

// `noempty` is asked after `empty`, so it cannot stand beside it.
function nullableMatch(match: TextMatch, tree: { readonly [key: string]: YamlTree }): YamlTree {
  return match.kind === 'noempty' ? { regex: '[\\s\\S]+', empty: 'true' } : { ...tree, empty: 'true' };
}

/** Conditions on the method name, never null. */
export function methodMatch(conditions: readonly PlanCondition[]): LeafMatch {
  const set = textSet(conditions, (value) => ({ ...emptyCall(), method: value ?? '' }));
  if (!set.ok) return { kind: 'unsupported', code: 'WR032', why: set.why };
  if (set.match === null) return { kind: 'never' };
  if (set.match.kind === 'any') return { kind: 'always' };
  const tree = stringMatch(set.match);
  if (tree === null) return { kind: 'unsupported', code: 'WR030', why: 'regexes with flags cannot be joined' };
  const regex = set.match.kind === 'regexes';
  return { kind: 'match', entries: [tree], notes: set.noted || regex ? ['WR030'] : [] };
}

/** Conditions on the caller: equality of one consumer parameter, an entry for each text. */
export function callerMatch(
  leaf: Extract<CallLeaf, { t: 'callerApp' | 'callerHost' | 'callerParam' }>,
  conditions: readonly PlanCondition[],
): LeafMatch {
  const key = leaf.t === 'callerApp' ? 'application' : leaf.t === 'callerHost' ? 'register.ip' : leaf.key;
  const set = textSet(conditions, (value) => {
    const consumer =
      value === null
        ? {}
        : leaf.t === 'callerApp'
          ? { application: value }
          : leaf.t === 'callerHost'
            ? { host: value }
            : { params: { [key]: value } };
    return { ...emptyCall(), consumer };
  });
  if (!set.ok) return { kind: 'unsupported', code: 'WR032', why: set.why };
  if (set.match === null && !set.nullPasses) return { kind: 'never' };
  if (set.match?.kind === 'any' && (set.nullPasses || leaf.t !== 'callerParam')) return { kind: 'always' };
  if (set.match?.kind !== 'texts' || set.nullPasses) {
    return { kind: 'unsupported', code: 'WR032', why: `sourceLabels compares ${key} for equality only` };
  }
  const entries = set.match.texts.map((text) => ({ [key]: text }));
  return { kind: 'match', entries, notes: leaf.t === 'callerHost' ? ['WR033'] : [] };
}

const NUMERIC: Readonly<Record<string, NumericClass>> = {
  byte: 'java.lang.Byte',
  short: 'java.lang.Short',
  int: 'java.lang.Integer',
  long: 'java.lang.Long',
  double: 'java.lang.Double',
  'java.lang.Byte': 'java.lang.Byte',
  'java.lang.Short': 'java.lang.Short',
  'java.lang.Integer': 'java.lang.Integer',
  'java.lang.Long': 'java.lang.Long',
  'java.lang.Double': 'java.lang.Double',
};

/** The kind of match that the router offers for a parameter of a declared type. */
export function parameterKind(type: string): 'text' | 'number' | 'bool' | 'other' {
  if (type === 'java.lang.String') return 'text';
  if (type === 'boolean' || type === 'java.lang.Boolean') return 'bool';
  return type in NUMERIC ? 'number' : 'other';
}

/** The args entry that holds for every value of a parameter but null (for a number: null fails the call). */
export function nonNullEntry(index: number, type: string): YamlTree | null {
  const kind = parameterKind(type);
  if (kind === 'text') return { index, str_value: { oneof: [{ regex: '[\\s\\S]*' }] } };
  if (kind !== 'number') return null;
  return { index, num_value: { oneof: [{ range: { start: new YamlFloat(Number.NEGATIVE_INFINITY) } }] } };
}

/** Conditions on an argument of a declared type. */
export function argumentMatch(index: number, type: string, conditions: readonly PlanCondition[]): ArgumentMatch {
  const place = (arg: RoutingCall['args'][number]): RoutingCall => {
    const args = Array.from({ length: index + 1 }, (_, at) => (at === index ? arg : ({ t: 'null' } as const)));
    return { ...emptyCall(), args };
  };
  const nullPasses = conditions.every((condition) => conditionHolds(condition, place({ t: 'null' })));
  return { values: argumentValues(index, type, conditions, place), nullPasses };
}

function argumentValues(
  index: number,
  type: string,
  conditions: readonly PlanCondition[],
  place: (arg: RoutingCall['args'][number]) => RoutingCall,
): LeafMatch {
  const kind = parameterKind(type);
  if (kind === 'bool') {
    const passing = [true, false].filter((value) =>
      conditions.every((condition) => conditionHolds(condition, place({ t: 'java.lang.Boolean', v: value }))),
    );
    if (passing.length === 2) return { kind: 'always' };
    const [only] = passing;
    if (only === undefined) return { kind: 'never' };
    return { kind: 'match', entries: [{ index, bool_value: { exact: only } }], notes: [] };
  }
  if (kind === 'text') {
    const set = textSet(joinEnds(conditions), (text) =>
      place(text === null ? { t: 'null' } : { t: 'java.lang.String', v: text }),
    );
    if (!set.ok) return { kind: 'unsupported', code: 'WR032', why: set.why };
    if (set.match === null) return { kind: 'never' };
    if (set.match.kind === 'any') return { kind: 'always' };
    const texts = set.match.kind === 'texts' ? set.match.texts : null;
    const oneof = texts === null ? [stringMatch(set.match)] : texts.map((text): YamlTree | null => ({ exact: text }));
    if (oneof.includes(null)) return { kind: 'unsupported', code: 'WR030', why: 'regexes with flags cannot be joined' };
    const entry = { index, str_value: { oneof: oneof as YamlTree[] } };
    return { kind: 'match', entries: [entry], notes: set.noted ? ['WR030'] : [] };
  }
  if (isObjectType(type)) return objectValues(type, conditions, place);
  const javaClass = NUMERIC[type];
  if (javaClass === undefined)
    return { kind: 'unsupported', code: 'WR031', why: `the parameter is declared as ${type}` };
  const found: (readonly NumberAlternative[])[] = [];
  const notes = new Set<DiagnosticCode>();
  for (const condition of conditions) {
    const match = numberMatch(condition, index, javaClass);
    if (match.kind === 'unsupported') return { kind: 'unsupported', code: 'WR032', why: match.why };
    if (match.kind === 'never') return { kind: 'never' };
    if (match.kind === 'always') continue;
    if (match.rounding) notes.add('WR025');
    if (match.any.some((alternative) => alternative.kind === 'residue')) notes.add('WR023');
    found.push(match.any);
  }
  const entries = joinRanges(found).map((any) => ({ index, num_value: { oneof: any.map(numberTree) } }));
  return entries.length === 0 ? { kind: 'always' } : { kind: 'match', entries, notes: [...notes] };
}

// Conditions on an object hold for all objects, for none, or depend on its contents, which the router does not see.
function objectValues(
  type: string,
  conditions: readonly PlanCondition[],
  place: (arg: RoutingCall['args'][number]) => RoutingCall,
): LeafMatch {
  const list = type.endsWith('List');
  const values = [
    { t: type, v: list ? [] : {} },
    { t: type, v: list ? [{ t: 'null' as const }] : { key: { t: 'null' as const } } },
  ];
  const passing = values.filter((value) => conditions.every((condition) => conditionHolds(condition, place(value))));
  if (passing.length === 2) return { kind: 'always' };
  if (passing.length === 0) return { kind: 'never' };
  return { kind: 'unsupported', code: 'WR031', why: `the parameter is declared as ${type}` };
}

// Two ends of one range are one range, as a person would write them: Dubbo takes a start and an end together.
function joinRanges(found: readonly (readonly NumberAlternative[])[]): (readonly NumberAlternative[])[] {
  const ranges = found.flatMap((any) => (any.length === 1 && any[0]?.kind === 'range' ? [any[0]] : []));
  if (ranges.length < 2) return [...found];
  const starts = ranges.flatMap(({ start }) => (start === null ? [] : [start]));
  const ends = ranges.flatMap(({ end }) => (end === null ? [] : [end]));
  const joined: NumberAlternative = {
    kind: 'range',
    start: starts.length === 0 ? null : Math.max(...starts),
    end: ends.length === 0 ? null : Math.min(...ends),
  };
  return [[joined], ...found.filter((any) => any.length !== 1 || any[0]?.kind !== 'range')];
}

function numberTree(alternative: NumberAlternative): YamlTree {
  if (alternative.kind === 'exact') return { exact: new YamlFloat(alternative.value) };
  if (alternative.kind === 'residue') {
    return { exact: new YamlFloat(alternative.value), mod: new YamlFloat(alternative.modulus) };
  }
  const { start, end } = alternative;
  return {
    range: {
      start: start === null ? undefined : new YamlFloat(start),
      end: end === null ? undefined : new YamlFloat(end),
    },
  };
}

function stringMatch(match: TextMatch): { readonly [key: string]: YamlTree } | null {
  if (match.kind === 'texts' && match.texts.length === 1) return { exact: match.texts[0] ?? '' };
  if (match.kind === 'prefix') return { prefix: match.text };
  if (match.kind === 'noempty') return { noempty: 'true' };
  if (match.kind === 'texts') return { regex: match.texts.map(escapeRegex).join('|') };
  const regex = textMatchRegex(match);
  return regex === '' ? null : { regex };
}
