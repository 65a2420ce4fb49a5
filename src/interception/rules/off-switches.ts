/** The operations that send applications direct by adding a switch. */
import { type InstalledPart, installedParts, lastEnd } from './installed-parts.ts';
import { decodeMark } from './mark.ts';
import { BYPASS_SET, OFF_SET } from './nft/table-maps.ts';
import type { Operation } from './operations.ts';
import type { DivertMode, Families } from './policy.ts';
import { rule } from './rule.ts';
import type { Ruleset } from './ruleset.ts';
import type { OffCause, OwnerTag } from './tag.ts';

/** An application as its rules in the kernel describe it; nothing else is needed to switch it off or remove it. */
export interface InstalledApp {
  readonly app: string;
  /** Null where no mark tells it. */
  readonly slot: number | null;
  /** How its rules divert; both while it is between two modes. */
  readonly modes: readonly DivertMode[];
  /** Hashes of the policies that its rules were made from; one, unless an installation was changed by hand. */
  readonly hashes: readonly string[];
  /** Conntrack marks of its connections, one a direction. */
  readonly marks: readonly number[];
  /** The families that its rules are about, whatever ends or overrules them. */
  readonly families: Families;
  /** Milliseconds until the kernel has ended all of it by itself (nft), null when it does not. */
  readonly expiresMs: number | null;
  /** When the dates in its rules have ended all of it (iptables), seconds since the epoch; null when they do not. */
  readonly epochSeconds: number | null;
  /** A direction each, of a family each under iptables: a command that was killed may have changed some of them. */
  readonly parts: readonly InstalledPart[];
  /** Why its new connections go direct; empty while any of them is still diverted. */
  readonly off: readonly OffCause[];
}

/**
 * The operations that send applications direct by adding alone. nft gets their marks into a set, iptables a RETURN at
 * the head of their chains. The rules may be read or compiled. An existing switch is not added again, and an
 * application without rules needs none.
 */
export function switchOffOperations(installed: Ruleset, apps: readonly string[] | 'all', cause: OffCause): Operation[] {
  const parts = installedParts(installed).filter(
    ({ app, mark }) => (apps === 'all' || apps.includes(app)) && mark !== 0,
  );
  return parts.filter(({ off }) => !off.includes(cause)).flatMap((part) => switchOperation(part, cause));
}

function switchOperation({ app, mark, table, chain }: InstalledPart, cause: OffCause): Operation[] {
  const tag: OwnerTag = { app, hash: null, by: cause };
  if (chain === null) {
    const map = cause === 'bypass' ? BYPASS_SET : OFF_SET;
    return [{ op: 'add-element', table, map, element: { key: mark, value: null, timeoutMs: null, tag } }];
  }
  return [{ op: 'insert-rule', table, chain, rule: rule([], { to: 'return' }, { counter: true, tag }) }];
}

/** The applications whose new connections all go direct because of a switch, and why. */
export function switchedOff(rulesets: readonly Ruleset[]): ReadonlyMap<string, readonly OffCause[]> {
  return new Map(
    describeInstalled(rulesets).flatMap(({ app, off }): [string, readonly OffCause[]][] =>
      off.length > 0 ? [[app, off]] : [],
    ),
  );
}

/** Every application that the rulesets of one back end divert or would divert without a switch, by name. */
export function describeInstalled(rulesets: readonly Ruleset[]): InstalledApp[] {
  const byApp = new Map<string, InstalledPart[]>();
  for (const ruleset of rulesets)
    for (const part of installedParts(ruleset)) {
      const known = byApp.get(part.app);
      if (known === undefined) byApp.set(part.app, [part]);
      else known.push(part);
    }
  // Names alone are sorted by the engine itself, without a call for each pair.
  return [...byApp.keys()].sort().map((app) => describeApp(app, byApp.get(app) ?? []));
}

function describeApp(app: string, parts: readonly InstalledPart[]): InstalledApp {
  const marks: number[] = [];
  const modes: DivertMode[] = [];
  const hashes: string[] = [];
  const off: OffCause[] = [];
  const families = { ipv4: false, ipv6: false };
  let isOff = true;
  for (const part of parts) {
    if (part.mark !== 0) addTo(marks, part.mark);
    addTo(modes, part.mode);
    for (const hash of part.hashes) addTo(hashes, hash);
    for (const by of part.off) addTo(off, by);
    families.ipv4 ||= part.ipv4;
    families.ipv6 ||= part.ipv6;
    isOff &&= part.off.length > 0;
  }
  if (marks.length > 1) marks.sort((a, b) => a - b);
  const slot = decodeMark(marks[0] ?? 0)?.slot ?? null;
  const expiresMs = lastEnd(parts.map((part) => part.expiresMs));
  const epochSeconds = lastEnd(parts.map((part) => part.epochSeconds));
  return {
    ...{ app, slot, modes, hashes: hashes.sort(), marks, families, expiresMs, epochSeconds, parts },
    off: isOff ? off.sort() : [],
  };
}

function addTo<T>(list: T[], item: T): void {
  if (!list.includes(item)) list.push(item);
}

/** The families of which new connections enter an application's rules now: no switch and no passed date overrules them. */
export function divertedFamilies(app: InstalledApp | null, nowMs: number): Families {
  const inForce = (app?.parts ?? []).filter(
    ({ off, epochSeconds }) => off.length === 0 && (epochSeconds === null || nowMs < epochSeconds * 1000),
  );
  return { ipv4: inForce.some(({ ipv4 }) => ipv4), ipv6: inForce.some(({ ipv6 }) => ipv6) };
}

/** Whether the kernel ends all of an application's rules by itself. */
export function endsByItself({ expiresMs, epochSeconds }: InstalledApp): boolean {
  return expiresMs !== null || epochSeconds !== null;
}
