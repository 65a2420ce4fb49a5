/** The model of Dubbo's mesh router: it answers calls as MeshRuleRouter of Dubbo 3.3.6 does, exceptions included. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { compileJavaRegex, type JavaRegex } from '../regex/run-pattern.ts';
import { DetailIndex, domainOf } from './mesh-index.ts';
import type {
  MeshArgument,
  MeshDestination,
  MeshDoubleMatch,
  MeshMatchRequest,
  MeshRoute,
  MeshRouteDetail,
  MeshRule,
  MeshStringMatch,
} from './mesh-rule.ts';
import type {
  LeafConstants,
  LeafValue,
  TargetEntries,
  TargetModel,
  TargetOutcome,
  TargetPick,
} from './target-model.ts';

/** Join of the entries of `match`: all must hold (Dubbo up to 3.3.6), or one is enough (after apache/dubbo#16377). */
export type MeshMatchMode = 'and' | 'or';

/** An exception of the router: the caller sees "no provider available". */
class RouterError extends Error {}

/** The rule for one provider application, ready to answer calls as StandardMeshRuleRouter of Dubbo 3.3.6 does. */
export class DubboMeshModel implements TargetModel {
  private readonly rule: MeshRule;
  private readonly mode: MeshMatchMode;
  private readonly regexes = new Map<string, JavaRegex>();
  private readonly indexes = new Map<MeshRoute, DetailIndex>();
  private readonly details: readonly MeshRouteDetail[];
  private readonly ids: ReadonlyMap<MeshRouteDetail, number>;

  constructor(rule: MeshRule, mode: MeshMatchMode) {
    this.rule = rule;
    this.mode = mode;
    this.details = rule.virtualServices.flatMap(({ routes }) => (routes ?? []).flatMap(({ details }) => details ?? []));
    this.ids = new Map(this.details.map((detail, index) => [detail, index]));
  }

  /** Answers a call over the present providers, all taken to belong to the rule's application. */
  evaluate(call: RoutingCall, present: readonly RoutingProvider[]): TargetOutcome {
    try {
      const found = this.findDetail(call);
      if (found === null || found.route === null) {
        return { kind: 'unrouted', providers: present.map((provider) => provider.id) };
      }
      return { kind: 'routed', entry: found.name, picks: this.pick(found.route, present) };
    } catch (error) {
      if (error instanceof RouterError) return { kind: 'error', exception: error.message };
      throw error;
    }
  }

  /** The details of the first route that takes the service; count and types are decided by the signature. */
  entries(
    service: string,
    signature: { readonly method: string | null; readonly paramTypes: readonly string[] },
  ): TargetEntries {
    const details = (this.findRoute(service)?.details ?? []).filter((detail) =>
      (detail.match ?? []).every((request) => request === null || this.signatureHolds(request, signature.paramTypes)),
    );
    const requests = (entry: number): readonly (MeshMatchRequest | null)[] => details[entry]?.match ?? [];
    return {
      names: details.map((detail) => detail.name),
      ids: details.map((detail) => this.ids.get(detail) ?? -1),
      domain: (entry, leaf) => domainOf(requests(entry), leaf),
      holds: (entry, leaf, value) => {
        try {
          return requests(entry).every((request) => request === null || this.leafHolds(request, leaf, value));
        } catch (error) {
          if (error instanceof RouterError) return 'error';
          throw error;
        }
      },
      constants: (leaf) =>
        constantsOf(
          details.flatMap((detail) => detail.match ?? []),
          leaf,
        ),
    };
  }

  names(): readonly (string | null)[] {
    return this.details.map((detail) => detail.name);
  }

  leaves(): readonly CallLeaf[] {
    const found = new Map<string, CallLeaf>();
    const add = (leaf: CallLeaf): void => void found.set(JSON.stringify(leaf), leaf);
    for (const virtualService of this.rule.virtualServices) {
      for (const detail of (virtualService.routes ?? []).flatMap((route) => route.details ?? [])) {
        for (const request of detail.match ?? []) {
          if (request?.method?.name) add({ t: 'method' });
          for (const argument of request?.method?.args ?? []) add({ t: 'arg', index: argument.index });
          for (const key of request?.attachments?.dubboContext?.keys() ?? []) add({ t: 'attachment', key });
          for (const key of request?.sourceLabels?.keys() ?? []) add(callerLeaf(key));
        }
      }
    }
    return [...found.values()];
  }

