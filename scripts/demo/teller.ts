/** Tells a demo as it goes: each step with its commands and what was seen. */
import type { Paint } from '../../src/cli/paint.ts';

/** Says lines of one step. */
export type Say = (line: string) => void;

/** Counts the steps and whether each was as told. */
export class DemoTeller {
  readonly #paint: Paint;
  readonly #write: (line: string) => void;
  readonly #began = performance.now();
  #steps = 0;
  #good = 0;

  constructor(paint: Paint, write: (line: string) => void) {
    this.#paint = paint;
    this.#write = write;
  }

  /** Runs a step; its work resolves to whether it went as told. Rejects with what the work throws. */
  async step(title: string, work: (say: Say) => Promise<boolean>): Promise<void> {
    const { strong, faint, good, bad } = this.#paint;
    this.#steps += 1;
    const began = performance.now();
    this.#write(strong(`${this.#steps}. ${title}`));
    const say: Say = (line) => this.#write(`   ${line.startsWith('$') ? faint(line) : line}`);
    const isGood = await work(say);
    if (isGood) this.#good += 1;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.#write(`   ${isGood ? good('as told') : bad('NOT as told')} ${faint(`${seconds} s`)}\n`);
  }

  /** Whether all steps so far were as told. */
  get isGood(): boolean {
    return this.#good === this.#steps;
  }

  end(isGood: boolean): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(0);
    const verdict = `${this.#good} of ${this.#steps} steps as told`;
    const { good, bad } = this.#paint;
    this.#write(`${isGood ? good(verdict) : bad(verdict)} in ${seconds} s; namespaces, programs and files are gone`);
  }
}
