/** `key = a,b & key != c`: values that must and must not match. Both empty: a key without an operator. */
export interface ConditionPair {
  readonly key: string;
  readonly matches: readonly string[];
  readonly mismatches: readonly string[];
}

/**
 * One line of a condition rule. `deny`: nothing stands on the right, so matching calls get no provider. `right` is null
 * where every provider matches.
 */
export interface ConditionLine {
  readonly left: readonly ConditionPair[];
  readonly right: readonly ConditionPair[] | null;
  readonly deny: boolean;
}

/** A line that the router refuses: the whole rule is then not loaded. */
export interface ConditionFault {
  readonly fault: string;
}

// Java's \s, which is narrower than that of JavaScript.
const TOKEN = /([&!=,]*)[ \t\n\v\f\r]*([^&!=, \t\n\v\f\r]+)/g;

/**
 * Reads `when => then` as ConditionRouter (2.7) and ConditionStateRouter (3.x) do: the first arrow divides, later ones are
 * part of the right side.
 */
export function parseConditionLine(line: string): ConditionLine | ConditionFault {
  if (javaTrim(line) === '') return { fault: 'an empty line' };
  const text = line.replaceAll('consumer.', '').replaceAll('provider.', '');
  const at = text.indexOf('=>');
  const before = at >= 0 ? javaTrim(text.slice(0, at)) : '';
  const after = javaTrim(at >= 0 ? text.slice(at + 2) : text);
  const left = before === '' || before === 'true' ? [] : parsePairs(before);
  if ('fault' in left) return left;
  const deny = after === '' || after === 'false';
  const right = deny ? [] : parsePairs(after);
  return 'fault' in right ? right : { left, right, deny };
}

/** The pairs of one side. The separator before a word decides its meaning. */
export function parsePairs(text: string): readonly ConditionPair[] | ConditionFault {
  const pairs = new Map<string, { matches: string[]; mismatches: string[] }>();
  let pair: { matches: string[]; mismatches: string[] } | undefined;
  let values: string[] | undefined;
  for (const [, separator = '', word = ''] of text.matchAll(TOKEN)) {
    if (separator === '' || separator === '&') {
      const known = separator === '&' ? pairs.get(word) : undefined;
      pair = known ?? { matches: [], mismatches: [] };
      pairs.set(word, pair);
    } else if (separator === '=' || separator === '!=') {
      if (pair === undefined) return { fault: `\`${separator}\` before ${JSON.stringify(word)} has no key` };
      values = separator === '=' ? pair.matches : pair.mismatches;
      values.push(word);
    } else if (separator === ',' && values !== undefined && values.length > 0) values.push(word);
    else return { fault: `\`${separator}\` before ${JSON.stringify(word)} is no separator there` };
  }
  return [...pairs].map(([key, { matches, mismatches }]) => ({ key, matches, mismatches }));
}

/** String.trim: everything up to U+0020 on both ends. */
function javaTrim(text: string): string {
  return text.replace(/^[\0- ]+|[\0- ]+$/g, '');
}
