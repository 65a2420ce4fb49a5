/** Details of Dubbo's dialect for one service and signature, cut at arguments where null matters. */
import type { RoutingCall } from '../case-file.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import { isPrimitive } from '../plan/java-type.ts';
import type { PlanCondition, PlanRule } from '../plan/route-plan.ts';
import { emptyCall } from './empty-call.ts';
import { readsSignature, type SplitConditions } from './leaf-conditions.ts';
import {
  argumentMatch,
  attachmentMatch,
  callerMatch,
  type LeafMatch,
  methodMatch,
  nonNullEntry,
  parameterKind,
} from './mesh-match.ts';
import type { YamlMapping, YamlTree } from './yaml-text.ts';

/** A method of a known interface. */
export interface MeshSignature {
  readonly method: string;
  readonly paramTypes: readonly string[];
}

/** The known state of an argument inside a part of a block. */
export type ArgumentState = 'nonnull' | 'null' | 'true' | 'false';

/** Surroundings of a list of details: the known service and signature, and the known states of arguments. */
export interface BlockContext {
  readonly service: string | null;
  /** Services that have routes of their own; elsewhere a test on one of these names fails. */
  readonly namedServices: ReadonlySet<string>;
  readonly signature: MeshSignature | null;
  readonly states: ReadonlyMap<number, ArgumentState>;
}

/** A rule in a block: dropped, or details with their `match` (none = always), and what it lost. */
export type BlockRule =
  | { readonly kind: 'dropped' }
  /** The block must be cut in two at this argument: null on one side. */
  | { readonly kind: 'split'; readonly argument: number }
  | {
      readonly kind: 'details';
      readonly matches: readonly (YamlMapping | null)[];
      readonly unsupported: { readonly code: DiagnosticCode; readonly why: string } | null;
      readonly notes: readonly DiagnosticCode[];
      /** Nothing that reaches the block gets past this rule. */
      readonly takesAll: boolean;
    };

interface Parts {
  name: YamlTree | null;
  readonly args: YamlTree[];
  readonly attachments: Record<string, YamlTree>;
  sources: Record<string, YamlTree>[];
  readonly notes: Set<DiagnosticCode>;
  unsupported: { code: DiagnosticCode; why: string } | null;
  takesAll: boolean;
}

/**
 * Writes a rule inside a block. The match omits inexpressible conditions, so a refused rule takes too much, never too
 * little.
 */
export function blockRule(rule: PlanRule, split: SplitConditions, context: BlockContext): BlockRule {
  const parts: Parts = {
    name: null,
    args: [],
    attachments: {},
    sources: [{}],
    notes: new Set(),
    unsupported: null,
    takesAll: true,
  };
  if (!split.constant.every((condition) => conditionHolds(condition, emptyCall()))) return { kind: 'dropped' };
  const touched = new Set<number>();
  for (const { leaf, conditions } of split.single) {
    if (leaf.t === 'arg' && context.signature !== null) {
      touched.add(leaf.index);
      const outcome = argumentInto(parts, leaf.index, conditions, context);
      if (outcome !== 'taken')
        return outcome === 'dropped' ? { kind: 'dropped' } : { kind: 'split', argument: leaf.index };
      continue;
    }
    const match = leafMatch(leaf, conditions, context, parts);
    if (match.kind === 'never') return { kind: 'dropped' };
    if (match.kind === 'unsupported') parts.unsupported ??= { code: match.code, why: match.why };
    if (match.kind !== 'match') continue;
    parts.takesAll = false;
    for (const note of match.notes) parts.notes.add(note);
  }
  for (const [index, state] of context.states) {
    const entry = touched.has(index) && state === 'nonnull' ? null : stateEntry(index, state, context.signature);
    if (entry !== null) parts.args.push(entry);
  }
  if (split.joint.length > 0)
    parts.unsupported ??= { code: 'WR032', why: `rule ${rule.id} compares two values of the call` };
  return {
    kind: 'details',
    matches: parts.sources.map((sources) => requestTree(parts, sources, context.signature)),
    unsupported: parts.unsupported,
    notes: [...parts.notes],
    takesAll: parts.takesAll,
  };
}

function leafMatch(
  leaf: SplitConditions['single'][number]['leaf'],
  conditions: readonly PlanCondition[],
  context: BlockContext,
  parts: Parts,
): LeafMatch {
  if (leaf.t === 'service') return serviceMatch(conditions, context);
  if (leaf.t === 'method') {
    if (context.signature !== null) return folded(conditions, signatureCall(context.signature));
    const match = methodMatch(conditions);
    if (match.kind === 'match') parts.name = match.entries[0] ?? null;
    return match;
  }
  if (readsSignature(leaf)) {
    if (context.signature !== null) return folded(conditions, signatureCall(context.signature));
    return { kind: 'unsupported', code: 'WR027', why: 'the types of the parameters are not known here' };
  }
  if (leaf.t === 'attachment') {
    const match = attachmentMatch(leaf.key, conditions);
    if (match.kind === 'match') parts.attachments[leaf.key] = match.entries[0] ?? {};
    return match;
  }
  if (leaf.t === 'callerApp' || leaf.t === 'callerHost' || leaf.t === 'callerParam') {
    const match = callerMatch(leaf, conditions);
    if (match.kind === 'match') {
      const entries = match.entries as readonly Record<string, YamlTree>[];
      parts.sources = parts.sources.flatMap((sources) => entries.map((entry) => ({ ...sources, ...entry })));
    }
    return match;
  }
  return { kind: 'unsupported', code: 'WR032', why: `a rule cannot read ${leaf.t}` };
}

