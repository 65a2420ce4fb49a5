/** The tour as lines of a log. */
import type { Paint } from '../../cli/paint.ts';
import { formatMs } from '../../interception/cli/switch-text.ts';
import type { WalkedStep, WalkedTour } from '../walk-tour.ts';

/** One step as lines of a log: the verdict, the commands that ran, and what was measured. */
export function tourStepLines(index: number, step: WalkedStep, paint: Paint): string[] {
  const verdict = step.ok ? paint.good('ok  ') : paint.bad('FAIL');
  return [
    `${verdict} ${paint.strong(`${index + 1}. ${step.title}`)} ${paint.faint(`(${formatMs(step.ms)})`)}`,
    ...step.commands.map((command) => `       $ ${command}`),
    ...step.measured.map((line) => `         ${line}`),
  ];
}

/** The last line of the tour. */
export function tourEndLine(tour: WalkedTour, paint: Paint): string {
  const good = tour.steps.filter((step) => step.ok).length;
  const verdict = `${good} of ${tour.steps.length} steps as promised`;
  const note = 'the namespaces are gone, nothing on this host has changed';
  return `${tour.ok ? paint.good(verdict) : paint.bad(verdict)} in ${formatMs(tour.ms)}, with Envoy ${tour.envoy}; ${note}`;
}
