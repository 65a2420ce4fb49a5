/** The results and progress of `on` and `off` as text. */
import type { Paint } from '../../cli/paint.ts';
import { plural } from '../../cli/wrap-text.ts';
import type { SwitchEvent, SwitchedApp, SwitchResult } from '../switch-result.ts';

/** One progress line for an event, null where the final text says it all. */
export function switchEventLine(event: SwitchEvent): string | null {
  switch (event.step) {
    case 'waiting':
      return `waiting for another weir: ${event.holder}`;
    case 'draining':
      return event.left === 0
        ? null
        : `draining: ${plural(event.left, 'connection')} left, the rest is cut in ${event.secondsLeft} s`;
    case 'rolled-back':
      return `rolled back in ${formatMs(event.ms)}`;
    default:
      return null;
  }
}

/** As many names as an operator still reads in a command; hundreds of them are `--all`. */
const MOST_NAMES = 8;

function namesForCommand(names: readonly string[]): string {
  return names.length > MOST_NAMES ? '--all' : names.join(' ');
}

/** The line that `weir off` owes the operator at once. */
export function directLine(apps: readonly string[], ms: number): string {
  const names = apps.length > MOST_NAMES ? `${apps.length} applications` : apps.join(', ');
  return `${names}: new connections go direct (${formatMs(ms)})`;
}

/** The result of `weir on` when all is proven. */
export function switchedOnText(result: SwitchResult, offScript: string, paint: Paint): string {
  const lines = result.apps.flatMap((app) => {
    const { proxied, cut } = app.connections;
    const inbound = inboundText(app.inbound);
    const proof = `IPv4 ${app.proof.ipv4}, IPv6 ${app.proof.ipv6}${inbound}`;
    const state = app.after === 'unconfirmed' ? paint.caution('unconfirmed') : paint.good(app.after);
    const cutText = cut !== null && cut > 0 ? `, ${plural(cut, 'direct connection')} cut` : '';
    return [
      `${paint.strong(app.name)}: ${state}   packets ${proof}   ${proxied === null ? 'connections not counted' : `${plural(proxied, 'connection')} proxied`}${cutText}`,
    ];
  });
  const { apply, prove, total } = result.ms;
  // Not by the states: an application that was on and whose rules others had changed is on again.
  const rules = apply > 0 ? `rules in ${formatMs(apply)}` : 'nothing to change';
  lines.push(paint.faint(`${result.backend}: ${rules}, proof in ${formatMs(prove)}, ${formatMs(total)} in all`));
  const names = namesForCommand(result.apps.map((app) => app.name));
  if (result.apps.some((app) => app.after === 'unconfirmed')) {
    lines.push(`keep it: ${paint.strong(`\`weir confirm ${names}\``)}   (else the kernel ends it at the deadline)`);
  }
  lines.push(paint.faint(`back: \`weir off ${names}\`   or, without weir: sh ${offScript}`));
  return lines.join('\n');
}

/** The part of the result line about calls that come in; '' for an application without them. */
function inboundText(inbound: SwitchedApp['inbound']): string {
  if (inbound === undefined) return '';
  const why = inbound.detail === null ? '' : ` (${inbound.detail})`;
  return inbound.result === 'ok' ? ', inbound ok' : `, inbound: not proven${why}`;
}

/** The last line of `weir off`, after the line that came at once. */
export function switchedOffText(result: SwitchResult, paint: Paint): string {
  if (result.apps.length === 0) return 'nothing is on';
  return result.apps
    .map((app) => {
      if (isOffAlready(app)) return `${paint.strong(app.name)}: is off already`;
      const state = app.after === 'draining' ? paint.caution(app.after) : paint.good(app.after);
      return `${paint.strong(app.name)}: ${state}   ${connectionsText(app)}`;
    })
    .join('\n');
}

/** Off before, and no connection of it was dealt with. */
function isOffAlready({ before, connections: { proxied, cut, drained } }: SwitchedApp): boolean {
  return before === 'off' && proxied === 0 && cut === 0 && drained === 0;
}

function connectionsText({ connections: { proxied, cut, drained } }: SwitchedApp): string {
  if (proxied === null) return 'connections: not counted';
  const parts = [drained === null ? 'drained: cannot tell' : `${drained} drained`, `${cut} cut`];
  if (proxied > 0) parts.push(`${proxied} still proxied until they end`);
  return `connections: ${parts.join(', ')}`;
}

/** Milliseconds as people read them. */
export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(0)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
