/** The parser's layer for operators, casts and assignments. */
import type { Expression, ExpressionOf } from './ast.ts';
import { parseNumberLiteral } from './number-literal.ts';
import { OperandParser } from './parser-operands.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_PRIMITIVES } from './token.ts';

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
/** Operators by binding strength, casts and assignments. Blocks and class bodies come from the statement parser. */
export abstract class ExpressionParser extends OperandParser {
  /** An expression, with assignment. */
  parseExpression(): Expression {
    return this.nested(() => this.#assignment());
  }

  /** An expression that may be a command call: `println 'x'`, `def r = pick 1`. */
  protected parseStatementExpression(): Expression {
    return this.nested(() => this.#assignment(true));
  }

  #assignment(command = false): Expression {
    const left = this.#several() ?? this.#ternary(command);
    const token = this.peek();
    if (token.kind !== 'op' || !ASSIGNMENTS.has(token.text)) return left;
    const assignable =
      ['name', 'property', 'index'].includes(left.kind) || (left.kind === 'tuple' && token.text === '=');
    if (!assignable) throw new GroovySyntaxError('this cannot be assigned to', left);
    this.next();
    this.skipNewlines();
    const value = this.nested(() => this.#assignment(command));
    return { kind: 'assign', op: token.text, target: left, value, start: left.start, end: value.end };
  }

  /** `(a, b)` before `=`: the variables of an assignment of several. */
  #several(): Expression | undefined {
    if (!this.isOp('(')) return undefined;
    let ahead = 1;
    while (this.peek(ahead).kind === 'name' && this.isOp(',', ahead + 1)) ahead += 2;
    const ends = this.peek(ahead).kind === 'name' && this.isOp(')', ahead + 1) && this.isOp('=', ahead + 2);
    if (ahead === 1 || !ends) return undefined;
    const { start } = this.next();
    const names: ExpressionOf<'name'>[] = [];
    do {
      const token = this.next();
      names.push({ kind: 'name', name: token.text, start: token.start, end: token.end });
    } while (this.takeOp(','));
    this.expectOp(')');
    return { kind: 'tuple', names, start, end: this.lastEnd };
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
          const literal = parseNumberLiteral(`-${this.text.slice(value.start, value.end)}`);
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
        const cast = this.attempt('cast', () => this.#cast());
        if (cast) return cast;
      }
    }
    return this.#power(command);
  }

  #power(command: boolean): Expression {
    const left = this.parsePostfix(command);
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
}
