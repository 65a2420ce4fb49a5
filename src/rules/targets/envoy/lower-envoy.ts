/** The target envoy: routes for Envoy's generic_proxy with its Dubbo codec, made whole by weir's agent. */
import type { DiagnosticCode } from '../../diagnostics/catalogue.ts';
import { RuleOverlap } from '../../equivalence/rule-overlap.ts';
import { LABEL_PREFIX } from '../../groovy/machine/machine-group.ts';
import { describeGroup } from '../../plan/describe-rule.ts';
import type { PlanOutcome, PlanRule } from '../../plan/route-plan.ts';
import { entryComment } from '../entry-comment.ts';
import { refusedName } from '../entry-name.ts';
import { type OrderedItem, orderEntries } from '../entry-order.ts';
import { worseFidelity } from '../fidelity.ts';
import { keepReachable } from '../keep-reachable.ts';
import { type GroupSubset, labelPlan, planSubsets, usedSubsets } from '../label-plan.ts';
import { opaqueCode } from '../mesh-destination.ts';
import { providerLeaves } from '../parameter-labels.ts';
import type { Fidelity, LoweredPlan, LoweredRule, LoweringFinding, LoweringInput } from '../target.ts';
import { printYaml, YamlCommented, type YamlTree } from '../yaml-text.ts';
import { ENVOY_RULES, type EnvoyArgument, type EnvoyOutcome } from './envoy-rules.ts';
import { anyOf } from './envoy-test.ts';
import { type RuleMatch, ruleMatch } from './rule-match.ts';

interface Loss {
  readonly code: DiagnosticCode;
  readonly message: string;
}

type LoweredOutcome =
  | { readonly choices: EnvoyOutcome['choices']; readonly used: readonly string[]; readonly notes: readonly Loss[] }
  | Loss;

interface EnvoyItem extends OrderedItem {
  readonly match: RuleMatch;
  readonly outcome: LoweredOutcome;
}

interface Entry {
  readonly rules: readonly string[];
  readonly refused: boolean;
  readonly item: EnvoyItem;
}

/**
 * Lowers a plan. Fallback chains, weights and empty groups are said as they are: the agent computes their members from
 * what is registered. A rule about arguments holds for calls that passed the consumer Filter; others stay where they are.
 */
export function lowerEnvoy(input: LoweringInput): LoweredPlan {
  const subsets = planSubsets(input.plan, true);
  const byGroup = new Map(subsets.map((subset) => [subset.group.id, subset]));
  const items = orderEntries(envoyItems(input, byGroup), input.overlap ?? new RuleOverlap(input.plan));
  const lost = new Map(items.map((item) => [item.rule.id, lossesOf(item)]));
  const rules = input.plan.rules.map(
    ({ id }): LoweredRule => ({ id, ...(lost.get(id) ?? { fidelity: 'exact', findings: [] }) }),
  );
  const raw = items.map((item): Entry => ({ rules: [item.rule.id], refused: item.refused, item }));
  const entries = reachable(raw, input);
  if (
    isBlind(input) &&
    entries.filter(({ refused, item }) => refused && item.match.arguments.length > 0).length > MOST_REFUSED
  )
    return withoutSignatures(input);
  const used = entries.flatMap(({ refused, item }) =>
    refused || !('choices' in item.outcome) ? [] : item.outcome.used,
  );
  const chosen = usedSubsets(subsets, new Set(used));
  const count = raw.reduce((sum, entry) => sum + placesOf(entry.item), 0);
  const labels = labelPlan(chosen.filter(isOperatorLabel), input.providers);
  const text = entries.length === 0 ? null : printYaml(documentOf(input, entries, chosen));
  const healthChecked = chosen.filter((subset) => subset.dropsAvailability).map((subset) => subset.name);
  return { text, rules, labels: { ...labels, healthChecked }, entries: count };
}

/** The members of a machine group stand in no registry: an operator labels them. */
function isOperatorLabel({ group }: GroupSubset): boolean {
  return providerLeaves(group.where).some((leaf) => leaf.t === 'param' && leaf.key.startsWith(LABEL_PREFIX));
}

/** Places that a route takes among the entries of the model: one for each argument that may be unknown, and its own. */
function placesOf({ refused, match }: EnvoyItem): number {
  return refused ? 1 : 1 + match.arguments.filter(({ unknown }) => unknown !== undefined).length;
}

function reachable(raw: readonly Entry[], input: LoweringInput): readonly Entry[] {
  const { unreachable } = input;
  if (unreachable === undefined) return raw;
  const blind = isBlind(input);
  let at = 0;
  const seen = raw.map((entry) => {
    const places = Array.from({ length: placesOf(entry.item) }, () => at++).map((place) => !unreachable.has(place));
    const isReached = places.includes(true) || (blind && entry.item.match.arguments.length > 0);
    // Calls reach it whose arguments Envoy cannot tell, and no others: nothing of it is converted.
    return { ...entry, refused: entry.refused || places.at(-1) !== true, isReached };
  });
  const kept = keepReachable(seen, ({ isReached }) => isReached);
  return blind ? joinRefused(kept) : kept;
}

