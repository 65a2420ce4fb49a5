/** The proof: compares a plan with a target's documents on one call of every cell. */
import type { RoutingCall, RoutingProvider, RoutingService } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { TargetEntries, TargetModel } from '../models/target-model.ts';
import { decideRule, groupProviders, type PlanDecision } from '../plan/evaluate-plan.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { PlanRule, RoutePlan } from '../plan/route-plan.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { isRefusedEntry, refusesRule } from '../targets/entry-name.ts';
import type { WhenEmpty } from '../targets/when-empty.ts';
import { type CallShape, callShapes, otherShapes, shapedCall } from './call-shape.ts';
import { PlanMemory, ShapeMemory } from './leaf-rules.ts';
import { decidingRule, findMeetings, firstBit } from './meetings.ts';
import { planLeaves } from './plan-constants.ts';
import { shapeCells } from './shape-cells.ts';
import { type RuleProof, Tally } from './tally.ts';

/** The comparison of a plan with the documents of a target. */
export interface EquivalenceReport {
  readonly rules: readonly RuleProof[];
  readonly calls: number;
  /** Entries (by their place in the document) that no call can reach; empty where `isWhole` is false. */
  readonly unreachable: readonly number[];
  /** Every combination of cells was visited, so that what no call reached cannot be reached. */
  readonly isWhole: boolean;
}

/** Receives every call that is compared, with the providers that are present and the decision of the script. */
export type CallWatcher = (
  rule: PlanRule,
  call: RoutingCall,
  present: readonly RoutingProvider[],
  decided: PlanDecision,
) => void;

/** Options of a comparison: a watcher of every call, the meaning of empty groups in the documents, and earlier answers. */
export interface ComparisonOptions {
  readonly watch?: CallWatcher;
  readonly whenEmpty?: WhenEmpty;
  /** Answers of the plan's rules from an earlier comparison of the same plan. */
  readonly memory?: PlanMemory;
}

/**
 * Compares plan and documents on every combination of cells, over the providers as given and with each preferred group
 * taken away. Entries named `<rule>-refused` decide nothing: their calls stay with the script.
 */
export function compareWithTarget(
  plan: RoutePlan,
  model: TargetModel,
  services: readonly RoutingService[],
  providers: readonly RoutingProvider[],
  { watch = () => undefined, whenEmpty = 'keep', memory: known }: ComparisonOptions = {},
): EquivalenceReport {
  const leaves = new Map<string, CallLeaf>();
  for (const [key, { leaf }] of planLeaves(plan)) leaves.set(key, leaf);
  const aliases = new Set([...leaves.values()].map(wireName));
  for (const leaf of model.leaves()) if (!aliases.has(wireName(leaf))) leaves.set(JSON.stringify(leaf), leaf);
  const shapes = callShapes(plan, services);
  const tally = new Tally(
    plan,
    shapes.some((shape) => shape.known),
    whenEmpty,
  );
  const memory = new ShapeMemory(known ?? new PlanMemory(plan));
  const reached = new Set<number>();
  let isWhole = true;
  try {
    for (const shape of shapes) {
      const whole = compareShape(plan, model, shape, [...leaves.values()], providers, {
        tally,
        watch,
        memory,
        reached,
      });
      isWhole &&= whole;
    }
    if (plan.scope.service !== null) reachFromOutside(plan, model, reached);
  } catch (error) {
    if (!(error instanceof OpaqueSignal) && !(error instanceof JavaRegexError)) throw error;
    // A document by other hands may hold a pattern that weir does not read: then nothing is proved.
    return notProved(plan, error.message);
  }
  const unreachable = isWhole ? model.names().flatMap((_, id) => (reached.has(id) ? [] : [id])) : [];
  return { ...tally.report(), unreachable, isWhole };
}

// Entries for services that the rule is not about: its calls never come there, those of others do.
function reachFromOutside(plan: RoutePlan, model: TargetModel, reached: Set<number>): void {
  const outside: RoutePlan = { ...plan, rules: [] };
  for (const shape of otherShapes()) {
    const entries = model.entries(shape.service, shape);
    const cells = shapeCells(outside, shape, entries, model.leaves(), new ShapeMemory(new PlanMemory(outside)));
    for (const meeting of findMeetings(outside, shape, entries, cells).meetings) {
      const first = firstBit(meeting.entries);
      if (first >= 0) reached.add(entries.ids[first] ?? -1);
    }
  }
}

