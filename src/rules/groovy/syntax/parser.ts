/** The parser of Groovy 2.4: its outermost layer with classes and methods, and its entry. */
import type { ClassBody, ClassDeclaration, MethodDeclaration, Parameter, Script, Statement, TypeName } from './ast.ts';
import { lexGroovy } from './lexer.ts';
import type { DeclarationPrefix } from './parser-declarations.ts';
import { ParserMemory } from './parser-memory.ts';
import { StatementParser } from './parser-statements.ts';
import type { GroovySource } from './source.ts';
import { sureError } from './sure-errors.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_PRIMITIVES, type Token } from './token.ts';

/** Longest text that is read, in UTF-16 units. */
export const GROOVY_TEXT_LIMIT = 4 * 1024 * 1024;

/** Result of parsing a text: the tree, with `error` statements where reading failed, and every error in order. */
export interface ParsedGroovy {
  readonly source: GroovySource;
  readonly script: Script;
  readonly errors: readonly GroovySyntaxError[];
}

/** Parses a Groovy 2.4 script or class file. Never throws for bad text: the errors are in the result. */
export function parseGroovy(source: GroovySource): ParsedGroovy {
  const whole = { start: 0, end: source.text.length };
  if (source.text.length > GROOVY_TEXT_LIMIT) {
    const error = new GroovySyntaxError('longer than 4 MB', { start: 0, end: 1 }, true);
    return { source, script: { statements: [], ...whole }, errors: [error] };
  }
  let memory: ParserMemory | undefined;
  try {
    const tokens = lexGroovy(source.text);
    const sure = sureError(tokens, source.text);
    memory = new ParserMemory(source.text.length);
    const statements = new GroovyParser(source.text, tokens, memory).parseAll();
    return { source, script: { statements, ...whole }, errors: sure ? [sure, ...memory.errors] : memory.errors };
  } catch (error) {
    if (!(error instanceof GroovySyntaxError)) throw error;
    const earlier = (memory?.errors ?? []).filter((known) => known !== error);
    return { source, script: { statements: [], ...whole }, errors: [...earlier, error] };
  }
}

