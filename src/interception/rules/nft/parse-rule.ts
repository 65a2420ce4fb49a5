/** The parser of one rule in nft's JSON. */
import type { Action, KnownRule, LookupKey, Match, Rule, RuleVerdict } from '../ruleset.ts';
import { parseTag } from '../tag.ts';
import { at, type Json, listAt, numberAt, soleKey, textAt } from './json-path.ts';
import { parseFlowKey } from './parse-flow-key.ts';
import { parseNftMatch } from './parse-match.ts';

/** A statement in the order in which weir writes them: conditions, actions, counter, verdict. */
type Part =
  | { readonly rank: 0; readonly match: Match }
  | { readonly rank: 1; readonly action: Action }
  | { readonly rank: 2; readonly packets: number }
  | { readonly rank: 3; readonly verdict: RuleVerdict };

/**
 * Parses one rule of `nft -j list table`. A part that weir would not write makes the whole rule unknown, with its JSON
 * as text: another statement, another order, a comment that is no tag of ours.
 */
export function parseNftRule(rule: Json): Rule {
  const expressions = listAt(rule, 'expr');
  const comment = textAt(rule, 'comment');
  const tag = comment === undefined ? null : parseTag(comment);
  const tproxy = parseTproxy(expressions);
  const plain = (tproxy?.rest ?? expressions).map(parsePart);
  const parts: (Part | null)[] = tproxy === null ? plain : [...plain, { rank: 3, verdict: tproxy.verdict }];
  const known = parts.filter((part) => part !== null);
  const isOrdered = known.every((part, index) => {
    const before = known[index - 1];
    return before === undefined || before.rank < part.rank || (before.rank === part.rank && part.rank < 2);
  });
  if (known.length < parts.length || !isOrdered || (comment !== undefined && tag === null)) {
    return { kind: 'unknown', text: unknownText(expressions, comment) };
  }
  return assemble(known, tag);
}

/**
 * `tproxy to ...`, the memory of it and `accept` are one verdict; the last two happen only where somebody listens. Null
 * when the rule has a part of it in another form.
 */
function parseTproxy(expressions: readonly Json[]): { rest: readonly Json[]; verdict: RuleVerdict } | null {
  const [tproxy, memory, accept] = expressions.slice(-3);
  const action = parseFlowAction(at(memory, 'set'));
  const [family, port] = [textAt(tproxy, 'tproxy', 'family'), numberAt(tproxy, 'tproxy', 'port')];
  if (port === undefined || (family !== 'ip' && family !== 'ip6') || soleKey(accept) !== 'accept') return null;
  if (action?.do !== 'remember-flow' || action.isMarked) return null;
  const address = textAt(tproxy, 'tproxy', 'addr') ?? null;
  const taken = { set: action.set, seconds: action.seconds };
  return {
    rest: expressions.slice(0, -3),
    verdict: { to: 'tproxy', family: family === 'ip' ? 4 : 6, address, port, taken },
  };
}

function assemble(parts: readonly Part[], tag: KnownRule['tag']): KnownRule {
  const packets = parts.flatMap((part) => (part.rank === 2 ? [part.packets] : []))[0];
  return {
    kind: 'known',
    matches: parts.flatMap((part) => (part.rank === 0 ? [part.match] : [])),
    actions: parts.flatMap((part) => (part.rank === 1 ? [part.action] : [])),
    verdict: parts.flatMap((part) => (part.rank === 3 ? [part.verdict] : []))[0] ?? { to: 'continue' },
    counter: packets !== undefined,
    ...(packets === undefined ? {} : { packets }),
    tag,
  };
}

function unknownText(expressions: readonly Json[], comment: string | undefined): string {
  return JSON.stringify(expressions) + (comment === undefined ? '' : ` comment ${JSON.stringify(comment)}`);
}

function parsePart(expression: Json): Part | null {
  const verdict = parseVerdict(expression);
  if (verdict !== null) return { rank: 3, verdict };
  switch (soleKey(expression)) {
    case 'match': {
      const match = parseNftMatch(at(expression, 'match'));
      return match === null ? null : { rank: 0, match };
    }
    case 'mangle': {
      const action = parseAction(at(expression, 'mangle'));
      return action === null ? null : { rank: 1, action };
    }
    case 'set': {
      const action = parseFlowAction(at(expression, 'set'));
      return action === null ? null : { rank: 1, action };
    }
    case 'counter':
      return { rank: 2, packets: numberAt(expression, 'counter', 'packets') ?? 0 };
    default:
      return null;
  }
}

