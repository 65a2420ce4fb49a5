/** The types of a leaf's cells. */
import type { LeafValue } from '../models/target-model.ts';
import type { CallLeaf } from '../plan/plan-term.ts';

/** One cell of a leaf: a value that stands for it, which rules and entries it lets live, and whether the router throws. */
export interface LeafCell {
  readonly value: LeafValue;
  readonly rules: bigint;
  readonly entries: bigint;
  readonly throws: boolean;
}

/** A leaf with its cells. `doubt` and `gap` are indexes of rules; Infinity: there is none. */
export interface LeafCells {
  readonly leaf: CallLeaf;
  readonly cells: readonly LeafCell[];
  /** The first rule for which a difference may lie in a cell that is missing. */
  readonly doubt: number;
  /** The first rule whose cells may be incomplete: it, or one behind it, may decide in one that is missing. */
  readonly gap: number;
  /** Whether every cell that the entries cut out has a value here. */
  readonly complete: boolean;
}

/** The cells of a leaf, which shapes share; who may be met is each shape's own question. */
export interface KnownCells extends Omit<LeafCells, 'doubt' | 'gap'> {
  readonly doubts: DoubtfulRules;
  readonly gaps: DoubtfulRules;
}

/** The indexes of the rules whose cells may be incomplete, in order; each is looked for once, when it is asked for. */
export class DoubtfulRules {
  readonly #count: number;
  readonly #isDoubtful: (index: number) => boolean;
  readonly #found: number[] = [];
  #next = 0;

  constructor(count: number, isDoubtful: (index: number) => boolean) {
    this.#count = count;
    this.#isDoubtful = isDoubtful;
  }

  /** The rule of this place among the doubtful ones; undefined past the last. */
  at(place: number): number | undefined {
    while (this.#found.length <= place && this.#next < this.#count) {
      if (this.#isDoubtful(this.#next)) this.#found.push(this.#next);
      this.#next += 1;
    }
    return this.#found[place];
  }
}
