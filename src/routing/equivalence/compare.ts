import type { RoutingCall, RoutingProvider, RoutingService } from '../case-file.ts';
import type { TargetEntries, TargetModel, TargetOutcome } from '../models/target-model.ts';
import { decideRule, groupProviders, type PlanDecision } from '../plan-evaluate.ts';
import type { CallLeaf } from '../plan-term.ts';
import type { PlanRule, RoutePlan } from '../route-plan.ts';
import { type CallShape, callShapes, shapedCall } from './call-shape.ts';
import { ShapeMemory } from './leaf-rules.ts';
import { decidingRule, findMeetings } from './meetings.ts';
import { planLeaves } from './plan-constants.ts';
import { shapeCells } from './shape-cells.ts';

/** How sure weir is that a rule and its documents agree. */
export type Verdict = 'proved' | 'proved+oracle' | 'sampled' | 'unverified';

/** A call on which plan and documents differ, or a caveat of the target shows. */
export interface Witness {
  readonly rule: string;
  readonly call: RoutingCall;
  readonly script: string;
  readonly target: string;
}

/** What the comparison found about one rule. */
export interface RuleProof {
  readonly id: string;
  readonly verdict: Verdict;
  /** Combinations of cells in which this rule decides. */
  readonly cells: number;
  readonly disagreements: readonly Witness[];
  /** Calls that the target fails or widens as its diagnostics say: null arguments, empty groups. */
  readonly caveats: readonly Witness[];
}

/** The comparison of a plan with the documents of a target. */
export interface EquivalenceReport {
  readonly rules: readonly RuleProof[];
  readonly calls: number;
}

/** Told every call that is compared, with the providers that are present and what the script decides. */
export type CallWatcher = (
  rule: PlanRule,
  call: RoutingCall,
  present: readonly RoutingProvider[],
  decided: PlanDecision,
) => void;

const KEPT_WITNESSES = 3;

/**
 * Compares plan and documents on every combination of cells, over the providers as given and with each preferred group
 * taken away. Entries named `<rule>-refused` decide nothing: their calls stay with the script.
 */
export function compareWithTarget(
  plan: RoutePlan,
  model: TargetModel,
  services: readonly RoutingService[],
  providers: readonly RoutingProvider[],
  watch: CallWatcher = () => undefined,
): EquivalenceReport {
  const leaves = new Map<string, CallLeaf>();
  for (const [key, { leaf }] of planLeaves(plan)) leaves.set(key, leaf);
  const aliases = new Set([...leaves.values()].map(wireName));
  for (const leaf of model.leaves()) if (!aliases.has(wireName(leaf))) leaves.set(JSON.stringify(leaf), leaf);
  const tally = new Tally(plan);
  const memory = new ShapeMemory(plan);
  for (const shape of callShapes(plan, services)) {
    compareShape(plan, model, shape, [...leaves.values()], providers, { tally, watch, memory });
  }
  return tally.report();
}

// On the wire keys lose their case, and the application of the caller has two names in scripts: one value must not be varied twice.
function wireName(leaf: CallLeaf): string {
  if (leaf.t === 'callerApp' || (leaf.t === 'attachment' && leaf.key === 'remote.application')) return 'caller';
  return leaf.t === 'attachment' ? `attachment ${leaf.key.toLowerCase()}` : JSON.stringify(leaf);
}

function compareShape(
  plan: RoutePlan,
  model: TargetModel,
  shape: CallShape,
  leaves: readonly CallLeaf[],
  providers: readonly RoutingProvider[],
  { tally, watch, memory }: { readonly tally: Tally; readonly watch: CallWatcher; readonly memory: ShapeMemory },
): void {
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
    const { rule, index } = decidingRule(plan, meeting, shape);
    tally.meet(rule);
    // What is left when groups are empty depends on the pair of rule and entry alone.
    const pair = `${rule.id} ${(meeting.entries & -meeting.entries).toString(16)}`;
    const sets = met.has(pair) ? [providers] : presences(plan, rule, providers);
    met.add(pair);
    for (const present of sets) {
      const decided = decideRule(plan, rule, call, present);
      watch(rule, call, present, decided);
      tally.judge({ rule, call, present, doubtful: index >= doubt }, decided, model.evaluate(call, present));
    }
  }
}

