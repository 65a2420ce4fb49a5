/** The canonical text of a rule, by which rules are compared. */
import { mergeCidrs } from '../../mesh/cidr.ts';
import { formatPortRange, mergePortRanges } from '../../mesh/port-range.ts';
import { formatMark } from './mark.ts';
import type { Action, KnownRule, LookupKey, Match, Rule, RulesetScope, RuleVerdict } from './ruleset.ts';
import { formatTag } from './tag.ts';

/** Whether two rules do the same and carry the same tag; packet counts do not matter. */
export function isSameRule(a: Rule, b: Rule, scope: RulesetScope): boolean {
  return canonicalRule(a, scope) === canonicalRule(b, scope);
}

/**
 * A text that two rules share exactly when they do the same: conditions sorted, lists merged, implied conditions left
 * out. Kernels and tools rewrite rules in these ways. nft merges the networks of a set and drops the protocol beside a
 * port; iptables drops a network of length 0. So rules must never be compared member by member.
 */
export function canonicalRule(rule: Rule, scope: RulesetScope): string {
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
  if (key.by === 'flow') return `${key.isMarked ? 'marked ' : ''}flow of IPv${key.family}`;
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
      return `mark ${not}${formatMark(match.mark)}/${formatMark(match.mask)}`;
    case 'mark-in':
      return `mark ${not}in ${match.set}`;
    case 'packet-mark':
      return `packet mark ${not}${formatMark(match.mark)}/${formatMark(match.mask)}`;
    case 'packet-mark-in':
      return `packet mark ${not}in ${match.set}`;
    case 'flag':
      return `flag ${match.flag}`;
    case 'reply':
    case 'unassured':
      return match.on;
    case 'flow-in':
      return `IPv${match.family} flow in ${match.set}`;
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

function isImplied(match: Match, rule: KnownRule, scope: RulesetScope): boolean {
  switch (match.on) {
    case 'protocol':
      return !match.negate && readsTcpHeader(rule);
    case 'family':
      if (scope !== 'inet') return match.family === (scope === 'ip' ? 4 : 6);
      return (
        rule.matches.some((other) => 'cidrs' in other && other.cidrs[0]?.family === match.family) ||
        rule.matches.some((other) => other.on === 'flow-in' && other.family === match.family) ||
        rule.actions.some((action) => 'family' in action && action.family === match.family)
      );
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
    matches.some(({ on }) => on === 'syn' || on === 'dport' || on === 'flag' || on === 'flow-in') ||
    actions.some((action) => ('key' in action && action.key.by === 'dport') || 'family' in action) ||
    (verdict.to === 'dispatch' && verdict.key.by === 'dport')
  );
}

function canonicalAction(action: Action): string {
  switch (action.do) {
    case 'set-mark':
      return `set mark ${formatMark(action.mark)}`;
    case 'set-mark-from-map':
      return `set mark by ${canonicalKey(action.key)} from ${action.map}`;
    case 'set-packet-mark':
      return `set packet mark ${formatMark(action.mark)}`;
    case 'set-packet-mark-from-map':
      return `set packet mark by ${canonicalKey(action.key)} from ${action.map}`;
    case 'remember-flow': {
      const what = `${action.isMarked ? 'marked ' : ''}IPv${action.family} flow`;
      return `remember ${what} in ${action.set} for ${action.seconds} s`;
    }
    case 'forget-flow':
      return `forget IPv${action.family} flow of a ${action.isReply ? 'reply' : 'request'} in ${action.set}`;
  }
}

function canonicalVerdict(verdict: RuleVerdict): string {
  switch (verdict.to) {
    case 'goto':
      return `goto ${verdict.chain}`;
    case 'redirect':
      return `redirect to ${verdict.port}`;
    case 'tproxy':
      return `IPv${verdict.family} to the listener ${verdict.address ?? 'here'} port ${verdict.port}, remembered in ${verdict.taken.set} for ${verdict.taken.seconds} s`;
    case 'dispatch':
      return `dispatch by ${canonicalKey(verdict.key)} through ${verdict.map}`;
    default:
      return verdict.to;
  }
}
