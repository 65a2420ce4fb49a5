/** A source text with lines and columns. */
import type { PlanSpan } from '../../plan/route-plan.ts';

/** A half-open range of UTF-16 offsets into a source text. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A named text with its line starts, so that an offset becomes a line and a column in O(log n). */
export class GroovySource {
  readonly name: string;
  readonly text: string;
  readonly #lineStarts: number[];

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
    this.#lineStarts = [0];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // \r\n is one line end; a lone \r is one as well, as in Groovy's own reader.
      if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) this.#lineStarts.push(i + 1);
    }
  }

  /** Line and column of an offset, both counted from 1. */
  position(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  /** The span of a range, as plans and diagnostics carry it. */
  span(range: TextRange): PlanSpan {
    const from = this.position(range.start);
    const to = this.position(range.end);
    return {
      offset: range.start,
      end: range.end,
      line: from.line,
      column: from.column,
      endLine: to.line,
      endColumn: to.column,
    };
  }
}