  private signatureHolds(request: MeshMatchRequest, paramTypes: readonly string[]): boolean {
    const { method } = request;
    if (method === null) return true;
    if (method.argc !== null && method.argc !== paramTypes.length) return false;
    if (method.argp === null || method.argp.length === 0) return true;
    return method.argp.length === paramTypes.length && this.typesHold(method.argp, paramTypes);
  }

  private typesHold(argp: readonly MeshStringMatch[], paramTypes: readonly string[]): boolean {
    return argp.every((match, index) => {
      const name = paramTypes[index] ?? '';
      return this.text(match, name) || this.text(match, simpleName(name));
    });
  }

  private leafHolds(request: MeshMatchRequest, leaf: CallLeaf, value: LeafValue): boolean {
    const text = typeof value === 'object' ? null : value;
    if (leaf.t === 'method') return request.method?.name == null || this.text(request.method.name, text);
    if (leaf.t === 'arg') {
      if (value === null || typeof value === 'string') return true;
      const own = (request.method?.args ?? []).filter((argument) => argument.index === leaf.index);
      return own.every((argument) => this.argumentHolds(argument, value));
    }
    if (leaf.t === 'attachment') {
      const match = request.attachments?.dubboContext?.get(leaf.key);
      return match === undefined || this.text(match, text);
    }
    for (const [key, wanted] of request.sourceLabels ?? []) {
      if (JSON.stringify(callerLeaf(key)) === JSON.stringify(leaf) && wanted !== text) return false;
    }
    return true;
  }

  // The first VirtualService and route whose services match are final, also when none of their details holds.
  private findDetail(call: RoutingCall): MeshRouteDetail | null {
    const route = this.findRoute(call.service);
    if (route === null) return null;
    let index = this.indexes.get(route);
    if (index === undefined) {
      index = new DetailIndex(route.details ?? [], this.mode);
      this.indexes.set(route, index);
    }
    return index.candidates(call).find((detail) => this.detailHolds(detail, call)) ?? null;
  }

  private findRoute(service: string): MeshRoute | null {
    for (const virtualService of this.rule.virtualServices) {
      if (virtualService.routes === null) throw new RouterError('java.lang.NullPointerException');
      for (const route of virtualService.routes) {
        const { services } = route;
        if (services === null || services.length === 0) return route;
        if (services.some((match) => match !== null && this.text(match, service))) return route;
      }
    }
    return null;
  }

  private detailHolds(detail: MeshRouteDetail, call: RoutingCall): boolean {
    const match = detail.match;
    if (match === null || match.length === 0) return true;
    const holds = (request: MeshMatchRequest | null): boolean => {
      if (request === null) throw new RouterError('java.lang.NullPointerException');
      return this.requestHolds(request, call);
    };
    return this.mode === 'and' ? match.every(holds) : match.some(holds);
  }

  private requestHolds(request: MeshMatchRequest, call: RoutingCall): boolean {
    if (request.method !== null && !this.methodHolds(request.method, call)) return false;
    for (const [key, value] of request.sourceLabels ?? []) {
      if (consumerParameter(call, key) !== value) return false;
    }
    for (const [key, match] of request.attachments?.dubboContext ?? []) {
      if (!this.text(match, call.attachments[key] ?? null)) return false;
    }
    // No provider of a tracing context is in the tree: an entry never holds.
    return (request.attachments?.tracingContext?.size ?? 0) === 0;
  }

  // Name, count, types, values: in this order, so the first three guard the last.
  private methodHolds(method: NonNullable<MeshMatchRequest['method']>, call: RoutingCall): boolean {
    if (method.name !== null && !this.text(method.name, call.method)) return false;
    if (method.argc !== null && method.argc !== call.args.length) return false;
    if (method.argp !== null && method.argp.length > 0) {
      if (method.argp.length !== call.paramTypes.length || !this.typesHold(method.argp, call.paramTypes)) return false;
    }
    if (method.args === null || method.args.length === 0) return true;
    if (call.args.length === 0) return false;
    return method.args.every((argument) => {
      const value = call.args[argument.index];
      if (value === undefined) throw new RouterError('java.lang.IndexOutOfBoundsException');
      return this.argumentHolds(argument, value);
    });
  }