function parseVerdict(expression: Json): RuleVerdict | null {
  switch (soleKey(expression)) {
    case 'continue':
      return { to: 'continue' };
    case 'return':
      return { to: 'return' };
    case 'drop':
      return { to: 'drop' };
    case 'goto': {
      const chain = textAt(expression, 'goto', 'target');
      return chain === undefined ? null : { to: 'goto', chain };
    }
    case 'redirect': {
      const port = numberAt(expression, 'redirect', 'port');
      const isPlain = soleKey(at(expression, 'redirect')) === 'port';
      return port === undefined || !isPlain ? null : { to: 'redirect', port };
    }
    case 'reject':
      return textAt(expression, 'reject', 'type') === 'tcp reset' ? { to: 'reset' } : null;
    case 'vmap': {
      const lookup = parseLookup(at(expression, 'vmap'));
      return lookup === null ? null : { to: 'dispatch', ...lookup };
    }
    default:
      return null;
  }
}

function parseAction(mangle: Json): Action | null {
  const isPacket = textAt(mangle, 'key', 'meta', 'key') === 'mark';
  if (!isPacket && textAt(mangle, 'key', 'ct', 'key') !== 'mark') return null;
  const mark = numberAt(mangle, 'value');
  if (mark !== undefined) return { do: isPacket ? 'set-packet-mark' : 'set-mark', mark };
  const lookup = parseLookup(at(mangle, 'value', 'map'));
  if (lookup === null) return null;
  return { do: isPacket ? 'set-packet-mark-from-map' : 'set-mark-from-map', ...lookup };
}

/** `update @flow4 { ... timeout 120s }` and `delete @flow4 { ... }`. */
function parseFlowAction(statement: Json): Action | null {
  const [operation, name] = [textAt(statement, 'op'), textAt(statement, 'set')];
  const wrapped = at(statement, 'elem', 'elem');
  const key = parseFlowKey(wrapped === undefined ? at(statement, 'elem') : at(wrapped, 'val'));
  if (name === undefined || !name.startsWith('@') || key === null) return null;
  const set = name.slice(1);
  const seconds = numberAt(wrapped, 'timeout');
  if (operation === 'update' && seconds !== undefined && !key.isReply)
    return { do: 'remember-flow', set, family: key.family, seconds, isMarked: key.isMarked };
  const isPlain = operation === 'delete' && wrapped === undefined && !key.isMarked;
  return isPlain ? { do: 'forget-flow', set, family: key.family, isReply: key.isReply } : null;
}

function parseLookup(lookup: Json): { readonly key: LookupKey; readonly map: string } | null {
  const data = textAt(lookup, 'data');
  if (data === undefined || !data.startsWith('@')) return null;
  const map = data.slice(1);
  const key = parseLookupKey(at(lookup, 'key'), map);
  return key === null ? null : { key, map };
}

function parseLookupKey(key: Json, map: string): LookupKey | null {
  const meta = textAt(key, 'meta', 'key');
  if (meta === 'skuid') return { by: 'uid' };
  if (meta === 'skgid') return { by: 'gid' };
  if (meta === 'l4proto') return { by: 'protocol' };
  if (meta === 'mark') return { by: 'packet-mark' };
  if (textAt(key, 'ct', 'key') === 'mark') return { by: 'mark' };
  if (textAt(key, 'payload', 'protocol') === 'tcp' && textAt(key, 'payload', 'field') === 'dport')
    return { by: 'dport' };
  const level = cgroupLevelOf(map);
  if (textAt(key, 'socket', 'key') === 'cgroupv2' && level !== null) return { by: 'cgroup', level };
  return null;
}

/** The level in a map's name, `out_cgroup2_app`: JSON output of nft (1.0.6) drops it from the rule. Null without one. */
export function cgroupLevelOf(map: string): number | null {
  const level = /cgroup([1-9]\d*)/.exec(map)?.[1];
  return level === undefined ? null : Number(level);
}
