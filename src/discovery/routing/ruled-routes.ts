/** Rules into routes: pure, from scripts, facts of the caller and what is registered to tests and weighted members. */
import type { RoutingCall } from '../../rules/case-file.ts';
import { OpaqueSignal } from '../../rules/groovy/machine/exceptions.ts';
import { LABEL_PREFIX } from '../../rules/groovy/machine/machine-group.ts';
import { conditionHolds, predicateHolds } from '../../rules/plan/evaluate-plan.ts';
import { leavesOf } from '../../rules/plan/plan-term.ts';
import type { PlanCondition, ProviderPredicate } from '../../rules/plan/route-plan.ts';
import type { EnvoyArgument, EnvoyOutcome, EnvoyRoute, EnvoyRules } from '../../rules/targets/envoy/envoy-rules.ts';
import { allOf, anyOf, type EnvoyTest } from '../../rules/targets/envoy/envoy-test.ts';
import { ARGUMENT_COUNT } from '../../rules/targets/envoy/promoted-arguments.ts';
import { ruleMatch } from '../../rules/targets/envoy/rule-match.ts';
import { providerLeaves } from '../../rules/targets/parameter-labels.ts';
import type { ServiceKey } from '../world/service-key.ts';
import { memberWeights, type WeightedMember } from './member-weights.ts';
import type { RuleScript } from './rule-scripts.ts';

/** What is known of the caller where the routes are made; null: not known. */
export interface CallerFacts {
  readonly application: string | null;
  /** The address of the host, as Dubbo takes it for its own. */
  readonly host: string | null;
  readonly params: Readonly<Record<string, string>> | null;
}

/** One provider of a service, by its registered parameters for that service. */
export interface RuledProvider {
  /** `ip:port`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly params: Readonly<Record<string, string>>;
  /** The registered weight. */
  readonly weight: number;
  /** 0, or 1 for one of another unit that only takes over. */
  readonly priority: 0 | 1;
  /** Envoy can send calls there: the provider reads what consumers write. */
  readonly isReadable: boolean;
}

/** Where the calls of a route go: to the address that the consumer picked, or to members; none fail the call. */
export type RouteTarget =
  | { readonly kind: 'original'; readonly why: string }
  | { readonly kind: 'members'; readonly outcome: string; readonly members: readonly WeightedMember[] };

/** One route; the first whose test holds decides. */
export interface RuledRoute {
  /** The name of the script's files. */
  readonly script: string;
  /** `r3`, or `r3-refused` for calls about which Envoy cannot tell. */
  readonly rule: string;
  readonly source: { readonly file: string; readonly line: number };
  /** Null: every call. */
  readonly test: EnvoyTest | null;
  readonly target: RouteTarget;
}

/**
 * The routes of one service for one caller; null where no script is about it. `apps` are all applications that offer it:
 * with several, Dubbo asks the script of the one whose provider comes first, which nobody can foresee.
 */
export function ruledRoutes(
  scripts: readonly RuleScript[],
  service: ServiceKey,
  apps: readonly string[],
  caller: CallerFacts,
  providers: readonly RuledProvider[],
): readonly RuledRoute[] | null {
  const about = scripts.filter((script) => isAbout(script, service, apps));
  const [script, second] = about;
  if (script === undefined) return null;
  const keep = (why: string, test: EnvoyTest | null = null): RuledRoute => ({
    ...{ script: script.name, rule: `${script.name}-refused`, source: { file: script.file, line: 1 }, test },
    target: { kind: 'original', why },
  });
  if (second !== undefined) return [keep(`${script.name} and ${second.name} are both about it`)];
  if (apps.length > 1) return [keep(`${apps.join(' and ')} offer it, and the script is one application's`)];
  if (script.rules === null) return [keep(`nothing of ${script.name} was converted`)];
  const host = script.rules.consumerHost;
  if (host !== null && host !== '0.0.0.0') {
    if (caller.host === null) return [keep('the script is for one host, and that of the caller is not known')];
    if (caller.host !== host) return null;
  }
  const broken = brokenAssumption(script, providers);
  if (broken !== null) return [keep(broken)];
  const guards = script.callAssumptions.flatMap(({ when, why, certain }): RuledRoute[] => {
    const test = certain ? 'never' : conditionTest(when, service, caller);
    if (test === 'never') return [];
    return [keep(`assumed not to happen: ${why}`, test)];
  });
  const { rules } = script;
  return [...guards, ...rules.routes.flatMap((route) => expand(route, rules, script, service, caller, providers))];
}