/** Calls with arguments are made up for described methods only: of others, "no call comes" says nothing. */
function isBlind({ services, plan }: LoweringInput): boolean {
  return !services.some(({ interface: name }) => name === (plan.scope.service ?? name));
}

/** More entries than this that only say "this is left to the script" are no document that helps anybody. */
const MOST_REFUSED = 64;

function withoutSignatures({ plan }: LoweringInput): LoweredPlan {
  const message = 'The rules read arguments, and nothing is known of the methods and their types.';
  const rules = plan.rules.map(({ id }): LoweredRule => {
    return { id, fidelity: 'refused', findings: [{ code: 'WR027', rule: id, message }] };
  });
  return { text: null, rules, labels: { ...labelPlan([], []), healthChecked: [] }, entries: 0 };
}

/** Neighbours that are refused and differ in the test on one argument alone: one entry says it for all. */
function joinRefused(entries: readonly Entry[]): readonly Entry[] {
  const joined: Entry[] = [];
  for (const entry of entries) {
    const last = joined.at(-1);
    const [before, argument] = [last === undefined ? null : argumentOf(last), argumentOf(entry)];
    if (last === undefined || before === null || argument === null || partsOf(last) !== partsOf(entry)) {
      joined.push(entry);
      continue;
    }
    const tests = [before.holds, argument.holds].flatMap((test) => ('any' in test ? test.any : [test]));
    const different = [...new Map(tests.map((test) => [JSON.stringify(test), test])).values()];
    const match = { ...last.item.match, arguments: [{ leaf: before.leaf, holds: anyOf(different) }] };
    const rules = [...new Set([...last.rules, ...entry.rules])];
    joined[joined.length - 1] = { ...last, rules, item: { ...last.item, match } };
  }
  return joined;
}

/** The only test on an argument of an entry that is refused, as wide as it is written. */
function argumentOf({ refused, item: { match } }: Entry) {
  const [argument, ...more] = match.arguments;
  return refused && argument !== undefined && more.length === 0 ? widest(argument) : null;
}

function partsOf({ item: { match } }: Entry): string {
  return JSON.stringify([match.facts, match.match, match.arguments[0]?.leaf]);
}

function* envoyItems(input: LoweringInput, subsets: ReadonlyMap<string, GroupSubset>): Generator<EnvoyItem> {
  for (const rule of input.plan.rules) {
    const match = ruleMatch(rule);
    if (match === null) continue;
    const rejection = input.rejected.get(rule.id);
    const outcome =
      rejection !== undefined ? { code: 'WR038' as const, message: rejection } : lowerOutcome(rule, subsets);
    const place = 'choices' in outcome ? JSON.stringify(outcome.choices) : null;
    const takesAll = match.facts.length === 0 && match.match.length === 0 && match.arguments.length === 0;
    yield { rule, refused: match.unsupported !== null || place === null, takesAll, place, match, outcome };
  }
}

function lossesOf({ rule, match, outcome }: EnvoyItem): Omit<LoweredRule, 'id'> {
  const findings: LoweringFinding[] = [];
  let fidelity: Fidelity = 'exact';
  const lose = (level: Fidelity, loss: Loss): void => {
    fidelity = worseFidelity(fidelity, level);
    findings.push({ ...loss, rule: rule.id });
  };
  if (match.unsupported !== null) {
    const { code, why } = match.unsupported;
    lose('refused', { code, message: `${why.charAt(0).toUpperCase()}${why.slice(1)}.` });
  }
  if (!('choices' in outcome)) lose('refused', outcome);
  else for (const note of outcome.notes) lose('noted', note);
  for (const code of match.notes) lose('noted', { code, message: NOTE_TEXTS[code] ?? '' });
  return { fidelity, findings };
}

const NOTE_TEXTS: Partial<Record<DiagnosticCode, string>> = {
  WR033: 'weir asks once for the host on which the sidecar runs; where it cannot tell, the calls keep their address.',
  WR037: 'It holds for consumers with weir-dubbo.jar; the calls of others keep the address that they picked.',
};

function lowerOutcome({ then }: PlanRule, subsets: ReadonlyMap<string, GroupSubset>): LoweredOutcome {
  switch (then.kind) {
    case 'all':
      return { choices: [{ weight: 1, chain: [], otherwise: 'all' }], used: [], notes: [] };
    case 'deny':
      return { choices: [{ weight: 1, chain: [], otherwise: 'deny' }], used: [], notes: [] };
    case 'route':
      return lowerChoices(then, subsets);
    case 'error':
      return { code: 'WR005', message: `The call fails with ${then.exception} in the script.` };
    case 'stale':
      return { code: 'WR006', message: 'The push of the rule fails; what stays depends on the past.' };
    case 'tag':
      return { code: 'WR034', message: `The rule gives the tag ${then.tag ?? 'null'}, not providers.` };
    case 'opaque':
      return { code: opaqueCode(then.code), message: then.reason };
  }
}

