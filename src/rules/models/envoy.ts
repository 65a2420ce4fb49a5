/** The model of the target envoy: what Envoy with weir's agent does with calls that passed the consumer Filter. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { planConstants } from '../equivalence/plan-constants.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { LABEL_PREFIX } from '../groovy/machine/machine-group.ts';
import { conditionHolds, predicateHolds } from '../plan/evaluate-plan.ts';
import { type CallLeaf, leavesOf } from '../plan/plan-term.ts';
import type { PlanScope } from '../plan/route-plan.ts';
import { type EnvoyRoute, type EnvoyRules, readEnvoyRules } from '../targets/envoy/envoy-rules.ts';
import type { EnvoyTest, EnvoyText } from '../targets/envoy/envoy-test.ts';
import { classKey, parameterKey, promotedArguments, textKey } from '../targets/envoy/promoted-arguments.ts';
import { providerLeaves } from '../targets/parameter-labels.ts';
import { type CallTexts, javaSpelling, testHolds, textsOf } from './envoy-tests.ts';
import {
  type LeafConstants,
  type LeafValue,
  NO_CONSTANTS,
  type TargetEntries,
  type TargetModel,
  type TargetOutcome,
  type TargetPick,
} from './target-model.ts';

/** Loads the document. Throws Error for a text that is none. */
export function readEnvoyModel(text: string): EnvoyModel {
  return new EnvoyModel(readEnvoyRules(text));
}

/** One conjunction over leaves: a route, or the part of its calls about whose arguments Envoy cannot tell. */
interface Entry {
  readonly name: string;
  readonly route: EnvoyRoute;
  /** The argument that is unknown here; null for the route itself. */
  readonly unknown: number | null;
}

/** Evaluates the document by itself, without the agent's code. */
export class EnvoyModel implements TargetModel {
  readonly #rules: EnvoyRules;
  readonly #entries: readonly Entry[];

  constructor(rules: EnvoyRules) {
    this.#rules = rules;
    this.#entries = rules.routes.flatMap((route): Entry[] => [
      ...route.arguments.flatMap(({ unknown }, index) =>
        unknown === undefined ? [] : [{ name: refused(route.name), route, unknown: index }],
      ),
      { name: route.name, route, unknown: null },
    ]);
  }

  names(): readonly string[] {
    return this.#entries.map(({ name }) => name);
  }

  evaluate(call: RoutingCall, present: readonly RoutingProvider[]): TargetOutcome {
    const texts = textsOf(call);
    const { service } = this.#rules;
    const all = present.map((provider) => provider.id);
    if (service !== null && service !== call.service) return { kind: 'unrouted', providers: all };
    const decides = this.#entries.find((entry) => entryHolds(entry, call, texts));
    if (decides === undefined) return { kind: 'unrouted', providers: all };
    const { name, route, unknown } = decides;
    const outcome = this.#rules.outcomes.find((one) => one.name === route.outcome);
    if (outcome === undefined || unknown !== null) return { kind: 'left', entry: name };
    try {
      const total = outcome.choices.reduce((sum, { weight }) => sum + weight, 0);
      const picks = outcome.choices.map(({ weight, chain, otherwise }): TargetPick => {
        const share = weight / total;
        for (const group of chain) {
          const providers = this.#members(group, present);
          if (providers.length > 0) return { subset: this.#subsetOf(group), providers, share, emptyToAll: false };
        }
        return { subset: null, providers: otherwise === 'all' ? all : [], share, emptyToAll: false };
      });
      return { kind: 'routed', entry: name, picks };
    } catch (error) {
      if (!(error instanceof OpaqueSignal)) throw error;
      return { kind: 'left', entry: refused(name) };
    }
  }

  entries(
    service: string,
    signature: { readonly method: string | null; readonly paramTypes: readonly string[] },
  ): TargetEntries {
    const outside = this.#rules.service !== null && this.#rules.service !== service;
    const shape = promotedArguments(
      signature.paramTypes,
      signature.paramTypes.map(() => ({ t: 'null' })),
    );
    const types: CallTexts = { method: '', attachments: shape ?? new Map() };
    const known = this.#entries
      .map((entry, id) => ({ ...entry, id }))
      .filter(({ route, unknown }) => {
        if (outside || !argumentsHold({ route, unknown }, types, (leaf) => isShape(leaf, signature.paramTypes.length)))
          return false;
        const ofService = route.facts.filter((fact) => leavesOf(fact.term).some((leaf) => leaf.t === 'service'));
        return (
          ofService.every((fact) => conditionHolds(fact, { ...EMPTY, service })) &&
          (signature.method === null || leafHolds({ t: 'method' }, { route, unknown: null }, signature.method))
        );
      });
    return {
      names: known.map(({ name }) => name),
      ids: known.map(({ id }) => id),
      domain: (entry, leaf) =>
        known[entry] !== undefined && !isShape(leaf, Number.POSITIVE_INFINITY) && reads(known[entry].route, leaf)
          ? 'test'
          : 'any',
      holds: (entry, leaf, value) => known[entry] === undefined || leafHolds(leaf, known[entry], value),
      constants: (leaf) =>
        constantsOf(
          known.map(({ route }) => route),
          leaf,
        ),
    };
  }

  services(): LeafConstants | null {
    const facts = this.#rules.routes.flatMap((route) => route.facts);
    const { opaque, texts, prefixes, patterns } = planConstants(facts.filter(({ term }) => term.t === 'service'));
    if (opaque.length > 0) return null;
    const own = this.#rules.service === null ? [] : [this.#rules.service];
    return { ...NO_CONSTANTS, texts: [...own, ...texts], prefixes, patterns };
  }

  otherScope({ providerApp, service, group, version, consumerHost }: PlanScope): string | null {
    // A run that is not told the application takes the document's word for it.
    const app = providerApp ?? this.#rules.app;
    const wanted = { app, service, group, version, consumerHost: consumerHost ?? null };
    for (const key of SCOPE_FIELDS) {
      const own = this.#rules[key];
      if (own !== wanted[key])
        return `the document says ${key} ${own ?? 'nothing'}, the rule says ${wanted[key] ?? 'nothing'}`;
    }
    return null;
  }

  leaves(): readonly CallLeaf[] {
    const leaves = new Map<string, CallLeaf>();
    for (const route of this.#rules.routes) {
      for (const leaf of leavesOfRoute(route)) leaves.set(JSON.stringify(leaf), leaf);
    }
    return [...leaves.values()].filter((leaf) => leaf.t !== 'service');
  }

  #members(name: string, present: readonly RoutingProvider[]): string[] {
    const group = this.#rules.groups.find((one) => one.name === name);
    if (group === undefined) return [];
    return present.filter((provider) => predicateHolds(group.select, provider)).map((provider) => provider.id);
  }

  /** A machine group's name is that of its label. */
  #subsetOf(name: string): string {
    const group = this.#rules.groups.find((one) => one.name === name);
    const [label] = (group === undefined ? [] : providerLeaves(group.select)).flatMap((leaf) =>
      leaf.t === 'param' && leaf.key.startsWith(LABEL_PREFIX) ? [leaf.key.slice(LABEL_PREFIX.length)] : [],
    );
    return label ?? name;
  }
}

