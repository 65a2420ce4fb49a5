/** The use case of `weir rules explain`. */
import { parseCall, type RoutingCall } from '../case-file.ts';
import { evaluateRuleSource } from '../evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../plan/call-outcome.ts';
import { describeOutcome } from '../plan/describe-rule.ts';
import { evaluatePlan, type PlanDecision } from '../plan/evaluate-plan.ts';
import { readLegacyRule } from '../read/read-legacy-rule.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { planRuleFile } from './plan-rule-file.ts';
import type { Estate, RuleFiles } from './ports.ts';

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
  const call = parseCall(request.call, '--call');
  const { rule, decision: chosen } = evaluatePlan(planned.plan, call, estate.providers);
  const said = answerCall(planned.plan, call, estate.providers).outcome;
  // What the plan takes not to happen is not decided by its rules.
  const decision = said.kind === 'opaque' ? said : chosen;
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
    outcome: isBlind
      ? `${describeOutcome(planned.plan, rule.then)}${NO_PROVIDERS}`
      : decision.kind === 'opaque'
        ? opaqueOutcome(decision.reason, scriptAnswer(request.script, text, call, estate))
        : outcomeOf(decision),
    notes: rule.notes.map((note) => note.message),
  };
}

/** Reads one call from a file: an element of the `calls` of a case. Throws WEIR5001 for a file that holds none. */
export async function readCall(files: RuleFiles, file: string): Promise<RoutingCall> {
  return parseCall(await files.read(file), file);
}

/** What the legacy rule does with the call, where weir can follow it though its plan cannot say it; null where it cannot. */
function scriptAnswer(path: string, text: string, call: RoutingCall, estate: Estate): string | null {
  // Beside no providers a choice reads as one that reaches nobody.
  if (estate.providers.length === 0) return null;
  const outcome = evaluateRuleSource(readLegacyRule(path, text), call, { ...estate, calls: [] });
  return outcome.kind === 'opaque' ? null : scriptOutcome(outcome);
}

function scriptOutcome(outcome: Exclude<CallOutcome, { kind: 'opaque' }>): string {
  switch (outcome.kind) {
    case 'providers':
      return `[${outcome.ids.join(', ')}]`;
    case 'split':
      return outcome.parts
        .map((part) => (part.outcome.kind === 'opaque' ? 'unknown' : scriptOutcome(part.outcome)) + inShare(part.share))
        .join(', ');
    case 'ignored':
      return outcomeOf({ ...outcome, providers: [] });
    default:
      return outcomeOf(outcome);
  }
}

function opaqueOutcome(reason: string, script: string | null): string {
  if (script === null) return `weir cannot say: ${reason}`;
  return `${script}; that is what the script does, and no document can say it: ${reason}`;
}

function inShare(share: number): string {
  return share < 1 ? ` in ${Math.round(share * 100)} %` : '';
}

function outcomeOf(decision: Exclude<PlanDecision, { kind: 'opaque' }>): string {
  switch (decision.kind) {
    case 'providers':
      return decision.picks.map((pick) => `[${pick.providers.join(', ')}]${inShare(pick.share)}`).join(', ');
    case 'ignored':
      return `all providers, for the script throws ${decision.exception}`;
    case 'error':
      return `the call fails with ${decision.exception}`;
    case 'stale':
      return 'the push fails and the former addresses stay';
    case 'tag':
      return `tag ${decision.tag ?? 'null'}`;
  }
}
