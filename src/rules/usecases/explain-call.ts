/** The use case of `weir rules explain`. */
import { WeirError } from '../../errors/weir-error.ts';
import { parseCaseFile, type RoutingCall } from '../case-file.ts';
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
  readonly decision: PlanDecision;
  readonly outcome: string;
  readonly notes: readonly string[];
}

/** Finds what decides a call. Throws WEIR5001 for a call that is none. */
export async function explainCall(
  request: EstateFlags & { readonly script: string; readonly call: string; readonly encoding?: string | undefined },
  ports: { readonly files: RuleFiles },
): Promise<Explanation> {
  const estate = await readEstate(ports.files, request);
  const text = await ports.files.read(request.script, request.encoding);
  const planned = planRuleFile(request.script, text, estate);
  const { rule, decision } = evaluatePlan(planned.plan, callOf(request.call), estate.providers);
  const place = planned.place(rule.span);
  return {
    path: request.script,
    rule: rule.id,
    line: place.line,
    column: place.column,
    endColumn: place.endLine === place.line ? place.endColumn : place.column,
    source: planned.lineText(place.line),
    decision,
    outcome: outcomeOf(decision),
    notes: rule.notes.map((note) => note.message),
  };
}

/** Reads one call from a file: an element of the `calls` of a case. Throws WEIR5001 for a file that holds none. */
export async function readCall(files: RuleFiles, file: string): Promise<RoutingCall> {
  return callOf(await files.read(file), file);
}

function callOf(text: string, file = '--call'): RoutingCall {
  const [call] = parseCaseFile(`{"calls":[${text}]}`, file).calls;
  if (call !== undefined) return call;
  throw new WeirError('WEIR5001', {
    what: `${file} holds no call`,
    why: 'it needs service, method, paramTypes, args, attachments, consumer',
    hint: 'take one of the `calls` of a case file',
  });
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
