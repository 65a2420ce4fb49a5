/** Counts, rule by rule, what a comparison of a plan with documents found. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { TargetOutcome } from '../models/target-model.ts';
import type { PlanDecision } from '../plan/evaluate-plan.ts';
import type { PlanRule, RoutePlan } from '../plan/route-plan.ts';
import { refusesRule } from '../targets/entry-name.ts';
import type { WhenEmpty } from '../targets/when-empty.ts';
import { compareOutcomes, describeDecision, describeTargetOutcome } from './compare-outcomes.ts';

/** Certainty that a rule and its documents agree. */
export type Verdict = 'proved' | 'proved+oracle' | 'sampled' | 'unverified';

/**
 * Fate of a rule's calls in the documents. `converted`: the documents decide them. `left`: an entry of this rule leaves
 * them to the script, or nobody knows whether there are any. `shadowed`: an earlier entry of another rule leaves them to
 * the script. `none`: no call reaches the rule.
 */
export type RuleState = 'converted' | 'shadowed' | 'left' | 'none';

/** A call on which plan and documents differ, or a caveat of the target shows. */
export interface Witness {
  readonly rule: string;
  readonly call: RoutingCall;
  readonly script: string;
  readonly target: string;
}

/** The findings of the comparison about one rule. */
export interface RuleProof {
  readonly id: string;
  readonly verdict: Verdict;
  readonly state: RuleState;
  /** Entries of other rules that take calls of this one and leave them to the script. */
  readonly shadowedBy: readonly string[];
  /** Combinations of cells in which this rule decides. */
  readonly cells: number;
  /** `unknown`: no call was found that comes to the rule, and not all cells were looked at. */
  readonly reach: 'known' | 'unknown';
  readonly disagreements: readonly Witness[];
  /** Calls that the target fails or widens as its diagnostics say: null arguments, empty groups. */
  readonly caveats: readonly Witness[];
}

/** One call that was put to both sides. */
export interface Trial {
  readonly rule: PlanRule;
  readonly call: RoutingCall;
  readonly present: readonly RoutingProvider[];
  /** The cells of a leaf that this rule or one before it reads may be incomplete. */
  readonly doubtful: boolean;
  /** The services describe the method of the call. */
  readonly known: boolean;
  /** A group that the rule prefers to others has no provider. */
  readonly falls: boolean;
  readonly rounded: Rounded;
}

/** A call with its numbers as doubles hold them: the same one, another with its decision, or none that a script can get. */
export type Rounded =
  | { readonly kind: 'same' | 'beyond' }
  | { readonly kind: 'other'; readonly decision: PlanDecision };

interface Cells {
  met: number;
  decided: number;
  /** A cell in which the rule decides may be missing. */
  isOpen: boolean;
  readonly left: Set<string>;
}

interface Entry {
  readonly known: Cells;
  readonly beyond: Cells;
  /** A call was compared in a cell beside which others may be missing. */
  sampled: boolean;
  readonly bad: Witness[];
  readonly caveats: Witness[];
}

const KEPT_WITNESSES = 3;

/** Takes the calls of a comparison one by one. */
export class Tally {
  private readonly entries = new Map<string, Entry>();
  private calls = 0;
  private readonly describes: boolean;
  private readonly whenEmpty: WhenEmpty;
  private readonly isDecided: (call: RoutingCall, present: readonly RoutingProvider[]) => boolean;

  /** `describes`: the input holds methods with their signatures. `isDecided`: documents need not leave a call. */
  constructor(plan: RoutePlan, describes: boolean, whenEmpty: WhenEmpty, isDecided: Tally['isDecided']) {
    this.describes = describes;
    this.whenEmpty = whenEmpty;
    this.isDecided = isDecided;
    const cells = (): Cells => ({ met: 0, decided: 0, isOpen: false, left: new Set() });
    for (const rule of plan.rules) {
      this.entries.set(rule.id, { known: cells(), beyond: cells(), sampled: false, bad: [], caveats: [] });
    }
  }

  /** Counts a combination of cells in which a rule decides. */
  meet(rule: PlanRule, known: boolean): void {
    const entry = this.entries.get(rule.id);
    if (entry !== undefined) entry[known ? 'known' : 'beyond'].met += 1;
  }

