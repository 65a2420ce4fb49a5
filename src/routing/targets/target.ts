import type { RoutingProvider, RoutingService } from '../case-file.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import type { RoutePlan } from '../route-plan.ts';
import type { LabelPlan } from './label-plan.ts';

/** The routing languages that weir writes. */
export type TargetName = 'dubbo-mesh' | 'istio' | 'envoy-dubbo' | 'aeraki';

/** How faithful a rule's translation is; the order of ./fidelity.ts goes from best to worst. */
export type Fidelity = 'exact' | 'noted' | 'lossy' | 'refused';

/** What a converter of a target gets. */
export interface LoweringInput {
  readonly plan: RoutePlan;
  /** Name of the documents, without dots. */
  readonly name: string;
  /** Known interfaces with their methods; empty when nobody gave them. */
  readonly services: readonly RoutingService[];
  /** Registry snapshot; empty when nobody gave one. */
  readonly providers: readonly RoutingProvider[];
  readonly version: string;
  /** Codes that a reviewed accept file lets through; key `WR041` or `WR041@r3`. */
  readonly accepted: ReadonlySet<string>;
  /** Rules that a proof has rejected: they are written as refused, whatever the lowering thinks of them. */
  readonly rejected: ReadonlySet<string>;
}

/** Something that a rule loses or needs: the code of the catalogue, what it is here, and the cheapest way out. */
export interface LoweringFinding {
  readonly code: DiagnosticCode;
  readonly rule: string;
  readonly message: string;
  readonly repair?: string;
}

/** How one rule of the plan came out. */
export interface LoweredRule {
  readonly id: string;
  readonly fidelity: Fidelity;
  readonly findings: readonly LoweringFinding[];
}

/** The documents of one plan for one target. `text` is null when no rule of the plan could be said. */
export interface LoweredPlan {
  readonly text: string | null;
  readonly rules: readonly LoweredRule[];
  readonly labels: LabelPlan;
}
