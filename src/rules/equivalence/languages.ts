/** Java patterns as automata, and texts that stand for their cells. */
import { DFA, JS, NFA, type ReadonlyDFA } from 'refa';
import { joinedParts } from '../regex/joined-regex.ts';
import { javaRegexSource } from '../regex/run-pattern.ts';
import { ANY_TEXT, escapeRegex } from '../targets/text-regex.ts';
import { cellsOf, crossCells, ONE_CELL, type TextCells, textsOfCells } from './text-cells.ts';

/** Texts that stand for all others: one or more of every cell that the languages cut out, and whether that is all of them. */
export interface TextWitnesses {
  readonly texts: readonly string[];
  /** Patterns whose language weir could not compute; cells that only they cut out may be missing. */
  readonly unknown: readonly string[];
}

const MAX_NODES = 4000;
const MAX_CELLS = 1_500;
/** States of all cells together, less than a second: a pattern that takes it past that counts as unknown. */
const MAX_STATES = 20_000;

/**
 * Splits the texts by a set of regular languages (Java patterns, full match) with automata. Gives a few short members
 * of every non-empty cell, other than the listed ones. Assertions and lookaround have no automaton here. weir takes its
 * own joined lookaheads apart.
 */
export function textWitnesses(
  patterns: readonly string[],
  prefixes: readonly string[] = [],
  listed: ReadonlySet<string> = new Set(),
): TextWitnesses {
  const key = JSON.stringify([patterns, prefixes, patterns.length === 0 ? [] : [...listed]]);
  const known = WITNESSED.get(key);
  if (known !== undefined) return known;
  const distinct = [...new Set(prefixes)];
  // Prefixes alone form a tree: the cell of one is what begins with it and with no longer one.
  const found =
    patterns.length === 0
      ? { texts: ['', '\u0001', ...distinct.flatMap((prefix) => [prefix, `${prefix}\u0001`])], unknown: [] }
      : computeWitnesses([...patterns, ...distinct.map((prefix) => `${escapeRegex(prefix)}${ANY_TEXT}`)], listed);
  if (WITNESSED.size >= MAX_REMEMBERED) WITNESSED.clear();
  WITNESSED.set(key, found);
  return found;
}

// A cache of pure results: the shapes of one plan ask for the same languages again and again.
const WITNESSED = new Map<string, TextWitnesses>();
const MAX_REMEMBERED = 2000;

function computeWitnesses(patterns: readonly string[], listed: ReadonlySet<string>): TextWitnesses {
  const unknown: string[] = [];
  let cells = ONE_CELL;
  for (const pattern of new Set(patterns.flatMap(joinedParts))) {
    try {
      cells = crossCells(cells, languageCells(pattern), { states: MAX_STATES, cells: MAX_CELLS });
    } catch {
      unknown.push(pattern);
    }
  }
  return { texts: textsOfCells(cells, listed), unknown };
}

function languageCells(pattern: string): TextCells {
  const known = CELLS.get(pattern);
  if (known !== undefined) return known;
  const cells = cellsOf(automaton(pattern));
  if (CELLS.size >= MAX_REMEMBERED) CELLS.clear();
  CELLS.set(pattern, cells);
  return cells;
}

const CELLS = new Map<string, TextCells>();

/** The minimal automaton of a Java pattern (full match). Throws for what has none here: assertions, lookaround, too many states. */
export function automaton(pattern: string): ReadonlyDFA {
  const known = AUTOMATA.get(pattern);
  if (known !== undefined) return known;
  const made = makeAutomaton(pattern);
  if (AUTOMATA.size >= MAX_REMEMBERED) AUTOMATA.clear();
  AUTOMATA.set(pattern, made);
  return made;
}

const AUTOMATA = new Map<string, ReadonlyDFA>();

function makeAutomaton(pattern: string): DFA {
  const source = javaRegexSource(pattern);
  const { expression, maxCharacter } = JS.Parser.fromLiteral({ source, flags: '' }).parse({ assertions: 'throw' });
  const nfa = NFA.fromRegex(expression, { maxCharacter }, {}, new NFA.LimitedNodeFactory(MAX_NODES));
  const dfa = DFA.fromFA(nfa, new DFA.LimitedNodeFactory(MAX_NODES));
  dfa.minimize();
  return dfa;
}
