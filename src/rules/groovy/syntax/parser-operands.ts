/** The parser's layer for primaries and the members behind them. */
import type { Argument, Block, ClassBody, Expression, MapEntry } from './ast.ts';
import { parseNumberLiteral } from './number-literal.ts';
import { ArgumentParser } from './parser-arguments.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_PRIMITIVES, type Token } from './token.ts';

/** Operands of operators: primaries with the members, calls and subscripts after them. */
export abstract class OperandParser extends ArgumentParser {
  /** An expression that may be a command call: `println 'x'`, `def r = pick 1`. */
  protected abstract parseStatementExpression(): Expression;

  protected abstract parseBlockBody(close: '}'): Block;
  protected abstract parseClassBody(): ClassBody;
  protected abstract subParser(tokens: readonly Token[]): OperandParser;

  protected parsePostfix(command: boolean): Expression {
    let value = this.#path(this.parsePrimary());
    if (this.isOp('++') || this.isOp('--')) {
      const token = this.next();
      const op = token.text === '++' ? '++' : '--';
      return { kind: 'increment', op, prefix: false, target: value, start: value.start, end: token.end };
    }
    while (command && this.#startsCommandArgument(value)) value = this.#commandCall(value);
    return value;
  }

  /** Members, calls, subscripts and trailing closures after a primary. */
  #path(head: Expression): Expression {
    let value = head;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'nl') {
        const ahead = this.pastNewlines();
        const after = this.peek(ahead);
        if (after.kind !== 'op' || !['.', '?.', '*.', '.&', '.@'].includes(after.text)) return value;
        this.at += ahead;
        continue;
      }
      if (token.kind !== 'op') return value;
      if (token.text === '.' || token.text === '?.' || token.text === '*.' || token.text === '.@') {
        this.next();
        this.skipNewlines();
        if (this.isOp('<')) this.balancedAngles();
        const name = this.parseMemberName();
        value = { kind: 'property', object: value, op: token.text, name, start: value.start, end: name.end };
      } else if (token.text === '.&') {
        this.next();
        const name = this.parseMemberName();
        value = { kind: 'method-pointer', object: value, name, start: value.start, end: name.end };
      } else if (token.text === '(') {
        value = this.#call(value, this.parseArgumentList());
      } else if (token.text === '[') {
        this.next();
        const args = this.parseListItems(']');
        value = { kind: 'index', object: value, args, start: value.start, end: this.lastEnd };
      } else if (token.text === '{' && this.#takesClosure(value)) {
        value = this.#call(value, [this.positionalArgument(this.parseClosure())]);
      } else {
        return value;
      }
    }
  }

  #takesClosure(value: Expression): boolean {
    return value.kind === 'name' || value.kind === 'property' || value.kind === 'call';
  }

  /** Makes a call of a callee; a closure after `f(x)` joins its arguments. */
  #call(callee: Expression, args: readonly Argument[]): Expression {
    const end = this.lastEnd;
    const closure = args.length === 1 && args[0]?.value.kind === 'closure' && this.tokens[this.at - 1]?.text === '}';
    if (closure && callee.kind === 'call') return { ...callee, args: [...callee.args, ...args], end };
    if (callee.kind === 'property') {
      return { kind: 'call', object: callee.object, op: callee.op, name: callee.name, args, start: callee.start, end };
    }
    return { kind: 'call', object: null, op: '.', name: callee, args, start: callee.start, end };
  }

  /** A closure; its parameters are there when an arrow follows them. */
  parseClosure(): Expression {
    const start = this.expectOp('{').start;
    const params =
      this.attempt('closure-parameters', () => {
        this.skipNewlines();
        const list = this.isOp('->') ? [] : this.parseParameters(true);
        this.skipNewlines();
        if (!this.isOp('->')) return undefined;
        this.next();
        return list;
      }) ?? null;
    const body = this.nested(() => this.parseBlockBody('}'));
    return { kind: 'closure', params, body, start, end: this.lastEnd };
  }

  protected parsePrimary(): Expression {
    const token = this.peek();
    const range = { start: token.start, end: token.end };
    switch (token.kind) {
      case 'name':
        this.next();
        return { kind: 'name', name: token.text, ...range };
      case 'string':
        this.next();
        return { kind: 'string', value: token.text, ...range };
      case 'number': {
        this.next();
        const literal = parseNumberLiteral(token.text);
        if (!literal) throw new GroovySyntaxError(`${token.text} is no number that Groovy reads`, range);
        return { kind: 'number', ...literal, ...range };
      }
      case 'gstring':
        this.next();
        return { kind: 'gstring', parts: this.#gstringParts(token), ...range };
      case 'keyword':
        return this.#keyword(token);
      case 'op':
        if (token.text === '(') {
          this.next();
          const value = this.parseStatementExpression();
          this.expectOp(')');
          return { kind: 'paren', value, start: token.start, end: this.lastEnd };
        }
        if (token.text === '[') return this.#listOrMap();
        if (token.text === '{') return this.parseClosure();
        break;
    }
    throw this.unexpected('an expression');
  }

  #keyword(token: Token): Expression {
    const range = { start: token.start, end: token.end };
    if (token.text === 'null') return { kind: 'null', ...this.#skip(range) };
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'boolean', value: token.text === 'true', ...this.#skip(range) };
    }
    if (token.text === 'this') return { kind: 'this', ...this.#skip(range) };
    if (token.text === 'super') return { kind: 'super', ...this.#skip(range) };
    if (token.text === 'new') return this.#creation();
    // A primitive type as a value: `case int`, `int.class`, `x.asType(long)`.
    if (GROOVY_PRIMITIVES.has(token.text)) return { kind: 'name', name: token.text, ...this.#skip(range) };
    throw this.unexpected('an expression');
  }

  #skip<T>(value: T): T {
    this.next();
    return value;
  }

  #creation(): Expression {
    const start = this.next().start;
    this.skipNewlines();
    const token = this.peek();
    const primitive = token.kind === 'keyword' && GROOVY_PRIMITIVES.has(token.text);
    const named = primitive ? { name: this.next().text } : this.qualifiedName();
    const typeArgs = this.isOp('<') ? this.#creationTypeArgs() : '';
    const type = { name: named.name, typeArgs, dims: 0, start: token.start, end: this.lastEnd };
    if (this.isOp('[')) {
      const sizes: Expression[] = [];
      while (this.takeOp('[')) {
        if (!this.isOp(']')) sizes.push(this.parseExpression());
        this.expectOp(']');
      }
      return { kind: 'new-array', type, sizes, start, end: this.lastEnd };
    }
    if (!this.isOp('(')) throw this.unexpected("'(' or '['");
    const args = this.parseArgumentList();
    const body = this.isOp('{') ? this.parseClassBody() : null;
    return { kind: 'new', type, args, body, start, end: this.lastEnd };
  }

  /** `<String>` or the diamond `<>`. */
  #creationTypeArgs(): string {
    if (!this.isOp('>', 1)) return this.balancedAngles();
    this.next();
    this.next();
    return '<>';
  }

  #gstringParts(token: Token): (string | Expression)[] {
    return (token.parts ?? []).map((part) => {
      if ('text' in part) return part.text;
      const inner = this.nested(() => this.subParser(part.tokens));
      return inner.parseEmbedded(part.start, part.end);
    });
  }

  /** The expression of `${...}`: empty is null, several statements or an arrow make a closure. */
  parseEmbedded(start: number, end: number): Expression {
    this.skipNewlines();
    if (this.peek().kind === 'eof') return { kind: 'null', start, end };
    if (this.isOp('->')) {
      this.next();
      const value = this.parseExpression();
      const body: Block = {
        kind: 'block',
        statements: [{ kind: 'expression', value, start: value.start, end: value.end }],
        start: value.start,
        end: value.end,
      };
      this.#endOfEmbedded();
      return { kind: 'closure', params: [], body, start, end };
    }
    const value = this.parseStatementExpression();
    this.#endOfEmbedded();
    return value;
  }

  #endOfEmbedded(): void {
    this.skipNewlines();
    if (this.peek().kind !== 'eof') throw this.unexpected("'}'");
  }

  #listOrMap(): Expression {
    const start = this.expectOp('[').start;
    if (this.isOp(':') && this.isOp(']', 1)) {
      this.next();
      this.next();
      return { kind: 'map', entries: [], start, end: this.lastEnd };
    }
    const from = this.peek().start;
    // The key is read once: reading it again at every level of nesting takes exponential time.
    const key = this.isOp('*:') ? undefined : this.parseMapKey();
    if (key === undefined && !this.isOp('*:')) {
      const items = this.parseListItems(']');
      return { kind: 'list', items, start, end: this.lastEnd };
    }
    const entries: MapEntry[] = [];
    if (key !== undefined) {
      const value = this.parseExpression();
      entries.push({ key, value, start: from, end: value.end });
      if (!this.takeOp(',')) {
        this.expectOp(']');
        return { kind: 'map', entries, start, end: this.lastEnd };
      }
    }
    while (!this.isOp(']')) {
      const argument = this.parseArgument();
      if (argument.kind !== 'named' && argument.kind !== 'map-spread') throw this.unexpected("':' after the key");
      entries.push({ key: argument.key, value: argument.value, start: argument.start, end: argument.end });
      if (!this.takeOp(',')) break;
    }
    this.expectOp(']');
    return { kind: 'map', entries, start, end: this.lastEnd };
  }

  /** Whether a command argument begins here: same line, and nothing that could go on the expression instead. */
  #startsCommandArgument(callee: Expression): boolean {
    if (callee.kind !== 'name' && callee.kind !== 'property' && callee.kind !== 'call') return false;
    const token = this.peek();
    if (['name', 'number', 'string', 'gstring'].includes(token.kind)) return true;
    return token.kind === 'keyword' && ['new', 'null', 'true', 'false', 'this', 'super'].includes(token.text);
  }

  #commandCall(callee: Expression): Expression {
    const args: Argument[] = [];
    do {
      this.skipNewlines();
      args.push(this.parseArgument());
    } while (this.takeOp(','));
    if (callee.kind === 'call' && callee.args.length > 0 && args.length === 1 && args[0]?.value.kind === 'name') {
      // `a b c`: the property c of the call; the chain `a b c d` becomes a(b).c(d).
      const name = args[0].value;
      const member: Expression = { kind: 'string', value: name.name, start: name.start, end: name.end };
      return { kind: 'property', object: callee, op: '.', name: member, start: callee.start, end: this.lastEnd };
    }
    return this.#call(callee, args);
  }
}