const SCOPE_FIELDS = ['app', 'service', 'group', 'version', 'consumerHost'] as const;

const EMPTY: RoutingCall = { service: '', method: '', paramTypes: [], args: [], attachments: {}, consumer: {} };

function refused(name: string): string {
  return name.endsWith('-refused') ? name : `${name}-refused`;
}

function entryHolds({ route, unknown }: Entry, call: RoutingCall, texts: CallTexts): boolean {
  if (!route.facts.every((fact) => conditionHolds(fact, call))) return false;
  if (!route.match.every((test) => testHolds(test, texts))) return false;
  return argumentsHold({ route, unknown }, texts, () => true);
}

function argumentsHold(
  { route, unknown }: Pick<Entry, 'route' | 'unknown'>,
  texts: CallTexts,
  isAsked: (leaf: CallLeaf) => boolean,
): boolean {
  return route.arguments.every((argument, index) => {
    if (!isAsked(argument.leaf)) return true;
    const holds = argument.holds !== undefined && testHolds(argument.holds, texts);
    const isUnknown = argument.unknown !== undefined && testHolds(argument.unknown, texts);
    if (unknown === null) return holds;
    return index === unknown ? isUnknown : holds || isUnknown;
  });
}

function leavesOfRoute({ facts, match, arguments: args }: EnvoyRoute): CallLeaf[] {
  return [
    ...facts.flatMap(({ term }) => leavesOf(term) as readonly CallLeaf[]),
    ...match.flatMap(leavesOfTest),
    ...args.map(({ leaf }) => leaf),
  ];
}

function leavesOfTest(test: EnvoyTest): CallLeaf[] {
  if ('all' in test) return test.all.flatMap(leavesOfTest);
  if ('any' in test) return test.any.flatMap(leavesOfTest);
  if ('not' in test) return leavesOfTest(test.not);
  return 'method' in test ? [{ t: 'method' }] : [{ t: 'attachment', key: test.attachment }];
}

/** What the declared types alone decide: types, counts, and arguments that are not there. */
function isShape(leaf: CallLeaf, count: number): boolean {
  return leaf.t === 'arg' ? leaf.index >= count : ['paramType', 'paramCount', 'argCount'].includes(leaf.t);
}

function isSame(a: CallLeaf, b: CallLeaf): boolean {
  return keyOf(a) === keyOf(b);
}

/** The caller's application has two names in scripts. */
function keyOf(leaf: CallLeaf): string {
  return leaf.t === 'attachment' && leaf.key === 'remote.application' ? '{"t":"callerApp"}' : JSON.stringify(leaf);
}

function reads(route: EnvoyRoute, leaf: CallLeaf): boolean {
  return leavesOfRoute(route).some((one) => isSame(one, leaf));
}

