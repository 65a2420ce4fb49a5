/** The parser's layer for statements. */
import type { Block, CatchClause, Expression, Statement, SwitchCase, TypeName } from './ast.ts';
import { DeclarationParser } from './parser-declarations.ts';
import { GroovySyntaxError } from './syntax-error.ts';

/** Statements, except methods and classes, which the outermost parser adds. */
export abstract class StatementParser extends DeclarationParser {
  /** Statements up to the closing brace, which is read too. */
  protected parseBlockBody(close: '}'): Block {
    const start = this.lastEnd - 1;
    const statements = this.parseStatements(() => this.isOp(close));
    this.expectOp(close);
    return { kind: 'block', statements, start, end: this.lastEnd };
  }

  protected parseBlock(): Block {
    this.skipNewlines();
    this.expectOp('{');
    return this.nested(() => this.parseBlockBody('}'));
  }

  /** Statements and their separators until `done` or the end. A statement that cannot be read becomes an `error` node. */
  protected parseStatements(done: () => boolean): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      while (this.peek().kind === 'nl' || this.isOp(';')) this.next();
      if (done() || this.peek().kind === 'eof') return statements;
      const mark = this.at;
      try {
        statements.push(this.parseStatement());
        if (!done() && !['nl', 'eof'].includes(this.peek().kind) && !this.isOp(';')) {
          const previous = statements.at(-1);
          // A declaration that ends in a brace needs no separator.
          if (previous?.kind !== 'method' && previous?.kind !== 'class')
            throw this.unexpected('the end of the statement');
        }
      } catch (error) {
        if (!(error instanceof GroovySyntaxError) || error.limit) throw error;
        this.memory.errors.push(error);
        const start = this.peek(mark - this.at).start;
        this.#recover(mark);
        statements.push({ kind: 'error', message: error.message, start, end: Math.max(start, this.lastEnd) });
        if (this.memory.errors.length >= 20) throw error;
      }
    }
  }

  /** Skips to the next line end outside of brackets that were opened since the statement began. */
  #recover(mark: number): void {
    let open = 0;
    for (let i = mark; i < this.at; i++) open += bracketStep(this.tokens[i]?.kind === 'op' ? this.tokens[i]?.text : '');
    open = Math.max(0, open);
    if (this.at === mark) this.next();
    for (;;) {
      const token = this.peek();
      if (token.kind === 'eof') return;
      if (open === 0 && (token.kind === 'nl' || this.isOp(';') || this.isOp('}'))) return;
      open = Math.max(0, open + bracketStep(token.kind === 'op' ? token.text : ''));
      this.next();
    }
  }

  protected parseStatement(): Statement {
    return this.nested(() => this.#statement());
  }

  #statement(): Statement {
    const token = this.peek();
    const start = token.start;
    if (token.kind === 'op' && token.text === '{') {
      const block = this.#blockOrClosure();
      return block;
    }
    if (token.kind === 'name' && this.isOp(':', 1)) {
      this.next();
      this.next();
      this.skipNewlines();
      const body = this.parseStatement();
      return { kind: 'label', name: token.text, body, start, end: body.end };
    }
    if (token.kind === 'keyword') {
      const statement = this.#keywordStatement(token.text, start);
      if (statement) return statement;
    }
    return this.parseDeclaration() ?? this.#expressionStatement();
  }

  #expressionStatement(): Statement {
    const value = this.parseStatementExpression();
    return { kind: 'expression', value, start: value.start, end: value.end };
  }

  /** A bare `{` opens a block in a statement; with an arrow, or when called at once, it is a closure. */
  #blockOrClosure(): Statement {
    const closure = this.attempt('closure-statement', () => {
      const value = this.parseClosure();
      return value.kind === 'closure' && value.params !== null ? value : undefined;
    });
    if (closure) return { kind: 'expression', value: closure, start: closure.start, end: closure.end };
    return this.parseBlock();
  }

  #keywordStatement(word: string, start: number): Statement | undefined {
    switch (word) {
      case 'if':
        return this.#if(start);
      case 'while': {
        this.next();
        const test = this.#parenthesised();
        const body = this.#loopBody();
        return { kind: 'while', test, body, start, end: this.lastEnd };
      }
      case 'for':
        return this.#for(start);
      case 'return': {
        this.next();
        const value = this.#endsStatement() ? null : this.parseStatementExpression();
        return { kind: 'return', value, start, end: this.lastEnd };
      }
      case 'break':
      case 'continue': {
        this.next();
        const label = this.peek().kind === 'name' ? this.next().text : null;
        return { kind: word, label, start, end: this.lastEnd };
      }
      case 'throw': {
        this.next();
        const value = this.parseStatementExpression();
        return { kind: 'throw', value, start, end: value.end };
      }
      case 'try':
        return this.#try(start);
      case 'switch':
        return this.#switch(start);
      case 'assert': {
        this.next();
        const test = this.parseExpression();
        let message: Expression | null = null;
        if (this.takeOp(':') || this.takeOp(',')) {
          this.skipNewlines();
          message = this.parseExpression();
        }
        return { kind: 'assert', test, message, start, end: this.lastEnd };
      }
      case 'synchronized': {
        if (!this.isOp('(', 1)) return undefined;
        this.next();
        const lock = this.#parenthesised();
        const body = this.parseBlock();
        return { kind: 'synchronized', lock, body, start, end: body.end };
      }
      case 'import':
        return this.parseImport(start);
      case 'package': {
        this.next();
        const name = this.qualifiedName().name;
        return { kind: 'package', name, start, end: this.lastEnd };
      }
      default:
        return undefined;
    }
  }

  #endsStatement(): boolean {
    return this.peek().kind === 'nl' || this.peek().kind === 'eof' || this.isOp(';') || this.isOp('}');
  }

  #parenthesised(): Expression {
    this.expectOp('(');
    const value = this.parseExpression();
    this.expectOp(')');
    return value;
  }

  /** The body of a loop or branch: a statement, on this line or a later one; `;` alone is empty. */
  #loopBody(): Statement {
    this.skipNewlines();
    if (this.isOp(';')) {
      const token = this.next();
      return { kind: 'empty', start: token.start, end: token.end };
    }
    return this.isOp('{') ? this.parseBlock() : this.parseStatement();
  }

  /** The body of a branch. Groovy has none without a statement. */
  #branch(): Statement {
    const body = this.#loopBody();
    if (body.kind === 'empty') throw new GroovySyntaxError('a branch is empty (;)', body, false, 'empty-branch');
    return body;
  }

  /** A chain of `else if` is read in a loop: long ones are common and must not count as nesting. */
  #if(start: number): Statement {
    const branches: { start: number; test: Expression; body: Statement }[] = [];
    let otherwise: Statement | null = null;
    let from = start;
    for (;;) {
      this.next();
      const test = this.#parenthesised();
      if (test.kind === 'assign')
        throw new GroovySyntaxError('an assignment is the condition of an if', test, false, 'assignment-in-if');
      branches.push({ start: from, test, body: this.#branch() });
      const mark = this.at;
      this.skipNewlines();
      if (this.takeOp(';')) this.skipNewlines();
      if (!this.takeWord('else')) {
        this.at = mark;
        break;
      }
      if (!this.isWord('if')) {
        otherwise = this.#branch();
        break;
      }
      from = this.peek().start;
    }
    const end = (otherwise ?? branches.at(-1)?.body)?.end ?? this.lastEnd;
    for (const branch of branches.reverse()) {
      const { test, body: then } = branch;
      otherwise = { kind: 'if', test, then, otherwise, start: branch.start, end };
    }
    return otherwise ?? { kind: 'empty', start, end };
  }

  #for(start: number): Statement {
    this.next();
    this.expectOp('(');
    const each = this.attempt('for-each', () => {
      const variable = this.parseParameter(false);
      if (!this.takeWord('in') && !(variable.type !== null && this.takeOp(':'))) return undefined;
      const list = this.parseExpression();
      this.expectOp(')');
      return { variable, list };
    });
    if (each) {
      const body = this.#loopBody();
      return { kind: 'for-in', ...each, body, start, end: body.end };
    }
    const init: Statement[] = [];
    while (!this.isOp(';')) {
      init.push(this.parseDeclaration() ?? this.#expressionStatement());
      if (!this.takeOp(',')) break;
    }
    this.expectOp(';');
    const test = this.isOp(';') ? null : this.parseExpression();
    this.expectOp(';');
    const update: Expression[] = [];
    while (!this.isOp(')')) {
      update.push(this.parseExpression());
      if (!this.takeOp(',')) break;
    }
    this.expectOp(')');
    const body = this.#loopBody();
    return { kind: 'for', init, test, update, body, start, end: body.end };
  }

  #try(start: number): Statement {
    this.next();
    const body = this.parseBlock();
    const catches: CatchClause[] = [];
    let last: Block | null = null;
    for (;;) {
      const ahead = this.pastNewlines();
      if (this.isWord('catch', ahead)) {
        this.at += ahead;
        catches.push(this.#catch());
      } else if (this.isWord('finally', ahead)) {
        this.at += ahead + 1;
        last = this.parseBlock();
        break;
      } else break;
    }
    if (catches.length === 0 && last === null) throw this.unexpected('catch or finally');
    return { kind: 'try', body, catches, finally: last, start, end: this.lastEnd };
  }

  #catch(): CatchClause {
    const start = this.next().start;
    this.expectOp('(');
    this.takeWord('final');
    const types: TypeName[] = [];
    if (!(this.peek().kind === 'name' && this.isOp(')', 1))) {
      do types.push(this.parseType());
      while (this.takeOp('|'));
    }
    const name = this.expectName('the name of the exception').text;
    this.expectOp(')');
    const body = this.parseBlock();
    return { types, name, body, start, end: body.end };
  }

  #switch(start: number): Statement {
    this.next();
    const value = this.#parenthesised();
    this.skipNewlines();
    this.expectOp('{');
    const cases: SwitchCase[] = [];
    for (;;) {
      while (this.peek().kind === 'nl' || this.isOp(';')) this.next();
      if (this.takeOp('}')) break;
      const from = this.peek().start;
      let test: Expression | null = null;
      if (this.takeWord('case')) test = this.parseExpression();
      else this.expectWord('default');
      this.expectOp(':');
      const ends = (): boolean => this.isWord('case') || this.isWord('default') || this.isOp('}');
      const body = this.parseStatements(ends);
      cases.push({ test, body, start: from, end: this.lastEnd });
    }
    return { kind: 'switch', value, cases, start, end: this.lastEnd };
  }
}

function bracketStep(operator: string | undefined): number {
  if (operator === '(' || operator === '[' || operator === '{') return 1;
  return operator === ')' || operator === ']' || operator === '}' ? -1 : 0;
}
