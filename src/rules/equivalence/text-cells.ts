/** Product automata that sort texts by several languages at once. */
import type { ReadonlyDFA } from 'refa';

/**
 * Texts sorted by several languages at once: a complete automaton whose states carry a label, equal for texts that are in
 * the same languages. Characters that no language tells apart are one class.
 */
export interface TextCells {
  /** First characters of the intervals of the alphabet, ascending from 0, and the class of each interval. */
  readonly starts: readonly number[];
  readonly classOf: readonly number[];
  /** A readable character of each class. */
  readonly chars: readonly number[];
  /** Next state by `state * classes + class`; state 0 is the initial one. */
  readonly next: Int32Array;
  readonly labels: Int32Array;
  readonly labelCount: number;
}

/** All texts in one cell. */
export const ONE_CELL: TextCells = {
  starts: [0],
  classOf: [0],
  chars: [0x61],
  next: Int32Array.of(0),
  labels: Int32Array.of(0),
  labelCount: 1,
};

/** The two cells of one language: label 1 is inside. */
export function cellsOf(dfa: ReadonlyDFA): TextCells {
  const nodes = [...dfa.nodes()];
  nodes.splice(nodes.indexOf(dfa.initial), 1);
  nodes.unshift(dfa.initial);
  const ids = new Map(nodes.map((node, id) => [node, id]));
  // Where no transition is, the text is outside whatever follows.
  const dead = nodes.length;
  const edges = nodes.map((node) => [...node.out].map(([range, to]) => ({ ...range, to: ids.get(to) ?? dead })));
  const cuts = new Set<number>([0]);
  for (const { min, max } of edges.flat()) {
    cuts.add(min);
    if (max < dfa.maxCharacter) cuts.add(max + 1);
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const columns = starts.map((start) =>
    [...edges.map((out) => out.find(({ min, max }) => min <= start && start <= max)?.to ?? dead), dead].join(),
  );
  const known = new Map<string, number>();
  const classOf = columns.map((column) => known.get(column) ?? known.set(column, known.size).size - 1);
  const table = [...known.keys()].map((column) => column.split(',').map(Number));
  const next = new Int32Array((dead + 1) * table.length);
  table.forEach((column, index) => {
    for (const [state, to] of column.entries()) next[state * table.length + index] = to;
  });
  const labels = Int32Array.from([...nodes.map((node) => (dfa.finals.has(node) ? 1 : 0)), 0]);
  return { starts, classOf, chars: readableChars(starts, classOf, table.length), next, labels, labelCount: 2 };
}

/** Both partitions at once. @throws RangeError past a number of states or cells. */
export function crossCells(
  a: TextCells,
  b: TextCells,
  most: { readonly states: number; readonly cells: number },
): TextCells {
  const starts = [...new Set([...a.starts, ...b.starts])].sort((x, y) => x - y);
  const pairs = new Map<number, number>();
  const [sideA, sideB] = [intervalClasses(a, starts), intervalClasses(b, starts)];
  const classesB = b.chars.length;
  const classOf = starts.map((_, at) => numberOf(pairs, (sideA[at] ?? 0) * classesB + (sideB[at] ?? 0)));
  const classes = [...pairs.keys()].map((pair) => [Math.floor(pair / classesB), pair % classesB] as const);
  const statesB = b.labels.length;
  const found = new Map<number, number>([[0, 0]]);
  const rows: number[] = [];
  const queue = [0];
  for (let at = 0; at < queue.length; at += 1) {
    const pair = queue[at] ?? 0;
    const [fromA, fromB] = [Math.floor(pair / statesB) * a.chars.length, (pair % statesB) * classesB];
    for (const [classA, classB] of classes) {
      const to = (a.next[fromA + classA] ?? 0) * statesB + (b.next[fromB + classB] ?? 0);
      let id = found.get(to);
      if (id === undefined) {
        id = queue.push(to) - 1;
        found.set(to, id);
        if (id >= most.states) throw new RangeError('too many states');
      }
      rows.push(id);
    }
  }
  const labelPairs = new Map<number, number>();
  const labels = Int32Array.from(queue, (pair) => {
    const [labelA, labelB] = [a.labels[Math.floor(pair / statesB)] ?? 0, b.labels[pair % statesB] ?? 0];
    return numberOf(labelPairs, labelA * b.labelCount + labelB);
  });
  if (labelPairs.size > most.cells) throw new RangeError('too many cells');
  const chars = readableChars(starts, classOf, classes.length);
  return { starts, classOf, chars, next: Int32Array.from(rows), labels, labelCount: labelPairs.size };
}

/** Times that a state is passed in search of texts; more than once, so that a cell shows more than one of its texts. */
const PASSES = 3;
/** Characters of one class that are tried in place of one another. */
const ALTERNATIVES = 8;

/**
 * The shortest text of every cell. It avoids listed texts if the cell has another one: a listed text is tried anyway
 * and may have a cell of its own. The search is breadth first, so that long automata cost no more than their size.
 */
export function textsOfCells(cells: TextCells, listed: ReadonlySet<string>): string[] {
  const { chars, next, labels, labelCount } = cells;
  const texts: string[] = [];
  const settled = new Uint8Array(labelCount);
  let open = labelCount;
  const passed = new Uint8Array(labels.length);
  const way: { readonly state: number; readonly char: number; readonly from: number }[] = [
    { state: 0, char: 0, from: -1 },
  ];
  for (let at = 0; at < way.length && open > 0; at += 1) {
    const { state } = way[at] ?? { state: 0 };
    const times = passed[state] ?? 0;
    if (times >= PASSES) continue;
    passed[state] = times + 1;
    const label = labels[state] ?? 0;
    if (settled[label] === 0) {
      const codes: number[] = [];
      for (let back = at; back > 0; back = way[back]?.from ?? 0) codes.push(way[back]?.char ?? 0);
      const text = String.fromCharCode(...codes.reverse());
      const other = listed.has(text) ? variation(cells, text, listed) : text;
      if (other !== undefined) {
        texts.push(other);
        settled[label] = 1;
        open -= 1;
      }
    }
    chars.forEach((char, index) => {
      const to = next[state * chars.length + index] ?? 0;
      if ((passed[to] ?? 0) < PASSES) way.push({ state: to, char, from: at });
    });
  }
  return texts;
}

// A text of the same cell: one character gives way to another one that no language tells from it.
function variation({ starts, classOf }: TextCells, text: string, listed: ReadonlySet<string>): string | undefined {
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const own = classOf[intervalOf(starts, text.charCodeAt(at))];
    let tried = 0;
    for (const char of READABLE) {
      if (tried >= ALTERNATIVES || classOf[intervalOf(starts, char)] !== own) continue;
      tried += 1;
      const other = text.slice(0, at) + String.fromCharCode(char) + text.slice(at + 1);
      if (!listed.has(other)) return other;
    }
  }
  return undefined;
}