/** Whether what an entry says about one leaf holds for a value of it. */
function leafHolds(leaf: CallLeaf, { route, unknown }: Pick<Entry, 'route' | 'unknown'>, value: LeafValue): boolean {
  const call = callWith(leaf, value);
  const facts = route.facts.filter(({ term }) => leavesOf(term).some((one) => isSame(one as CallLeaf, leaf)));
  if (!facts.every((fact) => conditionHolds(fact, call))) return false;
  const texts = leafTexts(leaf, value, call);
  const match = route.match.filter((test) => leavesOfTest(test).some((one) => isSame(one, leaf)));
  if (!match.every((test) => testHolds(test, texts))) return false;
  return argumentsHold({ route, unknown }, texts, (one) => isSame(one, leaf));
}

function leafTexts(leaf: CallLeaf, value: LeafValue, call: RoutingCall): CallTexts {
  const text = typeof value === 'string' ? value : null;
  if (leaf.t === 'argCount' || leaf.t === 'paramCount') {
    const attachments = new Map([[leaf.t === 'argCount' ? 'weir.argc' : 'weir.pc', countText(value)]]);
    return { method: '', attachments };
  }
  if (leaf.t === 'paramType') {
    return { method: '', attachments: new Map(text === null ? [] : [[parameterKey(leaf.index), text]]) };
  }
  if (leaf.t !== 'arg') return { method: call.method, attachments: new Map(Object.entries(call.attachments)) };
  const arg = call.args[leaf.index];
  const promoted = arg === undefined ? null : promotedArguments([], [arg]);
  const attachments = new Map<string, string>();
  const [cls, own] = [promoted?.get(classKey(0)), promoted?.get(textKey(0))];
  if (cls !== undefined) attachments.set(classKey(leaf.index), cls);
  if (own !== undefined) attachments.set(textKey(leaf.index), own);
  return { method: '', attachments };
}

function countText(value: LeafValue): string {
  return typeof value === 'string' ? value : value !== null && 'v' in value ? String(value.v) : '';
}

function callWith(leaf: CallLeaf, value: LeafValue): RoutingCall {
  const text = typeof value === 'string' ? value : null;
  switch (leaf.t) {
    case 'service':
      return { ...EMPTY, service: text ?? '' };
    case 'method':
      return { ...EMPTY, method: text ?? '' };
    case 'attachment':
    case 'callerApp':
      // The application has two names in scripts: both are set.
      if (leaf.t === 'callerApp' || leaf.key === 'remote.application') {
        if (text === null) return EMPTY;
        return { ...EMPTY, attachments: { 'remote.application': text }, consumer: { application: text } };
      }
      return text === null ? EMPTY : { ...EMPTY, attachments: { [leaf.key]: text } };
    case 'callerHost':
      return text === null ? EMPTY : { ...EMPTY, consumer: { host: text } };
    case 'callerParam':
      return text === null ? EMPTY : { ...EMPTY, consumer: { params: { [leaf.key]: text } } };
    case 'arg': {
      const arg = value === null || typeof value === 'string' ? ({ t: 'null' } as const) : value;
      return { ...EMPTY, args: Array.from({ length: leaf.index + 1 }, () => arg) };
    }
    default:
      return EMPTY;
  }
}

/** The constants of all tests on one leaf, for the cells of the proof. */
function constantsOf(routes: readonly EnvoyRoute[], leaf: CallLeaf): LeafConstants {
  const found = { texts: [] as string[], prefixes: [] as string[], patterns: [] as string[] };
  const numbers: number[] = [];
  const moduli: number[] = [];
  const add = (text: EnvoyText): void => {
    if ('in' in text) {
      found.texts.push(...text.in);
      if (leaf.t === 'arg') numbers.push(...text.in.map(Number).filter((number) => Number.isFinite(number)));
    } else if ('prefix' in text) found.prefixes.push(text.prefix);
    else if ('suffix' in text) found.patterns.push(`[\\s\\S]*${escaped(text.suffix)}`);
    else if ('contains' in text) found.patterns.push(`[\\s\\S]*${escaped(text.contains)}[\\s\\S]*`);
    else if ('regex' in text) found.patterns.push(javaSpelling(text.regex));
    else if ('number' in text) {
      for (const bound of [text.number.min, text.number.max]) if (bound !== null) numbers.push(Number(bound));
    } else if ('residue' in text) {
      moduli.push(Number(text.residue.modulus));
      for (const span of text.residue.spans) numbers.push(...span.map(Number));
    }
  };
  const visit = (test: EnvoyTest): void => {
    if ('all' in test) test.all.forEach(visit);
    else if ('any' in test) test.any.forEach(visit);
    else if ('not' in test) visit(test.not);
    else if ('method' in test) add(test.method);
    else if (leaf.t !== 'arg' || test.attachment === textKey(leaf.index)) add(test.text);
  };
  for (const route of routes) {
    for (const test of route.match) if (leavesOfTest(test).some((one) => isSame(one, leaf))) visit(test);
    for (const { leaf: of, holds, unknown } of route.arguments) {
      if (!isSame(of, leaf)) continue;
      for (const test of [holds, unknown]) if (test !== undefined) visit(test);
    }
  }
  return { ...found, numbers, moduli };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, (char) => `\\${char}`);
}