  private argumentHolds(argument: MeshArgument, value: TypedValue): boolean {
    if (argument.text !== undefined) {
      if (value.t !== 'java.lang.String' || !('v' in value)) return false;
      if (argument.text === null) throw new RouterError('java.lang.NullPointerException');
      const text = String(value.v);
      return argument.text.some((match) => this.text(match, text));
    }
    if (argument.number !== undefined) {
      if (!('v' in value)) throw new RouterError('java.lang.NullPointerException');
      const number = javaDouble(typeof value.v === 'object' ? '' : String(value.v));
      if (argument.number === null) throw new RouterError('java.lang.NullPointerException');
      return argument.number.some((match) => doubleHolds(match, number));
    }
    if (argument.bool === undefined || argument.bool === null) return false;
    return value.t === 'java.lang.Boolean' && 'v' in value && String(value.v) === String(argument.bool);
  }

  private text(match: MeshStringMatch, input: string | null): boolean {
    if (input !== null) {
      if (match.exact !== null) return input === match.exact;
      if (match.prefix !== null) return input.startsWith(match.prefix);
      if (match.regex !== null) return this.regex(match.regex).matches(input);
      if (match.wildcard !== null) return match.wildcard === '*' || match.wildcard === input;
    }
    if (match.empty !== null) return input === null || input === '';
    if (match.noempty !== null) return input !== null && input !== '';
    return false;
  }

  private regex(pattern: string): JavaRegex {
    const known = this.regexes.get(pattern);
    if (known !== undefined) return known;
    const compiled = compileJavaRegex(pattern);
    this.regexes.set(pattern, compiled);
    return compiled;
  }

  private pick(route: NonNullable<MeshRouteDetail['route']>, present: readonly RoutingProvider[]): TargetPick[] {
    // nextInt(0) throws; so does a destination that is null.
    if (route.length === 0) throw new RouterError('java.lang.IllegalArgumentException');
    const chosen = route.map((entry) => {
      if (entry.destination === null) throw new RouterError('java.lang.NullPointerException');
      return this.subsetOf(entry.destination, present);
    });
    const shares = new Map<number, number>();
    for (const [index, share] of weightShares(route.map((entry) => entry.weight))) {
      // A destination without providers hands its share to the next one; after the last, to the first that has any.
      let taken = chosen.findIndex((subset, at) => at >= index && subset !== null);
      if (taken < 0) taken = chosen.findIndex((subset) => subset !== null);
      shares.set(taken, (shares.get(taken) ?? 0) + share);
    }
    return [...shares].map(([index, share]) => {
      const subset = index < 0 ? null : (chosen[index] ?? null);
      return subset === null
        ? { subset: null, providers: present.map((provider) => provider.id), share, emptyToAll: true }
        : { subset: subset.name, providers: subset.providers, share, emptyToAll: false };
    });
  }

  private subsetOf(
    destination: MeshDestination,
    present: readonly RoutingProvider[],
  ): { name: string; providers: string[] } | null {
    let current: MeshDestination | null = destination;
    while (current !== null) {
      const name = current.subset;
      if (name !== null) {
        const providers = this.members(name, present);
        if (providers.length > 0) return { name, providers };
      }
      current = current.fallback?.destination ?? null;
    }
    return null;
  }

  private members(name: string, present: readonly RoutingProvider[]): string[] {
    const subsets = this.rule.subsets.filter((subset) => subset.name === name);
    return present
      .filter((provider) =>
        subsets.some((subset) => [...(subset.labels ?? [])].every(([key, value]) => provider.params[key] === value)),
      )
      .map((provider) => provider.id);
  }
}

/** The leaf that a key of sourceLabels reads. */
export function callerLeaf(key: string): CallLeaf {
  if (key === 'application') return { t: 'callerApp' };
  return key === 'register.ip' ? { t: 'callerHost' } : { t: 'callerParam', key };
}

