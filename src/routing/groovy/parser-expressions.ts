import type { Argument, Block, ClassBody, Expression, Parameter } from './ast.ts';
import { parseNumberLiteral } from './number-literal.ts';
import { TokenStream } from './parser-stream.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_PRIMITIVES, type Token } from './token.ts';

/** Binary operators by binding strength, loosest first, as in the grammar of Groovy 2.4. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['=~', '==~'],
  ['==', '!=', '===', '!==', '<=>'],
  ['<', '>', '<=', '>='],
  ['<<', '>>', '>>>', '..', '..<'],
  ['+', '-'],
  ['*', '/', '%'],
];
const RELATIONAL = 7;
const SHIFT = 8;
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '**=', '<<=', '>>=', '>>>=', '&=', '|=', '^=']);

/** Expressions. Blocks and class bodies come from the statement parser, which extends this class. */
export abstract class ExpressionParser extends TokenStream {
  protected abstract parseBlockBody(close: '}'): Block;
  protected abstract parseClassBody(): ClassBody;
  protected abstract subParser(tokens: readonly Token[]): ExpressionParser;

  /** An expression, with assignment. */
  parseExpression(): Expression {
    return this.nested(() => this.#assignment());
  }

  /** An expression that may be a command call: `println 'x'`, `def r = pick 1`. */
  protected parseStatementExpression(): Expression {
    return this.nested(() => this.#assignment(true));
  }

  #assignment(command = false): Expression {
    const left = this.#ternary(command);
    const token = this.peek();
    if (token.kind !== 'op' || !ASSIGNMENTS.has(token.text)) return left;
    const target = left.kind === 'paren' ? left.value : left;
    const assignable =
      ['name', 'property', 'index'].includes(left.kind) || (target.kind === 'list' && token.text === '=');
    if (!assignable) throw new GroovySyntaxError('this cannot be assigned to', left);
    this.next();
    this.skipNewlines();
    const value = this.nested(() => this.#assignment(command));
    return { kind: 'assign', op: token.text, target: left, value, start: left.start, end: value.end };
  }

  #ternary(command: boolean): Expression {
    const test = this.#binary(0, command);
    // A conditional may go on at the next line with its `?`; other operators may not.
    const ahead = this.pastNewlines();
    if (ahead > 0 && (this.isOp('?', ahead) || this.isOp('?:', ahead))) this.at += ahead;
    if (this.isOp('?:')) {
      this.next();
      this.skipNewlines();
      const otherwise = this.nested(() => this.#ternary(false));
      return { kind: 'elvis', value: test, otherwise, start: test.start, end: otherwise.end };
    }
    if (!this.isOp('?')) return test;
    this.next();
    this.skipNewlines();
    const then = this.nested(() => this.#assignment());
    this.skipNewlines();
    this.expectOp(':');
    this.skipNewlines();
    const otherwise = this.nested(() => this.#ternary(false));
    return { kind: 'ternary', test, then, otherwise, start: test.start, end: otherwise.end };
  }

  #binary(level: number, command: boolean): Expression {
    if (level === LEVELS.length) return this.#unary(command);
    let left = this.#binary(level + 1, command);
    for (;;) {
      const token = this.peek();
      if (level === RELATIONAL && token.kind === 'keyword') {
        if (token.text === 'in') {
          this.next();
          this.skipNewlines();
          const right = this.#binary(level + 1, false);
          left = { kind: 'binary', op: 'in', left, right, start: left.start, end: right.end };
          continue;
        }
        if (token.text === 'instanceof' || token.text === 'as') {
          this.next();
          this.skipNewlines();
          const type = this.parseType();
          // Groovy ends the relational level after a type: `x as int < 4` does not compile.
          const range = { start: left.start, end: type.end };
          return token.text === 'as'
            ? { kind: 'as', value: left, type, ...range }
            : { kind: 'instanceof', value: left, type, ...range };
        }
      }
      if (token.kind !== 'op' || !LEVELS[level]?.includes(token.text)) return left;
      this.next();
      this.skipNewlines();
      const right = this.#binary(level + 1, false);
      left =
        level === SHIFT && token.text.startsWith('..')
          ? { kind: 'range', from: left, to: right, inclusive: token.text === '..', start: left.start, end: right.end }
          : { kind: 'binary', op: token.text, left, right, start: left.start, end: right.end };
    }
  }

  #unary(command: boolean): Expression {
    const token = this.peek();
    if (token.kind === 'op') {
      if (token.text === '-' || token.text === '+') {
        this.next();
        this.skipNewlines();
        const value = this.nested(() => this.#unary(false));
        if (token.text === '-' && value.kind === 'number' && !value.text.startsWith('-')) {
          const literal = parseNumberLiteral(`-${value.text}`);
          if (literal) return { kind: 'number', ...literal, start: token.start, end: value.end };
        }
        return { kind: 'unary', op: token.text, value, start: token.start, end: value.end };
      }
      if (token.text === '++' || token.text === '--') {
        this.next();
        const target = this.nested(() => this.#unary(false));
        return { kind: 'increment', op: token.text, prefix: true, target, start: token.start, end: target.end };
      }
      if (token.text === '!' || token.text === '~') {
        this.next();
        this.skipNewlines();
        const value = this.nested(() => this.#unary(false));
        return { kind: 'unary', op: token.text, value, start: token.start, end: value.end };
      }
      if (token.text === '(') {
        const cast = this.attempt(() => this.#cast());
        if (cast) return cast;
      }
    }
    return this.#power(command);
  }

  #power(command: boolean): Expression {
    const left = this.#postfix(command);
    if (!this.isOp('**')) return left;
    this.next();
    this.skipNewlines();
    const right = this.nested(() => this.#unary(false));
    return { kind: 'binary', op: '**', left, right, start: left.start, end: right.end };
  }

  /** `(Type) operand`; undefined where the parentheses hold an expression. */
  #cast(): Expression | undefined {
    const open = this.next();
    const token = this.peek();
    if (token.kind !== 'name' && !(token.kind === 'keyword' && GROOVY_PRIMITIVES.has(token.text))) return undefined;
    const type = this.parseType();
    if (!this.isOp(')')) return undefined;
    this.next();
    const primitive = GROOVY_PRIMITIVES.has(type.name) && type.dims === 0;
    if (!this.#startsOperand() && !(primitive && (this.isOp('-') || this.isOp('+')))) return undefined;
    const value = this.nested(() => this.#unary(false));
    return { kind: 'cast', type, value, start: open.start, end: value.end };
  }

  /** Whether what follows can only begin an operand (so parentheses before it were a cast). */
  #startsOperand(): boolean {
    const token = this.peek();
    if (['name', 'number', 'string', 'gstring'].includes(token.kind)) return true;
    if (token.kind === 'keyword') return ['this', 'super', 'new', 'null', 'true', 'false'].includes(token.text);
    return token.kind === 'op' && ['(', '[', '{', '!', '~'].includes(token.text);
  }

  #postfix(command: boolean): Expression {
    let value = this.#path(this.#primary());
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
        const name = this.#memberName();
        value = { kind: 'property', object: value, op: token.text, name, start: value.start, end: name.end };
      } else if (token.text === '.&') {
        this.next();
        const name = this.#memberName();
        value = { kind: 'method-pointer', object: value, name, start: value.start, end: name.end };
      } else if (token.text === '(') {
        value = this.#call(value, this.#argumentList());
      } else if (token.text === '[') {
        this.next();
        const args = this.#listItems(']');
        value = { kind: 'index', object: value, args, start: value.start, end: this.lastEnd };
      } else if (token.text === '{' && this.#takesClosure(value)) {
        value = this.#call(value, [this.#positional(this.parseClosure())]);
      } else {
        return value;
      }
    }
  }

  #takesClosure(value: Expression): boolean {
    return value.kind === 'name' || value.kind === 'property' || value.kind === 'call';
  }

  #positional(value: Expression): Argument {
    return { kind: 'positional', key: null, value, start: value.start, end: value.end };
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

  #memberName(): Expression {
    const token = this.peek();
    if (token.kind === 'name' || token.kind === 'keyword' || token.kind === 'string') {
      this.next();
      return { kind: 'string', value: token.text, start: token.start, end: token.end };
    }
    if (token.kind === 'gstring') return this.#primary();
    if (token.kind === 'op' && token.text === '(') return this.#primary();
    throw this.unexpected('a member name');
  }

  #argumentList(): Argument[] {
    this.expectOp('(');
    const args: Argument[] = [];
    while (!this.isOp(')')) {
      args.push(this.#argument());
      if (!this.takeOp(',')) break;
    }
    this.expectOp(')');
    return args;
  }

  #argument(): Argument {
    const start = this.peek().start;
    if (this.takeOp('*')) {
      const value = this.parseExpression();
      return { kind: 'spread', key: null, value, start, end: value.end };
    }
    if (this.takeOp('*:')) {
      const value = this.parseExpression();
      return { kind: 'map-spread', key: null, value, start, end: value.end };
    }
    const key = this.#mapKey();
    if (key) {
      const value = this.parseExpression();
      return { kind: 'named', key, value, start, end: value.end };
    }
    return this.#positional(this.parseExpression());
  }

