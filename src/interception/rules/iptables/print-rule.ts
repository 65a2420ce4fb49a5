/** The printer of one rule as an iptables command line. */
import type { Cidr } from '../../../mesh/mesh-config.ts';
import type { Action, KnownRule, Match, Rule, RuleVerdict } from '../ruleset.ts';
import { formatTag } from '../tag.ts';
import { quoteIptablesWord } from './quote.ts';

/**
 * One rule in the words of iptables-save, without `-A CHAIN`: `-p tcp -m comment --comment "..." -j REDIRECT ...`.
 * Built-in conditions come first, as iptables-save prints them; an unknown rule is its own text.
 * @throws RangeError when the rule needs what iptables has not (maps, several ids): compilers for iptables make none
 */
export function printIptablesRule(rule: Rule): string {
  if (rule.kind === 'unknown') return rule.text;
  const parts = [
    ...printBuiltIn(rule.matches),
    ...rule.matches.flatMap((match) => printExtension(match)),
    ...(rule.tag === null ? [] : ['-m comment --comment', quoteIptablesWord(formatTag(rule.tag))]),
    ...printTarget(rule),
  ];
  return parts.join(' ');
}

/** `-s`, `-d`, `-i` and `-p` in the order of iptables-save. */
function printBuiltIn(matches: readonly Match[]): string[] {
  const address = (on: 'saddr' | 'daddr', flag: string): string[] =>
    matches.flatMap((match) =>
      match.on === on ? [`${match.negate ? '! ' : ''}${flag} ${only(match.cidrs, 'network').text}`] : [],
    );
  const interfaces = matches.flatMap((match) => (match.on === 'iif' ? [`-i ${quoteIptablesWord(match.name)}`] : []));
  return [...address('saddr', '-s'), ...address('daddr', '-d'), ...interfaces, ...printProtocol(matches)];
}

function printProtocol(matches: readonly Match[]): string[] {
  const isNot = matches.some((match) => match.on === 'protocol' && match.negate);
  if (isNot) return ['! -p tcp'];
  // Ports and flags are conditions of the tcp protocol, which iptables wants to be named first.
  return matches.some(({ on }) => on === 'protocol' || on === 'syn' || on === 'dport') ? ['-p tcp'] : [];
}

function printExtension(match: Match): string[] {
  const not = 'negate' in match && match.negate ? '! ' : '';
  switch (match.on) {
    case 'syn':
      return [`-m tcp ${not}--tcp-flags FIN,SYN,RST,ACK SYN`];
    case 'dport':
      return [
        `-m multiport ${not}--dports ${match.ports.map(({ from, to }) => (from === to ? from : `${from}:${to}`))}`,
      ];
    case 'uid':
      return [`-m owner --uid-owner ${only(match.ids, 'user')}`];
    case 'gid':
      return [`-m owner --gid-owner ${only(match.ids, 'group')}`];
    case 'cgroup':
      return [`-m cgroup --path ${quoteIptablesWord(match.path)}`];
    case 'local-destination':
      return [`-m addrtype ${not}--dst-type LOCAL`];
    case 'mark': {
      const mask = match.mask === 0xffffffff ? '' : `/${hex(match.mask)}`;
      return [`-m connmark ${not}--mark ${hex(match.mark)}${mask}`];
    }
    case 'lease': {
      // The mask makes all addresses one: the list has a single entry, the time of the last renewal.
      const mask = match.family === 4 ? '0.0.0.0' : '::';
      return [
        `-m recent ${not}--rcheck --seconds ${match.seconds} --name ${quoteIptablesWord(match.list)} --mask ${mask} --rsource`,
      ];
    }
    case 'before':
      // The time match includes its end; a rule that holds before a second ends with the second before it.
      return [`-m time --datestop ${new Date((match.epochSeconds - 1) * 1000).toISOString().slice(0, 19)}`];
    case 'mark-in':
    case 'packet-mark':
    case 'packet-mark-in':
    case 'flag':
    case 'reply':
    case 'unassured':
    case 'flow-in':
    case 'family':
      throw new RangeError(`iptables has no condition for ${match.on}`);
    default:
      return [];
  }
}

function printTarget({ actions, verdict }: KnownRule): string[] {
  const [action, ...more] = actions;
  if (action === undefined) return printVerdict(verdict);
  if (more.length > 0 || verdict.to !== 'continue') {
    throw new RangeError('an iptables rule has one target: it sets a mark or decides, not both');
  }
  return [printAction(action)];
}

function printAction(action: Action): string {
  if (action.do !== 'set-mark') throw new RangeError('iptables has no maps');
  return `-j CONNMARK --set-xmark ${hex(action.mark)}/0xffffffff`;
}

function printVerdict(verdict: RuleVerdict): string[] {
  switch (verdict.to) {
    case 'continue':
      return [];
    case 'return':
      return ['-j RETURN'];
    case 'goto':
      return [`-g ${verdict.chain}`];
    case 'redirect':
      return [`-j REDIRECT --to-ports ${verdict.port}`];
    case 'tproxy':
    case 'reset':
    case 'drop':
    case 'dispatch':
      throw new RangeError('weir writes no such verdict for iptables');
  }
}

function only<T extends number | Cidr>(list: readonly T[], what: string): T {
  const [first, ...more] = list;
  if (first === undefined || more.length > 0) throw new RangeError(`an iptables rule takes exactly one ${what}`);
  return first;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