function notProved(plan: RoutePlan, reason: string): EquivalenceReport {
  const proof = { verdict: 'unverified', state: 'left', shadowedBy: [], cells: 0, disagreements: [] } as const;
  return {
    rules: plan.rules.map(({ id }) => {
      const caveat = { rule: id, call: shapedCall(EMPTY_SHAPE, new Map()), script: reason, target: 'not compared' };
      return { id, ...proof, caveats: [caveat] };
    }),
    calls: 0,
    unreachable: [],
    isWhole: false,
  };
}

const EMPTY_SHAPE: CallShape = { service: '', method: null, paramTypes: [], known: false };

// On the wire keys lose their case, and the application of the caller has two names in scripts: one value must not be varied twice.
function wireName(leaf: CallLeaf): string {
  if (leaf.t === 'callerApp' || (leaf.t === 'attachment' && leaf.key === 'remote.application')) return 'caller';
  return leaf.t === 'attachment' ? `attachment ${leaf.key.toLowerCase()}` : JSON.stringify(leaf);
}

interface Comparison {
  readonly tally: Tally;
  readonly watch: CallWatcher;
  readonly memory: ShapeMemory;
  readonly reached: Set<number>;
}

// Returns whether all combinations of cells were visited.
function compareShape(
  plan: RoutePlan,
  model: TargetModel,
  shape: CallShape,
  leaves: readonly CallLeaf[],
  providers: readonly RoutingProvider[],
  { tally, watch, memory, reached }: Comparison,
): boolean {
  const entries = model.entries(shape.service, shape);
  const cells = shapeCells(plan, shape, entries, leaves, memory);
  const found = findMeetings(plan, shape, entries, cells);
  const doubt = Math.min(found.complete ? Number.POSITIVE_INFINITY : 0, ...cells.map((leaf) => leaf.doubt));
  const met = new Set<string>();
  // A rule that no cell met may decide in a cell that was not found: it is no more proved than those that were met.
  if (doubt < plan.rules.length) {
    const end = refusedFrom(plan, entries, leaves);
    tally.doubt(found.possible.filter((index) => index >= doubt && index < end));
  }
  for (const meeting of found.meetings) {
    const call = shapedCall(shape, meeting.values);
    const { rule, index, unknown } = decidingRule(plan, meeting, shape);
    tally.meet(rule, shape.known);
    const first = firstBit(meeting.entries);
    // Where an entry throws, the call ends there unless one before it takes the call.
    if (first >= 0 && (!meeting.throws || model.evaluate(call, providers).kind !== 'error')) {
      reached.add(entries.ids[first] ?? -1);
    }
    // The effect of empty groups depends on the pair of rule and entry alone.
    const pair = `${rule.id} ${(meeting.entries & -meeting.entries).toString(16)}`;
    const sets = met.has(pair) ? [providers] : presences(plan, rule, providers);
    met.add(pair);
    if (unknown !== null) {
      tally.cannotTell(rule, call, unknown);
      continue;
    }
    for (const present of sets) {
      const decided = decideRule(plan, rule, call, present);
      watch(rule, call, present, decided);
      tally.judge(
        { rule, call, present, doubtful: index >= doubt, known: shape.known },
        decided,
        model.evaluate(call, present),
      );
    }
  }
  return found.complete && cells.every((leaf) => leaf.complete);
}

// From this rule on every call of the shape is left to the script: a refused entry takes it without a look at its values.
function refusedFrom(plan: RoutePlan, entries: TargetEntries, leaves: readonly CallLeaf[]): number {
  const at = entries.names.findIndex(
    (name, index) => isRefusedEntry(name) && leaves.every((leaf) => entries.domain(index, leaf) === 'any'),
  );
  const name = entries.names[at] ?? null;
  const rule = name === null ? -1 : plan.rules.findIndex((candidate) => refusesRule(name, candidate.id) === true);
  return rule < 0 ? plan.rules.length : rule;
}

// All providers, then without each group of the rule in turn, then without all of them.
function presences(
  plan: RoutePlan,
  rule: PlanRule,
  providers: readonly RoutingProvider[],
): (readonly RoutingProvider[])[] {
  const sets: (readonly RoutingProvider[])[] = [providers];
  if (rule.then.kind !== 'route') return sets;
  const gone = new Set<string>();
  for (const id of new Set(rule.then.choices.flatMap((choice) => choice.chain))) {
    const group = plan.groups.find((candidate) => candidate.id === id);
    for (const member of group === undefined ? [] : groupProviders(group, providers)) gone.add(member);
    const left = providers.filter((provider) => !gone.has(provider.id));
    if (left.length > 0) sets.push(left);
  }
  return sets;
}
