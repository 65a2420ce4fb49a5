/** The types of a target: its name, the input of a lowering, lowered rules and findings. */
import type { RoutingProvider, RoutingService } from '../case-file.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import type { RuleOverlap } from '../equivalence/rule-overlap.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import type { LabelPlan } from './label-plan.ts';
import type { WhenEmpty } from './when-empty.ts';

/** The routing languages that weir writes. */
export type TargetName = 'dubbo-mesh' | 'istio' | 'envoy' | 'envoy-dubbo' | 'aeraki';

/** Faithfulness of a rule's translation; the order of ./fidelity.ts goes from best to worst. */
export type Fidelity = 'exact' | 'noted' | 'lossy' | 'refused';

/** The input of a target's lowering. */
export interface LoweringInput {
  readonly plan: RoutePlan;
  /** Name of the documents, without dots. */
  readonly name: string;
  /** Known interfaces with their methods; empty when none are known. */
  readonly services: readonly RoutingService[];
  /** Registry snapshot; empty without one. */
  readonly providers: readonly RoutingProvider[];
  readonly version: string;
  /** Codes that a reviewed accept file lets through; key `WR041` or `WR041@r3`. */
  readonly accepted: ReadonlySet<string>;
  /** Rules that a proof has rejected, with the reason. The lowering writes them as refused in any case. */
  readonly rejected: ReadonlyMap<string, string>;
  /**
   * Entries (by their place) that no call reaches, found by asking the target's model: they are left out, and neighbours are
   * joined. Undefined: nobody has looked yet, every entry is written.
   */
  readonly unreachable?: ReadonlySet<number>;
  /** The meaning of an empty group where the target cannot express the script's own; `keep` if omitted. */
  readonly whenEmpty?: WhenEmpty | undefined;
  /** Lines of the file for the spans of the plan, where they differ. */
  readonly lineOf?: (line: number) => number;
  /** Which rules have no call in common; made anew where it is not given. */
  readonly overlap?: RuleOverlap;
}

/** A loss or need of a rule: the code of the catalogue, the case at hand, and the cheapest repair. */
export interface LoweringFinding {
  readonly code: DiagnosticCode;
  readonly rule: string;
  readonly message: string;
  readonly repair?: string;
  /** Groups that the target gives to all providers while they are empty: told once a script. */
  readonly empty?: readonly string[];
}

/** The result of lowering one rule of the plan. */
export interface LoweredRule {
  readonly id: string;
  readonly fidelity: Fidelity;
  readonly findings: readonly LoweringFinding[];
}

/** The documents of one plan for one target. `text` is null when the target can express no rule of the plan. */
export interface LoweredPlan {
  readonly text: string | null;
  readonly rules: readonly LoweredRule[];
  readonly labels: LabelPlan;
  /** Entries before any was left out or joined. */
  readonly entries: number;
  /** The same plan without some entries, as lowering with `unreachable` gives it; absent where that starts anew. */
  readonly without?: (unreachable: ReadonlySet<number>) => LoweredPlan;
}
