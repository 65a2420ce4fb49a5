import type { RoutingProvider, RoutingService } from './case-file.ts';
import { noteCode } from './diagnostics/note-code.ts';
import { compareWithTarget, type EquivalenceReport, type RuleProof, type Verdict } from './equivalence/compare.ts';
import { sampleProviders } from './equivalence/sample-providers.ts';
import { loadTargetModel } from './models/load-model.ts';
import { predicateHolds } from './plan-evaluate.ts';
import type { RoutePlan } from './route-plan.ts';
import { applyLabels } from './targets/apply-labels.ts';
import { worseFidelity } from './targets/fidelity.ts';
import type { LabelPlan } from './targets/label-plan.ts';
import { lowerPlan } from './targets/lower.ts';
import type { Fidelity, LoweredPlan, LoweringFinding, LoweringInput, TargetName } from './targets/target.ts';

/** What a conversion is asked for. */
export interface ConversionRequest {
  readonly plan: RoutePlan;
  readonly name: string;
  readonly target: TargetName;
  readonly version: string;
  readonly services: readonly RoutingService[];
  readonly providers: readonly RoutingProvider[];
  /** Codes let through by an accept file, also `sampled`. */
  readonly accepted: ReadonlySet<string>;
}

/** One rule after conversion: how faithful, how sure, and why. */
export interface ConvertedRule {
  readonly id: string;
  readonly line: number;
  readonly verdict: Verdict;
  readonly fidelity: Fidelity;
  readonly findings: readonly LoweringFinding[];
  readonly proof: RuleProof | null;
}

/** A converted plan: the text of its documents (null: nothing is to be written), labels and rules. */
export interface ConvertedPlan {
  readonly text: string | null;
  readonly labels: LabelPlan;
  readonly rules: readonly ConvertedRule[];
  /** Combinations of a cell and a set of present providers on which both models were asked. */
  readonly comparedCalls: number;
}

const NO_LABELS: LabelPlan = { groups: [], healthChecked: [] };

/**
 * Lowers a plan, re-reads the text with the target's own model, and compares both. A rule that is not proved is written as
 * refused, and all is compared again; so nothing below `proved` is in the text unless it was accepted.
 */
export function convertPlan(request: ConversionRequest): ConvertedPlan {
  const { plan } = request;
  if (hasNoEffect(plan)) return withoutDocuments(plan, 'exact');
  // A provider of the snapshot over which the script throws: the plan says nothing about calls that see it.
  if (plan.assumptions.some(({ where }) => request.providers.some((provider) => predicateHolds(where, provider)))) {
    return withoutDocuments(plan, 'refused');
  }
  const rejected = new Map<string, RuleProof>();
  for (let round = 0; round <= plan.rules.length; round += 1) {
    const input: LoweringInput = { ...request, rejected: new Set(rejected.keys()) };
    const lowered = lowerPlan(request.target, input);
    if (lowered.text === null || lowered.rules.every((rule) => rule.fidelity === 'refused')) {
      return converted(request, { ...lowered, text: null, labels: NO_LABELS }, null, rejected);
    }
    const report = proof(request, lowered);
    if (report === null) return withoutDocuments(plan, 'refused');
    const failed = report.rules.filter((rule) => !isGoodEnough(rule, request.accepted) && !rejected.has(rule.id));
    if (failed.length === 0) return converted(request, lowered, report, rejected);
    for (const rule of failed) rejected.set(rule.id, rule);
  }
  return withoutDocuments(plan, 'refused');
}

/** Whether all calls go to all providers anyway, so that the faithful result is no rule at all. */
export function hasNoEffect(plan: RoutePlan): boolean {
  return plan.effect.state !== 'live' && plan.rules.every((rule) => rule.then.kind === 'all');
}

function isGoodEnough(rule: RuleProof, accepted: ReadonlySet<string>): boolean {
  if (rule.disagreements.length > 0) return false;
  return rule.verdict === 'proved' || accepted.has('sampled') || accepted.has(`sampled@${rule.id}`);
}

function proof(request: ConversionRequest, lowered: LoweredPlan): EquivalenceReport | null {
  const loading = loadTargetModel(request.target, request.version, lowered.text ?? '');
  if (!loading.ok) return null;
  const bare = request.providers.length > 0 ? request.providers : sampleProviders(request.plan);
  // Made-up providers are labelled by the patterns of the label plan, as future hosts will be.
  return compareWithTarget(request.plan, loading.model, request.services, applyLabels(lowered.labels, bare));
}

function converted(
  { plan, accepted, providers }: ConversionRequest,
  lowered: LoweredPlan,
  report: EquivalenceReport | null,
  rejected: ReadonlyMap<string, RuleProof>,
): ConvertedPlan {
  const unchecked = plan.assumptions.length > 0 && providers.length === 0;
  const proofs = new Map(report?.rules.map((rule) => [rule.id, rule]));
  const rules = lowered.rules.map((rule): ConvertedRule => {
    const own = rejected.get(rule.id) ?? proofs.get(rule.id) ?? null;
    const source = plan.rules.find((candidate) => candidate.id === rule.id);
    const remarked = [...plan.notes, ...(source?.notes ?? [])].some((note) => NOTING.has(noteCode(note.code) ?? ''));
    const noted = unchecked || remarked || own?.caveats.some((caveat) => !caveat.target.includes('the group is empty'));
    const refused = rule.fidelity === 'refused';
    const verdict = refused
      ? own !== null && rejected.has(rule.id)
        ? own.verdict
        : 'unverified'
      : (own?.verdict ?? 'proved');
    const fidelity = noted ? worseFidelity(rule.fidelity, 'noted') : rule.fidelity;
    const line = source?.span.line ?? 1;
    const lossy = verdict === 'sampled' && accepted.size > 0 ? worseFidelity(fidelity, 'lossy') : fidelity;
    return { id: rule.id, line, verdict, fidelity: lossy, findings: rule.findings, proof: own };
  });
  return { text: lowered.text, labels: lowered.labels, rules, comparedCalls: report?.calls ?? 0 };
}

// Remarks of the reader under whose condition alone a rule is exact.
const NOTING = new Set<string>(['WR020', 'WR026', 'WR028', 'WR029', 'WR030']);

function withoutDocuments(plan: RoutePlan, fidelity: Fidelity): ConvertedPlan {
  const verdict = fidelity === 'refused' ? ('unverified' as const) : ('proved' as const);
  const rules = plan.rules.map((rule) => ({
    id: rule.id,
    line: rule.span.line,
    verdict,
    fidelity,
    findings: [],
    proof: null,
  }));
  return { text: null, labels: NO_LABELS, rules, comparedCalls: 0 };
}
