/** Compares what a script decides for one call with what the documents of a target do, and tells both in words. */
import type { TargetOutcome } from '../models/target-model.ts';
import type { PlanDecision } from '../plan/evaluate-plan.ts';
import { isRefusedEntry } from '../targets/entry-name.ts';
import type { WhenEmpty } from '../targets/when-empty.ts';

/**
 * Facts for groups without a provider: the providers present, the meaning of such groups, and whether the rule falls
 * back.
 */
export interface EmptyGroups {
  readonly present: readonly { readonly id: string }[];
  readonly whenEmpty: WhenEmpty;
  readonly falls: boolean;
}

/** Whether an outcome of the target is what the script gives: equal, left to the script, a known caveat, or different. */
export function compareOutcomes(
  script: PlanDecision,
  target: TargetOutcome,
  { present, whenEmpty, falls }: EmptyGroups = { present: [], whenEmpty: 'keep', falls: false },
): 'equal' | 'left' | 'caveat' | 'different' {
  if ((target.kind === 'routed' || target.kind === 'denied') && isRefusedEntry(target.entry)) return 'left';
  // The exception of a null argument is announced by a diagnostic; nothing is misrouted.
  if (target.kind === 'error') return 'caveat';
  const wanted = picksOf(script);
  if (wanted === null) return 'different';
  const got =
    target.kind === 'routed'
      ? target.picks
      : [{ subset: null, providers: target.kind === 'unrouted' ? target.providers : [], share: 1, emptyToAll: false }];
  if (got.some((pick) => pick.emptyToAll) && wanted.some((pick) => pick.providers.length === 0)) return 'caveat';
  const size = (pick: { readonly providers: readonly string[] }): number => pick.providers.length;
  // The operator chose with --when-empty that calls to empty groups go to all providers.
  if (
    whenEmpty === 'all' &&
    wanted.some((pick) => size(pick) === 0) &&
    got.every((pick) => size(pick) === present.length)
  ) {
    return 'caveat';
  }
  if (whenEmpty === 'deny' && falls && got.some((pick) => size(pick) === 0)) return 'caveat';
  // WR041: a destination without providers hands its share to the next.
  if (wanted.length > 1 && wanted.some((pick) => pick.providers.length === 0)) return 'caveat';
  const spread = (picks: readonly { readonly providers: readonly string[]; readonly share: number }[]) => {
    const sums = new Map<string, number>();
    for (const pick of picks) {
      const key = [...pick.providers].sort().join(',');
      sums.set(key, (sums.get(key) ?? 0) + pick.share);
    }
    return sums;
  };
  const [left, right] = [spread(wanted), spread(got)];
  const same =
    [...left].every(([key, share]) => Math.abs((right.get(key) ?? 0) - share) < 0.001) && left.size === right.size;
  return same ? 'equal' : 'different';
}

function picksOf(
  script: PlanDecision,
): readonly { readonly providers: readonly string[]; readonly share: number }[] | null {
  if (script.kind === 'providers') return script.picks;
  return script.kind === 'ignored' ? [{ providers: script.providers, share: 1 }] : null;
}

/** The decision of a plan as text for messages. */
export function describeDecision(script: PlanDecision): string {
  switch (script.kind) {
    case 'providers':
      return script.picks.map((pick) => `[${pick.providers.join(', ')}]`).join(' or ');
    case 'ignored':
      return `all, because the script throws ${script.exception}`;
    case 'error':
      return `the call fails with ${script.exception}`;
    case 'tag':
      return `tag ${script.tag ?? 'null'}`;
    default:
      return script.kind;
  }
}

/** The decision of the documents as text for messages. */
export function describeTargetOutcome(target: TargetOutcome): string {
  switch (target.kind) {
    case 'routed':
      return target.picks
        .map((pick) => `[${pick.providers.join(', ')}]${pick.emptyToAll ? ' (all, for the group is empty)' : ''}`)
        .join(' or ');
    case 'unrouted':
      return `[${target.providers.join(', ')}]`;
    case 'error':
      return `the call fails with ${target.exception}`;
    case 'denied':
      return 'no provider';
  }
}
