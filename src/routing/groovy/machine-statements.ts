import type { Block, CatchClause, Expression, Statement, StatementOf } from './ast.ts';
import { GroovyThrow, isThrowableA, throwableName } from './exceptions.ts';
import { javaInt } from './java-number.ts';
import { dependsOnProvider, isSegment } from './machine-calls.ts';
import type { EachPath } from './machine-core.ts';
import { MachineExpressions } from './machine-expressions.ts';
import { anyOf } from './predicates.ts';
import {
  type Cell,
  type IteratorValue,
  isKind,
  type ListItem,
  type Scope,
  type SegmentValue,
  type Value,
} from './values.ts';

/** How a statement ended, where not by reaching its end. */
export type Completion =
  | { readonly type: 'return'; readonly value: Value }
  | { readonly type: 'break' | 'continue'; readonly label: string | null };

/** Most turns of a loop. */
const TURN_LIMIT = 1_000;

/** Executes statements. */
export abstract class MachineStatements extends MachineExpressions {
  /** A scope inside another. */
  child(parent: Scope): Scope {
    return { vars: new Map(), parent, self: parent.self, methods: parent.methods };
  }

  /** Declares a variable. */
  declare(scope: Scope, name: string, value: Value, type: string | null = null): Cell {
    const cell: Cell = { value, type, birth: this.births++ };
    const before = scope.vars.get(name);
    this.explorer.log(() => {
      if (before) scope.vars.set(name, before);
      else scope.vars.delete(name);
    });
    scope.vars.set(name, cell);
    return cell;
  }

  /** Runs a body and gives its value: that of `return`, else of the last statement. */
  runBody(block: Block, scope: Scope): Value {
    const done = this.#tailBlock(block.statements, scope);
    if (done?.type === 'return') return done.value;
    return null;
  }

