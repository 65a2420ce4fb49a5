/** The proof: compares a plan with a target's documents on one call of every cell. */
import type { RoutingCall, RoutingProvider, RoutingService } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { TargetEntries, TargetModel } from '../models/target-model.ts';
import { decideRule, evaluatePlan, groupProviders, type PlanDecision } from '../plan/evaluate-plan.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { PlanRule, RoutePlan } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { isRefusedEntry, refusesRule } from '../targets/entry-name.ts';
import type { WhenEmpty } from '../targets/when-empty.ts';
import { type CallShape, callShapes, namedServices, outsideShapes, shapedCall } from './call-shape.ts';
import { dividedEntries } from './divided-entries.ts';
import { PlanMemory, ShapeMemory } from './leaf-rules.ts';
import { decidingRule, findMeetings, firstBit } from './meetings.ts';
import { planLeaves } from './plan-constants.ts';
import { openGroups } from './sample-providers.ts';
import { shapeCells } from './shape-cells.ts';
import { type Rounded, type RuleProof, Tally } from './tally.ts';

/** The comparison of a plan with the documents of a target. */
export interface EquivalenceReport {
  readonly rules: readonly RuleProof[];
  /** How many calls both models were asked about. */
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
  /** Whether documents need not leave a call to the script; all calls may be left if omitted. */
  readonly isDecided?: (call: RoutingCall, present: readonly RoutingProvider[]) => boolean;
  /** Other documents for the same plan: calls that they tell apart are compared each. */
  readonly dividedBy?: TargetModel;
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
  {
    watch = () => undefined,
    whenEmpty = 'keep',
    memory: known,
    isDecided = () => false,
    dividedBy,
  }: ComparisonOptions = {},
): EquivalenceReport {
  const leaves = new Map<string, CallLeaf>();
  for (const [key, { leaf }] of planLeaves(plan)) leaves.set(key, leaf);
  const aliases = new Set([...leaves.values()].map(wireName));
  for (const leaf of [...model.leaves(), ...(dividedBy?.leaves() ?? [])])
    if (!aliases.has(wireName(leaf))) leaves.set(JSON.stringify(leaf), leaf);
  const scope = model.otherScope(plan.scope);
  if (scope !== null) return notProved(plan, scope);
  const named = namedServices(plan, model.services());
  if (named === null) return notProved(plan, 'services are told apart in a way that weir cannot list');
  const shapes = callShapes(plan, services, named);
  const tally = new Tally(
    plan,
    shapes.some((shape) => shape.known),
    whenEmpty,
    isDecided,
  );
  const open = openGroups(plan, providers);
  tally.doubt(plan.rules.flatMap(({ then }, index) => (choosesOneOf(then, open) ? [index] : [])));
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
        dividedBy,
      });
      isWhole &&= whole;
    }
    if (plan.scope.service !== null) compareOutside(plan, model, outsideShapes(plan, named), providers, tally, reached);
  } catch (error) {
    if (!(error instanceof OpaqueSignal) && !(error instanceof JavaRegexError)) throw error;
    // A document by other hands may hold a pattern that weir does not read: then nothing is proved.
    return notProved(plan, error.message);
  }
  const unreachable = isWhole ? model.names().flatMap((_, id) => (reached.has(id) ? [] : [id])) : [];
  return { ...tally.report(), unreachable, isWhole };
}

function choosesOneOf(then: PlanRule['then'], groups: ReadonlySet<string>): boolean {
  return then.kind === 'route' && then.choices.some(({ chain }) => chain.some((id) => groups.has(id)));
}

