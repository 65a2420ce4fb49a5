/** The decision of an application's state for `weir status`. */
import type { Readiness } from '../platform/readiness.ts';
import { INTERRUPTED, type KnownApp } from './known-apps.ts';
import { endsByItself } from './rules/off-switches.ts';

/**
 * The state of one application's interception, in the words of `weir status`. `unknown`: nothing of it was found, and not
 * every back end could be searched.
 */
export type AppState = 'on' | 'off' | 'draining' | 'unconfirmed' | 'bypassed' | 'denied' | 'drifted' | 'unknown';

/** The facts that decide the state. */
export interface AppStateFacts {
  readonly known: KnownApp | null;
  /** Why rules of an application that is not known may be there all the same; null: every place was searched. */
  readonly blind: string | null;
  /** Why the state file could not be read; null: it was, or there is none. */
  readonly storeProblem: string | null;
  /** Why its rules could not be read; null: they were. */
  readonly unread: string | null;
  /** Open connections with the application's mark; null when they could not be counted. */
  readonly proxied: number | null;
  /** Differences between what was installed and what is there. */
  readonly drift: readonly string[];
  /** Milliseconds that its lease has left, null without one. */
  readonly leaseLeftMs: number | null;
  /** Why the supervisor's bypass is on, by the event log; null when it does not tell. */
  readonly bypassReason: string | null;
  /** Null when the sidecar was not asked. */
  readonly sidecar: Readiness | null;
  /**
   * The port of diverted connections on which nobody listens, though the sidecar may report ready; null when none was
   * found.
   */
  readonly deaf: string | null;
  /** Whether listeners were looked at: without that nothing follows from `deaf`. */
  readonly areListenersSeen: boolean;
  /** Its rules were changed beside a switch that sends it direct, so the switch may not work. */
  readonly isSwitchBroken: boolean;
}

/** Facts that a command leaves out when it only needs the application's former state. */
export const NOT_ASKED = {
  blind: null,
  unread: null,
  storeProblem: null,
  leaseLeftMs: null,
  bypassReason: null,
  sidecar: null,
  deaf: null,
  areListenersSeen: false,
  isSwitchBroken: false,
} as const;

/** Decides an application's state and says why where the state alone does not. */
export function appState(facts: AppStateFacts): { readonly state: AppState; readonly reason: string | null } {
  const { known, drift, sidecar } = facts;
  if (known === null)
    return facts.blind === null ? { state: 'off', reason: null } : { state: 'unknown', reason: facts.blind };
  if (facts.unread !== null) {
    const by = known.reason === null ? '' : ` (${known.reason})`;
    const reason = `remembered as ${known.desired}${by}; whether its rules are in the kernel cannot be told: ${facts.unread}`;
    return { state: 'unknown', reason };
  }
  if (known.desired === 'off') return switchedOffState(facts, known);
  if (known.kernel === null)
    return { state: 'drifted', reason: 'its rules are gone from the kernel; traffic goes direct' };
  if (known.kernel.off.includes('bypass')) {
    return { state: 'bypassed', reason: `${facts.bypassReason ?? 'its sidecar failed'}; traffic goes direct` };
  }
  // Nothing is known of what was installed, so nothing can be said to differ from it.
  if (known.stored === null) {
    const why = facts.storeProblem === null ? 'the state file does not know it' : 'the state file cannot be read';
    return {
      state: 'drifted',
      reason: `its rules are in the kernel, and ${why}: whether they are whole cannot be told`,
    };
  }
  const direct = whyPartlyDirect(known);
  if (direct !== null) return { state: 'drifted', reason: direct };
  if (drift.length > 0)
    return { state: 'drifted', reason: 'the rules in the kernel are not the ones that were installed' };
  if (facts.leaseLeftMs === 0) {
    const isDown = sidecar !== null && sidecar.state !== 'ready' && sidecar.state !== 'unknown';
    const why = isDown ? `its sidecar is ${sidecar.state}` : 'no supervisor renews it';
    return { state: 'bypassed', reason: `its lease has lapsed, since ${why}; traffic goes direct` };
  }
  const down = sidecar !== null && sidecar.state !== 'ready' ? sidecar : null;
  if (down?.state === 'unknown' && facts.deaf === null) {
    const by = known.reason === null ? '' : `${known.reason}; `;
    return { state: onState(known), reason: `${by}whether its sidecar is ready cannot be told: ${down.detail}` };
  }
  if (down !== null && known.stored?.onFailure === 'deny') {
    return { state: 'denied', reason: `${downText(down, facts)} and onFailure is deny` };
  }
  if (down === null && facts.deaf !== null) {
    const isDenied = known.stored?.onFailure === 'deny';
    return { state: isDenied ? 'denied' : onState(known), reason: facts.deaf };
  }
  if (down !== null) {
    const reason = `${downText(down, facts)} until it is back or \`weir off ${known.name}\``;
    return { state: onState(known), reason };
  }
  return { state: onState(known), reason: known.reason };
}