function isAbout(
  script: RuleScript,
  { interface: name, group, version }: ServiceKey,
  apps: readonly string[],
): boolean {
  if (script.app === null && script.service === null) return false;
  if (script.app !== null && !apps.includes(script.app)) return false;
  if (script.service !== null && script.service !== name) return false;
  if (script.group !== null && script.group !== group) return false;
  return (
    script.version === null || script.version === (version === '' ? '0.0.0' : version) || script.version === version
  );
}

function brokenAssumption({ assumptions }: RuleScript, providers: readonly RuledProvider[]): string | null {
  for (const { where, why } of assumptions) {
    const culprit = providers.find((provider) => holds(where, provider) !== false);
    if (culprit !== undefined) return `${culprit.id} is a provider that the script was not read for: ${why}`;
  }
  return null;
}

/**
 * The calls of one condition; null where Envoy cannot test it: all of them. What is not known of the caller is taken as
 * the conversion took it: it does not happen.
 */
function conditionTest(when: PlanCondition, service: ServiceKey, caller: CallerFacts): EnvoyTest | null | 'never' {
  const span = { offset: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome; plans are data, never awaited
  const match = ruleMatch({ id: 'r1', span, when: [when], then: { kind: 'deny' }, notes: [] });
  if (match === null) return 'never';
  if (match.facts.length > 0) return factHolds(when, service, caller) === true ? null : 'never';
  if (match.unsupported !== null) return null;
  const tests = [...match.match, ...match.arguments.map(mayHold)];
  return match.arguments.length > 0 ? anyOf([NOT_PROMOTED, allOf(tests)]) : tests.length === 0 ? null : allOf(tests);
}

const NOT_PROMOTED: EnvoyTest = { not: { attachment: ARGUMENT_COUNT, text: { present: true } } };

function mayHold({ holds: yes, unknown }: EnvoyArgument): EnvoyTest {
  return anyOf([yes, unknown].flatMap((test) => test ?? []));
}

/** A route of the document becomes one for calls about which Envoy cannot tell, and one for those that it decides. */
function expand(
  route: EnvoyRoute,
  rules: EnvoyRules,
  script: RuleScript,
  service: ServiceKey,
  caller: CallerFacts,
  providers: readonly RuledProvider[],
): RuledRoute[] {
  const facts = route.facts.map((fact) => factHolds(fact, service, caller));
  if (facts.includes(false)) return [];
  const source = { file: script.file, line: route.line };
  const name = route.name.endsWith('-refused') ? route.name : `${route.name}-refused`;
  const keep = (test: EnvoyTest | null, why: string): RuledRoute => ({
    ...{ script: script.name, rule: name, source, test },
    target: { kind: 'original', why },
  });
  const base = route.match.length === 0 ? null : allOf(route.match);
  const withBase = (tests: readonly EnvoyTest[]): EnvoyTest | null => {
    const all = [...route.match, ...tests];
    return all.length === 0 ? null : allOf(all);
  };
  if (facts.includes(null)) return [keep(base, 'weir does not know this of the caller')];
  const outcome = rules.outcomes.find((one) => one.name === route.outcome);
  const guards = unknownArguments(route).map((test) =>
    keep(withBase([test]), 'Envoy cannot tell it of these arguments'),
  );
  const own = withBase(route.arguments.flatMap(({ holds: yes }) => yes ?? []));
  if (outcome === undefined) return [...guards, keep(own, 'the rule was not converted')];
  const target = targetOf(outcome, rules, providers);
  return [
    ...guards,
    { script: script.name, rule: target.kind === 'original' ? name : route.name, source, test: own, target },
  ];
}

/** Tests for the calls of a rule whose arguments do not decide: those without them, and those of other classes. */
function unknownArguments({ arguments: args }: EnvoyRoute): EnvoyTest[] {
  if (args.length === 0) return [];
  const doubtful = args.flatMap(({ unknown }, index) =>
    unknown === undefined ? [] : [allOf([unknown, ...args.filter((_, at) => at !== index).map(mayHold)])],
  );
  return [NOT_PROMOTED, ...doubtful];
}

/** Whether a condition on the service and caller holds; null: not known. */
function factHolds(fact: PlanCondition, service: ServiceKey, caller: CallerFacts): boolean | null {
  const leaves = leavesOf(fact.term).map((leaf) => leaf.t);
  if (leaves.includes('callerHost') && caller.host === null) return null;
  if (leaves.includes('callerParam') && caller.params === null) return null;
  const asksApplication = leaves.includes('callerApp') || leaves.includes('attachment');
  if (asksApplication && caller.application === null) return null;
  const { application, host, params } = caller;
  const call: RoutingCall = {
    ...{ service: service.interface, method: '', paramTypes: [], args: [] },
    attachments: application === null ? {} : { 'remote.application': application },
    consumer: {
      ...(application === null ? {} : { application }),
      ...(host === null ? {} : { host }),
      ...(params === null ? {} : { params: { ...params } }),
    },
  };
  return known(() => conditionHolds(fact, call));
}

function targetOf(
  { name, choices }: EnvoyOutcome,
  rules: EnvoyRules,
  providers: readonly RuledProvider[],
): RouteTarget {
  const groups = new Map(rules.groups.map((group) => [group.name, group]));
  const picks: { readonly share: number; readonly members: readonly WeightedMember[] }[] = [];
  for (const { weight, chain, otherwise } of choices) {
    let members: readonly WeightedMember[] | null = null;
    for (const of of chain) {
      const group = groups.get(of);
      if (group === undefined) continue;
      const unlabelled = unsetLabel(group.select, providers);
      if (unlabelled !== null) return { kind: 'original', why: `no provider has the label ${unlabelled}` };
      const inside = providers.map((provider) => [provider, holds(group.select, provider)] as const);
      if (inside.some(([, is]) => is === null)) return { kind: 'original', why: `weir cannot tell who is in ${of}` };
      const own = inside.filter(([, is]) => is).map(([provider]) => provider);
      if (own.length === 0) continue;
      members = own.map((provider) => {
        const found = group.weights?.find(({ where }) => holds(where, provider) === true)?.weight ?? 1;
        return { ...provider, weight: provider.weight * found };
      });
      break;
    }
    picks.push({ share: weight, members: members ?? (otherwise === 'all' ? providers : []) });
  }
  const isEmpty = picks.map(({ members }) => members.length === 0);
  // Envoy has no way to fail a share of the calls.
  if (isEmpty.includes(true) && isEmpty.includes(false)) {
    return { kind: 'original', why: 'a share of the calls would fail, and Envoy fails all or none' };
  }
  const chosen = new Set(picks.flatMap(({ members }) => members.map(({ id }) => id)));
  const unread = providers.find(({ id, isReadable }) => !isReadable && chosen.has(id));
  if (unread !== undefined) return { kind: 'original', why: `${unread.id} takes calls that Envoy cannot read` };
  return { kind: 'members', outcome: name, members: memberWeights(picks) };
}

/** A label that an operator sets and that nobody set yet: who is in the group is not known. */
function unsetLabel(select: ProviderPredicate, providers: readonly RuledProvider[]): string | null {
  const keys = providerLeaves(select).flatMap((leaf) => (leaf.t === 'param' ? [leaf.key] : []));
  const unset = (key: string) => providers.every(({ params }) => params[key] === undefined);
  return keys.find((key) => key.startsWith(LABEL_PREFIX) && unset(key)) ?? null;
}

function holds(predicate: ProviderPredicate, provider: RuledProvider): boolean | null {
  return known(() => predicateHolds(predicate, provider));
}

function known(ask: () => boolean): boolean | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof OpaqueSignal) return null;
    throw error;
  }
}
