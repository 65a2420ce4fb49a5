/** The parser's layer for imports and variables. */
import type { Annotation, Declarator, Expression, Statement, TypeName } from './ast.ts';
import { ExpressionParser } from './parser-expressions.ts';
import { GROOVY_MODIFIERS, GROOVY_PRIMITIVES } from './token.ts';

/** Modifiers and annotations in front of a declaration. */
export interface DeclarationPrefix {
  readonly start: number;
  readonly modifiers: string[];
  readonly annotations: Annotation[];
  /** `def` was among them. */
  readonly def: boolean;
}

/** Imports and declarations of variables; methods and classes come from the outermost parser. */
export abstract class DeclarationParser extends ExpressionParser {
  /** A method or class declaration after its prefix, or undefined and no progress. */
  protected abstract parseMember(prefix: DeclarationPrefix): Statement | undefined;

  protected parseImport(start: number): Statement {
    this.next();
    const isStatic = this.takeWord('static');
    let name = this.expectName('a name').text;
    let star = false;
    while (this.takeOp('.')) {
      if (this.takeOp('*')) {
        star = true;
        break;
      }
      const part = this.next();
      if (part.kind !== 'name' && part.kind !== 'keyword') throw this.unexpected('a name');
      name += `.${part.text}`;
    }
    const alias = this.takeWord('as') ? this.expectName('a name').text : null;
    return { kind: 'import', static: isStatic, name, star, alias, start, end: this.lastEnd };
  }

  /** Modifiers, annotations and `def` in any order. */
  protected parsePrefix(): DeclarationPrefix {
    const start = this.peek().start;
    const modifiers: string[] = [];
    const annotations: Annotation[] = [];
    let def = false;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'keyword' && GROOVY_MODIFIERS.has(token.text)) {
        if (token.text === 'synchronized' && this.isOp('(', 1)) break;
        modifiers.push(this.next().text);
      } else if (this.isWord('def')) {
        this.next();
        def = true;
      } else if (this.isOp('@') && !this.isWord('interface', 1)) {
        annotations.push(this.parseAnnotation());
        this.skipNewlines();
      } else break;
      if (this.peek().kind === 'nl' && modifiers.length + annotations.length > 0) {
        const after = this.peek(this.pastNewlines());
        if (after.kind === 'keyword' || after.kind === 'name') this.skipNewlines();
      }
    }
    return { start, modifiers, annotations, def };
  }

  /** A declaration of variables, a method or a class; undefined where an expression begins. */
  protected parseDeclaration(): Statement | undefined {
    const mark = this.at;
    const prefix = this.parsePrefix();
    const marked = prefix.def || prefix.modifiers.length > 0;
    const member = this.parseMember(prefix);
    if (member) return member;
    if (prefix.def && this.isOp('(')) return this.#tuple(prefix);
    const type = this.#declaredType(marked);
    if (type === undefined && !marked) {
      if (this.at !== mark && prefix.annotations.length > 0) {
        // Annotations such as @Grab may stand before an import or an expression.
        const start = prefix.start;
        if (this.isWord('import')) return this.parseImport(this.peek().start);
        return {
          kind: 'declare',
          modifiers: [],
          annotations: prefix.annotations,
          vars: [],
          tuple: null,
          start,
          end: this.lastEnd,
        };
      }
      this.at = mark;
      return undefined;
    }
    return this.parseVariables(prefix, type ?? null, 'declare');
  }

  /** The type of a declaration: always before a name on the same line. Unmarked, a lower-case name is a command call instead. */
  #declaredType(marked: boolean): TypeName | undefined {
    const token = this.peek();
    const primitive = token.kind === 'keyword' && GROOVY_PRIMITIVES.has(token.text);
    if (!primitive && token.kind !== 'name') return undefined;
    return this.attempt(marked ? 'marked-type' : 'declared-type', () => {
      const type = this.parseType();
      if (this.peek().kind !== 'name') return undefined;
      // `list.add item` is a call: a type's own name begins with a capital letter.
      const last = type.name.slice(type.name.lastIndexOf('.') + 1);
      const bare = type.typeArgs === '' && type.dims === 0 && !primitive;
      if (bare && !marked && !/^\p{Lu}/u.test(last)) return undefined;
      return type;
    });
  }

  /** `name = init, name2` after the type. */
  protected parseVariables(prefix: DeclarationPrefix, type: TypeName | null, kind: 'declare'): Statement {
    const vars: Declarator[] = [];
    do {
      this.skipNewlines();
      const token = this.expectName('a variable name');
      let init: Expression | null = null;
      if (this.takeOp('=')) {
        this.skipNewlines();
        init = this.parseStatementExpression();
      }
      vars.push({ name: token.text, type, init, start: token.start, end: this.lastEnd });
    } while (this.takeOp(','));
    const { modifiers, annotations, start } = prefix;
    return { kind, modifiers, annotations, vars, tuple: null, start, end: this.lastEnd };
  }

  #tuple(prefix: DeclarationPrefix): Statement {
    this.expectOp('(');
    const vars: Declarator[] = [];
    do {
      const token = this.peek();
      const type = this.peek(1).kind === 'name' || this.isOp('<', 1) || this.isOp('.', 1) ? this.parseType() : null;
      const name = this.expectName('a variable name').text;
      vars.push({ name, type, init: null, start: token.start, end: this.lastEnd });
    } while (this.takeOp(','));
    this.expectOp(')');
    this.expectOp('=');
    this.skipNewlines();
    const tuple = this.parseExpression();
    const { modifiers, annotations, start } = prefix;
    return { kind: 'declare', modifiers, annotations, vars, tuple, start, end: this.lastEnd };
  }
}