  #tailBlock(statements: readonly Statement[], scope: Scope): Completion | undefined {
    for (const [i, statement] of statements.entries()) {
      const done = i === statements.length - 1 ? this.execTail(statement, scope) : this.exec(statement, scope);
      if (done) return done;
    }
    return undefined;
  }

  /** The last statement of a body: an expression there is its value, as Groovy adds returns. */
  execTail(statement: Statement, scope: Scope): Completion | undefined {
    this.range = statement;
    switch (statement.kind) {
      case 'expression':
        return { type: 'return', value: this.eval(statement.value, scope) };
      case 'block':
        return this.#tailBlock(statement.statements, this.child(scope));
      case 'if': {
        const branch = this.truth(this.eval(statement.test, scope)) ? statement.then : statement.otherwise;
        return branch ? this.execTail(branch, this.child(scope)) : { type: 'return', value: null };
      }
      case 'try':
        return this.#try(
          statement,
          scope,
          (block) => this.#tailBlock(block.statements, this.child(scope)),
          (clause, inner) => this.#tailBlock(clause.body.statements, inner),
        );
      case 'switch':
        return this.#switch(statement, scope, true);
      default:
        return this.exec(statement, scope);
    }
  }

  /** Executes a statement. */
  exec(statement: Statement, scope: Scope): Completion | undefined {
    this.explorer.tick();
    this.range = statement;
    switch (statement.kind) {
      case 'expression':
        this.eval(statement.value, scope);
        return undefined;
      case 'block':
        return this.execBlock(statement.statements, this.child(scope));
      case 'declare':
        this.#declare(statement, scope);
        return undefined;
      case 'if': {
        const branch = this.truth(this.eval(statement.test, scope)) ? statement.then : statement.otherwise;
        return branch ? this.exec(branch, this.child(scope)) : undefined;
      }
      case 'return':
        return { type: 'return', value: statement.value ? this.eval(statement.value, scope) : null };
      case 'break':
      case 'continue':
        return { type: statement.kind, label: statement.label };
      case 'while':
        return this.#while(statement, scope, null);
      case 'for':
        return this.#for(statement, scope, null);
      case 'for-in':
        return this.#forIn(statement, scope, null);
      case 'label':
        return this.#labelled(statement, scope);
      case 'throw':
        return this.#throw(this.eval(statement.value, scope));
      case 'try':
        return this.#try(
          statement,
          scope,
          (block) => this.execBlock(block.statements, this.child(scope)),
          (clause, inner) => this.execBlock(clause.body.statements, inner),
        );
      case 'switch':
        return this.#switch(statement, scope, false);
      case 'assert':
        if (this.truth(this.eval(statement.test, scope))) return undefined;
        return this.fail(
          statement.message
            ? 'java.lang.AssertionError'
            : 'org.codehaus.groovy.runtime.powerassert.PowerAssertionError',
          'assert',
        );
      case 'synchronized':
        return this.opaque('state', 'synchronized guards state that outlives the call');
      case 'error':
        return this.opaque('unsupported', statement.message);
      default:
        return undefined;
    }
  }

  execBlock(statements: readonly Statement[], scope: Scope): Completion | undefined {
    for (const statement of statements) {
      const done = this.exec(statement, scope);
      if (done) return done;
    }
    return undefined;
  }

  #declare(statement: StatementOf<'declare'>, scope: Scope): void {
    const tuple = statement.tuple ? this.eval(statement.tuple, scope) : null;
    statement.vars.forEach((item, i) => {
      const named = item.type && item.type.name !== 'def' ? item.type : null;
      let value: Value = null;
      if (statement.tuple) value = this.subscript(tuple, javaInt(i));
      else if (item.init) value = this.eval(item.init, scope);
      else if (named && named.dims === 0) value = defaultOf(named.name);
      if (named && (item.init || statement.tuple)) value = this.coerce(value, named.name, named.dims);
      const field = statement.annotations.some((annotation) => annotation.name.endsWith('Field'));
      const type = named && named.dims === 0 ? named.name : null;
      if (field) this.declareGlobal(item.name, value, scope);
      else this.declare(scope, item.name, value, type);
    });
  }

  #throw(value: Value): never {
    const thrown = this.resolve(value);
    if (isKind(thrown, 'throwable')) throw new GroovyThrow(thrown.cls, thrown.message);
    if (thrown === null) return this.fail('java.lang.NullPointerException', null);
    return this.opaque('unsupported', 'something other than an exception is thrown');
  }

  #try(
    statement: StatementOf<'try'>,
    scope: Scope,
    run: (block: Block) => Completion | undefined,
    handle: (clause: CatchClause, scope: Scope) => Completion | undefined,
  ): Completion | undefined {
    const guarded = (): Completion | undefined => {
      try {
        return run(statement.body);
      } catch (error) {
        if (!(error instanceof GroovyThrow)) throw error;
        const clause = statement.catches.find((candidate) => this.#catches(candidate, error));
        if (!clause) throw error;
        const inner = this.child(scope);
        this.declare(inner, clause.name, { kind: 'throwable', cls: error.cls, message: error.text });
        return handle(clause, inner);
      }
    };
    const block = statement.finally;
    if (!block) return guarded();
    let done: Completion | undefined;
    try {
      done = guarded();
    } catch (error) {
      if (!(error instanceof GroovyThrow)) throw error;
      const after = this.execBlock(block.statements, this.child(scope));
      if (after) return after;
      throw error;
    }
    return this.execBlock(block.statements, this.child(scope)) ?? done;
  }

  #catches(clause: CatchClause, error: GroovyThrow): boolean {
    if (clause.types.length === 0) return isThrowableA(error.cls, 'java.lang.Exception');
    return clause.types.some((type) => {
      const parent = throwableName(this.className(type.name));
      if (parent !== undefined) return isThrowableA(error.cls, parent);
      if (type.name === 'def') return isThrowableA(error.cls, 'java.lang.Exception');
      return error.cls === this.className(type.name);
    });
  }

  #switch(statement: StatementOf<'switch'>, scope: Scope, tail: boolean): Completion | undefined {
    const value = this.eval(statement.value, scope);
    const { cases } = statement;
    let at = cases.findIndex((clause) => clause.test !== null && this.caseHits(clause.test, value, scope));
    if (at < 0) at = cases.findIndex((clause) => clause.test === null);
    if (at < 0) return tail ? { type: 'return', value: null } : undefined;
    const inner = this.child(scope);
    for (const clause of cases.slice(at)) {
      const last = clause.body.at(-1);
      const ended = last?.kind === 'break';
      const body = tail && ended ? clause.body.slice(0, -1) : clause.body;
      // Groovy returns the last value of a case that ends in break, and of the default.
      const adds = tail && (ended || clause.test === null) && body.length > 0;
      const done = adds ? this.#tailBlock(body, inner) : this.execBlock(body, inner);
      if (done?.type === 'break' && done.label === null) return tail ? { type: 'return', value: null } : undefined;
      if (done) return done;
      if (tail && ended) return { type: 'return', value: null };
    }
    return undefined;
  }

  /** Whether a case of a switch takes the value. */
  caseHits(test: Expression, value: Value, scope: Scope): boolean {
    const caseValue = this.eval(test, scope);
    this.range = test;
    return this.isCase(caseValue, value);
  }

  #labelled(statement: StatementOf<'label'>, scope: Scope): Completion | undefined {
    const { body, name } = statement;
    if (body.kind === 'for-in') return this.#forIn(body, scope, name);
    if (body.kind === 'for') return this.#for(body, scope, name);
    if (body.kind === 'while') return this.#while(body, scope, name);
    const done = this.exec(body, scope);
    return done?.type === 'break' && done.label === name ? undefined : done;
  }

  /** What a turn's end means for its loop: go on, leave, or hand on. */
  #afterTurn(done: Completion | undefined, label: string | null): 'next' | 'leave' | Completion {
    if (!done) return 'next';
    if (done.type === 'return') return done;
    if (done.label !== null && done.label !== label) return done;
    return done.type === 'break' ? 'leave' : 'next';
  }

  #forIn(statement: StatementOf<'for-in'>, scope: Scope, label: string | null): Completion | undefined {
    const items = this.iterable(this.eval(statement.list, scope));
    let turns = 0;
    for (const item of items) {
      this.range = statement;
      const body = (value: Value): Completion | undefined => {
        const inner = this.child(scope);
        const { type, name } = statement.variable;
        this.declare(inner, name, type && type.name !== 'def' ? this.coerce(value, type.name, type.dims) : value);
        return this.exec(statement.body, inner);
      };
      if (isSegment(item)) {
        const done = this.#overProviders(item, label, () => body(item.item));
        if (done) return done.type === 'break' ? undefined : done;
        continue;
      }
      if (++turns > TURN_LIMIT) return this.opaque('loop-limit', `a loop of more than ${TURN_LIMIT} turns`);
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

  /** The value that a loop over providers returns: the same for whichever provider comes first. */
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

  #while(statement: StatementOf<'while'>, scope: Scope, label: string | null): Completion | undefined {
    const providers = this.#providerLoop(statement.test, scope);
    if (providers) return this.#indexLoop(providers, scope, label, (inner) => this.exec(statement.body, inner));
    for (let turns = 0; ; turns++) {
      this.range = statement;
      if (!this.truth(this.eval(statement.test, scope))) return undefined;
      if (turns >= TURN_LIMIT) return this.opaque('loop-limit', `a loop of more than ${TURN_LIMIT} turns`);
      const after = this.#afterTurn(this.exec(statement.body, this.child(scope)), label);
      if (after === 'leave') return undefined;
      if (after !== 'next') return after;
    }
  }

  #for(statement: StatementOf<'for'>, outer: Scope, label: string | null): Completion | undefined {
    const scope = this.child(outer);
    for (const init of statement.init) this.exec(init, scope);
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
      if (turns >= TURN_LIMIT) return this.opaque('loop-limit', `a loop of more than ${TURN_LIMIT} turns`);
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

function defaultOf(type: string): Value {
  if (type === 'boolean') return false;
  if (type === 'int' || type === 'short' || type === 'byte') return javaInt(0);
  if (type === 'long') return { kind: 'number', cls: 'Long', value: 0n };
  return type === 'double' ? { kind: 'number', cls: 'Double', value: 0 } : null;
}
