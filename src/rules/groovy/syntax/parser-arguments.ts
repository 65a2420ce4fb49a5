/** The parser's layer for arguments, items, entries and parameters. */
import type { Argument, Expression, Parameter } from './ast.ts';
import { TokenStream } from './parser-stream.ts';

/** Arguments of calls, items of lists, entries of maps, parameters of methods and closures. */
export abstract class ArgumentParser extends TokenStream {
  /** An expression, with assignment. */
  abstract parseExpression(): Expression;
  /** A name, literal, list, map, closure, creation or expression in parentheses. */
  protected abstract parsePrimary(): Expression;

  protected positionalArgument(value: Expression): Argument {
    return { kind: 'positional', key: null, value, start: value.start, end: value.end };
  }

  protected parseMemberName(): Expression {
    const token = this.peek();
    if (token.kind === 'name' || token.kind === 'keyword' || token.kind === 'string') {
      this.next();
      return { kind: 'string', value: token.text, start: token.start, end: token.end };
    }
    if (token.kind === 'gstring') return this.parsePrimary();
    if (token.kind === 'op' && token.text === '(') return this.parsePrimary();
    throw this.unexpected('a member name');
  }

  protected parseArgumentList(): Argument[] {
    this.expectOp('(');
    const args: Argument[] = [];
    while (!this.isOp(')')) {
      args.push(this.parseArgument());
      if (!this.takeOp(',')) break;
    }
    this.expectOp(')');
    return args;
  }

  protected parseArgument(): Argument {
    const start = this.peek().start;
    if (this.takeOp('*')) {
      const value = this.parseExpression();
      return { kind: 'spread', key: null, value, start, end: value.end };
    }
    if (this.takeOp('*:')) {
      const value = this.parseExpression();
      return { kind: 'map-spread', key: null, value, start, end: value.end };
    }
    const key = this.parseMapKey();
    if (key) {
      const value = this.parseExpression();
      return { kind: 'named', key, value, start, end: value.end };
    }
    return this.positionalArgument(this.parseExpression());
  }

  /** `key :` before an entry; undefined and no progress where there is none. */
  protected parseMapKey(): Expression | undefined {
    const token = this.peek();
    const simple = ['name', 'keyword', 'string', 'number', 'gstring'].includes(token.kind);
    if (simple && this.isOp(':', this.pastNewlines(1))) {
      const key: Expression =
        token.kind === 'gstring' || token.kind === 'number'
          ? this.parsePrimary()
          : { kind: 'string', value: this.next().text, start: token.start, end: token.end };
      this.skipNewlines();
      this.expectOp(':');
      this.skipNewlines();
      return key;
    }
    if (!this.isOp('(')) return undefined;
    return this.attempt('map-key', () => {
      const key = this.parsePrimary();
      if (!this.isOp(':')) return undefined;
      this.next();
      this.skipNewlines();
      return key;
    });
  }

  protected parseListItems(close: ']'): Expression[] {
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
    const typed = this.attempt('parameter-type', () => {
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
}
