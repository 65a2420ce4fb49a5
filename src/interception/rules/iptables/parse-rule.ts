/** The parser of one rule of iptables-save. */
import { canonicalAddress } from '../../../mesh/cidr.ts';
import type { Cidr, PortRange } from '../../../mesh/mesh-config.ts';
import type { Action, KnownRule, Match, Rule, RuleVerdict } from '../ruleset.ts';
import { parseTag } from '../tag.ts';
import { splitIptablesLine } from './quote.ts';

/** A rule under construction: the parser fills it word by word. */
interface Draft {
  readonly matches: Match[];
  protocol: 'none' | 'tcp' | 'not tcp';
  tag: KnownRule['tag'];
  verdict: RuleVerdict | null;
  action: Action | null;
}

/** The words of a rule, taken from the front. */
interface Words {
  readonly list: readonly string[];
  next: number;
}

/** Thrown inside this file only: the rule has something that weir does not write. */
class NotUnderstood extends Error {}

/**
 * Parses one rule of iptables-save, without counters and `-A CHAIN`. A part that weir would not write makes the whole
 * rule unknown. Its own text stays, and iptables-restore takes it back.
 */
export function parseIptablesRule(text: string, packets?: number): Rule {
  const draft: Draft = { matches: [], protocol: 'none', tag: null, verdict: null, action: null };
  const words: Words = { list: splitIptablesLine(text), next: 0 };
  try {
    while (words.next < words.list.length) readOption(words, draft);
    return assemble(draft, packets);
  } catch (error) {
    if (error instanceof NotUnderstood) return { kind: 'unknown', text };
    throw error;
  }
}

function assemble(draft: Draft, packets: number | undefined): KnownRule {
  const { matches, protocol, tag, action } = draft;
  if (action !== null && draft.verdict !== null) throw new NotUnderstood();
  const isImplied = matches.some(({ on }) => on === 'syn' || on === 'dport');
  const needsProtocol = isImplied || draft.verdict?.to === 'redirect';
  if (needsProtocol && protocol !== 'tcp') throw new NotUnderstood();
  const isNamed = protocol === 'not tcp' || (protocol === 'tcp' && !isImplied);
  const named: Match[] = isNamed ? [{ on: 'protocol', protocol: 'tcp', negate: protocol === 'not tcp' }] : [];
  return {
    kind: 'known',
    matches: [...named, ...matches],
    actions: action === null ? [] : [action],
    verdict: draft.verdict ?? { to: 'continue' },
    counter: true,
    ...(packets === undefined ? {} : { packets }),
    tag,
  };
}

function take(words: Words): string {
  const word = words.list[words.next];
  if (word === undefined) throw new NotUnderstood();
  words.next += 1;
  return word;
}

/** Modules whose options are read below; their names say nothing by themselves. */
const MODULES = ['tcp', 'multiport', 'owner', 'cgroup', 'addrtype', 'connmark', 'recent', 'time', 'comment'];

function readOption(words: Words, draft: Draft): void {
  const first = take(words);
  const negate = first === '!';
  const option = negate ? take(words) : first;
  if (option === '-m') {
    if (negate || !MODULES.includes(take(words))) throw new NotUnderstood();
    return;
  }
  if (option === '-p') {
    if (take(words) !== 'tcp') throw new NotUnderstood();
    draft.protocol = negate ? 'not tcp' : 'tcp';
    return;
  }
  if (!negate && readTarget(option, words, draft)) return;
  draft.matches.push(readMatch(option, words, negate));
}

