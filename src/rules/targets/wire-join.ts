/** Entries of a proxy's list before they are printed: left out and joined. */
import { escapeRegex } from './text-regex.ts';
import type { WireAttribute, WireMatch, WireText } from './wire-entries.ts';

/**
 * An entry that can be joined with others: its rules, whether the script keeps their calls, and alternative matches.
 */
export interface JoinableEntry {
  readonly rules: readonly string[];
  readonly refused: boolean;
  readonly matches: readonly WireMatch[];
}

const MOST_ALTERNATIVES = 32;

/** Neighbours that leave their calls to the script become one entry; matches that a wider one holds fall away. */
export function joinWireEntries<T extends JoinableEntry>(entries: readonly T[]): T[] {
  const joined: T[] = [];
  for (const entry of entries) {
    const last = joined.at(-1);
    if (last?.refused === true && entry.refused) {
      const rules = [...new Set([...last.rules, ...entry.rules])];
      joined[joined.length - 1] = { ...last, rules, matches: [...last.matches, ...entry.matches] };
    } else joined.push(entry);
  }
  return joined.map((entry) => ({ ...entry, matches: joinMatches(withoutNarrower(entry.matches)) }));
}

function withoutNarrower(matches: readonly WireMatch[]): WireMatch[] {
  return matches.filter(
    (match, index) =>
      !matches.some((other, at) => at !== index && isWider(other, match) && (!isWider(match, other) || at < index)),
  );
}

// Every part that `a` asks for is asked by `b` too.
function isWider(a: WireMatch, b: WireMatch): boolean {
  const same = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
  return (
    (a.service === null || same(a.service, b.service)) &&
    (a.method === null || same(a.method, b.method)) &&
    a.attributes.every((one) => b.attributes.some((other) => same(one, other)))
  );
}

function joinMatches(matches: readonly WireMatch[]): WireMatch[] {
  const out: WireMatch[] = [];
  for (const match of matches) {
    const at = out.findIndex((known) => joinMethods(known, match) !== null);
    const joined = at < 0 ? null : joinMethods(out[at] ?? match, match);
    if (joined === null) out.push(match);
    else out[at] = joined;
  }
  return out;
}

// Matches that differ in the method only: `{regex: 'pay|refund'}`.
function joinMethods(a: WireMatch, b: WireMatch): WireMatch | null {
  const rest = ({ service, attributes }: WireMatch): readonly [WireText | null, readonly WireAttribute[]] => [
    service,
    attributes,
  ];
  const [left, right] = [namesOf(a.method), namesOf(b.method)];
  if (left === null || right === null || JSON.stringify(rest(a)) !== JSON.stringify(rest(b))) return null;
  const names = [...new Set([...left, ...right])];
  if (names.length > MOST_ALTERNATIVES) return null;
  return { ...a, method: { kind: 'regex', pattern: names.map(escapeRegex).join('|') } };
}

function namesOf(text: WireText | null): readonly string[] | null {
  if (text?.kind === 'exact') return [text.text];
  return text?.kind === 'regex' && /^[A-Za-z0-9_$]+(?:\|[A-Za-z0-9_$]+)*$/.test(text.pattern)
    ? text.pattern.split('|')
    : null;
}
