/** `key = a,b & key != c`: values that must and must not match. */
export interface ConditionPair {
  readonly key: string;
  readonly matches: readonly string[];
  readonly mismatches: readonly string[];
}

/** One line of a condition rule. `deny`: nothing stands on the right, so matching calls get no provider. */
export interface ConditionLine {
  readonly when: readonly ConditionPair[];
  readonly then: readonly ConditionPair[];
  readonly deny: boolean;
}

/** Reads `when => then` as ConditionStateRouter splits it; undefined for a line that Dubbo refuses. */
export function parseConditionLine(line: string): ConditionLine | undefined {
  const text = line.replaceAll('consumer.', '').replaceAll('provider.', '');
  const at = text.indexOf('=>');
  const left = at >= 0 ? text.slice(0, at).trim() : '';
  const right = at >= 0 ? text.slice(at + 2).trim() : text.trim();
  const when = left === '' || left === 'true' ? [] : parsePairs(left);
  const deny = right === '' || right === 'false';
  const then = deny ? [] : parsePairs(right);
  return when && then ? { when, then, deny } : undefined;
}

/** Pairs joined by `&`; a comma gives one more value to the operator before it. */
function parsePairs(text: string): ConditionPair[] | undefined {
  const pairs = new Map<string, { matches: string[]; mismatches: string[] }>();
  for (const part of text.split('&')) {
    const pieces = /^\s*([^&!=,\s]+)\s*((?:!?=\s*[^!=&]+)+)\s*$/.exec(part);
    const key = pieces?.[1];
    if (key === undefined) return undefined;
    const entry = pairs.get(key) ?? { matches: [], mismatches: [] };
    for (const operation of (pieces?.[2] ?? '').matchAll(/(!?=)\s*([^!=&]+)/g)) {
      const values = (operation[2] ?? '')
        .split(',')
        .map((value) => value.trim())
        .filter((value) => value !== '');
      (operation[1] === '!=' ? entry.mismatches : entry.matches).push(...values);
    }
    pairs.set(key, entry);
  }
  return [...pairs].map(([key, entry]) => ({ key, ...entry }));
}
