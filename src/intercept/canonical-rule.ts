import { mergeCidrs } from '../config/cidr.ts';
import { formatPortRange, mergePortRanges } from '../config/port-range.ts';
import { formatMark } from './mark.ts';
import type { Action, KnownRule, LookupKey, Match, Rule, Scope, Verdict } from './ruleset.ts';
import { formatTag } from './tag.ts';

/** Whether two rules do the same and carry the same tag; packet counts do not matter. */
export function isSameRule(a: Rule, b: Rule, scope: Scope): boolean {
  return canonicalRule(a, scope) === canonicalRule(b, scope);
}

/**
 * A text that two rules share exactly when they do the same: conditions sorted, lists merged, conditions left out that
 * another one implies. Kernels and tools rewrite rules that way (nft merges the networks of a set and drops the
 * protocol beside a port, iptables drops a network of length 0), so rules must never be compared member by member.
 */
export function canonicalRule(rule: Rule, scope: Scope): string {
  if (rule.kind === 'unknown') return `unknown ${rule.text}`;
  const matches = rule.matches.filter((match) => !isImplied(match, rule, scope)).map(canonicalMatch);
  return [
    ...matches.sort(),
    ...rule.actions.map(canonicalAction),
    ...(rule.counter ? ['counter'] : []),
    canonicalVerdict(rule.verdict),
    rule.tag === null ? 'untagged' : formatTag(rule.tag),
  ].join('; ');
}

/** A look-up key as text: `uid`, `dport`, `cgroup at level 2`. */
export function canonicalKey(key: LookupKey): string {
  return key.by === 'cgroup' ? `cgroup at level ${key.level}` : key.by;
}

function canonicalMatch(match: Match): string {
  const not = 'negate' in match && match.negate ? 'not ' : '';
  switch (match.on) {
    case 'protocol':
      return `${not}${match.protocol}`;
    case 'syn':
    case 'local-destination':
      return `${not}${match.on}`;
    case 'family':
      return `IPv${match.family}`;
    case 'uid':
    case 'gid':
      return `${match.on} ${[...new Set(match.ids)].sort((a, b) => a - b)}`;
    case 'cgroup':
      return `cgroup ${match.path}`;
    case 'daddr':
    case 'saddr':
      return `${match.on} ${not}${mergeSeveral(match.cidrs, mergeCidrs).map(({ text }) => text)}`;
    case 'dport':
      return `dport ${not}${mergeSeveral(match.ports, mergePortRanges).map(formatPortRange)}`;
    case 'iif':
      return `iif ${match.name}`;
    case 'mark':
      return `mark ${formatMark(match.mark)}/${formatMark(match.mask)}`;
    case 'mark-in':
      return `mark ${not}in ${match.set}`;
    case 'lease':
      return `lease ${not}${match.list} IPv${match.family} of ${match.seconds} s`;
    case 'before':
      return `before ${match.epochSeconds}`;
  }
}

/** One item is canonical by its type; with a thousand applications most lists have one. */
function mergeSeveral<T>(list: readonly T[], merge: (list: readonly T[]) => readonly T[]): readonly T[] {
  return list.length > 1 ? merge(list) : list;
}

function isImplied(match: Match, rule: KnownRule, scope: Scope): boolean {
  switch (match.on) {
    case 'protocol':
      return !match.negate && readsTcpHeader(rule);
    case 'family':
      if (scope !== 'inet') return match.family === (scope === 'ip' ? 4 : 6);
      return rule.matches.some((other) => 'cidrs' in other && other.cidrs[0]?.family === match.family);
    case 'daddr':
    case 'saddr':
      // In the inet family even a network of length 0 says something: which family the packet has.
      return scope !== 'inet' && !match.negate && match.cidrs.some(({ text }) => text.endsWith('/0'));
    default:
      return false;
  }
}

/** Whether a part of the rule looks into the TCP header, which implies the protocol. */
function readsTcpHeader({ matches, actions, verdict }: KnownRule): boolean {
  return (
    matches.some(({ on }) => on === 'syn' || on === 'dport') ||
    actions.some((action) => action.do === 'set-mark-from-map' && action.key.by === 'dport') ||
    (verdict.to === 'dispatch' && verdict.key.by === 'dport')
  );
}

function canonicalAction(action: Action): string {
  if (action.do === 'set-mark') return `set mark ${formatMark(action.mark)}`;
  return `set mark by ${canonicalKey(action.key)} from ${action.map}`;
}

function canonicalVerdict(verdict: Verdict): string {
  switch (verdict.to) {
    case 'goto':
      return `goto ${verdict.chain}`;
    case 'redirect':
      return `redirect to ${verdict.port}`;
    case 'dispatch':
      return `dispatch by ${canonicalKey(verdict.key)} through ${verdict.map}`;
    default:
      return verdict.to;
  }
}
