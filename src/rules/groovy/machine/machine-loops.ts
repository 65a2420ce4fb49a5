/** The layer of the machine for loops. */
import type { Expression, Statement, StatementOf } from '../syntax/ast.ts';
import { dependsOnProvider, isSegment } from '../syntax/segments.ts';
import type { TextRange } from '../syntax/source.ts';
import {
  type IteratorValue,
  isKind,
  type ListItem,
  type Scope,
  type SegmentValue,
  type Value,
} from '../values/values.ts';
import type { EachPath } from './machine-core.ts';
import { MachineExpressions } from './machine-expressions.ts';
import { anyOf } from './predicates.ts';

/** A jump by which a statement ended: return, break, continue. */
export type Completion =
  /** `at`: the statement that returned, where it is known. */
  | { readonly type: 'return'; readonly value: Value; readonly at?: TextRange }
  | { readonly type: 'break' | 'continue'; readonly label: string | null };

/** Most turns of a loop. */
const TURN_LIMIT = 1_000;

/** Loops over plain values, turn by turn, and over providers, for all of them at once. */
export abstract class MachineLoops extends MachineExpressions {
  /** Executes a statement. */
  abstract exec(statement: Statement, scope: Scope): Completion | undefined;

  /** The effect of a turn's end on its loop: go on, leave, or pass the jump on. */
  #afterTurn(done: Completion | undefined, label: string | null): 'next' | 'leave' | Completion {
    if (!done) return 'next';
    if (done.type === 'return') return done;
    if (done.label !== null && done.label !== label) return done;
    return done.type === 'break' ? 'leave' : 'next';
  }

  protected execForIn(statement: StatementOf<'for-in'>, scope: Scope, label: string | null): Completion | undefined {
    return this.runForIn(this.iterable(this.eval(statement.list, scope)), statement, scope, label);
  }

  /** A scope for one turn of a `for (x in list)`, with its variable. */
  turnScope(statement: StatementOf<'for-in'>, value: Value, scope: Scope): Scope {
    this.range = statement;
    const inner = this.child(scope);
    const { type, name } = statement.variable;
    this.declare(inner, name, type && type.name !== 'def' ? this.coerce(value, type.name, type.dims) : value);
    return inner;
  }

  /** Counts a turn of a loop. @throws OpaqueSignal where there are too many. */
  countTurn(turns: number, statement: Statement): void {
    this.range = statement;
    if (turns >= TURN_LIMIT) this.opaque('loop-limit', `a loop of more than ${TURN_LIMIT} turns`);
  }

  /** `for (x in list)` over items that are known. */
  runForIn(
    items: readonly ListItem[],
    statement: StatementOf<'for-in'>,
    scope: Scope,
    label: string | null,
  ): Completion | undefined {
    let turns = 0;
    for (const item of items) {
      this.range = statement;
      const body = (value: Value): Completion | undefined =>
        this.exec(statement.body, this.turnScope(statement, value, scope));
      if (isSegment(item)) {
        const done = this.#overProviders(item, label, () => body(item.item));
        if (done) return done.type === 'break' ? undefined : done;
        continue;
      }
      this.countTurn(turns++, statement);
      const after = this.#afterTurn(body(item), label);
      if (after === 'leave') return undefined;
      if (after !== 'next') return after;
    }
    return undefined;
  }

  /** A loop body for the providers of a segment: its effects for all of them, or how the loop ends. */
  #overProviders(
    segment: SegmentValue,
    label: string | null,
    body: () => Completion | undefined,
  ): Completion | undefined {
    const paths = this.overEach(segment, () => this.#afterTurn(body(), label));
    const leaves = paths.filter((path) => path.result === 'leave');
    const returns = paths.filter((path) => typeof path.result === 'object');
    if (leaves.length > 0) {
      if (returns.length > 0 || paths.some((path) => path.effects.length > 0))
        this.opaque('provider-order', 'a loop ends at the first provider that fits');
      return this.explorer.decideGroup(anyOf(leaves.map((path) => path.where)))
        ? { type: 'break', label: null }
        : undefined;
    }
    if (returns.length > 0 && this.explorer.decideGroup(anyOf(returns.map((path) => path.where))))
      return this.#returned(returns);
    const rest = paths.filter((path) => typeof path.result !== 'object');
    this.carryOut(segment, rest);
    return undefined;
  }

  /** The value that a loop over providers returns. It must be the same for any provider that comes first. */
  #returned(paths: readonly EachPath<unknown>[]): Completion {
    const results = paths.map((path) => path.result as Completion);
    const [first] = results;
    if (first?.type !== 'return') return this.opaque('provider-order', 'a loop over providers is left in this way');
    const same = results.every((done) => done.type === 'return' && done.value === first.value);
    if (!same || dependsOnProvider(first.value))
      return this.opaque('provider-order', 'the first provider that fits decides');
    if (isKind(first.value, 'list') && first.value.items.some((item) => !isSegment(item))) {
      return this.opaque('provider-order', 'the first provider that fits decides');
    }
    if (paths.some((path) => path.effects.length > 0))
      return this.opaque('provider-order', 'a loop ends at the first provider that fits');
    return first;
  }

  /** `while (test)`. */
  execWhile(statement: StatementOf<'while'>, scope: Scope, label: string | null): Completion | undefined {
    const providers = this.#providerLoop(statement.test, scope);
    if (providers) return this.#indexLoop(providers, scope, label, (inner) => this.exec(statement.body, inner));
    for (let turns = 0; ; turns++) {
      this.range = statement;
      if (!this.truth(this.eval(statement.test, scope))) return undefined;
      this.countTurn(turns, statement);
      const after = this.#afterTurn(this.exec(statement.body, this.child(scope)), label);
      if (after === 'leave') return undefined;
      if (after !== 'next') return after;
    }
  }

  protected execFor(statement: StatementOf<'for'>, outer: Scope, label: string | null): Completion | undefined {
    const scope = this.child(outer);
    for (const init of statement.init) this.exec(init, scope);
    return this.runFor(statement, scope, label);
  }

  /** Whether a loop with this test goes over providers: by position, or by `hasNext`. */
  goesOverProviders(test: Expression, scope: Scope): boolean {
    return this.#providerLoop(test, scope) !== undefined;
  }

  /** `for (;;)` after its first part. */
  runFor(statement: StatementOf<'for'>, scope: Scope, label: string | null): Completion | undefined {
    const providers = statement.test ? this.#providerLoop(statement.test, scope) : undefined;
    if (providers) {
      return this.#indexLoop(providers, scope, label, (inner) => {
        const done = this.exec(statement.body, this.child(inner));
        if (done && this.#afterTurn(done, label) !== 'next') return done;
        for (const update of statement.update) this.eval(update, inner);
        return done;
      });
    }
    for (let turns = 0; ; turns++) {
      this.range = statement;
      if (statement.test && !this.truth(this.eval(statement.test, scope))) return undefined;
      this.countTurn(turns, statement);
      const after = this.#afterTurn(this.exec(statement.body, this.child(scope)), label);
      if (after === 'leave') return undefined;
      if (after !== 'next') return after;
      for (const update of statement.update) this.eval(update, scope);
    }
  }

  /** `i < list.size()` from 0 on, or `it.hasNext()`, over providers. */
  #providerLoop(
    test: Expression,
    scope: Scope,
  ): { items: readonly ListItem[]; index?: string; iterator?: IteratorValue } | undefined {
    const bare = test.kind === 'paren' ? test.value : test;
    if (bare.kind === 'binary' && bare.op === '<' && bare.left.kind === 'name') {
      const cell = this.lookUpCell(bare.left.name, scope);
      if (!cell || !isKind(cell.value, 'number') || cell.value.value !== 0n) return undefined;
      const limit = this.eval(bare.right, scope);
      return isKind(limit, 'size') ? { items: limit.items, index: bare.left.name } : undefined;
    }
    if (
      bare.kind === 'call' &&
      bare.object?.kind === 'name' &&
      bare.name.kind === 'string' &&
      bare.name.value === 'hasNext'
    ) {
      const cell = this.lookUpCell(bare.object.name, scope);
      const iterator = cell?.value;
      if (isKind(iterator, 'iterator') && iterator.at === 0 && iterator.list.items.some(isSegment))
        return { items: iterator.list.items, iterator };
    }
    return undefined;
  }

  #indexLoop(
    loop: { items: readonly ListItem[]; index?: string; iterator?: IteratorValue },
    scope: Scope,
    label: string | null,
    body: (scope: Scope) => Completion | undefined,
  ): Completion | undefined {
    if (loop.items.some((item) => !isSegment(item)) || (loop.index !== undefined && loop.items.length !== 1)) {
      return this.opaque('provider-order', 'a loop by position over several kinds of providers');
    }
    for (const segment of loop.items as readonly SegmentValue[]) {
      const done = this.#overProviders(segment, label, () => {
        const inner = this.child(scope);
        const { iterator, index } = loop;
        const before = this.turning;
        if (iterator) this.turning = { iterator, item: segment.item, taken: false };
        const cell =
          index === undefined
            ? undefined
            : this.declare(inner, index, { kind: 'index', items: loop.items, passed: false });
        try {
          const result = body(inner);
          const stepped = cell ? isKind(cell.value, 'index') && cell.value.passed : (this.turning?.taken ?? false);
          if (!stepped && this.#afterTurn(result, label) === 'next')
            this.opaque('provider-order', 'a loop over providers does not go to the next one');
          return result;
        } finally {
          this.turning = before;
        }
      });
      if (done) {
        if (done.type !== 'break') return done;
        this.opaque('provider-order', 'a loop by position ends at the first provider that fits');
      }
    }
    if (loop.iterator) this.moveIterator(loop.iterator, loop.iterator.list.items.length);
    const cell = loop.index === undefined ? undefined : this.lookUpCell(loop.index, scope);
    if (cell) this.setCell(cell, { kind: 'size', items: loop.items });
    return undefined;
  }
}
