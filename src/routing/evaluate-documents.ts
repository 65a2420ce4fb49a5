import type { RoutingCall, RoutingProvider } from './case-file.ts';
import type { TargetModel } from './models/target-model.ts';
import { presentProviders } from './plan-evaluate.ts';
import { applyLabels } from './targets/apply-labels.ts';
import type { LabelPlan } from './targets/label-plan.ts';

/** One line of `weir rules eval`. `choices` stands there instead of `providers` where chance decides. */
export interface EvaluatedCall {
  readonly call: number;
  readonly providers?: readonly string[];
  readonly outcome?: string;
  /** Weights of the providers where they differ (HSF). */
  readonly weights?: Readonly<Record<string, number>>;
  readonly choices?: readonly { readonly providers: readonly string[]; readonly share: number }[];
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
}

/** Which providers a call reaches by the model of the target. */
export function evaluateDocuments(
  documents: LoadedDocuments,
  call: RoutingCall,
  index: number,
  providers: readonly RoutingProvider[],
): EvaluatedCall {
  const { model, labels, generated } = documents;
  const present = applyLabels(labels, presentProviders(call, providers));
  const outcome = model.evaluate(call, present);
  if (outcome.kind === 'unrouted') return { call: index, providers: outcome.providers };
  if (outcome.kind === 'error') {
    const reason = `${outcome.exception} inside the router: the call fails`;
    return generated ? refused(index, reason) : { call: index, outcome: `ERROR:${outcome.exception}` };
  }
  const rule = outcome.entry === null ? {} : { rule: outcome.entry };
  if (outcome.entry?.endsWith('-refused') === true) {
    return { ...refused(index, 'the rule that would decide this call was not converted'), ...rule };
  }
  if (outcome.kind === 'denied') return { call: index, providers: [], ...rule };
  if (generated && outcome.picks.some((pick) => pick.emptyToAll)) {
    return { ...refused(index, 'no provider of the group is present, and the target would give all'), ...rule };
  }
  const down = new Set(call.down ?? []);
  const picks = outcome.picks.map(({ subset, providers: reached, share }) => {
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

function refused(call: number, reason: string): EvaluatedCall {
  return { call, outcome: 'REFUSED', reason };
}
