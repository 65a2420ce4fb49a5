/** The layer of the machine for statements. */
import type { Block, CatchClause, Expression, Statement, StatementOf } from '../syntax/ast.ts';
import { javaInt } from '../values/java-number.ts';
import { isKind, type Scope, type Value } from '../values/values.ts';
import { GroovyThrow, isThrowableA, throwableName } from './exceptions.ts';
import { type Completion, MachineLoops } from './machine-loops.ts';

/** Executes statements. */
export abstract class MachineStatements extends MachineLoops {
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
        return { type: 'return', value: this.eval(statement.value, scope), at: statement };
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
        return { type: 'return', value: statement.value ? this.eval(statement.value, scope) : null, at: statement };
      case 'break':
      case 'continue':
        return { type: statement.kind, label: statement.label };
      case 'while':
        return this.execWhile(statement, scope, null);
      case 'for':
        return this.execFor(statement, scope, null);
      case 'for-in':
        return this.execForIn(statement, scope, null);
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
    if (body.kind === 'for-in') return this.execForIn(body, scope, name);
    if (body.kind === 'for') return this.execFor(body, scope, name);
    if (body.kind === 'while') return this.execWhile(body, scope, name);
    const done = this.exec(body, scope);
    return done?.type === 'break' && done.label === name ? undefined : done;
  }
}

function defaultOf(type: string): Value {
  if (type === 'boolean') return false;
  if (type === 'int' || type === 'short' || type === 'byte') return javaInt(0);
  if (type === 'long') return { kind: 'number', cls: 'Long', value: 0n };
  return type === 'double' ? { kind: 'number', cls: 'Double', value: 0 } : null;
}
