/** The model of Dubbo's mesh router: it answers calls as MeshRuleRouter of Dubbo 3.3.6 does, exceptions included. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { compileJavaRegex, type JavaRegex } from '../regex/run-pattern.ts';
import { callerLeaf, requestConstants, textConstants } from './mesh-constants.ts';
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
import { weightShares } from './weight-shares.ts';

/** Join of the entries of `match`: all must hold (Dubbo up to 3.3.6), or one is enough (after apache/dubbo#16377). */
export type MeshMatchMode = 'and' | 'or';

/** The place of a destination that an entry of a route does not have. */
const MISSING = 'missing';

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
      // The router compiles a pattern for each call. What weir alone does not read stays an error of the caller.
      if (error instanceof JavaRegexError && error.kind === 'syntax')
        return { kind: 'error', exception: 'java.util.regex.PatternSyntaxException' };
      throw error;
    }
  }

  /** The details of the first route that takes the service; count and types are decided by the signature. */
  entries(
    service: string,
    signature: { readonly method: string | null; readonly paramTypes: readonly string[] },
  ): TargetEntries {
    const found = (this.routeOrNone(service)?.details ?? []).flatMap((detail) =>
      this.conjunctions(detail).map((requests) => ({ detail, requests })),
    );
    const entries = found.filter(({ requests }) =>
      requests.every((request) => request === null || this.signatureHolds(request, signature)),
    );
    const requests = (entry: number): readonly (MeshMatchRequest | null)[] => entries[entry]?.requests ?? [];
    return {
      names: entries.map(({ detail }) => detail.name),
      ids: entries.map(({ detail }) => this.ids.get(detail) ?? -1),
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
        requestConstants(
          entries.flatMap((entry) => entry.requests),
          leaf,
        ),
    };
  }

  names(): readonly (string | null)[] {
    return this.details.map((detail) => detail.name);
  }

  services(): LeafConstants {
    const matches = this.rule.virtualServices.flatMap(({ routes }) =>
      (routes ?? []).flatMap(({ services }) => services ?? []),
    );
    return textConstants(matches);
  }

  /** The key of the text in the configuration centre, which is not in the text, says for whom it is. */
  otherScope(): null {
    return null;
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

  /** The requests of a detail: all of them must hold, or (by version) each of them is enough. */
  private conjunctions({ match }: MeshRouteDetail): readonly (readonly (MeshMatchRequest | null)[])[] {
    if (this.mode === 'and' || match === null || match.length === 0) return [match ?? []];
    return match.map((request) => [request]);
  }

  private signatureHolds(
    { method }: MeshMatchRequest,
    { method: name, paramTypes }: { readonly method: string | null; readonly paramTypes: readonly string[] },
  ): boolean {
    if (method === null) return true;
    if (name !== null && method.name !== null && !this.text(method.name, name)) return false;
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

  // Where the router fails for every call no entry is met.
  private routeOrNone(service: string): MeshRoute | null {
    try {
      return this.findRoute(service);
    } catch (error) {
      if (error instanceof RouterError) return null;
      throw error;
    }
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
    // nextInt(0) throws.
    if (route.length === 0) throw new RouterError('java.lang.IllegalArgumentException');
    // A destination that is not there throws when its turn comes.
    const chosen = route.map(({ destination }) =>
      destination === null ? MISSING : this.subsetOf(destination, present),
    );
    const shares = new Map<number, number>();
    for (const [index, share] of weightShares(route.map((entry) => entry.weight))) {
      // A destination without providers hands its share to the next one; after the last, to the first that has any.
      let taken = chosen.findIndex((subset, at) => at >= index && subset !== null);
      if (taken < 0) taken = chosen.findIndex((subset) => subset !== null);
      shares.set(taken, (shares.get(taken) ?? 0) + share);
    }
    const exception = 'java.lang.NullPointerException';
    if ([...shares.keys()].every((index) => chosen[index] === MISSING)) throw new RouterError(exception);
    return [...shares].map(([index, share]) => {
      const subset = index < 0 ? null : (chosen[index] ?? null);
      if (subset === MISSING) return { subset: null, providers: [], share, emptyToAll: false, exception };
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
