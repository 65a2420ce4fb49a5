/** The use case of `weir rules explain`. */
import { parseCall, type RoutingCall } from '../case-file.ts';
import { describeOutcome } from '../plan/describe-rule.ts';
import { evaluatePlan, type PlanDecision } from '../plan/evaluate-plan.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { planRuleFile } from './plan-rule-file.ts';
import type { RuleFiles } from './ports.ts';

/** `result` of `weir rules explain --json`: the rule and line that decided a call. */
export interface Explanation {
  readonly path: string;
  readonly rule: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly source: string;
  /** `picks` is null where the choice depends on providers, and none were given: unknown is not nobody. */
  readonly decision: PlanDecision | { readonly kind: 'providers'; readonly picks: null };
  readonly outcome: string;
  readonly notes: readonly string[];
}

const NO_PROVIDERS = '; --providers says which those are';

/** Finds what decides a call. Throws WEIR5001 for a call that is none. */
export async function explainCall(
  request: EstateFlags & { readonly script: string; readonly call: string; readonly encoding?: string | undefined },
  ports: { readonly files: RuleFiles },
): Promise<Explanation> {
  const estate = await readEstate(ports.files, request);
  const text = await ports.files.read(request.script, request.encoding);
  const planned = planRuleFile(request.script, text, estate);
  const { rule, decision } = evaluatePlan(planned.plan, parseCall(request.call, '--call'), estate.providers);
  const place = planned.place(rule.span);
  // A choice among no providers would read as one that reaches nobody; that of a denied call does reach nobody.
  const isBlind = decision.kind === 'providers' && estate.providers.length === 0 && rule.then.kind !== 'deny';
  return {
    path: request.script,
    rule: rule.id,
    line: place.line,
    column: place.column,
    endColumn: place.endLine === place.line ? place.endColumn : place.column,
    source: planned.lineText(place.line),
    decision: isBlind ? { kind: 'providers', picks: null } : decision,
    outcome: isBlind ? `${describeOutcome(planned.plan, rule.then)}${NO_PROVIDERS}` : outcomeOf(decision),
    notes: rule.notes.map((note) => note.message),
  };
}

/** Reads one call from a file: an element of the `calls` of a case. Throws WEIR5001 for a file that holds none. */
export async function readCall(files: RuleFiles, file: string): Promise<RoutingCall> {
  return parseCall(await files.read(file), file);
}

function outcomeOf(decision: PlanDecision): string {
  switch (decision.kind) {
    case 'providers':
      return decision.picks
        .map((pick) => `[${pick.providers.join(', ')}]${pick.share < 1 ? ` in ${Math.round(pick.share * 100)} %` : ''}`)
        .join(', ');
    case 'ignored':
      return `all providers, for the script throws ${decision.exception}`;
    case 'error':
      return `the call fails with ${decision.exception}`;
    case 'stale':
      return 'the push fails and the former addresses stay';
    case 'tag':
      return `tag ${decision.tag ?? 'null'}`;
    case 'opaque':
      return 'weir cannot say: the branch is opaque';
  }
}