// Calls of services that the rule is not about: an entry that takes them must leave them as they are.
function compareOutside(
  plan: RoutePlan,
  model: TargetModel,
  shapes: readonly CallShape[],
  providers: readonly RoutingProvider[],
  tally: Tally,
  reached: Set<number>,
): void {
  const outside: RoutePlan = { ...plan, rules: [] };
  const all: PlanDecision = { kind: 'providers', picks: [{ providers: providers.map(({ id }) => id), share: 1 }] };
  for (const shape of shapes) {
    const entries = model.entries(shape.service, shape);
    const cells = shapeCells(outside, shape, entries, model.leaves(), new ShapeMemory(new PlanMemory(outside)));
    for (const meeting of findMeetings(outside, shape, entries, cells).meetings) {
      const first = firstBit(meeting.entries);
      if (first < 0) continue;
      reached.add(entries.ids[first] ?? -1);
      const call = shapedCall(shape, meeting.values);
      tally.takesOther(call, providers, all, model.evaluate(call, providers));
    }
  }
}

/** The report of a comparison that cannot be made. */
export function notProved(plan: RoutePlan, reason: string): EquivalenceReport {
  const proof = {
    verdict: 'unverified',
    state: 'left',
    shadowedBy: [],
    cells: 0,
    reach: 'known',
    disagreements: [],
  } as const;
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
  readonly dividedBy: TargetModel | undefined;
}

// Returns whether all combinations of cells were visited.
function compareShape(
  plan: RoutePlan,
  model: TargetModel,
  shape: CallShape,
  leaves: readonly CallLeaf[],
  providers: readonly RoutingProvider[],
  { tally, watch, memory, reached, dividedBy }: Comparison,
): boolean {
  const entries = model.entries(shape.service, shape);
  const all = dividedBy === undefined ? entries : dividedEntries(entries, dividedBy.entries(shape.service, shape));
  const cells = shapeCells(plan, shape, all, leaves, memory);
  const found = findMeetings(plan, shape, all, cells);
  const doubt = Math.min(found.complete ? Number.POSITIVE_INFINITY : 0, ...cells.map((leaf) => leaf.doubt));
  const met = new Set<string>();
  // A rule that no cell met may decide in a cell that was not found: it is no more proved than those that were met.
  if (doubt < plan.rules.length) {
    const end = refusedFrom(plan, entries, leaves);
    tally.doubt(found.possible.filter((index) => index >= doubt && index < end));
  }
  const gap = Math.min(found.complete ? Number.POSITIVE_INFINITY : 0, ...cells.map((leaf) => leaf.gap));
  tally.leaveOpen(
    found.possible.filter((index) => index >= gap),
    shape.known,
  );
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
      const falls = fallsBack(plan, rule, present);
      const rounded = roundedDecision(plan, call, present);
      tally.judge(
        { rule, call, present, doubtful: index >= doubt, known: shape.known, falls, rounded },
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

// A group has no provider, and the rule has another choice for its calls.
function fallsBack(plan: RoutePlan, rule: PlanRule, present: readonly RoutingProvider[]): boolean {
  if (rule.then.kind !== 'route') return false;
  return rule.then.choices.some(({ chain: [first] }) => {
    const group = plan.groups.find(({ id }) => id === first);
    return group !== undefined && groupProviders(group, present).length === 0;
  });
}

// The decision for a call whose numbers are those that doubles hold.
function roundedDecision(plan: RoutePlan, call: RoutingCall, present: readonly RoutingProvider[]): Rounded {
  const args = call.args.map((arg): TypedValue => {
    if (arg.t !== 'java.lang.Long' || !('v' in arg) || Number.isSafeInteger(Number(arg.v))) return arg;
    return { t: arg.t, v: BigInt(Number(arg.v)).toString() };
  });
  if (args.every((arg, at) => arg === call.args[at])) return { kind: 'same' };
  // No Long is as large as the double next to the largest one.
  if (args.some((arg) => arg.t === 'java.lang.Long' && 'v' in arg && BigInt(String(arg.v)) > LARGEST_LONG))
    return { kind: 'beyond' };
  return { kind: 'other', decision: evaluatePlan(plan, { ...call, args }, present).decision };
}

const LARGEST_LONG = 2n ** 63n - 1n;

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
