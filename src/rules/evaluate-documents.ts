/** Answers a call out of the documents of a target. */
import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { LABEL_PREFIX } from './groovy/machine/machine-group.ts';
import type { TargetModel, TargetOutcome } from './models/target-model.ts';
import { brokenAssumption, outsideCall } from './plan/call-outcome.ts';
import { presentProviders } from './plan/evaluate-plan.ts';
import type { CallAssumption, PlanAssumption } from './plan/route-plan.ts';
import { JavaRegexError } from './regex/java-regex-error.ts';
import { applyLabels } from './targets/apply-labels.ts';
import { isRefusedEntry } from './targets/entry-name.ts';
import type { LabelPlan } from './targets/label-plan.ts';
import { providerLeaves } from './targets/parameter-labels.ts';
import type { WhenEmpty } from './targets/when-empty.ts';

/** One line of `weir rules eval`. `choices` stands there instead of `providers` where chance decides. */
export interface EvaluatedCall {
  /** Its place in the case, from 0. */
  readonly call: number;
  readonly providers?: readonly string[];
  readonly outcome?: string;
  /** Weights of the providers where they differ (HSF). */
  readonly weights?: Readonly<Record<string, number>>;
  readonly choices?: readonly {
    readonly providers: readonly string[];
    readonly share: number;
    /** As of a call: `ERROR:<class>` where these calls fail inside the router, `REFUSED` where it is not known what they reach. */
    readonly outcome?: string;
    readonly reason?: string;
  }[];
  /** The rule (or entry of a document) that decided. */
  readonly rule?: string;
  readonly reason?: string;
}

/** The documents of one script, ready to be asked. */
export interface LoadedDocuments {
  readonly model: TargetModel;
  readonly labels: LabelPlan;
  /** Written by weir: what its diagnostics announce (a null argument fails, an empty group gives all) counts as refused. */
  readonly generated: boolean;
  /** The meaning of empty groups, from the head of the documents. */
  readonly whenEmpty?: WhenEmpty;
  /** Calls that the plan leaves out, where it lies beside the documents. */
  readonly callAssumptions?: readonly CallAssumption[] | undefined;
  /** Assumptions of the plan about providers, where it lies beside the documents. */
  readonly assumptions?: readonly PlanAssumption[] | undefined;
}

/** The providers that a call reaches, by the model of the target. */
export function evaluateDocuments(
  documents: LoadedDocuments,
  call: RoutingCall,
  index: number,
  providers: readonly RoutingProvider[],
): EvaluatedCall {
  const { model, labels, generated } = documents;
  const outside =
    outsideCall(documents.callAssumptions, call) ??
    brokenAssumption(documents.assumptions ?? [], call, presentProviders(call, providers));
  if (outside !== undefined) return refused(index, outside);
  const present = applyLabels(labels, presentProviders(call, providers));
  const outcome = outcomeOf(model, call, present);
  if (outcome.kind === 'unread') return refused(index, outcome.why);
  if (outcome.kind === 'unrouted') return { call: index, providers: outcome.providers };
  if (outcome.kind === 'error') {
    const reason = `${outcome.exception} inside the router: the call fails`;
    return generated ? refused(index, reason) : { call: index, outcome: `ERROR:${outcome.exception}` };
  }
  const rule = outcome.entry === null ? {} : { rule: outcome.entry };
  if (outcome.kind === 'left' || isRefusedEntry(outcome.entry)) {
    return { ...refused(index, 'the rule that would decide this call was not converted'), ...rule };
  }
  if (outcome.kind === 'denied') return { call: index, providers: [], ...rule };
  if (generated && documents.whenEmpty !== 'all' && outcome.picks.some((pick) => pick.emptyToAll)) {
    return { ...refused(index, 'no provider of the group is present, and the target would give all'), ...rule };
  }
  const unlabelled = outcome.picks
    .map(({ subset }) => unsetLabel(subset, labels, providers))
    .find((key) => key !== null);
  if (generated && unlabelled !== undefined) {
    return {
      ...refused(index, `no provider has the label ${unlabelled}, so who is in the group is not known`),
      ...rule,
    };
  }
  const failing = outcome.picks.find(({ exception }) => exception !== undefined)?.exception;
  if (generated && failing !== undefined)
    return { ...refused(index, `${failing} inside the router: some of these calls fail`), ...rule };
  const down = new Set(call.down ?? []);
  const picks = outcome.picks.map(({ subset, providers: reached, share, exception }) => {
    if (exception !== undefined) return { providers: [], share, outcome: `ERROR:${exception}` };
    const checked = subset !== null && labels.healthChecked.includes(subset);
    return { providers: checked ? reached.filter((id) => !down.has(id)) : reached, share };
  });
  const [only] = picks;
  if (picks.length === 1 && only !== undefined) {
    if (only.providers.length === 0 && outcome.picks[0]?.providers.length !== 0)
      return { ...refused(index, 'all providers of the group are down'), ...rule };
    return { call: index, providers: only.providers, ...rule };
  }
  return { call: index, choices: picks, ...rule };
}

// A document by other hands may hold a pattern that weir does not read, or that its target does not take.
function outcomeOf(
  model: TargetModel,
  call: RoutingCall,
  present: readonly RoutingProvider[],
): TargetOutcome | { readonly kind: 'unread'; readonly why: string } {
  try {
    return model.evaluate(call, present);
  } catch (error) {
    if (!(error instanceof JavaRegexError)) throw error;
    return { kind: 'unread', why: `weir does not read a pattern of the documents: ${error.message}` };
  }
}

// A label on which a subset depends and that no provider has: its owner did not set it yet.
function unsetLabel(subset: string | null, labels: LabelPlan, providers: readonly RoutingProvider[]): string | null {
  const group = labels.groups.find(({ label }) => label === `${LABEL_PREFIX}${subset}`);
  const keys = group?.select.flatMap(providerLeaves).flatMap((leaf) => (leaf.t === 'param' ? [leaf.key] : [])) ?? [];
  const unset = (key: string): boolean => providers.every(({ params }) => params[key] === undefined);
  return keys.find((key) => key.startsWith(LABEL_PREFIX) && unset(key)) ?? null;
}

function refused(call: number, reason: string): EvaluatedCall {
  return { call, outcome: 'REFUSED', reason };
}
