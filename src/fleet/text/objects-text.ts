/** Results of `weir fleet apply`, `diff`, `history` and `rollout` as text. */
import { countOf } from '../../cli/count-of.ts';
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import type { HistoryEntry } from '../model/records.ts';
import type { Applied, AppliedObject, Differences } from '../usecases/apply-objects.ts';
import type { RolloutRow } from '../usecases/control-rollout.ts';

/** A line an object and region. */
export function appliedText({ objects, regions }: Applied, paint: Paint): string {
  const failed = regions
    .filter(({ error }) => error !== null)
    .map(({ name, error }) => `${name}: ${paint.bad(error ?? '')}`);
  return [...alignColumns(objects.map((one) => cells(one, paint))), ...failed].join('\n') || 'nothing to apply';
}

/** The objects that differ, each with its lines before and after. */
export function differencesText({ objects, regions }: Differences, paint: Paint): string {
  const failed = regions
    .filter(({ error }) => error !== null)
    .map(({ name, error }) => `${name}: ${paint.bad(error ?? '')}`);
  const changed = objects.filter(({ change }) => change !== 'unchanged');
  const blocks = changed.flatMap((one) => [
    cells(one, paint).join('  '),
    ...lines(one.from).map((line) => paint.bad(`  - ${line}`)),
    ...lines(one.to).map((line) => paint.good(`  + ${line}`)),
  ]);
  return [...blocks, ...failed].join('\n') || 'no differences';
}

/** A line a change, oldest first. */
export function historyText({ entries }: { readonly entries: readonly HistoryEntry[] }, paint: Paint): string {
  if (entries.length === 0) return 'no changes yet';
  return alignColumns(
    entries.map(({ at, region, by, verb, kind, name, why }) => [
      paint.faint(at),
      region,
      by,
      paint.strong(verb),
      `${kind}/${name}`,
      why ?? '',
    ]),
  ).join('\n');
}

/** A rollout with a line a wave. */
export function rolloutsText({ rollouts }: { readonly rollouts: readonly RolloutRow[] }, paint: Paint): string {
  if (rollouts.length === 0) return 'no rollout was started';
  return rollouts
    .map(({ release, region, state, wave, reason, waves }) => {
      const mark = state === 'stopped' ? paint.bad(state) : state === 'done' ? paint.good(state) : paint.strong(state);
      const head = `${paint.strong(release)} in ${region}: ${mark}${wave === null ? '' : ` at wave ${wave}`}${reason === null ? '' : `: ${reason}`}`;
      const rows = waves.map((one) => [
        `  wave ${one.index}`,
        countOf(one.hosts.length, 'host'),
        `${one.done} done`,
        one.failed === 0 ? '' : paint.bad(`${one.failed} failed`),
        one.pending === 0 ? '' : `${one.pending} pending`,
        one.silent === 0 ? '' : paint.caution(`${one.silent} silent`),
      ]);
      return [head, ...alignColumns(rows)].join('\n');
    })
    .join('\n\n');
}

function cells({ kind, name, region, change, resourceVersion }: AppliedObject, paint: Paint): string[] {
  const version = resourceVersion === null ? '' : paint.faint(`version ${resourceVersion}`);
  return [`${kind}/${name}`, region, change === 'unchanged' ? paint.faint(change) : change, version];
}

function lines(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'string' ? [value] : JSON.stringify(value, null, 1).split('\n');
}