function intervalOf(starts: readonly number[], char: number): number {
  let at = 0;
  while ((starts[at + 1] ?? Number.POSITIVE_INFINITY) <= char) at += 1;
  return at;
}

function numberOf(known: Map<number, number>, key: number): number {
  return known.get(key) ?? known.set(key, known.size).size - 1;
}

// The class of `cells` for each interval of a finer alphabet.
function intervalClasses({ starts, classOf }: TextCells, finer: readonly number[]): number[] {
  let own = 0;
  return finer.map((start) => {
    while ((starts[own + 1] ?? Number.POSITIVE_INFINITY) <= start) own += 1;
    return classOf[own] ?? 0;
  });
}

const READABLE = [
  ...'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_. ',
  ...'!#$%&()*+,/:;<=>?@[]^{|}~',
]
  .map((char) => char.charCodeAt(0))
  .concat([0xe9, 0x4e2d]);

function readableChars(starts: readonly number[], classOf: readonly number[], count: number): number[] {
  const chars: (number | undefined)[] = Array.from({ length: count });
  for (const char of READABLE) {
    chars[classOf[intervalOf(starts, char)] ?? 0] ??= char;
  }
  for (const [at, start] of starts.entries()) chars[classOf[at] ?? 0] ??= start;
  return chars.map((char) => char ?? 0);
}
