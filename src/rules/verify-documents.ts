/** The proof of documents that lie somewhere, perhaps changed by hand since their conversion. */
import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { type ConversionRequest, convertPlan } from './convert-plan.ts';
import { type CallWatcher, compareWithTarget, type EquivalenceReport } from './equivalence/compare.ts';
import { sampleProviders } from './equivalence/sample-providers.ts';
import type { LoadedDocuments } from './evaluate-documents.ts';
import { loadTargetModel } from './models/load-model.ts';
import type { TargetModel } from './models/target-model.ts';
import { applyLabels } from './targets/apply-labels.ts';
import { isRefusedEntry } from './targets/entry-name.ts';

/** Documents and what is known of the estate; the request is that of a conversion of today. */
export interface VerificationRequest extends ConversionRequest {
  readonly documents: LoadedDocuments;
  readonly watch: CallWatcher;
}

/** The providers over which documents are compared, without labels: those of the snapshot, or made-up ones. */
export function comparedProviders({ plan, providers }: ConversionRequest): readonly RoutingProvider[] {
  return providers.length > 0 ? providers : sampleProviders(plan);
}

/**
 * Compares a plan with documents. They may leave to the script what a conversion of today leaves to it, and nothing more: an
 * entry that was made wider takes calls away from the rules behind it.
 */
export function verifyDocuments(request: VerificationRequest): EquivalenceReport {
  const { plan, services, documents, watch } = request;
  const whenEmpty = documents.whenEmpty ?? 'keep';
  const providers = applyLabels(documents.labels, comparedProviders(request));
  let fresh: TargetModel | null | undefined;
  const options = {
    watch,
    whenEmpty,
    isDecided: (call: RoutingCall, present: readonly RoutingProvider[]): boolean => {
      if (fresh === undefined) fresh = freshModel({ ...request, whenEmpty });
      const outcome = fresh?.evaluate(call, present);
      if (outcome === undefined || outcome.kind === 'left' || outcome.kind === 'error') return false;
      return outcome.kind === 'unrouted' || !isRefusedEntry(outcome.entry);
    },
  };
  const report = compareWithTarget(plan, documents.model, services, providers, options);
  // Of the calls that an entry leaves to the script, the conversion of today may leave one and decide another.
  return fresh
    ? compareWithTarget(plan, documents.model, services, providers, { ...options, dividedBy: fresh })
    : report;
}

function freshModel(request: ConversionRequest): TargetModel | null {
  const { text } = convertPlan(request);
  if (text === null) return null;
  const loading = loadTargetModel(request.target, request.version, text);
  return loading.ok ? loading.model : null;
}