  /** `key :` before an entry; undefined and no progress where there is none. */
  #mapKey(): Expression | undefined {
    const token = this.peek();
    const simple = ['name', 'keyword', 'string', 'number', 'gstring'].includes(token.kind);
    if (simple && this.isOp(':', this.pastNewlines(1))) {
      const key: Expression =
        token.kind === 'gstring' || token.kind === 'number'
          ? this.#primary()
          : { kind: 'string', value: this.next().text, start: token.start, end: token.end };
      this.skipNewlines();
      this.expectOp(':');
      this.skipNewlines();
      return key;
    }
    if (!this.isOp('(')) return undefined;
    return this.attempt(() => {
      const key = this.#primary();
      if (!this.isOp(':')) return undefined;
      this.next();
      this.skipNewlines();
      return key;
    });
  }

  #listItems(close: ']'): Expression[] {
    const items: Expression[] = [];
    while (!this.isOp(close)) {
      const start = this.peek().start;
      if (this.takeOp('*')) {
        const value = this.parseExpression();
        items.push({ kind: 'spread', value, start, end: value.end });
      } else items.push(this.parseExpression());
      if (!this.takeOp(',')) break;
    }
    this.expectOp(close);
    return items;
  }

  /** A closure; its parameters are there when an arrow follows them. */
  parseClosure(): Expression {
    const start = this.expectOp('{').start;
    const params =
      this.attempt(() => {
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

  /** Parameters separated by commas; in closures a type may be missing. */
  protected parseParameters(closure: boolean): Parameter[] {
    const params: Parameter[] = [];
    if (this.isOp(')')) return params;
    do {
      this.skipNewlines();
      params.push(this.parseParameter(closure));
      this.skipNewlines();
    } while (this.takeOp(','));
    return params;
  }

  protected parseParameter(allowInit: boolean): Parameter {
    const start = this.peek().start;
    let final = false;
    while (this.isWord('final') || this.isOp('@')) {
      if (this.takeWord('final')) final = true;
      else this.parseAnnotation();
    }
    const typed = this.attempt(() => {
      const type = this.parseType();
      const varargs = this.takeOp('...');
      return this.peek().kind === 'name' ? { type, varargs } : undefined;
    });
    const name = this.expectName('a parameter name').text;
    let init: Expression | null = null;
    if (allowInit && this.takeOp('=')) {
      this.skipNewlines();
      init = this.parseExpression();
    }
    const type = typed?.type ?? null;
    return { type, final, name, init, varargs: typed?.varargs ?? false, start, end: this.lastEnd };
  }

  #primary(): Expression {
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
    const args = this.#argumentList();
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
    const first = this.isOp('*:') ? true : this.#looksLikeMap();
    if (!first) {
      const items = this.#listItems(']');
      return { kind: 'list', items, start, end: this.lastEnd };
    }
    const entries = [];
    while (!this.isOp(']')) {
      const argument = this.#argument();
      if (argument.kind !== 'named' && argument.kind !== 'map-spread') throw this.unexpected("':' after the key");
      entries.push({ key: argument.key, value: argument.value, start: argument.start, end: argument.end });
      if (!this.takeOp(',')) break;
    }
    this.expectOp(']');
    return { kind: 'map', entries, start, end: this.lastEnd };
  }

  #looksLikeMap(): boolean {
    const mark = this.at;
    const key = this.#mapKey();
    this.at = mark;
    return key !== undefined;
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
      args.push(this.#argument());
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
