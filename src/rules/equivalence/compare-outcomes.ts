/** Compares what a script decides for one call with what the documents of a target do, and tells both in words. */
import type { TargetOutcome, TargetPick } from '../models/target-model.ts';
import type { PlanDecision } from '../plan/evaluate-plan.ts';
import { isRefusedEntry } from '../targets/entry-name.ts';
import type { WhenEmpty } from '../targets/when-empty.ts';

/** Facts about a compared call that decide what counts as a known caveat. */
export interface ComparedCall {
  /** Providers that are present. */
  readonly present: readonly { readonly id: string }[];
  /** What the documents say about groups without a provider. */
  readonly whenEmpty: WhenEmpty;
  /** The rule chooses groups and falls back between them. */
  readonly falls: boolean;
  /** An argument of the call is null. */
  readonly hasNull: boolean;
}

/** Whether an outcome of the target is what the script gives: equal, left to the script, a known caveat, or different. */
export function compareOutcomes(
  script: PlanDecision,
  target: TargetOutcome,
  { present, whenEmpty, falls, hasNull }: ComparedCall,
): 'equal' | 'left' | 'caveat' | 'different' {
  if (target.kind === 'left') return 'left';
  // The exception of a null argument is announced by a diagnostic; nothing is misrouted.
  if (target.kind === 'error')
    return hasNull && target.exception === 'java.lang.NullPointerException' ? 'caveat' : 'different';
  const got = picksOfTarget(target);
  if (target.kind !== 'unrouted' && isRefusedEntry(target.entry))
    return got.every((pick) => pick.providers.length === present.length) ? 'left' : 'different';
  const wanted = picksOf(script);
  if (wanted === null || got.some(({ exception }) => exception !== undefined)) return 'different';
  if (got.some((pick) => pick.emptyToAll) && wanted.every(isEmpty)) return 'caveat';
  const [left, right] = [sharesOf(wanted), sharesOf(got)];
  if (isSame(left, right)) return 'equal';
  // The operator chose with --when-empty what becomes of calls to empty groups.
  const all = present.map(({ id }) => id);
  const filled = wanted.map((pick) => (isEmpty(pick) ? { ...pick, providers: all } : pick));
  if (whenEmpty === 'all' && wanted.some(isEmpty) && isSame(sharesOf(filled), right)) return 'caveat';
  if (whenEmpty === 'deny' && falls && got.some(isEmpty)) return 'caveat';
  return handsOn(left, right) ? 'caveat' : 'different';
}

interface Pick {
  readonly providers: readonly string[];
  readonly share: number;
}

function isEmpty({ providers }: Pick): boolean {
  return providers.length === 0;
}

function picksOfTarget(
  target: Exclude<TargetOutcome, { readonly kind: 'left' | 'error' }>,
): readonly Omit<TargetPick, 'subset'>[] {
  if (target.kind === 'routed') return target.picks;
  return [{ providers: target.kind === 'unrouted' ? target.providers : [], share: 1, emptyToAll: false }];
}

/** The share of each set of providers. */
function sharesOf(picks: readonly Pick[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const pick of picks) {
    const key = [...pick.providers].sort().join(',');
    sums.set(key, (sums.get(key) ?? 0) + pick.share);
  }
  return sums;
}

function isSame(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): boolean {
  return left.size === right.size && [...left].every(([key, share]) => Math.abs((right.get(key) ?? 0) - share) < 0.001);
}

/** WR041: a destination without providers hands its share to the others, and nobody else gets any. */
function handsOn(wanted: ReadonlyMap<string, number>, got: ReadonlyMap<string, number>): boolean {
  const free = wanted.get('') ?? 0;
  if (wanted.size < 2 || free === 0) return false;
  return [...got].every(([key, share]) => {
    const own = key === '' ? 0 : (wanted.get(key) ?? 0);
    return own > 0 && share > own - 0.001 && share < own + free + 0.001;
  });
}

function picksOf(script: PlanDecision): readonly Pick[] | null {
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
        .map(({ providers, emptyToAll, exception }) => {
          if (exception !== undefined) return `the call fails with ${exception}`;
          return `[${providers.join(', ')}]${emptyToAll ? ' (all, for the group is empty)' : ''}`;
        })
        .join(' or ');
    case 'unrouted':
      return `[${target.providers.join(', ')}]`;
    case 'error':
      return `the call fails with ${target.exception}`;
    case 'denied':
      return 'no provider';
    case 'left':
      return 'left to the script';
  }
}
