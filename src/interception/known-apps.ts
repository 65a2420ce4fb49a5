/** Merges state file, kernel and panic markers into one record for each application. */
import { divertedFamilies, endsByItself, type InstalledApp } from './rules/off-switches.ts';
import type { Families } from './rules/policy.ts';
import type { StoredApp } from './stored-state.ts';

/** The facts about one application from the state file, the kernel and the panic file's markers together. */
export interface KnownApp {
  readonly name: string;
  readonly stored: StoredApp | null;
  readonly kernel: InstalledApp | null;
  /** The families of which its rules send new connections to its sidecar now, whatever was decided; leases aside. */
  readonly diverted: Families;
  /** The operator's last decision, the kernel's own switches included. */
  readonly desired: 'on' | 'off';
  /** Why it is off although nobody ran `weir off`; else the stored reason. */
  readonly reason: string | null;
  /** When it was decided, ISO 8601; null where nobody has noted it. */
  readonly since: string | null;
}

/** The reason of an `on` that has no proof yet: it was killed, or is still at work. */
export const INTERRUPTED = 'interrupted while switching on';

/** Inputs of the decision, gathered in one place so that it can be tested without a host. */
export interface KnownAppFacts {
  readonly stored: readonly StoredApp[];
  readonly installed: readonly InstalledApp[];
  /** Applications that the panic file switched off, by its marker files. */
  readonly pressed: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/**
 * Decides for each application whether it should be on. The kernel wins over the state file where only a deliberate act
 * can have changed it: a switch that off.sh added, and a deadline that passed.
 */
export function knownApps(facts: KnownAppFacts): Map<string, KnownApp> {
  const stored = new Map(facts.stored.map((app) => [app.name, app]));
  const installed = new Map(facts.installed.map((app) => [app.app, app]));
  const names = [...new Set([...stored.keys(), ...installed.keys()])].sort();
  return new Map(
    names.map((name) => {
      const kernel = installed.get(name) ?? null;
      return [name, decide(name, asConfirmed(stored.get(name) ?? null, kernel), kernel, facts)];
    }),
  );
}

function decide(name: string, stored: StoredApp | null, kernel: InstalledApp | null, facts: KnownAppFacts): KnownApp {
  const known = (desired: 'on' | 'off', reason: string | null, since = stored?.since ?? null): KnownApp => {
    return { name, stored, kernel, diverted: divertedFamilies(kernel, facts.nowMs), desired, reason, since };
  };
  if (stored !== null && stored.desired === 'off') return known('off', stored.reason);
  // The state file still has the time of the decision before.
  const pressed = facts.pressed.get(name);
  if (kernel?.off.includes('off.sh') || pressed !== undefined) return known('off', 'off.sh', pressed ?? null);
  if (kernel?.off.includes('operator')) return known('off', stored?.reason ?? 'switched off by an operator', null);
  // The state file is gone, but the kernel still diverts: the application counts as on.
  if (stored === null) return known('on', 'the state file does not know it');
  if (!stored.proven && (kernel === null || endsByItself(kernel))) return known('off', INTERRUPTED, null);
  if (stored.confirm !== null && hasExpired(stored, kernel, facts.nowMs)) {
    // By another clock it may have passed while the wall clock has not come to it.
    const { by } = stored.confirm;
    return known('off', 'confirm expired', Date.parse(by) <= facts.nowMs ? by : null);
  }
  return known('on', stored.reason);
}

/** A `confirm` that was killed before it wrote the state file has taken the deadline out of every rule. */
function asConfirmed(stored: StoredApp | null, kernel: InstalledApp | null): StoredApp | null {
  if (stored === null || stored.confirm === null || kernel === null) return stored;
  const isPermanent = kernel.parts.every(({ expiresMs, epochSeconds }) => expiresMs === null && epochSeconds === null);
  return isPermanent ? { ...stored, confirm: null } : stored;
}

/**
 * The deadline has passed: the kernel dropped the elements, or the date in the rules is over. nft counts by a clock
 * that never jumps. As long as its rules exist, packets are diverted, whatever the wall clock shows.
 */
function hasExpired(stored: StoredApp, kernel: InstalledApp | null, nowMs: number): boolean {
  if (stored.confirm === null) return false;
  if (kernel === null) return true;
  return kernel.epochSeconds !== null && nowMs >= kernel.epochSeconds * 1000;
}
