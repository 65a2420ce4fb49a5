import { type CharSet, DFA, JS, NFA, Words } from 'refa';
import { javaRegexSource } from '../models/java-regex.ts';
import { ANY_TEXT, escapeRegex } from '../targets/text-regex.ts';

/** Texts that stand for all others: one or more of every cell that the languages cut out, and whether that is all of them. */
export interface TextWitnesses {
  readonly texts: readonly string[];
  /** Patterns whose language weir could not compute; cells that only they cut out may be missing. */
  readonly unknown: readonly string[];
}

const MAX_NODES = 4000;
const MAX_CELLS = 400;
/** States of all cells together, less than a second: past it the remaining patterns count as unknown. */
const MAX_STATES = 8_000;
const WITNESSES = 3;

/**
 * Splits the texts by a set of regular languages (Java patterns, full match) with automata and gives a few short members of
 * every non-empty cell. Assertions and lookaround have no automaton here; joined lookaheads of weir's own making are taken apart.
 */
export function textWitnesses(patterns: readonly string[], prefixes: readonly string[] = []): TextWitnesses {
  const key = JSON.stringify([patterns, prefixes]);
  const known = WITNESSED.get(key);
  if (known !== undefined) return known;
  const distinct = [...new Set(prefixes)];
  // Prefixes alone form a tree: the cell of one is what begins with it and with no longer one.
  const found =
    patterns.length === 0
      ? { texts: ['', '\u0001', ...distinct.flatMap((prefix) => [prefix, `${prefix}\u0001`])], unknown: [] }
      : computeWitnesses([...patterns, ...distinct.map((prefix) => `${escapeRegex(prefix)}${ANY_TEXT}`)]);
  if (WITNESSED.size >= MAX_REMEMBERED) WITNESSED.clear();
  WITNESSED.set(key, found);
  return found;
}

// A cache of pure results: the shapes of one plan ask for the same languages again and again.
const WITNESSED = new Map<string, TextWitnesses>();
const MAX_REMEMBERED = 2000;

function computeWitnesses(patterns: readonly string[]): TextWitnesses {
  const unknown: string[] = [];
  const budget = { states: MAX_STATES };
  let cells: NFA[] = [NFA.all({ maxCharacter: MAX_CHARACTER })];
  for (const pattern of new Set(patterns.flatMap(joinedParts))) {
    try {
      const language = automaton(pattern);
      const divided = cells.flatMap((cell) => divide(cell, language, budget));
      if (divided.length > MAX_CELLS) throw new RangeError('too many cells');
      cells = divided;
    } catch {
      unknown.push(pattern);
    }
  }
  return { texts: cells.flatMap(members), unknown };
}

const MAX_CHARACTER = 0xffff;

/** The minimal automaton of a Java pattern (full match). Throws for what has none here: assertions, lookaround, too many states. */
export function automaton(pattern: string): DFA {
  const source = javaRegexSource(pattern);
  const { expression, maxCharacter } = JS.Parser.fromLiteral({ source, flags: '' }).parse({ assertions: 'throw' });
  const nfa = NFA.fromRegex(expression, { maxCharacter }, {}, new NFA.LimitedNodeFactory(MAX_NODES));
  const dfa = DFA.fromFA(nfa, new DFA.LimitedNodeFactory(MAX_NODES));
  dfa.minimize();
  return dfa;
}

function divide(cell: NFA, language: DFA, budget: { states: number }): NFA[] {
  const outside = language.copy();
  outside.complement();
  const factory = (): NFA.LimitedNodeFactory => new NFA.LimitedNodeFactory(MAX_NODES * 4);
  return [NFA.fromIntersection(cell, language, factory()), NFA.fromIntersection(cell, outside, factory())].flatMap(
    (part) => {
      part.removeUnreachable();
      return part.isEmpty ? [] : [small(part, budget)];
    },
  );
}

// Products grow; the smallest automaton of a cell keeps the next product small.
function small(part: NFA, budget: { states: number }): NFA {
  const dfa = DFA.fromFA(part, new DFA.LimitedNodeFactory(MAX_NODES));
  for (const _ of dfa.nodes()) budget.states -= 1;
  if (budget.states < 0) throw new RangeError('too many states');
  dfa.minimize();
  return NFA.fromFA(dfa);
}

/**
 * A few different members, shortest first: one of them may be a constant that has a cell of its own. Breadth first, each state
 * passed at most as often as members are wanted, so that long automata cost no more than their size.
 */
function members(cell: NFA): string[] {
  const found: string[] = [];
  const passed = new Map<NFA.ReadonlyNode, number>();
  let level: { node: NFA.ReadonlyNode; sets: CharSet[] }[] = [{ node: cell.initial, sets: [] }];
  while (level.length > 0 && found.length < WITNESSES) {
    const next: typeof level = [];
    for (const { node, sets } of level) {
      const times = passed.get(node) ?? 0;
      if (times >= WITNESSES) continue;
      passed.set(node, times + 1);
      if (cell.finals.has(node as NFA.Node)) {
        const word = Words.pickMostReadableWord(sets);
        if (word !== undefined) found.push(Words.fromUnicodeToString(word));
      }
      for (const [to, set] of node.out) next.push({ node: to, sets: [...sets, set] });
    }
    level = next;
  }
  return found.slice(0, WITNESSES);
}

/** Takes `(?=(?:A)\z)(?=(?:B)\z)(?:C)` apart, which is how weir writes "A and B and C". */
function joinedParts(pattern: string): string[] {
  if (!pattern.startsWith('(?=(?:')) return [pattern];
  const parts: string[] = [];
  let rest = pattern;
  while (rest.startsWith('(?=(?:')) {
    const end = closing(rest, 3);
    if (end < 0 || !rest.startsWith('\\z)', end + 1)) return [pattern];
    parts.push(rest.slice(6, end));
    rest = rest.slice(end + 4);
  }
  if (!rest.startsWith('(?:') || closing(rest, 0) !== rest.length - 1) return [pattern];
  return [...parts, rest.slice(3, -1)];
}

// Index of the parenthesis that closes the one at `from`; escapes and classes are skipped.
function closing(text: string, from: number): number {
  let depth = 0;
  let inClass = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
