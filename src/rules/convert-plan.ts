/** One conversion: lowers a plan, compares the documents with it, and refuses what is not proved. */
import type { RoutingProvider, RoutingService } from './case-file.ts';
import { noteCode } from './diagnostics/note-code.ts';
import { compareWithTarget, type EquivalenceReport } from './equivalence/compare.ts';
import { PlanMemory } from './equivalence/leaf-rules.ts';
import { isWrong, rejection } from './equivalence/rejection.ts';
import { RuleOverlap } from './equivalence/rule-overlap.ts';
import { sampleProviders } from './equivalence/sample-providers.ts';
import type { RuleProof, RuleState, Verdict } from './equivalence/tally.ts';
import { OpaqueSignal } from './groovy/machine/exceptions.ts';
import { loadTargetModel } from './models/load-model.ts';
import { oddProvider } from './plan/call-outcome.ts';
import { ruleOf } from './plan/describe-rule.ts';
import { predicateHolds } from './plan/evaluate-plan.ts';
import type { RoutePlan } from './plan/route-plan.ts';
import { applyLabels } from './targets/apply-labels.ts';
import { worseFidelity } from './targets/fidelity.ts';
import type { LabelPlan } from './targets/label-plan.ts';
import { lowerPlan } from './targets/lower.ts';
import type { Fidelity, LoweredPlan, LoweringFinding, LoweringInput, TargetName } from './targets/target.ts';
import type { WhenEmpty } from './targets/when-empty.ts';

/** The request of one conversion. */
export interface ConversionRequest {
  readonly plan: RoutePlan;
  readonly name: string;
  readonly target: TargetName;
  readonly version: string;
  readonly services: readonly RoutingService[];
  readonly providers: readonly RoutingProvider[];
  /** Codes let through by an accept file, also `sampled`. */
  readonly accepted: ReadonlySet<string>;
  /** Lines of the file for lines of the plan, where the rule lies inside a carrier. */
  readonly lineOf?: (line: number) => number;
  /** The meaning of an empty group where the target cannot express the script's own; `keep` if omitted. */
  readonly whenEmpty?: WhenEmpty | undefined;
}

/** One rule after conversion: how faithful, how sure, and why. */
export interface ConvertedRule {
  readonly id: string;
  readonly line: number;
  readonly verdict: Verdict;
  readonly fidelity: Fidelity;
  /** Fate of the rule's calls in the documents. */
  readonly state: RuleState;
  /** Entries of other rules that take calls of this one and leave them to the script. */
  readonly shadowedBy: readonly string[];
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
  /** Providers of the snapshot on which the plan's assumptions were checked; 0 where there was none. */
  readonly checkedProviders: number;
}

const NO_LABELS: LabelPlan = { groups: [], healthChecked: [] };

/**
 * Lowers a plan, re-reads the text with the target's own model, and compares both. A rule without a proof becomes
 * refused, and the comparison runs again. So the text holds nothing below `proved` unless it was accepted.
 */
export function convertPlan(request: ConversionRequest): ConvertedPlan {
  try {
    return convertKnown(request);
  } catch (error) {
    // A value of the plan that weir cannot compute: nothing is written for what it does not know.
    if (!(error instanceof OpaqueSignal)) throw error;
    return withoutDocuments(request.plan, 'refused', {
      code: 'WR019',
      message: `Not written: weir cannot compute ${error.reason}.`,
    });
  }
}

