/** The decision of an application's state for `weir status`. */
import type { Readiness } from '../platform/readiness.ts';
import type { KnownApp } from './known-apps.ts';

/** The state of one application's interception, in the words of `weir status`. */
export type AppState = 'on' | 'off' | 'draining' | 'unconfirmed' | 'bypassed' | 'denied' | 'drifted';

/** The facts that decide the state. */
export interface AppStateFacts {
  readonly known: KnownApp | null;
  /** Open connections with the application's mark. */
  readonly proxied: number;
  /** Differences between what was installed and what is there. */
  readonly drift: readonly string[];
  /** Milliseconds that its lease has left, null without one. */
  readonly leaseLeftMs: number | null;
  /** Why the supervisor's bypass is on, by the event log; null when it does not tell. */
  readonly bypassReason: string | null;
  /** Null when the sidecar was not asked. */
  readonly sidecar: Readiness | null;
  /**
   * The port of diverted connections on which nobody listens, though the sidecar may report ready; null when somebody
   * listens.
   */
  readonly deaf: string | null;
  /** Its rules were changed beside a switch that sends it direct, so the switch may not work. */
  readonly isSwitchBroken: boolean;
}

/** Facts that a command leaves out when it only needs the application's former state. */
export const NOT_ASKED = {
  leaseLeftMs: null,
  bypassReason: null,
  sidecar: null,
  deaf: null,
  isSwitchBroken: false,
} as const;

/** Decides an application's state and says why where the state alone does not. */
export function appState(facts: AppStateFacts): { readonly state: AppState; readonly reason: string | null } {
  const { known, drift, sidecar } = facts;
  if (known === null) return { state: 'off', reason: null };
  if (known.desired === 'off') return switchedOffState(facts, known);
  if (known.kernel === null)
    return { state: 'drifted', reason: 'its rules are gone from the kernel; traffic goes direct' };
  if (known.kernel.off.includes('bypass')) {
    return { state: 'bypassed', reason: `${facts.bypassReason ?? 'its sidecar failed'}; traffic goes direct` };
  }
  if (drift.length > 0)
    return { state: 'drifted', reason: 'the rules in the kernel are not the ones that were installed' };
  if (facts.leaseLeftMs === 0) {
    const why =
      sidecar === null || sidecar.state === 'ready' ? 'no supervisor renews it' : `its sidecar is ${sidecar.state}`;
    return { state: 'bypassed', reason: `its lease has lapsed, since ${why}; traffic goes direct` };
  }
  const down = sidecar !== null && sidecar.state !== 'ready' ? sidecar : null;
  if (down !== null && known.stored?.onFailure === 'deny') {
    return { state: 'denied', reason: `${downText(down, facts.deaf)} and onFailure is deny` };
  }
  if (down === null && facts.deaf !== null) {
    const isDenied = known.stored?.onFailure === 'deny';
    return { state: isDenied ? 'denied' : onState(known), reason: facts.deaf };
  }
  if (down !== null) {
    const reason = `${downText(down, facts.deaf)} until it is back or \`weir off ${known.name}\``;
    return { state: onState(known), reason };
  }
  return { state: onState(known), reason: known.reason };
}

/** Only where nobody listens at its ports either is it certain that connections fail. */
function downText({ state }: Exclude<Readiness, { state: 'ready' }>, deaf: string | null): string {
  if (deaf !== null) return 'its sidecar is dead: new connections fail';
  switch (state) {
    case 'dead':
      return 'nobody answers at the admin address of its sidecar, though somebody listens at its ports: new connections may fail';
    case 'frozen':
      return 'its sidecar is frozen: new connections may fail';
    case 'not-ready':
      return 'its sidecar says that it is not ready: new connections may fail';
  }
}

function onState({ stored }: KnownApp): AppState {
  return stored?.confirm ? 'unconfirmed' : 'on';
}

function switchedOffState(
  { proxied, isSwitchBroken }: AppStateFacts,
  known: KnownApp,
): { state: AppState; reason: string | null } {
  const { kernel } = known;
  const endsByItself = kernel?.expiresMs !== null || kernel?.epochSeconds !== null;
  const diverting =
    kernel !== null && kernel.off.length === 0 && !endsByItself && (kernel.families.ipv4 || kernel.families.ipv6);
  if (diverting) return { state: 'drifted', reason: 'it is switched off, and rules in the kernel still divert it' };
  if (isSwitchBroken) {
    const by = known.reason === null ? '' : ` (${known.reason})`;
    return {
      state: 'drifted',
      reason: `it is switched off${by}, and its rules were changed by hand: it may still be diverted`,
    };
  }
  if (proxied > 0) return { state: 'draining', reason: known.reason };
  return { state: 'off', reason: known.reason };
}