/** Only where nobody listens at its ports either is it certain that connections fail. */
function downText(
  { state }: Exclude<Readiness, { state: 'ready' }>,
  { deaf, areListenersSeen }: Pick<AppStateFacts, 'deaf' | 'areListenersSeen'>,
): string {
  if (deaf !== null) return 'its sidecar is dead: new connections fail';
  switch (state) {
    case 'dead':
      return areListenersSeen
        ? 'nobody answers at the admin address of its sidecar, though somebody listens at its ports: new connections may fail'
        : 'nobody answers at the admin address of its sidecar, and whether somebody listens at its ports cannot be told: new connections may fail';
    case 'frozen':
      return 'its sidecar is frozen: new connections may fail';
    case 'not-ready':
      return 'its sidecar says that it is not ready: new connections may fail';
    case 'unknown':
      return 'whether its sidecar is ready cannot be told: new connections may fail';
  }
}

function onState({ stored }: KnownApp): AppState {
  return stored?.confirm ? 'unconfirmed' : 'on';
}

/** The words for an application that is off by everybody's word, and diverted. */
export const STILL_DIVERTED = 'it is switched off, and rules in the kernel still divert it';

/** The words for an application that `weir on` tries out at this moment, or did so when it was killed. */
const UNPROVEN =
  '`weir on` is at work or was interrupted, and has not proven it: new connections go through the sidecar until the kernel ends that by itself';

/** Why an application that should be off is diverted by its rules; null when it is not. */
export function whyStillDiverted(known: KnownApp): string | null {
  const { desired, diverted } = known;
  if (desired !== 'off' || !(diverted.ipv4 || diverted.ipv6)) return null;
  return isTrial(known) ? UNPROVEN : STILL_DIVERTED;
}

/** Whether it is diverted by rules that nobody has proven yet, and that the kernel ends. */
export function isTrial({ reason, kernel, diverted }: KnownApp): boolean {
  return reason === INTERRUPTED && kernel !== null && endsByItself(kernel) && (diverted.ipv4 || diverted.ipv6);
}

/** Why connections of an application that is on go direct, though its rules are there and no bypass is on; else null. */
export function whyPartlyDirect({ desired, stored, kernel, diverted }: KnownApp): string | null {
  if (desired !== 'on' || stored === null || kernel === null || kernel.off.includes('bypass')) return null;
  const { ipv4, ipv6 } = stored.policy.families;
  const direct = [...(ipv4 && !diverted.ipv4 ? ['IPv4'] : []), ...(ipv6 && !diverted.ipv6 ? ['IPv6'] : [])];
  return direct.length === 0 ? null : `it is on, and its rules let new ${direct.join(' and ')} connections go direct`;
}

function switchedOffState(
  { proxied, isSwitchBroken, leaseLeftMs }: AppStateFacts,
  known: KnownApp,
): { state: AppState; reason: string | null } {
  const diverted = leaseLeftMs === 0 ? null : whyStillDiverted(known);
  if (diverted !== null) return { state: 'drifted', reason: diverted };
  if (isSwitchBroken) {
    const by = known.reason === null ? '' : ` (${known.reason})`;
    return {
      state: 'drifted',
      reason: `it is switched off${by}, and its rules were changed by hand: it may still be diverted`,
    };
  }
  if (proxied === null) {
    const by = known.reason === null ? '' : `${known.reason}; `;
    return { state: 'off', reason: `${by}whether connections are still proxied cannot be told` };
  }
  return { state: proxied > 0 ? 'draining' : 'off', reason: known.reason };
}
