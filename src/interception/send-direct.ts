/** The fast path of `off`: switches into the kernel before anything else. */
import { wantedRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import { switchOffOperations } from './rules/off-switches.ts';
import type { RulesetChange } from './rules/operations.ts';
import type { Ruleset } from './rules/ruleset.ts';
import type { OffCause } from './rules/tag.ts';
import type { Situation } from './situation.ts';
import type { StoredState } from './stored-state.ts';
import { policyOfPlan } from './switch-plan.ts';
import type { SwitchEvent } from './switch-result.ts';

/** The families of iptables, in the order in which they are committed. */
const SCOPES = ['ip6', 'ip'] as const;

/** The treatment of proxied connections when an application is switched off. */
export type ExistingConnections = 'drain' | 'keep' | 'cut';

/** The options for settling the connections that are still proxied. */
export interface SettleOptions {
  readonly existing: ExistingConnections;
  readonly drainMs: number;
  /** Aborted by Ctrl-C: the drain ends, connections stay as they are. */
  readonly signal: AbortSignal;
  readonly report: (event: SwitchEvent) => void;
  /**
   * False where nobody is told how many connections drained: they are not listed before the switch, which does not wait
   * for that. Default true.
   */
  readonly countsDrained?: boolean;
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
 * The fastest path: adds the switches of applications that the state file remembers as on, before the kernel is read.
 * Resolves to null when the state file does not suffice or the tool refuses (the rules may have been wiped). The kernel
 * has to be read then.
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
 * Switches off again the applications for which off.sh ran since their markers were forgotten. A refilled iptables
 * chain loses a switch that came between the read and the commit; the marker that off.sh writes afterwards remains.
 * Resolves to the names of those applications.
 */
export async function sendPressedDirect(host: InterceptHost, names: readonly string[]): Promise<string[]> {
  const markers = await host.panicFile.pressed();
  const pressed = names.filter((name) => markers.has(name));
  if (pressed.length > 0) await sendDirectFromMemory(host, (await host.store.read()).state, pressed);
  return pressed;
}

/**
 * The operations that add a switch by the state file alone; null when it does not know all of the applications as on.
 */
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

/** The operations that add a switch to rulesets, by family; families that need none are left out. */
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