function lowerChoices(
  then: Extract<PlanOutcome, { kind: 'route' }>,
  subsets: ReadonlyMap<string, GroupSubset>,
): LoweredOutcome {
  const notes: Loss[] = [];
  const used: string[] = [];
  const choices: EnvoyOutcome['choices'][number][] = [];
  for (const { weight, chain, otherwise } of then.choices) {
    const groups = chain.flatMap((id) => subsets.get(id) ?? []).filter(({ group }) => group.where.p !== 'false');
    for (const { group, impossible, dropsAvailability, findsText } of groups) {
      if (impossible !== null) return { code: 'WR028', message: 'No registry says "not available".' };
      if (dropsAvailability) notes.push({ code: 'WR028', message: 'isAvailable() is left to health checks.' });
      if (findsText) notes.push({ code: 'WR030', message: `"${describeGroup(group)}" is a search, no full match.` });
      if (group.closedWorld) {
        const message = `The group "${describeGroup(group)}" holds for the snapshot's values only.`;
        notes.push({ code: 'WR026', message });
      }
      used.push(group.id);
    }
    choices.push({ weight, chain: [...new Set(groups.map(({ name }) => name))], otherwise });
  }
  return { choices, used, notes };
}

function documentOf(input: LoweringInput, entries: readonly Entry[], subsets: readonly GroupSubset[]): YamlTree {
  const { scope } = input.plan;
  const outcomes = new Map<string, string>();
  const nameOf = ({ choices }: Pick<EnvoyOutcome, 'choices'>): string => {
    const key = JSON.stringify(choices);
    const known = outcomes.get(key);
    if (known !== undefined) return known;
    const name = freeName(outcomeName(choices), new Set(outcomes.values()));
    outcomes.set(key, name);
    return name;
  };
  const routes = entries.map(({ rules, refused, item: { rule, match, outcome } }): YamlTree => {
    const why = match.unsupported?.why ?? ('choices' in outcome ? '' : outcome.message);
    const comment = entryComment(input, { rules, refused }, () => why.replace(/\.$/, '') || FRONT);
    return new YamlCommented(comment, {
      name: refused ? refusedName(rules) : rule.id,
      line: (input.lineOf ?? ((line) => line))(rule.span.line),
      facts: listOrNothing(match.facts),
      match: listOrNothing(match.match),
      arguments: listOrNothing(refused ? match.arguments.map(widest) : match.arguments),
      outcome: refused || !('choices' in outcome) ? undefined : nameOf(outcome),
    });
  });
  return {
    ...ENVOY_RULES,
    metadata: { name: input.name },
    spec: {
      app: scope.providerApp ?? undefined,
      service: scope.service ?? undefined,
      group: scope.group ?? undefined,
      version: scope.version ?? undefined,
      consumerHost: scope.consumerHost,
      groups: listOrNothing(
        subsets.map(({ name, group }) => ({
          name,
          select: group.where,
          weights: group.weights?.map(({ where, weight }) => ({ where, weight })),
        })),
      ),
      outcomes: listOrNothing(
        [...outcomes].map(([choices, name]) => ({ name, choices: JSON.parse(choices) as EnvoyOutcome['choices'] })),
      ),
      routes,
    },
  };
}

/** The calls that may meet a rule about an argument. */
function widest({ leaf, holds, unknown }: EnvoyArgument) {
  const tests = [holds, unknown].flatMap((test) => test ?? []);
  return { leaf, holds: anyOf(tests) };
}

const FRONT = 'an entry in front of it takes its calls';

/** `gray`, `gray-or-stable`, `none`, `all`; of several choices the names of all. */
function outcomeName(choices: EnvoyOutcome['choices']): string {
  const one = ({ chain, otherwise }: (typeof choices)[number]): string => {
    const rest = otherwise === 'all' ? ['all'] : chain.length === 0 ? ['none'] : [];
    return [...chain, ...rest].join('-or-');
  };
  const name = choices.map(one).join('-and-');
  return name.length <= LONGEST_NAME ? name : name.slice(0, LONGEST_NAME);
}

const LONGEST_NAME = 48;

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) if (!taken.has(`${wanted}-${number}`)) return `${wanted}-${number}`;
}

/** JSON values are trees of YAML; an empty list is left out. */
function listOrNothing(list: readonly unknown[]): YamlTree | undefined {
  return list.length === 0 ? undefined : (list as readonly YamlTree[]);
}
