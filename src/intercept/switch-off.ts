import { BYPASS_SET, NFT_TABLE, OFF_SET } from './compile-nft.ts';
import { type InstalledPart, installedParts } from './installed-parts.ts';
import { decodeMark } from './mark.ts';
import type { Operation } from './operations.ts';
import type { Families } from './policy.ts';
import { rule } from './rule.ts';
import type { OffCause, Ruleset } from './ruleset.ts';
import type { OwnerTag } from './tag.ts';

/** An application as its rules in the kernel describe it; nothing else is needed to switch it off or remove it. */
export interface InstalledApp {
  readonly app: string;
  readonly slot: number;
  /** Hashes of the policies that its rules were made from; one, unless an installation was changed by hand. */
  readonly hashes: readonly string[];
  /** Conntrack marks of its connections, one a direction. */
  readonly marks: readonly number[];
  readonly families: Families;
  /** Milliseconds until the kernel ends the interception by itself (nft), null when it does not. */
  readonly expiresMs: number | null;
  /** When a rule's own date ends it (iptables), seconds since the epoch, null when there is none. */
  readonly epochSeconds: number | null;
  /** Why its new connections go direct; empty while any of them is still diverted. */
  readonly off: readonly OffCause[];
}

/**
 * The fast way to send applications direct, by adding only: nft gets their marks into a set, iptables a RETURN at the
 * head of their chains. Works on rules that were read as well as on rules that were compiled; what is there already is
 * not added again, and an application without rules needs nothing.
 */
export function switchOffOperations(installed: Ruleset, apps: readonly string[] | 'all', cause: OffCause): Operation[] {
  const parts = installedParts(installed).filter(({ app }) => apps === 'all' || apps.includes(app));
  return parts.filter(({ off }) => !off.includes(cause)).flatMap((part) => switchOperation(part, cause));
}

function switchOperation({ app, mark, table, chain }: InstalledPart, cause: OffCause): Operation[] {
  const tag: OwnerTag = { app, hash: null, by: cause };
  if (chain === null) {
    const map = cause === 'bypass' ? BYPASS_SET : OFF_SET;
    return [{ op: 'add-element', table: NFT_TABLE, map, element: { key: mark, value: null, timeoutMs: null, tag } }];
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
  const byApp = Map.groupBy(rulesets.flatMap(installedParts), ({ app }) => app);
  return [...byApp].map(([app, parts]) => describeApp(app, parts)).sort((a, b) => (a.app < b.app ? -1 : 1));
}

function describeApp(app: string, parts: readonly InstalledPart[]): InstalledApp {
  const marks = [...new Set(parts.map(({ mark }) => mark))].sort((a, b) => a - b);
  const isOff = parts.every(({ off }) => off.length > 0);
  return {
    app,
    slot: decodeMark(marks[0] ?? 0)?.slot ?? 0,
    hashes: [...new Set(parts.flatMap(({ hashes }) => hashes))].sort(),
    marks,
    families: { ipv4: parts.some(({ ipv4 }) => ipv4), ipv6: parts.some(({ ipv6 }) => ipv6) },
    expiresMs: earliest(parts.map(({ expiresMs }) => expiresMs)),
    epochSeconds: earliest(parts.map(({ epochSeconds }) => epochSeconds)),
    off: isOff ? [...new Set(parts.flatMap(({ off }) => off))].sort() : [],
  };
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