class GroovyParser extends StatementParser {
  parseAll(): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      statements.push(...this.parseStatements(() => false));
      if (this.peek().kind === 'eof') return statements;
    }
  }

  protected subParser(tokens: readonly Token[]): GroovyParser {
    return new GroovyParser(this.text, tokens, this.memory, this.depth);
  }

  protected parseMember(prefix: DeclarationPrefix): Statement | undefined {
    for (const sort of ['class', 'interface', 'enum', 'trait'] as const) {
      if (this.isWord(sort)) return this.#class(prefix, sort);
    }
    if (this.isOp('@') && this.isWord('interface', 1))
      throw new GroovySyntaxError('annotation types are not read', this.peek());
    return this.#method(prefix, null);
  }

  /** `Type name(params) {`, `def name(params) {`, or in a class a constructor `Name(params) {`. */
  #method(prefix: DeclarationPrefix, className: string | null): MethodDeclaration | undefined {
    const marked = prefix.def || prefix.modifiers.length > 0;
    const mark = this.at;
    if (this.isOp('<') && marked) this.balancedAngles();
    let returns: TypeName | null = null;
    const isConstructor = className !== null && this.peek().text === className && this.isOp('(', 1);
    const named = (this.peek().kind === 'name' || this.peek().kind === 'string') && this.isOp('(', 1);
    if (!isConstructor && !(marked && named)) {
      const token = this.peek();
      if (token.kind !== 'name' && !(token.kind === 'keyword' && GROOVY_PRIMITIVES.has(token.text))) {
        this.at = mark;
        return undefined;
      }
      const type = this.attempt('method-type', () => {
        const read = this.parseType();
        return (this.peek().kind === 'name' || this.peek().kind === 'string') && this.isOp('(', 1) ? read : undefined;
      });
      if (type === undefined) {
        this.at = mark;
        return undefined;
      }
      // `foo bar(x)` with a lower-case word is a command call, not a method.
      const plain =
        !type.name.includes('.') && !GROOVY_PRIMITIVES.has(type.name) && type.typeArgs === '' && type.dims === 0;
      if (plain && !marked && className === null && !/^\p{Lu}/u.test(type.name)) {
        this.at = mark;
        return undefined;
      }
      returns = type;
    }
    const header = this.attempt('method-header', () => this.#methodHeader());
    const hasBody = this.isOp('{', this.pastNewlines());
    const bodyless = className === '' || prefix.modifiers.includes('abstract') || prefix.modifiers.includes('native');
    if (header === undefined || !(hasBody || bodyless)) {
      this.at = mark;
      return undefined;
    }
    const body = hasBody ? this.parseBlock() : null;
    const name = isConstructor ? '<init>' : header.name;
    const { modifiers, annotations, start } = prefix;
    const mods = prefix.def && returns === null ? [...modifiers, 'def'] : modifiers;
    return { kind: 'method', modifiers: mods, annotations, returns, ...header, name, body, start, end: this.lastEnd };
  }

  #methodHeader(): { name: string; params: Parameter[]; throws: TypeName[] } {
    const name = this.next().text;
    this.expectOp('(');
    const params = this.parseParameters(true);
    this.expectOp(')');
    const throws: TypeName[] = [];
    if (this.isWord('throws', this.pastNewlines())) {
      this.skipNewlines();
      this.next();
      do {
        this.skipNewlines();
        throws.push(this.parseType());
      } while (this.takeOp(','));
    }
    return { name, params, throws };
  }

  #class(prefix: DeclarationPrefix, sort: ClassDeclaration['sort']): ClassDeclaration {
    this.next();
    const name = this.expectName('a class name').text;
    const typeParams = this.isOp('<') ? this.balancedAngles() : '';
    let parent: TypeName | null = null;
    const interfaces: TypeName[] = [];
    this.skipNewlines();
    if (this.takeWord('extends')) {
      this.skipNewlines();
      parent = this.parseType();
      while (sort === 'interface' && this.takeOp(',')) interfaces.push(this.parseType());
      this.skipNewlines();
    }
    if (this.takeWord('implements')) {
      do {
        this.skipNewlines();
        interfaces.push(this.parseType());
      } while (this.takeOp(','));
      this.skipNewlines();
    }
    const body = this.#classBody(name, sort === 'enum', sort === 'interface');
    const { modifiers, annotations, start } = prefix;
    return {
      kind: 'class',
      sort,
      modifiers,
      annotations,
      name,
      typeParams,
      extends: parent,
      implements: interfaces,
      body,
      start,
      end: this.lastEnd,
    };
  }

  protected parseClassBody(): ClassBody {
    return this.nested(() => this.#classBody('', false, false));
  }

  #classBody(name: string, isEnum: boolean, isInterface: boolean): ClassBody {
    const start = this.expectOp('{').start;
    const constants: string[] = [];
    this.skipNewlines();
    if (isEnum) {
      while (
        this.peek().kind === 'name' &&
        (this.isOp(',', 1) || this.isOp('}', this.pastNewlines(1)) || this.isOp(';', 1))
      ) {
        constants.push(this.next().text);
        if (!this.takeOp(',')) break;
        this.skipNewlines();
      }
    }
    const members: ClassBody['members'][number][] = [];
    for (;;) {
      while (this.peek().kind === 'nl' || this.isOp(';')) this.next();
      if (this.takeOp('}')) break;
      members.push(this.nested(() => this.#classMember(name, isInterface)));
    }
    return { members, constants, start, end: this.lastEnd };
  }

  #classMember(name: string, isInterface: boolean): ClassBody['members'][number] {
    const prefix = this.parsePrefix();
    for (const sort of ['class', 'interface', 'enum', 'trait'] as const) {
      if (this.isWord(sort)) return this.#class(prefix, sort);
    }
    if (this.isOp('{')) {
      const body = this.parseBlock();
      return {
        kind: 'initializer',
        static: prefix.modifiers.includes('static'),
        body,
        start: prefix.start,
        end: body.end,
      };
    }
    const method = this.#method(prefix, isInterface ? '' : name === '' ? '\u0000' : name);
    if (method) return method;
    const type =
      this.peek().kind === 'name' &&
      !(this.peek(1).kind === 'name') &&
      !this.isOp('<', 1) &&
      !this.isOp('.', 1) &&
      !this.isOp('[', 1)
        ? null
        : this.parseType(); // prettier-ignore
    const declared = this.parseVariables(prefix, type, 'declare');
    if (declared.kind !== 'declare') throw this.unexpected('a field');
    const { modifiers, annotations, vars, start, end } = declared;
    return { kind: 'field', modifiers, annotations, vars, start, end };
  }
}
