/** The parser of sets and maps in nft's JSON. */
import type { LookupKey, MapElement, RuleMap } from '../ruleset.ts';
import { parseTag } from '../tag.ts';
import { at, type Json, listAt, numberAt, textAt } from './json-path.ts';
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
  const [wrapped, found] = value === 'none' ? [item, null] : [at(item, 0), at(item, 1)];
  const attributes = at(wrapped, 'elem');
  const seconds = numberAt(attributes, 'timeout');
  const left = numberAt(attributes, 'expires');
  const comment = textAt(attributes, 'comment');
  return {
    key: parseKey(attributes === undefined ? wrapped : at(attributes, 'val'), key),
    value: value === 'none' ? null : parseValue(found),
    timeoutMs: seconds === undefined ? null : seconds * 1000,
    ...(left === undefined ? {} : { expiresMs: left * 1000 }),
    tag: comment === undefined ? null : parseTag(comment),
  };
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
  return { goto: textAt(value, 'goto', 'target') ?? JSON.stringify(value) };
}
