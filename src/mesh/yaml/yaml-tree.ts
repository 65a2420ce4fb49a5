/** A YAML text as plain data in which every value knows its place. */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from 'yaml';
import type { ConfigPath } from './config-problem.ts';
import type { ValueFault } from './field-value.ts';
import { describeYamlError } from './yaml-syntax.ts';

/** A stretch of one line; line and column count from 1, `length` is at least 1. */
export interface SourceSpan {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Something wrong with the text as YAML. */
export interface YamlFault extends ValueFault {
  readonly span: SourceSpan;
}

/** A YAML text as plain data that still knows where each part of it stands. */
export interface PlacedYaml {
  /** Maps (without prototype), arrays, texts, numbers, booleans, null. Not to be trusted if there are faults. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Where the value or the key at a path stands; for a path that is not there, its nearest parent. */
  locate(path: ConfigPath, part: 'key' | 'value'): SourceSpan;
  /** Whether there is a value, be it null, at this path. */
  has(path: ConfigPath): boolean;
  /** The text of a line, counted from 1. */
  lineText(line: number): string;
  /** Where the document begins in its text. */
  readonly start: SourceSpan;
}

/** mesh.yaml is five levels deep; this leaves room and keeps every recursion below any stack's end. */
const MAX_DEPTH = 32;

const TOO_DEEP: ValueFault = {
  what: 'this is nested too deeply',
  why: `mesh.yaml has at most ${MAX_DEPTH} levels`,
  hint: 'look for an opening bracket, a dash or an alias too many',
};

/** How many values aliases may add in all: "billion laughs" multiplies a few lines to gigabytes. */
const MAX_ALIASED_VALUES = 10_000;

type Range = readonly [start: number, end: number];

/** Reads one YAML 1.2 document. Never throws; linear in the length of the text. */
export function readYamlTree(text: string): PlacedYaml {
  const [tree, second] = readYamlDocuments(text);
  if (second === undefined || tree === undefined) return tree ?? new TreeReader('', countLines(''), 0).tree(null);
  const { line } = second.start;
  const fault = describeYamlError('MULTIPLE_DOCS', 'the file holds more than one document');
  return { ...tree, faults: [...tree.faults, { ...fault, span: { line, column: 1, length: 3 } }] };
}

/** Reads a stream of YAML 1.2 documents; at least one. A text that is broken anywhere has its faults at its documents. */
export function readYamlDocuments(text: string): readonly PlacedYaml[] {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lines = countLines(source);
  // The library's parser is a loop, its composer calls itself: what is too deep must not get there.
  const tokens = [...new Parser().parse(source)];
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== null) {
    const reader = new TreeReader(source, lines, 0);
    reader.fault([tooDeep, tooDeep + 1], TOO_DEEP);
    return [reader.tree(null)];
  }
  // Duplicate keys are found by the reader: the library compares each key with all others.
  const options = {
    schema: 'core',
    version: '1.2',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  } as const;
  const documents = [...new Composer({ ...options, lineCounter: lines }).compose(tokens, true, source.length)];
  return documents.map((document) => {
    const reader = new TreeReader(source, lines, document.range[0]);
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      reader.syntaxFault(pos, describeYamlError(code, message));
    }
    return reader.tree(reader.faulty ? null : reader.read((document as Document).contents, []));
  });
}

/** Turns nodes into plain data and notes where each came from. */
class TreeReader {
  readonly #faults: YamlFault[] = [];
  readonly #ranges = new Map<string, { readonly key: Range; readonly value: Range }>();
  readonly #anchors = new Map<string, { readonly node: Node; readonly done: boolean }>();
  readonly #source: string;
  readonly #lines: LineCounter;
  readonly #start: number;
  #aliasedValues = 0;
  #aliasDepth = 0;

  constructor(source: string, lines: LineCounter, start: number) {
    this.#source = source;
    this.#lines = lines;
    this.#start = start;
  }

  get faulty(): boolean {
    return this.#faults.length > 0;
  }

  fault(range: Range, fault: ValueFault): void {
    this.#faults.push({ ...fault, span: this.#span(range) });
  }