function convertKnown(request: ConversionRequest): ConvertedPlan {
  const { plan } = request;
  // A tag rule that is off leaves own tags in force, a script:// URL is not loaded: there is nothing to write either way.
  if (hasNoEffect(plan) || plan.effect.state === 'dead') return withoutDocuments(plan, 'exact');
  // A provider of the snapshot over which the script throws, or which weir does not follow: the plan says nothing about calls that see it.
  for (const assumption of plan.assumptions) {
    const { where } = assumption;
    const odd = request.providers.find((provider) => predicateHolds(where, provider));
    if (odd === undefined) continue;
    const message = `Not written: ${oddProvider(assumption, odd)}.`;
    return withoutDocuments(plan, 'refused', { code: 'WR062', message });
  }
  const objection = objectionTo(plan, request.accepted);
  if (objection !== null) {
    const { code, message } = objection;
    return withoutDocuments(plan, 'refused', { code, message: `Not written: ${message}.` });
  }
  const rejected = new Map<string, RuleProof>();
  const overlap = new RuleOverlap(plan);
  const memory = new PlanMemory(plan);
  for (let round = 0; round <= plan.rules.length; round += 1) {
    const input: LoweringInput = {
      ...request,
      overlap,
      rejected: new Map([...rejected].map(([id, own]) => [id, rejection(own)])),
    };
    const lowered = lowerPlan(request.target, input);
    if (lowered.text === null || lowered.rules.every((rule) => rule.fidelity === 'refused')) {
      return converted(request, { ...lowered, text: null, labels: NO_LABELS }, null, rejected);
    }
    const report = proof(request, lowered, memory);
    if (report === null) return withoutDocuments(plan, 'refused', UNREADABLE);
    const failed = report.rules.filter((rule) => !isGoodEnough(rule, request.accepted) && !rejected.has(rule.id));
    if (failed.length === 0) {
      // An entry of another rule takes calls of a rejected one: no document can be trusted with them.
      const wrong = report.rules.find(isWrong);
      if (wrong !== undefined)
        return withoutDocuments(plan, 'refused', { code: 'WR032', message: `Not written. ${rejection(wrong)}` });
      const tidy = tidied(request, input, { lowered, report, rejected }, memory);
      return converted(request, tidy.lowered, tidy.report, rejected);
    }
    // A rule for which it is not known whether a call comes may be all that puts those behind it in doubt.
    const first = failed.filter((rule) => isWrong(rule) || rule.reach === 'unknown');
    for (const rule of first.length > 0 ? first : failed) rejected.set(rule.id, rule);
  }
  // Each round refuses one rule at least, so the loop has ended before.
  return withoutDocuments(plan, 'refused', UNREADABLE);
}

/** Remarks that keep a whole rule from being written. */
export const OBJECTIONS = ['WR073', 'WR078'] as const;

/** What keeps a whole rule from being written, unless it was accepted: its scope, or other rules for the same calls. */
export function objectionTo(
  plan: RoutePlan,
  accepted: ReadonlySet<string>,
): { readonly code: (typeof OBJECTIONS)[number]; readonly message: string } | null {
  for (const code of OBJECTIONS) {
    const note = plan.notes.find((one) => one.code === code);
    if (note !== undefined && !accepted.has(code)) return { code, message: note.message };
  }
  return null;
}

const UNREADABLE = { code: 'WR032', message: 'Not written: weir cannot read its own documents back.' } as const;

/** Whether all calls go to all providers anyway, so that the faithful result is no rule at all. */
export function hasNoEffect(plan: {
  readonly effect: { readonly state: string };
  readonly rules: readonly { readonly then: { readonly kind: string } }[];
}): boolean {
  return plan.effect.state !== 'live' && plan.rules.every((rule) => rule.then.kind === 'all');
}

interface ProvedLowering {
  readonly lowered: LoweredPlan;
  readonly report: EquivalenceReport;
  /** Rules that are refused for what their proof says. */
  readonly rejected: ReadonlyMap<string, RuleProof>;
}

// Leaves out what no call reaches and joins neighbours; the shorter text is proved like the first one.
function tidied(
  request: ConversionRequest,
  input: LoweringInput,
  { lowered, report, rejected }: ProvedLowering,
  memory: PlanMemory,
): { lowered: LoweredPlan; report: EquivalenceReport } {
  const unreachable = new Set(report.unreachable);
  const shorter = lowered.without?.(unreachable) ?? lowerPlan(request.target, { ...input, unreachable });
  if (shorter.text === null && shorter.rules.every(({ fidelity }) => fidelity === 'refused'))
    return { lowered: { ...shorter, labels: NO_LABELS }, report };
  if (shorter.text === null || shorter.text === lowered.text) return { lowered, report };
  const again = proof(request, shorter, memory);
  const holds =
    again?.rules.every((rule) => isGoodEnough(rule, request.accepted) || (rejected.has(rule.id) && !isWrong(rule))) ===
    true;
  return holds ? { lowered: shorter, report: again } : { lowered, report };
}