// From this rule on every call of the shape is left to the script: a refused entry takes it without a look at its values.
function refusedFrom(plan: RoutePlan, entries: TargetEntries, leaves: readonly CallLeaf[]): number {
  const at = entries.names.findIndex(
    (name, index) =>
      name?.endsWith('-refused') === true && leaves.every((leaf) => entries.domain(index, leaf) === 'any'),
  );
  const id = entries.names[at]?.replace(/-refused$/, '');
  const rule = plan.rules.findIndex((candidate) => candidate.id === id);
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

interface Trial {
  readonly rule: PlanRule;
  readonly call: RoutingCall;
  readonly present: readonly RoutingProvider[];
  /** The cells of a leaf that this rule or one before it reads may be incomplete. */
  readonly doubtful: boolean;
}

// Numbers that a double cannot hold: WR025 announces what happens to them.
function hasInexactNumber(call: RoutingCall): boolean {
  return call.args.some((arg) => arg.t === 'java.lang.Long' && 'v' in arg && Math.abs(Number(arg.v)) > 2 ** 53);
}

class Tally {
  private readonly entries = new Map<string, { cells: number; sampled: boolean; bad: Witness[]; caveats: Witness[] }>();
  private calls = 0;

  constructor(plan: RoutePlan) {
    for (const rule of plan.rules) this.entries.set(rule.id, { cells: 0, sampled: false, bad: [], caveats: [] });
  }

  meet(rule: PlanRule): void {
    const entry = this.entries.get(rule.id);
    if (entry !== undefined) entry.cells += 1;
  }

  /** Marks rules whose cells may be missing. */
  doubt(indexes: readonly number[]): void {
    const entries = [...this.entries.values()];
    for (const index of indexes) {
      const entry = entries[index];
      if (entry !== undefined) entry.sampled = true;
    }
  }

  judge({ rule, call, present, doubtful }: Trial, script: PlanDecision, target: TargetOutcome): void {
    this.calls += 1;
    const entry = this.entries.get(rule.id);
    const sort = compareOutcomes(script, target);
    if (entry === undefined || sort === 'left') return;
    entry.sampled ||= doubtful;
    if (sort === 'equal') return;
    const list = sort === 'caveat' || hasInexactNumber(call) ? entry.caveats : entry.bad;
    if (list.length >= KEPT_WITNESSES) return;
    const only = { ...call, only: present.map((provider) => provider.id) };
    list.push({ rule: rule.id, call: only, script: describeDecision(script), target: describeOutcome(target) });
  }

  report(): EquivalenceReport {
    const rules = [...this.entries].map(([id, { cells, sampled, bad, caveats }]): RuleProof => {
      const verdict = bad.length > 0 ? 'unverified' : sampled ? 'sampled' : 'proved';
      return { id, verdict, cells, disagreements: bad, caveats };
    });
    return { rules, calls: this.calls };
  }
}

/** Whether an outcome of the target is what the script gives: equal, left to the script, a known caveat, or different. */
export function compareOutcomes(
  script: PlanDecision,
  target: TargetOutcome,
): 'equal' | 'left' | 'caveat' | 'different' {
  if (target.kind === 'routed' && target.entry?.endsWith('-refused') === true) return 'left';
  if (target.kind === 'denied' && target.entry?.endsWith('-refused') === true) return 'left';
  // The exception of a null argument is announced by a diagnostic; nothing is misrouted.
  if (target.kind === 'error') return 'caveat';
  const wanted = picksOf(script);
  if (wanted === null) return 'different';
  const got =
    target.kind === 'routed'
      ? target.picks
      : [{ subset: null, providers: target.kind === 'unrouted' ? target.providers : [], share: 1, emptyToAll: false }];
  if (got.some((pick) => pick.emptyToAll) && wanted.some((pick) => pick.providers.length === 0)) return 'caveat';
  // WR041: a destination without providers hands its share to the next.
  if (wanted.length > 1 && wanted.some((pick) => pick.providers.length === 0)) return 'caveat';
  const spread = (picks: readonly { readonly providers: readonly string[]; readonly share: number }[]) => {
    const sums = new Map<string, number>();
    for (const pick of picks) {
      const key = [...pick.providers].sort().join(',');
      sums.set(key, (sums.get(key) ?? 0) + pick.share);
    }
    return sums;
  };
  const [left, right] = [spread(wanted), spread(got)];
  const same =
    [...left].every(([key, share]) => Math.abs((right.get(key) ?? 0) - share) < 0.001) && left.size === right.size;
  return same ? 'equal' : 'different';
}

function picksOf(
  script: PlanDecision,
): readonly { readonly providers: readonly string[]; readonly share: number }[] | null {
  if (script.kind === 'providers') return script.picks;
  return script.kind === 'ignored' ? [{ providers: script.providers, share: 1 }] : null;
}

/** What a plan decides, as text for messages. */
export function describeDecision(script: PlanDecision): string {
  switch (script.kind) {
    case 'providers':
      return script.picks.map((pick) => `[${pick.providers.join(', ')}]`).join(' or ');
    case 'ignored':
      return `all, because the script throws ${script.exception}`;
    case 'error':
      return `the call fails with ${script.exception}`;
    case 'tag':
      return `tag ${script.tag ?? 'null'}`;
    default:
      return script.kind;
  }
}

function describeOutcome(target: TargetOutcome): string {
  switch (target.kind) {
    case 'routed':
      return target.picks
        .map((pick) => `[${pick.providers.join(', ')}]${pick.emptyToAll ? ' (all, for the group is empty)' : ''}`)
        .join(' or ');
    case 'unrouted':
      return `[${target.providers.join(', ')}]`;
    case 'error':
      return `the call fails with ${target.exception}`;
    case 'denied':
      return 'no provider';
  }
}
