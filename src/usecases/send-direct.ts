import type { RulesetChange } from '../intercept/operations.ts';
import type { OffCause, Ruleset } from '../intercept/ruleset.ts';
import { switchOffOperations } from '../intercept/switch-off.ts';
import { wantedRulesets } from './apply-rules.ts';
import { cutConnections, type DrainCount, type DrainTarget, drainConnections, keepConnections } from './drain.ts';
import type { InterceptHost } from './host.ts';
import type { Situation } from './situation.ts';
import type { StoredState } from './stored-state.ts';
import { policyOfPlan } from './switch-plan.ts';
import type { SwitchEvent } from './switch-result.ts';

/** The families of iptables, in the order in which they are committed. */
const SCOPES = ['ip6', 'ip'] as const;

/** What is to become of the connections that are proxied when an application is switched off. */
export type ExistingConnections = 'drain' | 'keep' | 'cut';

/** How the connections that are still proxied are to be settled. */
export interface SettleOptions {
  readonly existing: ExistingConnections;
  readonly drainMs: number;
  /** Aborted by Ctrl-C: the drain ends, connections stay as they are. */
  readonly signal: AbortSignal;
  readonly report: (event: SwitchEvent) => void;
}

/**
 * The fast path of every switch-off: adds a switch to each back end that still diverts one of the applications.
 * Adding needs no lock and no grace period of the kernel. Resolves to the milliseconds that the tools ran.
 */
export async function sendDirect(host: InterceptHost, situation: Situation, names: readonly string[]): Promise<number> {
  let total = 0;
  for (const [backend, { rulesets }] of situation.installed) {
    const changes = switchChanges(rulesets, names, 'operator');
    if (changes.length > 0) total += (await host.firewall(backend).commit(changes)).ms;
  }
  return total;
}

/**
 * The fastest path: the switches of applications that the state file remembers as on, without reading the kernel first.
 * Resolves to null when memory does not suffice or the tool refuses (the rules may have been wiped): then the kernel
 * has to be read.
 */
export async function sendDirectFromMemory(
  host: InterceptHost,
  stored: StoredState | null,
  names: readonly string[],
): Promise<number | null> {
  const changes = rememberedSwitches(stored, names, 'operator');
  if (stored === null || stored.backend === null || changes === null) return null;
  return host
    .firewall(stored.backend)
    .commit(changes)
    .then(
      ({ ms }) => ms,
      () => null,
    );
}

/**
 * Switches off again what off.sh was run for since its markers were forgotten. An iptables chain that is filled anew
 * loses a switch that came between the read and the commit; the marker that off.sh leaves afterwards does not.
 * Resolves to the names of those applications.
 */
export async function sendPressedDirect(host: InterceptHost, names: readonly string[]): Promise<string[]> {
  const markers = await host.panicFile.pressed();
  const pressed = names.filter((name) => markers.has(name));
  if (pressed.length > 0) await sendDirectFromMemory(host, (await host.store.read()).state, pressed);
  return pressed;
}

/** What adds a switch to rules as the state file remembers them; null when it does not know all of the applications as on. */
export function rememberedSwitches(
  stored: StoredState | null,
  names: readonly string[],
  cause: OffCause,
): RulesetChange[] | null {
  const apps = stored?.apps.filter((app) => app.desired === 'on' && names.includes(app.name)) ?? [];
  if (stored === null || stored.backend === null || apps.length < names.length || apps.length === 0) return null;
  const none = { rulesets: SCOPES.map((scope) => ({ scope, tables: [] })), tableExists: new Map() };
  const compiled = wantedRulesets(stored.backend, policyOfPlan({ guard: stored.guard, apps }, false), none);
  return switchChanges(compiled, names, cause);
}

/** What adds a switch to rulesets, by family; families that need none are left out. */
export function switchChanges(
  rulesets: readonly Ruleset[],
  names: readonly string[],
  cause: OffCause,
): RulesetChange[] {
  return rulesets
    .map((ruleset) => ({
      scope: ruleset.scope,
      operations: switchOffOperations(ruleset, names, cause),
      undo: [],
    }))
    .filter((change) => change.operations.length > 0);
}

/** Deals with the connections that are still proxied after new ones go direct. */
export async function settleConnections(
  host: InterceptHost,
  options: SettleOptions,
  targets: readonly DrainTarget[],
): Promise<Map<string, DrainCount>> {
  if (targets.length === 0) return new Map();
  if (options.existing === 'keep') return keepConnections(host, targets);
  if (options.existing === 'cut') return cutConnections(host, targets);
  const onProgress = (left: number, secondsLeft: number): void =>
    options.report({ step: 'draining', left, secondsLeft });
  return drainConnections(host, targets, { drainMs: options.drainMs, signal: options.signal, onProgress });
}