  /** Marks rules for which a difference may lie in a cell that is missing. */
  doubt(indexes: readonly number[]): void {
    for (const entry of this.#entriesAt(indexes)) entry.sampled = true;
  }

  /** Marks rules that may decide in a cell that is missing, among calls of described (`known`) or other methods. */
  leaveOpen(indexes: readonly number[], known: boolean): void {
    for (const entry of this.#entriesAt(indexes)) entry[known ? 'known' : 'beyond'].isOpen = true;
  }

  #entriesAt(indexes: readonly number[]): Entry[] {
    const entries = [...this.entries.values()];
    return indexes.flatMap((index) => entries[index] ?? []);
  }

  /** Takes one call with both outcomes. */
  judge(trial: Trial, script: PlanDecision, target: TargetOutcome): void {
    this.calls += 1;
    const { rule, call, present, doubtful, known, falls, rounded } = trial;
    const entry = this.entries.get(rule.id);
    if (entry === undefined) return;
    const cells = entry[known ? 'known' : 'beyond'];
    const hasNull = call.args.some(({ t }) => t === 'null');
    const compared = { present, whenEmpty: this.whenEmpty, falls, hasNull };
    const sort = compareOutcomes(script, target, compared);
    if (sort === 'left') {
      if ('entry' in target && target.entry !== null) cells.left.add(target.entry);
      if (entry.bad.length < KEPT_WITNESSES && this.isDecided(call, present)) {
        const differs = witness(rule.id, call, present, script, target);
        entry.bad.push({ ...differs, target: 'left to the script, though documents can decide it' });
      }
      return;
    }
    cells.decided += 1;
    entry.sampled ||= doubtful;
    if (sort === 'equal') return;
    // WR025 announces what happens to numbers that a double cannot hold, and nothing else.
    const isRounding =
      rounded.kind === 'beyond' ||
      (rounded.kind === 'other' && compareOutcomes(rounded.decision, target, compared) !== 'different');
    const list = sort === 'caveat' || isRounding ? entry.caveats : entry.bad;
    if (list.length < KEPT_WITNESSES) list.push(witness(rule.id, call, present, script, target));
  }

  /** Takes a call that the plan is not about: an entry of the documents does something with it all the same. */
  takesOther(
    call: RoutingCall,
    present: readonly RoutingProvider[],
    script: PlanDecision,
    target: TargetOutcome,
  ): void {
    this.calls += 1;
    const [id, entry] = [...this.entries].at(-1) ?? [];
    const compared = { present, whenEmpty: this.whenEmpty, falls: false, hasNull: false };
    const sort = compareOutcomes(script, target, compared);
    if (id === undefined || entry === undefined || sort === 'equal' || sort === 'left') return;
    if (entry.bad.length < KEPT_WITNESSES) entry.bad.push(witness(id, call, present, script, target));
  }

  /** Records a call for which weir cannot tell the script's decision. Nothing is compared, and the rule says so. */
  cannotTell(rule: PlanRule, call: RoutingCall, reason: string): void {
    const caveats = this.entries.get(rule.id)?.caveats;
    if (caveats === undefined || caveats.length >= KEPT_WITNESSES) return;
    caveats.push({ rule: rule.id, call, script: `weir cannot say: ${reason}`, target: 'not compared' });
  }

  /** The findings about every rule, and the number of compared calls. */
  report(): { rules: RuleProof[]; calls: number } {
    const rules = [...this.entries].map(([id, entry]): RuleProof => {
      const { known, beyond, sampled, bad, caveats } = entry;
      // Where methods are described, a rule that only undescribed calls reach stays with the script without a loss.
      const cells = known.met > 0 ? known : beyond;
      const found = stateOf(id, cells);
      const isNone = this.describes && known.met === 0 && found !== 'converted';
      const isUnknown = (isNone && known.isOpen) || (cells.met === 0 && (known.isOpen || beyond.isOpen));
      const state = isUnknown ? 'left' : isNone ? 'none' : found;
      const proved = sampled || isUnknown ? 'sampled' : 'proved';
      const verdict = bad.length > 0 || (state !== 'converted' && !isUnknown) ? 'unverified' : proved;
      const shadowedBy = [...cells.left].filter((name) => refusesRule(name, id) === false).sort();
      const reach = isUnknown ? 'unknown' : 'known';
      return { id, verdict, state, shadowedBy, cells: known.met + beyond.met, reach, disagreements: bad, caveats };
    });
    return { rules, calls: this.calls };
  }
}

function stateOf(id: string, { met, decided, left }: Cells): RuleState {
  if (met === 0) return 'none';
  if ([...left].some((name) => refusesRule(name, id) === true)) return 'left';
  if (decided > 0) return 'converted';
  // Met, and neither compared nor taken by an entry: weir cannot say what the script does with the calls.
  if (left.size === 0) return 'left';
  return [...left].some((name) => refusesRule(name, id) === null) ? 'left' : 'shadowed';
}

function witness(
  rule: string,
  call: RoutingCall,
  present: readonly RoutingProvider[],
  script: PlanDecision,
  target: TargetOutcome,
): Witness {
  const only = { ...call, only: present.map((provider) => provider.id) };
  return { rule, call: only, script: describeDecision(script), target: describeTargetOutcome(target) };
}