/** Conditions that can be negated; all others are not understood with a `!`. */
function readMatch(option: string, words: Words, negate: boolean): Match {
  switch (option) {
    case '-s':
    case '-d':
      return { on: option === '-s' ? 'saddr' : 'daddr', cidrs: [network(take(words))], negate };
    case '--tcp-flags':
      if (take(words) !== 'FIN,SYN,RST,ACK' || take(words) !== 'SYN') throw new NotUnderstood();
      return { on: 'syn', negate };
    case '--dport':
    case '--dports':
      return { on: 'dport', ports: take(words).split(',').map(portRange), negate };
    case '--dst-type':
      if (take(words) !== 'LOCAL') throw new NotUnderstood();
      return { on: 'local-destination', negate };
    case '--mark': {
      const [mark = '', mask = '0xffffffff'] = take(words).split('/');
      return { on: 'mark', mark: hexNumber(mark), mask: hexNumber(mask), negate };
    }
    case '--rcheck':
      return readLease(words, negate);
    default:
      if (negate) throw new NotUnderstood();
      return readPlainMatch(option, words);
  }
}

/** The rest of `--rcheck --seconds 3 --name weir_0001 --mask 0.0.0.0 --rsource`, in the order of iptables-save. */
function readLease(words: Words, negate: boolean): Match {
  const value = (option: string): string => {
    if (take(words) !== option) throw new NotUnderstood();
    return take(words);
  };
  const seconds = wholeNumber(value('--seconds'));
  const list = value('--name');
  const mask = value('--mask');
  if (!['0.0.0.0', '::'].includes(mask) || take(words) !== '--rsource') throw new NotUnderstood();
  return { on: 'lease', list, seconds, family: mask === '::' ? 6 : 4, negate };
}

function readPlainMatch(option: string, words: Words): Match {
  switch (option) {
    case '-i':
      return { on: 'iif', name: take(words) };
    case '--uid-owner':
      return { on: 'uid', ids: [wholeNumber(take(words))] };
    case '--gid-owner':
      return { on: 'gid', ids: [wholeNumber(take(words))] };
    case '--path':
      return { on: 'cgroup', path: take(words) };
    case '--datestop':
      return { on: 'before', epochSeconds: secondAfter(take(words)) };
    default:
      throw new NotUnderstood();
  }
}

/** The tag and what the rule does. False when the option is a condition. */
function readTarget(option: string, words: Words, draft: Draft): boolean {
  switch (option) {
    case '--comment':
      draft.tag = parseTag(take(words));
      if (draft.tag === null) throw new NotUnderstood();
      return true;
    case '-g':
      draft.verdict = { to: 'goto', chain: take(words) };
      return true;
    case '-j':
      readJump(take(words), words, draft);
      return true;
    default:
      return false;
  }
}

function readJump(target: string, words: Words, draft: Draft): void {
  if (target === 'RETURN') {
    draft.verdict = { to: 'return' };
  } else if (target === 'REDIRECT' && take(words) === '--to-ports') {
    draft.verdict = { to: 'redirect', port: wholeNumber(take(words)) };
  } else if (target === 'CONNMARK' && take(words) === '--set-xmark') {
    const [mark = '', mask = ''] = take(words).split('/');
    if (hexNumber(mask) !== 0xffffffff) throw new NotUnderstood();
    draft.action = { do: 'set-mark', mark: hexNumber(mark) };
  } else {
    throw new NotUnderstood();
  }
}

function wholeNumber(word: string): number {
  if (!/^\d+$/.test(word)) throw new NotUnderstood();
  return Number(word);
}

function hexNumber(word: string): number {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(word)) throw new NotUnderstood();
  return Number(word);
}

function portRange(word: string): PortRange {
  const [from = '', to = from] = word.split(':');
  return { from: wholeNumber(from), to: wholeNumber(to) };
}

function network(word: string): Cidr {
  const [host = '', length] = word.split('/');
  const address = canonicalAddress(host);
  if (address === null) throw new NotUnderstood();
  const family = address.includes(':') ? 6 : 4;
  // A mask with holes is printed as an address.
  return { family, text: `${address}/${length === undefined ? (family === 4 ? 32 : 128) : wholeNumber(length)}` };
}

/** `--datestop` is the last second that matches, in UTC unless `--kerneltz` says otherwise. */
function secondAfter(word: string): number {
  const ms = Date.parse(`${word}Z`);
  if (Number.isNaN(ms)) throw new NotUnderstood();
  return ms / 1000 + 1;
}
