/** The use case of `weir rules eval` on a legacy rule. */
import type { CaseFile, RoutingCall } from '../case-file.ts';
import type { EvaluatedCall } from '../evaluate-documents.ts';
import { evaluateRuleSource } from '../evaluate-rule-source.ts';
import type { CallOutcome } from '../plan/call-outcome.ts';
import { presentProviders } from '../plan/evaluate-plan.ts';
import { readLegacyRule } from '../read/read-legacy-rule.ts';
import type { Estate, RuleFiles } from './ports.ts';

/** Answers every call by what the legacy rule does, in weir's model of Groovy and of the routers. Throws WeirError for no rule. */
export async function evaluateScriptFile(
  files: RuleFiles,
  path: string,
  estate: Estate & { readonly calls: readonly RoutingCall[] },
  encoding?: string,
): Promise<EvaluatedCall[]> {
  const source = readLegacyRule(path, await files.read(path, encoding));
  const known = { ...estate, calls: [...estate.calls] };
  return estate.calls.map((call, index) => lineOf(index, evaluateRuleSource(source, call, known), call, known));
}

function lineOf(call: number, outcome: CallOutcome, asked: RoutingCall, estate: CaseFile): EvaluatedCall {
  switch (outcome.kind) {
    case 'providers':
      return {
        call,
        providers: outcome.ids,
        ...(outcome.weights === undefined ? {} : { weights: outcome.weights }),
        ...(outcome.note === undefined ? {} : { reason: outcome.note }),
      };
    case 'ignored': {
      const providers = presentProviders(asked, estate.providers).map((provider) => provider.id);
      return { call, providers, outcome: 'ALL(ignored)', reason: outcome.exception };
    }
    case 'error':
      return { call, outcome: `ERROR:${outcome.exception}` };
    case 'stale':
      return { call, outcome: 'STALE' };
    case 'tag':
      return { call, outcome: `TAG:${outcome.tag ?? 'null'}` };
    case 'split': {
      const unknown = outcome.parts.flatMap((part) => (part.outcome.kind === 'opaque' ? [part.outcome] : []));
      const [first] = unknown;
      if (first !== undefined && unknown.length === outcome.parts.length) return lineOf(call, first, asked, estate);
      return {
        call,
        choices: outcome.parts.map((part) => {
          const { providers = [], outcome, reason } = lineOf(call, part.outcome, asked, estate);
          return {
            ...{ providers, share: part.share },
            ...(outcome === undefined ? {} : { outcome }),
            ...(reason === undefined ? {} : { reason }),
          };
        }),
      };
    }
    case 'opaque':
      return { call, outcome: 'REFUSED', reason: outcome.reason };
  }
}
