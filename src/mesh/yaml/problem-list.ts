/** Collects the problems of one file, each with its place. */
import { printableText } from '../printable-text.ts';
import type { SourcePosition } from '../source-position.ts';
import { type ConfigPath, type ConfigProblem, formatConfigPath, sortConfigProblems } from './config-problem.ts';
import type { ValueFault } from './field-value.ts';
import type { PlacedYaml, SourceSpan } from './yaml-tree.ts';

/** Collects what is wrong in one file, with the place of each. */
export class ProblemList {
  readonly #file: string;
  readonly #tree: PlacedYaml;
  readonly #problems: ConfigProblem[] = [];

  constructor(file: string, tree: PlacedYaml) {
    this.#file = file;
    this.#tree = tree;
    for (const { span, ...fault } of tree.faults) this.add([], span, fault);
  }

  /** Everything so far, in the order of the file. */
  get all(): readonly ConfigProblem[] {
    return sortConfigProblems(this.#problems);
  }

  /** Notes a fault of the value at `path`. */
  atValue(path: ConfigPath, fault: ValueFault): void {
    this.add(path, this.#tree.locate(path, 'value'), fault);
  }

  /** Notes a fault of the entry at `path` as a whole; its key shows the place. */
  atKey(path: ConfigPath, fault: ValueFault): void {
    this.add(path, this.#tree.locate(path, 'key'), fault);
  }

  /** Notes a fault that is told about `path` and shown at `span`. */
  add(path: ConfigPath, span: SourceSpan, fault: ValueFault): void {
    // Keys, anchors and values of the file end up in these words, and the words on a terminal.
    const label = printableText(formatConfigPath(path));
    const what = printableText(label === '' ? fault.what : `${label}: ${fault.what}`);
    const [why, hint] = [printableText(fault.why), printableText(fault.hint)];
    const source = this.#tree.lineText(span.line);
    this.#problems.push({ file: this.#file, ...span, source, path: label, what, why, hint });
  }

  /** Where the value at `path` stands. */
  positionOf(path: ConfigPath, part: 'key' | 'value' = 'value'): SourcePosition {
    const { line, column } = this.#tree.locate(path, part);
    return { line, column };
  }

  /** Where the key at `path` stands. */
  spanOfKey(path: ConfigPath): SourceSpan {
    return this.#tree.locate(path, 'key');
  }

  /** Whether the file has something, be it null, at `path`. */
  has(path: ConfigPath): boolean {
    return this.#tree.has(path);
  }
}
