/** The printer of one rule in nft's syntax. */
import { mergeCidrs } from '../../../mesh/cidr.ts';
import type { Cidr } from '../../../mesh/mesh-config.ts';
import { formatPortRange, mergePortRanges } from '../../../mesh/port-range.ts';
import { formatMark } from '../mark.ts';
import type { Action, KnownRule, LookupKey, Match, Rule, RuleVerdict } from '../ruleset.ts';
import { formatTag } from '../tag.ts';
import { formatNftSet, nftFlowKey, quoteNftString } from './nft-words.ts';

/**
 * The statements of one rule, as they stand in a chain: `meta l4proto tcp counter redirect to :15001 comment "..."`.
 * A rule that was read and not understood has no nft text: it comes back as a comment of nft.
 */
export function printNftRule(rule: Rule): string {
  if (rule.kind === 'unknown') return `# not understood: ${rule.text}`;
  const statements = [
    ...rule.matches.map(printMatch),
    ...rule.actions.map(printAction),
    ...(rule.counter ? ['counter'] : []),
    ...printVerdict(rule),
    ...(rule.tag === null ? [] : [`comment ${quoteNftString(formatTag(rule.tag))}`]),
  ];
  return statements.join(' ');
}

function printMatch(match: Match): string {
  const not = 'negate' in match && match.negate ? '!= ' : '';
  switch (match.on) {
    case 'protocol':
      return `meta l4proto ${not}${match.protocol}`;
    case 'syn':
      return `tcp flags & (fin|syn|rst|ack) ${match.negate ? '!=' : '=='} syn`;
    case 'family':
      return `meta nfproto ipv${match.family}`;
    case 'uid':
      return `meta skuid ${formatNftSet(match.ids)}`;
    case 'gid':
      return `meta skgid ${formatNftSet(match.ids)}`;
    case 'cgroup':
      return `socket cgroupv2 level ${match.path.split('/').length} ${quoteNftString(match.path)}`;
    case 'daddr':
    case 'saddr':
      return `${addressFamily(match.cidrs)} ${match.on} ${not}${formatNftSet(mergeCidrs(match.cidrs).map(printCidr))}`;
    case 'dport':
      return `tcp dport ${not}${formatNftSet(mergePortRanges(match.ports).map(formatPortRange))}`;
    case 'iif':
      return `iifname ${quoteNftString(match.name)}`;
    case 'local-destination':
      return `fib daddr type ${not}local`;
    case 'mark':
      if (match.mask === 0xffffffff) return `ct mark ${not}${formatMark(match.mark)}`;
      return `ct mark & ${formatMark(match.mask)} ${match.negate ? '!=' : '=='} ${formatMark(match.mark)}`;
    case 'mark-in':
      return `ct mark ${not}@${match.set}`;
    case 'packet-mark':
      if (match.mask === 0xffffffff) return `meta mark ${not}${formatMark(match.mark)}`;
      return `meta mark & ${formatMark(match.mask)} ${match.negate ? '!=' : '=='} ${formatMark(match.mark)}`;
    case 'packet-mark-in':
      return `meta mark ${not}@${match.set}`;
    case 'flag':
      return `tcp flags & ${match.flag} == ${match.flag}`;
    case 'reply':
      return 'ct direction reply';
    case 'unassured':
      return 'ct status & assured == 0';
    case 'flow-in':
      return `${nftFlowKey(match.family, { isMarked: false, isReply: false })} @${match.set}`;
    case 'lease':
      throw new RangeError('nft keeps leases in a set');
    case 'before':
      return `meta time < ${match.epochSeconds}`;
  }
}

/** Networks of one family; a list of both cannot be one condition. */
function addressFamily(cidrs: readonly Cidr[]): 'ip' | 'ip6' {
  const families = new Set(cidrs.map(({ family }) => family));
  if (families.size !== 1) throw new RangeError('an address condition names networks of exactly one family');
  return families.has(4) ? 'ip' : 'ip6';
}

/** nft prints a network of one address without its length. */
function printCidr({ family, text }: Cidr): string {
  const whole = family === 4 ? '/32' : '/128';
  return text.endsWith(whole) ? text.slice(0, -whole.length) : text;
}

function printAction(action: Action): string {
  switch (action.do) {
    case 'set-mark':
      return `ct mark set ${formatMark(action.mark)}`;
    case 'set-mark-from-map':
      return `ct mark set ${printLookupKey(action.key)} map @${action.map}`;
    case 'set-packet-mark':
      return `meta mark set ${formatMark(action.mark)}`;
    case 'set-packet-mark-from-map':
      return `meta mark set ${printLookupKey(action.key)} map @${action.map}`;
    case 'remember-flow': {
      const key = nftFlowKey(action.family, { isMarked: action.isMarked, isReply: false });
      return `update @${action.set} { ${key} timeout ${action.seconds}s }`;
    }
    case 'forget-flow':
      return `delete @${action.set} { ${nftFlowKey(action.family, { isMarked: false, isReply: action.isReply })} }`;
  }
}

function printVerdict(rule: KnownRule): string[] {
  const { verdict } = rule;
  // A rule needs at least one statement.
  const isEmpty = rule.matches.length === 0 && rule.actions.length === 0 && !rule.counter;
  if (verdict.to === 'continue') return isEmpty ? ['continue'] : [];
  return [printFinalVerdict(verdict)];
}

function printFinalVerdict(verdict: Exclude<RuleVerdict, { to: 'continue' }>): string {
  switch (verdict.to) {
    case 'return':
      return 'return';
    case 'goto':
      return `goto ${verdict.chain}`;
    case 'redirect':
      return `redirect to :${verdict.port}`;
    case 'tproxy': {
      const host = verdict.family === 6 && verdict.address !== null ? `[${verdict.address}]` : (verdict.address ?? '');
      const { set, seconds } = verdict.taken;
      const key = nftFlowKey(verdict.family, { isMarked: false, isReply: false });
      const ip = verdict.family === 4 ? 'ip' : 'ip6';
      return `tproxy ${ip} to ${host}:${verdict.port} update @${set} { ${key} timeout ${seconds}s } accept`;
    }
    case 'reset':
      return 'reject with tcp reset';
    case 'drop':
      return 'drop';
    case 'dispatch':
      return `${printLookupKey(verdict.key)} vmap @${verdict.map}`;
  }
}

/** `meta skuid` */
function printLookupKey(key: LookupKey): string {
  switch (key.by) {
    case 'uid':
      return 'meta skuid';
    case 'gid':
      return 'meta skgid';
    case 'dport':
      return 'tcp dport';
    case 'protocol':
      return 'meta l4proto';
    case 'mark':
      return 'ct mark';
    case 'packet-mark':
      return 'meta mark';
    case 'flow':
      throw new RangeError('flows are looked up by a condition');
    case 'cgroup':
      return `socket cgroupv2 level ${key.level}`;
  }
}