  /** Of the parser's errors only the first of a line helps: one slip makes it stumble over the rest. */
  syntaxFault(range: Range, fault: ValueFault): void {
    if (this.#faults.at(-1)?.span.line !== this.#span(range).line) this.fault(range, fault);
  }

  tree(value: unknown): PlacedYaml {
    const ranges = this.#ranges;
    return {
      value,
      faults: this.#faults,
      has: (path) => ranges.has(pathKey(path)),
      locate: (path, part) => {
        for (let length = path.length; length >= 0; length--) {
          const found = ranges.get(pathKey(path.slice(0, length)));
          // Of a parent, the key is the better place: its value may span many lines.
          if (found !== undefined) return this.#span(length === path.length ? found[part] : found.key);
        }
        return { line: 1, column: 1, length: 1 };
      },
      lineText: (line) => this.#lineText(line),
      start: this.#span([this.#start, this.#start + 1]),
    };
  }

  read(node: Node | null, path: ConfigPath, keyRange?: Range): unknown {
    const range = rangeOf(node) ?? keyRange ?? [0, 1];
    // An empty value has no width, often not even a line of its own: its key shows the place.
    const place = { key: keyRange ?? range, value: range[1] > range[0] ? range : (keyRange ?? range) };
    this.#ranges.set(pathKey(path), place);
    if (this.#aliasDepth > 0 && ++this.#aliasedValues > MAX_ALIASED_VALUES) return null;
    if (path.length > MAX_DEPTH) return this.#refuse(range, TOO_DEEP);
    if (node === null) return null;
    if (isAlias(node)) return this.#readAlias(node.source, range, path, place.key);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node, done: false });
    const value = this.#readContent(node, path);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node, done: true });
    return value;
  }

  #readContent(node: Node, path: ConfigPath): unknown {
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node | null, [...path, index]));
    if (!isMap(node)) return null;
    // Without a prototype `__proto__` and `constructor` are keys like any other.
    const map: Record<string, unknown> = Object.create(null);
    for (const { key, value } of node.items) {
      const keyRange = rangeOf(key as Node | null) ?? rangeOf(node) ?? [0, 1];
      // The text as written: 10 and 0x10 are names of apps, not numbers.
      const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
      if (name === undefined) {
        this.fault(keyRange, {
          what: 'this key is not a text',
          why: 'a key of mesh.yaml is a plain text',
          hint: 'write the key as text',
        });
      } else if (Object.hasOwn(map, name)) {
        const first = this.#span(this.#ranges.get(pathKey([...path, name]))?.key ?? keyRange);
        this.fault(keyRange, {
          what: `the key ${JSON.stringify(name)} stands here a second time`,
          why: `it is on line ${first.line} already, and one of the two would be lost`,
          hint: 'keep one of the two',
        });
      } else {
        map[name] = this.read(value as Node | null, [...path, name], keyRange);
      }
    }
    return map;
  }

  /** The span of a range, cut at the end of its first line. */
  #span([start, end]: Range): SourceSpan {
    const { line, col } = this.#lines.linePos(Math.min(start, this.#source.length));
    const lineBreak = this.#source.slice(start, end).search(/[\r\n]/);
    const length = lineBreak === -1 ? end - start : lineBreak;
    return { line: Math.max(line, 1), column: Math.max(col, 1), length: Math.max(length, 1) };
  }

  #lineText(line: number): string {
    const start = this.#lines.lineStarts[line - 1] ?? this.#source.length;
    const end = this.#lines.lineStarts[line] ?? this.#source.length;
    return this.#source.slice(start, end).replace(/[\r\n]+$/, '');
  }

  #refuse(range: Range, fault: ValueFault): null {
    this.fault(range, fault);
    return null;
  }

  /** Anchors are resolved as they are met: the library searches the whole document for each alias. */
  #readAlias(name: string, range: Range, path: ConfigPath, keyRange: Range): unknown {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined || !anchor.done) {
      const why = anchor === undefined ? `no anchor &${name} stands before it` : `it stands inside &${name} itself`;
      return this.#refuse(range, {
        what: `the alias *${name} leads nowhere`,
        why,
        hint: 'write the value out in full',
      });
    }
    this.#aliasDepth++;
    const before = this.#aliasedValues;
    const value = this.read(anchor.node, path, keyRange);
    this.#aliasDepth--;
    // Told once, at the alias outside of all others.
    if (before <= MAX_ALIASED_VALUES && this.#aliasedValues > MAX_ALIASED_VALUES && this.#aliasDepth === 0) {
      this.fault(range, {
        what: 'the aliases grow too large',
        why: `together they stand for more than ${MAX_ALIASED_VALUES} values`,
        hint: 'write the values out in full',
      });
    }
    return value;
  }
}

/** Where each line starts. The parser would count too, but it misses line breaks behind some errors. */
function countLines(source: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

function pathKey(path: ConfigPath): string {
  return JSON.stringify(path);
}

function rangeOf(node: Node | null): Range | undefined {
  const range = node?.range;
  return range === null || range === undefined ? undefined : [range[0], range[1]];
}

/** The offset of the first token nested deeper than `MAX_DEPTH`, found without recursion; null if there is none. */
function findTooDeep(tokens: readonly CST.Token[]): number | null {
  let level = tokens.flatMap((token) => (token.type === 'document' && token.value ? [token.value] : []));
  for (let depth = 1; level.length > 0; depth++) {
    const next: CST.Token[] = [];
    for (const token of level) {
      if (!('items' in token)) continue;
      if (depth > MAX_DEPTH) return token.offset;
      for (const { key, value } of token.items)
        next.push(...[key, value].filter((child) => child !== null && child !== undefined));
    }
    level = next;
  }
  return null;
}