function constantsOf(requests: readonly (MeshMatchRequest | null)[], leaf: CallLeaf): LeafConstants {
  const texts: string[] = [];
  const prefixes: string[] = [];
  const patterns: string[] = [];
  const numbers: number[] = [];
  const moduli: number[] = [];
  const addMatch = (match: MeshStringMatch | null | undefined): void => {
    if (match == null) return;
    if (match.exact !== null) texts.push(match.exact);
    else if (match.prefix !== null) prefixes.push(match.prefix);
    else if (match.regex !== null) patterns.push(match.regex);
    else if (match.wildcard !== null) texts.push(match.wildcard);
  };
  for (const request of requests) {
    if (leaf.t === 'method') addMatch(request?.method?.name);
    else if (leaf.t === 'attachment') addMatch(request?.attachments?.dubboContext?.get(leaf.key));
    else if (leaf.t === 'arg') {
      for (const argument of request?.method?.args ?? []) {
        if (argument.index !== leaf.index) continue;
        for (const match of argument.text ?? []) addMatch(match);
        for (const match of argument.number ?? []) {
          if (match.mod !== null) moduli.push(Math.abs(match.mod));
          else if (match.exact !== null) numbers.push(match.exact);
          for (const end of [match.range?.start, match.range?.end]) if (typeof end === 'number') numbers.push(end);
        }
      }
    } else {
      for (const [key, value] of request?.sourceLabels ?? []) {
        if (JSON.stringify(callerLeaf(key)) === JSON.stringify(leaf)) texts.push(value);
      }
    }
  }
  return { texts, prefixes, patterns, numbers, moduli };
}

// sourceLabels are compared with the consumer's URL parameters; `register.ip` is the consumer's own address.
function consumerParameter(call: RoutingCall, key: string): string | undefined {
  const given = call.consumer.params?.[key];
  if (given !== undefined) return given;
  if (key === 'application') return call.consumer.application;
  return key === 'register.ip' ? call.consumer.host : undefined;
}

// Class.getSimpleName of a top-level class or primitive; arrays are `[L...;` only in getName.
function simpleName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
}

// Double.valueOf trims control characters and blanks and takes a type suffix.
function javaDouble(text: string): number {
  const bare = text.replace(/^[\0- ]+|[\0- ]+$/g, '');
  const special = /^([-+]?)(NaN|Infinity)$/.exec(bare);
  if (special !== null) {
    return special[2] === 'NaN' ? Number.NaN : special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fFdD]?$/.test(bare)) {
    throw new RouterError('java.lang.NumberFormatException');
  }
  return Number(bare.replace(/[fFdD]$/, ''));
}

// Double.equals tells 0.0 from -0.0 and finds NaN equal to itself: Object.is does both. `%` is the same in both languages.
function doubleHolds(match: MeshDoubleMatch, input: number): boolean {
  if (match.exact !== null && match.mod === null) return Object.is(input, match.exact);
  if (match.range !== null) {
    const { start, end } = match.range;
    if (start === null && end === null) return false;
    return (start === null || compareDoubles(input, start) >= 0) && (end === null || compareDoubles(input, end) < 0);
  }
  if (match.exact !== null && match.mod !== null) return Object.is(input % match.mod, match.exact);
  return false;
}

// Double.compareTo: -0.0 < 0.0, NaN above all.
function compareDoubles(left: number, right: number): number {
  if (Object.is(left, right)) return 0;
  if (Number.isNaN(left)) return 1;
  if (Number.isNaN(right)) return -1;
  if (left === right) return Object.is(left, -0) ? -1 : 1;
  return left < right ? -1 : 1;
}

/**
 * The share of each destination under MeshRuleRouter's loop. The loop draws t in [0, sum) and takes the first
 * destination whose running sum reaches t. So the first gets one ticket more and the last one less. Weights below 1
 * count as 1.
 */
function weightShares(weights: readonly number[]): [number, number][] {
  const counted = weights.map((weight) => Math.max(weight, 1));
  const total = counted.reduce((sum, weight) => sum + weight, 0);
  const shares: [number, number][] = [];
  let reached = -1;
  let running = 0;
  counted.forEach((weight, index) => {
    running += weight;
    const last = Math.min(running, total - 1);
    if (last > reached) shares.push([index, (last - reached) / total]);
    reached = Math.max(reached, last);
  });
  return shares;
}