function isGoodEnough(rule: RuleProof, accepted: ReadonlySet<string>): boolean {
  if (isWrong(rule)) return false;
  return rule.verdict !== 'sampled' || accepted.has('sampled') || accepted.has(`sampled@${rule.id}`);
}

function proof(request: ConversionRequest, lowered: LoweredPlan, memory: PlanMemory): EquivalenceReport | null {
  const loading = loadTargetModel(request.target, request.version, lowered.text ?? '');
  if (!loading.ok) return null;
  const bare = request.providers.length > 0 ? request.providers : sampleProviders(request.plan);
  // Made-up providers are labelled by the patterns of the label plan, as future hosts will be.
  return compareWithTarget(request.plan, loading.model, request.services, applyLabels(lowered.labels, bare), {
    whenEmpty: request.whenEmpty ?? 'keep',
    memory,
  });
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
    const source = ruleOf(plan, rule.id);
    const remarked = [...plan.notes, ...(source?.notes ?? [])].some((note) => NOTING.has(noteCode(note.code) ?? ''));
    const noted = unchecked || remarked || own?.caveats.some((caveat) => !caveat.target.includes('the group is empty'));
    const refused = rule.fidelity === 'refused';
    const verdict = refused
      ? own !== null && rejected.has(rule.id)
        ? own.verdict
        : 'unverified'
      : (own?.verdict ?? 'unverified');
    const fidelity = noted ? worseFidelity(rule.fidelity, 'noted') : rule.fidelity;
    const line = source?.span.line ?? 1;
    const lossy = verdict === 'sampled' && accepted.size > 0 ? worseFidelity(fidelity, 'lossy') : fidelity;
    const shadowedBy = own?.shadowedBy ?? [];
    // No entry is for a rule behind one that leaves all calls to the script: where a call may come to it, it stays there too.
    if (own?.reach === 'unknown' && !refused && !isGoodEnough(own, accepted)) {
      const findings = [...rule.findings, { code: 'WR032' as const, rule: rule.id, message: rejection(own) }];
      return { id: rule.id, line, verdict, fidelity: 'refused', state: 'left', shadowedBy, findings, proof: own };
    }
    const state = refused ? 'left' : (own?.state ?? 'none');
    if (state !== 'shadowed') {
      return { id: rule.id, line, verdict, fidelity: lossy, state, shadowedBy, findings: rule.findings, proof: own };
    }
    const message = `Its calls come to ${shadowedBy.join(', ')} first, which leaves them to the script.`;
    const findings = [...rule.findings, { code: 'WR061' as const, rule: rule.id, message }];
    return { id: rule.id, line, verdict: 'unverified', fidelity: 'refused', state, shadowedBy, findings, proof: own };
  });
  return {
    text: lowered.text,
    labels: lowered.labels,
    rules,
    comparedCalls: report?.calls ?? 0,
    checkedProviders: providers.length,
  };
}

// Remarks of the reader under whose condition alone a rule is exact.
const NOTING = new Set<string>([
  'WR020',
  'WR026',
  'WR028',
  'WR029',
  'WR030',
  'WR070',
  'WR071',
  'WR073',
  'WR074',
  'WR076',
  'WR078',
]);

function withoutDocuments(plan: RoutePlan, fidelity: Fidelity, why?: Omit<LoweringFinding, 'rule'>): ConvertedPlan {
  const verdict = fidelity === 'refused' ? ('unverified' as const) : ('proved' as const);
  const rules = plan.rules.map((rule) => ({
    id: rule.id,
    line: rule.span.line,
    verdict,
    fidelity,
    state: fidelity === 'refused' ? ('left' as const) : ('none' as const),
    shadowedBy: [],
    findings: why === undefined ? [] : [{ ...why, rule: rule.id }],
    proof: null,
  }));
  return { text: null, labels: NO_LABELS, rules, comparedCalls: 0, checkedProviders: 0 };
}
