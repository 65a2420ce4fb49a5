/** The parser of sets and maps in nft's JSON. */
import type { LookupKey, MapElement, RuleMap } from '../ruleset.ts';
import { parseTag } from '../tag.ts';
import { at, type Json, listAt, member, textAt } from './json-path.ts';
import { isNftTcp, keyOfNftType } from './nft-words.ts';
import { cgroupLevelOf } from './parse-rule.ts';
import { parseNftPortRange } from './parse-values.ts';

/** A set or map of `nft -j list table`, null when weir makes none of its type. */
export function parseNftMap(map: Json): RuleMap | null {
  const name = textAt(map, 'name');
  const value = at(map, 'map') ?? 'none';
  const declared = keyOfNftType(textAt(map, 'type') ?? listAt(map, 'type').join(' . '));
  if (name === undefined || declared === null) return null;
  if (value !== 'none' && value !== 'mark' && value !== 'verdict') return null;
  const level = cgroupLevelOf(name);
  if (declared.by === 'cgroup' && level === null) return null;
  const key: LookupKey = declared.by === 'cgroup' ? { by: 'cgroup', level: level ?? 1 } : declared;
  return {
    name,
    key,
    value,
    timeout: listAt(map, 'flags').includes('timeout') || at(map, 'flags') === 'timeout',
    // Packets fill a set of flows: what it holds is no part of the rules.
    elements: key.by === 'flow' ? [] : listAt(map, 'elem').map((item) => parseElement(item, key, value)),
  };
}

/** `[key, value]` in a map, `key` in a set; a key with timeout or comment is wrapped in `elem`. */
function parseElement(item: Json, key: LookupKey, value: RuleMap['value']): MapElement {
  const wrapped = value === 'none' ? item : member(item, 0);
  const attributes = member(wrapped, 'elem');
  const seconds = member(attributes, 'timeout');
  const left = member(attributes, 'expires');
  const comment = member(attributes, 'comment');
  const element: MapElement = {
    key: parseKey(attributes === undefined ? wrapped : member(attributes, 'val'), key),
    value: value === 'none' ? null : parseValue(member(item, 1)),
    timeoutMs: typeof seconds === 'number' ? seconds * 1000 : null,
    tag: typeof comment === 'string' ? parseTag(comment) : null,
  };
  return typeof left === 'number' ? { ...element, expiresMs: left * 1000 } : element;
}

function parseKey(value: Json, key: LookupKey): MapElement['key'] {
  if (key.by === 'protocol' && isNftTcp(value)) return 'tcp';
  const range = key.by === 'dport' ? parseNftPortRange(value) : null;
  if (range !== null) return range;
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
}

/** A verdict that weir does not write stays visible as the name of a chain that cannot exist. */
function parseValue(value: Json): MapElement['value'] {
  if (typeof value === 'number') return { mark: value };
  const target = member(member(value, 'goto'), 'target');
  return { goto: typeof target === 'string' ? target : JSON.stringify(value) };
}