function serviceMatch(conditions: readonly PlanCondition[], context: BlockContext): LeafMatch {
  const { service, namedServices } = context;
  if (service !== null) return folded(conditions, { ...emptyCall(), service });
  const listed = conditions.some(
    ({ term, test }) =>
      term.t === 'service' &&
      test.op === 'eq' &&
      test.values.every((value) => 'v' in value && namedServices.has(String(value.v))),
  );
  if (listed) return { kind: 'never' };
  return { kind: 'unsupported', code: 'WR027', why: 'the interfaces are not known here' };
}

function folded(conditions: readonly PlanCondition[], call: RoutingCall): LeafMatch {
  return conditions.every((condition) => conditionHolds(condition, call)) ? { kind: 'always' } : { kind: 'never' };
}

function signatureCall({ method, paramTypes }: MeshSignature): RoutingCall {
  return { ...emptyCall(), method, paramTypes: [...paramTypes], args: paramTypes.map(() => ({ t: 'null' as const })) };
}

// Puts the conditions on an argument into the match; a null that passes where other values do not needs a block of its own.
function argumentInto(
  parts: Parts,
  index: number,
  conditions: readonly PlanCondition[],
  context: BlockContext,
): 'taken' | 'dropped' | 'split' {
  const type = context.signature?.paramTypes[index];
  if (type === undefined) return 'dropped';
  const state = context.states.get(index);
  const reading = conditions.filter(({ term, test }) => !(term.t === 'arg' && test.op === 'defined'));
  if (reading.length === 0) {
    const entry = state === 'nonnull' ? nonNullEntry(index, type) : null;
    if (entry !== null) parts.args.push(entry);
    return 'taken';
  }
  if (state === 'null' || state === 'true' || state === 'false') {
    const value = state === 'null' ? ({ t: 'null' } as const) : { t: 'java.lang.Boolean', v: state };
    const args = Array.from({ length: index + 1 }, () => value);
    return folded(reading, { ...emptyCall(), args }).kind === 'always' ? 'taken' : 'dropped';
  }
  const { values, nullPasses } = argumentMatch(index, type, reading);
  const nullable = state === undefined && !isPrimitive(type);
  if (values.kind === 'unsupported') {
    parts.unsupported ??= { code: values.code, why: values.why };
    return 'taken';
  }
  if (nullable && nullPasses !== (values.kind === 'always') && parameterKind(type) === 'other') {
    parts.unsupported ??= { code: 'WR031', why: `the router cannot ask whether a ${type} is null` };
    return 'taken';
  }
  if (nullable && nullPasses && values.kind !== 'always') return 'split';
  if (values.kind === 'never') return 'dropped';
  if (values.kind === 'match') {
    parts.args.push(...values.entries);
    parts.takesAll = false;
    for (const note of values.notes) parts.notes.add(note);
    return 'taken';
  }
  const guarded = state === 'nonnull' || (nullable && !nullPasses);
  if (!guarded) return 'taken';
  const entry = nonNullEntry(index, type);
  if (entry === null) return 'split';
  parts.args.push(entry);
  // For a number null fails the call right here, so nothing is left behind the guard either.
  if (state === undefined && parameterKind(type) !== 'number') parts.takesAll = false;
  return 'taken';
}

function stateEntry(index: number, state: ArgumentState, signature: MeshSignature | null): YamlTree | null {
  const type = signature?.paramTypes[index];
  if (type === undefined || state === 'null') return null;
  if (state === 'nonnull') return nonNullEntry(index, type);
  return { index, bool_value: { exact: state === 'true' } };
}

// Count and types are checked before values, so an overload never reaches a value that would fail it.
function requestTree(
  parts: Parts,
  sources: Record<string, YamlTree>,
  signature: MeshSignature | null,
): YamlMapping | null {
  const method =
    signature === null
      ? parts.name === null
        ? undefined
        : { name_match: parts.name }
      : {
          name_match: { exact: signature.method },
          argc: signature.paramTypes.length,
          argp: signature.paramTypes.length === 0 ? undefined : signature.paramTypes.map((type) => ({ exact: type })),
          args: parts.args.length === 0 ? undefined : parts.args,
        };
  const attachments = Object.keys(parts.attachments).length === 0 ? undefined : { dubboContext: parts.attachments };
  const sourceLabels = Object.keys(sources).length === 0 ? undefined : sources;
  if (method === undefined && attachments === undefined && sourceLabels === undefined) return null;
  return { method, sourceLabels, attachments };
}

/** The parts into which a block is cut at an argument: null is what the others leave. A number has no part for null. */
export function splitStates(type: string): readonly ArgumentState[] {
  const kind = parameterKind(type);
  if (kind === 'bool') return ['true', 'false', 'null'];
  return kind === 'number' ? ['nonnull'] : ['nonnull', 'null'];
}
