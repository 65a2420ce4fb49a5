/** The parser of a rule's conditions in nft's JSON. */
import type { Match } from '../ruleset.ts';
import { at, type Json, listAt, numberAt, textAt } from './json-path.ts';
import { isNftTcp } from './nft-words.ts';
import { parseFlowKey } from './parse-flow-key.ts';
import { parseNftIds, parseNftMark, parseNftNetworks, parseNftPorts, parseNftTime } from './parse-values.ts';

/** How both sides are compared. */
type Operator = '==' | '!=' | '<';

/** One condition of a rule (the inside of `{"match": ...}`), null when weir writes none like it. */
export function parseNftMatch(match: Json): Match | null {
  const operator = textAt(match, 'op');
  if (operator === '!') return isAssured(at(match, 'left'), at(match, 'right')) ? { on: 'unassured' } : null;
  if (operator !== '==' && operator !== '!=' && operator !== '<') return null;
  const left = at(match, 'left');
  const right = at(match, 'right');
  const found = parseSides(left, right, operator);
  if (found === null) return null;
  // Conditions of ours that can be negated say so; all others are only ever written with `==` (or `<`).
  const isPlain = operator === (found.on === 'before' ? '<' : '==');
  return isPlain || ('negate' in found && operator === '!=') ? found : null;
}

function parseSides(left: Json, right: Json, operator: Operator): Match | null {
  const negate = operator === '!=';
  const metaKey = textAt(left, 'meta', 'key');
  if (metaKey !== undefined) return parseMeta(metaKey, right, negate);
  if (at(left, 'payload') !== undefined) return parsePayload(at(left, 'payload'), right, negate);
  if (at(left, 'concat') !== undefined) return parseFlow(left, right);
  if (at(left, '&') !== undefined) return parseMasked(at(left, '&'), right, negate);
  if (textAt(left, 'ct', 'key') === 'mark') return parseMark(right, negate);
  if (textAt(left, 'ct', 'key') === 'direction') return right === 'reply' ? { on: 'reply' } : null;
  if (textAt(left, 'socket', 'key') === 'cgroupv2') {
    return typeof right === 'string' ? { on: 'cgroup', path: right } : null;
  }
  const isDestinationType = textAt(left, 'fib', 'result') === 'type' && textAt(left, 'fib', 'flags', 0) === 'daddr';
  return isDestinationType && right === 'local' ? { on: 'local-destination', negate } : null;
}

function parseMeta(key: string, right: Json, negate: boolean): Match | null {
  switch (key) {
    case 'l4proto':
      return isNftTcp(right) ? { on: 'protocol', protocol: 'tcp', negate } : null;
    case 'nfproto':
      return right === 'ipv4' || right === 'ipv6' ? { on: 'family', family: right === 'ipv4' ? 4 : 6 } : null;
    case 'skuid':
    case 'skgid': {
      const ids = parseNftIds(right);
      return ids === null ? null : { on: key === 'skuid' ? 'uid' : 'gid', ids };
    }
    case 'iifname':
      return typeof right === 'string' ? { on: 'iif', name: right } : null;
    case 'mark': {
      if (typeof right === 'string')
        return right.startsWith('@') ? { on: 'packet-mark-in', set: right.slice(1), negate } : null;
      const found = parseNftMark(right);
      return found === null ? null : { on: 'packet-mark', ...found, negate };
    }
    case 'time': {
      const epochSeconds = parseNftTime(right);
      return epochSeconds === null ? null : { on: 'before', epochSeconds };
    }
    default:
      return null;
  }
}

function parsePayload(payload: Json, right: Json, negate: boolean): Match | null {
  const field = textAt(payload, 'field');
  const protocol = textAt(payload, 'protocol');
  if (protocol === 'tcp' && field === 'dport') {
    const ports = parseNftPorts(right);
    return ports === null ? null : { on: 'dport', ports, negate };
  }
  if ((protocol === 'ip' || protocol === 'ip6') && (field === 'daddr' || field === 'saddr')) {
    const cidrs = parseNftNetworks(right);
    return cidrs === null ? null : { on: field, cidrs, negate };
  }
  return null;
}

function parseFlow(left: Json, right: Json): Match | null {
  const key = parseFlowKey(left);
  if (key === null || key.isMarked || key.isReply || typeof right !== 'string' || !right.startsWith('@')) return null;
  return { on: 'flow-in', set: right.slice(1), family: key.family };
}

/** `ct status ! assured` is what nft makes of `ct status & assured == 0`. */
function isAssured(left: Json, right: Json): boolean {
  return textAt(left, 'ct', 'key') === 'status' && right === 'assured';
}

/** `tcp flags & (fin|syn|rst|ack) == syn`, `ct mark & mask == mark`, `ct status & assured == 0`. */
function parseMasked(operands: Json, right: Json, negate: boolean): Match | null {
  const left = at(operands, 0);
  if (isAssured(left, at(operands, 1))) return right === 0 ? { on: 'unassured' } : null;
  if (textAt(left, 'ct', 'key') === 'mark') {
    const [mark, mask] = [typeof right === 'number' ? right : undefined, numberAt(operands, 1)];
    return mark === undefined || mask === undefined ? null : { on: 'mark', mark, mask, negate };
  }
  if (textAt(left, 'meta', 'key') === 'mark') {
    const [mark, mask] = [typeof right === 'number' ? right : undefined, numberAt(operands, 1)];
    return mark === undefined || mask === undefined ? null : { on: 'packet-mark', mark, mask, negate };
  }
  const isTcpFlags = textAt(left, 'payload', 'protocol') === 'tcp' && textAt(left, 'payload', 'field') === 'flags';
  const isSyn = flagsOf(right) === 'syn' && flagsOf(at(operands, 1)) === 'ack fin rst syn';
  if (isTcpFlags && isSyn) return { on: 'syn', negate };
  const flag = flagsOf(right);
  const isOne = isTcpFlags && !negate && flag === flagsOf(at(operands, 1)) && (flag === 'fin' || flag === 'rst');
  return isOne ? { on: 'flag', flag } : null;
}

/** Flags in alphabetical order, from a list or from nested `|` as other nft versions write them. */
function flagsOf(value: Json): string {
  const collect = (part: Json): string[] => {
    if (typeof part === 'string') return [part];
    return (Array.isArray(part) ? part : listAt(part, '|')).flatMap(collect);
  };
  return collect(value).sort().join(' ');
}

function parseMark(right: Json, negate: boolean): Match | null {
  if (typeof right === 'string') return right.startsWith('@') ? { on: 'mark-in', set: right.slice(1), negate } : null;
  const found = parseNftMark(right);
  return found === null ? null : { on: 'mark', ...found, negate };
}
