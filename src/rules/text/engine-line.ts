/** The lines of the rules commands that say whether real engines were asked. */
import { plural } from '../../cli/wrap-text.ts';
import type { EngineUse } from '../report/engine-use.ts';

/** A line for each engine that a rule needed, with its end. */
export function engineLine({ engines, why }: EngineUse): string {
  if (engines.length === 0) return `no real engine was asked: ${why ?? 'no rule here needs one'}\n`;
  return engines
    .map((one) =>
      one.why === null
        ? `real ${one.name} answered ${plural(one.calls, 'call')}\n`
        : `real ${one.name} was not asked: ${one.why}\n`,
    )
    .join('');
}
