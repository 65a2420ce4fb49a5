/** All answers that one body may give about a provider. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { allOf, noneOf } from '../groovy/machine/predicates.ts';
import type { PlanCondition, ProviderPredicate } from '../plan/route-plan.ts';

/** One path through a body: its result, and the providers that take it. */
export interface ProviderPath<R> {
  readonly where: ProviderPredicate;
  readonly result: R;
}

/** Most paths of one body. */
const LIMIT = 256;

/**
 * Runs a body once for every combination of answers about the provider under test, so that what it does is known as sets of
 * providers.
 */
export class ProviderPaths {
  #taken: { key: string; condition: PlanCondition; value: boolean }[] = [];
  #cursor = 0;

  /** Whether a condition on the provider holds on this path. */
  decide(condition: PlanCondition): boolean {
    const key = JSON.stringify(condition);
    const earlier = this.#taken.slice(0, this.#cursor).find((one) => one.key === key);
    if (earlier !== undefined) return earlier.value;
    const replayed = this.#taken[this.#cursor];
    this.#cursor += 1;
    if (replayed !== undefined) return replayed.value;
    this.#taken.push({ key, condition, value: true });
    return true;
  }

  /** All paths of a body. @throws OpaqueSignal where there are too many. */
  run<R>(body: () => R): ProviderPath<R>[] {
    const paths: ProviderPath<R>[] = [];
    for (;;) {
      this.#cursor = 0;
      const result = body();
      const tests = this.#taken.map(({ condition: { term, test }, value }): ProviderPredicate => {
        const one: ProviderPredicate = { p: 'test', term, test };
        return value ? one : noneOf(one);
      });
      paths.push({ where: allOf(tests), result });
      if (paths.length > LIMIT) throw new OpaqueSignal('path-limit', 'the body of a loop has too many paths');
      while (this.#taken.at(-1)?.value === false) this.#taken.pop();
      const last = this.#taken.at(-1);
      if (last === undefined) return paths;
      last.value = false;
    }
  }
}
