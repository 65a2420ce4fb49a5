/** The syntax tree of Groovy 2.4. */
import type { TextRange } from './source.ts';

/** Classes of number literals. */
export type NumberClass = 'Integer' | 'Long' | 'BigInteger' | 'BigDecimal' | 'Double' | 'Float';

/** A type as written: dotted name, generic arguments (kept for the printer), array depth. `def` is the name `def`. */
export interface TypeName extends TextRange {
  readonly name: string;
  readonly typeArgs: string;
  readonly dims: number;
}

/** A parameter of a method, closure or catch clause. */
export interface Parameter extends TextRange {
  readonly type: TypeName | null;
  readonly final: boolean;
  readonly name: string;
  readonly init: Expression | null;
  readonly varargs: boolean;
}

/** An argument of a call: positional, spread (`*list`), named (`key: value`) or a map spread (`*: map`). */
export interface Argument extends TextRange {
  readonly kind: 'positional' | 'spread' | 'named' | 'map-spread';
  readonly key: Expression | null;
  readonly value: Expression;
}

/** An entry of a map literal; the key of a map spread is null. */
export interface MapEntry extends TextRange {
  readonly key: Expression | null;
  readonly value: Expression;
}

/** Access to a member: plain, null-safe, spread over a list, field access. */
export type MemberOperator = '.' | '?.' | '*.' | '.@';

/** Every expression of the subset. Ranges are exact: from the first to past the last character. */
export type Expression = TextRange &
  (
    | { readonly kind: 'null' }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'number'; readonly cls: NumberClass; readonly text: string }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'gstring'; readonly parts: readonly (string | Expression)[] }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'this' }
    | { readonly kind: 'super' }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
    | { readonly kind: 'spread'; readonly value: Expression }
    | { readonly kind: 'range'; readonly from: Expression; readonly to: Expression; readonly inclusive: boolean }
    | { readonly kind: 'closure'; readonly params: readonly Parameter[] | null; readonly body: Block }
    | { readonly kind: 'property'; readonly object: Expression; readonly op: MemberOperator; readonly name: Expression }
    | { readonly kind: 'method-pointer'; readonly object: Expression; readonly name: Expression }
    | { readonly kind: 'index'; readonly object: Expression; readonly args: readonly Expression[] }
    | {
        readonly kind: 'call';
        /** null for `f(x)`; then `name` is a name or any expression that is called. */
        readonly object: Expression | null;
        readonly op: MemberOperator;
        readonly name: Expression;
        readonly args: readonly Argument[];
      }
    | {
        readonly kind: 'new';
        readonly type: TypeName;
        readonly args: readonly Argument[];
        readonly body: ClassBody | null;
      }
    | { readonly kind: 'new-array'; readonly type: TypeName; readonly sizes: readonly Expression[] }
    | { readonly kind: 'unary'; readonly op: '-' | '+' | '!' | '~'; readonly value: Expression }
    | { readonly kind: 'increment'; readonly op: '++' | '--'; readonly prefix: boolean; readonly target: Expression }
    | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
    | { readonly kind: 'instanceof'; readonly value: Expression; readonly type: TypeName }
    | { readonly kind: 'as'; readonly value: Expression; readonly type: TypeName }
    | { readonly kind: 'cast'; readonly value: Expression; readonly type: TypeName }
    | { readonly kind: 'ternary'; readonly test: Expression; readonly then: Expression; readonly otherwise: Expression }
    | { readonly kind: 'elvis'; readonly value: Expression; readonly otherwise: Expression }
    | { readonly kind: 'assign'; readonly op: string; readonly target: Expression; readonly value: Expression }
    | { readonly kind: 'paren'; readonly value: Expression }
    /** `(a, b)` on the left of `=`. */
    | { readonly kind: 'tuple'; readonly names: readonly ExpressionOf<'name'>[] }
  );

/** One kind of expression. */
export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** Statements between braces, or the body of a script. */
export interface Block extends TextRange {
  readonly kind: 'block';
  readonly statements: readonly Statement[];
}

/** A declared variable. */
export interface Declarator extends TextRange {
  readonly name: string;
  readonly type: TypeName | null;
  readonly init: Expression | null;
}

/** A clause of a switch; `test` is null for `default`. */
export interface SwitchCase extends TextRange {
  readonly test: Expression | null;
  readonly body: readonly Statement[];
}

/** A catch clause; several types where it was written with `|`. */
export interface CatchClause extends TextRange {
  readonly types: readonly TypeName[];
  readonly name: string;
  readonly body: Block;
}

/** A method of a script or class. `name` is `<init>` for a constructor. */
export interface MethodDeclaration extends TextRange {
  readonly kind: 'method';
  readonly modifiers: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly returns: TypeName | null;
  readonly name: string;
  readonly params: readonly Parameter[];
  readonly throws: readonly TypeName[];
  readonly body: Block | null;
}

/** An annotation with its arguments as written. */
export interface Annotation extends TextRange {
  readonly name: string;
  readonly argText: string;
}

/** A field or property of a class. */
export interface FieldDeclaration extends TextRange {
  readonly kind: 'field';
  readonly modifiers: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly vars: readonly Declarator[];
}

/** Members of a class in order. */
export interface ClassBody extends TextRange {
  readonly members: readonly (
    | MethodDeclaration
    | FieldDeclaration
    | ClassDeclaration
    | (TextRange & { readonly kind: 'initializer'; readonly static: boolean; readonly body: Block })
  )[];
  /** Constants of an enum. */
  readonly constants: readonly string[];
}

/** A class, interface, trait or enum. */
export interface ClassDeclaration extends TextRange {
  readonly kind: 'class';
  readonly sort: 'class' | 'interface' | 'enum' | 'trait';
  readonly modifiers: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly name: string;
  readonly typeParams: string;
  readonly extends: TypeName | null;
  readonly implements: readonly TypeName[];
  readonly body: ClassBody;
}

/** Every statement of the subset. `error` stands where a statement could not be read. */
export type Statement =
  | Block
  | MethodDeclaration
  | ClassDeclaration
  | (TextRange &
      (
        | { readonly kind: 'expression'; readonly value: Expression }
        | {
            readonly kind: 'declare';
            readonly modifiers: readonly string[];
            readonly annotations: readonly Annotation[];
            readonly vars: readonly Declarator[];
            /** `def (a, b) = list`: one initializer for all. */
            readonly tuple: Expression | null;
          }
        | {
            readonly kind: 'if';
            readonly test: Expression;
            readonly then: Statement;
            readonly otherwise: Statement | null;
          }
        | { readonly kind: 'while'; readonly test: Expression; readonly body: Statement }
        | {
            readonly kind: 'for';
            readonly init: readonly Statement[];
            readonly test: Expression | null;
            readonly update: readonly Expression[];
            readonly body: Statement;
          }
        | { readonly kind: 'for-in'; readonly variable: Parameter; readonly list: Expression; readonly body: Statement }
        | { readonly kind: 'return'; readonly value: Expression | null }
        | { readonly kind: 'break'; readonly label: string | null }
        | { readonly kind: 'continue'; readonly label: string | null }
        | { readonly kind: 'throw'; readonly value: Expression }
        | {
            readonly kind: 'try';
            readonly body: Block;
            readonly catches: readonly CatchClause[];
            readonly finally: Block | null;
          }
        | { readonly kind: 'switch'; readonly value: Expression; readonly cases: readonly SwitchCase[] }
        | { readonly kind: 'assert'; readonly test: Expression; readonly message: Expression | null }
        | { readonly kind: 'label'; readonly name: string; readonly body: Statement }
        | { readonly kind: 'synchronized'; readonly lock: Expression; readonly body: Block }
        | {
            readonly kind: 'import';
            readonly static: boolean;
            readonly name: string;
            readonly star: boolean;
            readonly alias: string | null;
          }
        | { readonly kind: 'package'; readonly name: string }
        | { readonly kind: 'empty' }
        | { readonly kind: 'error'; readonly message: string }
      ));

/** One kind of statement. */
export type StatementOf<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** A parsed script or class file. */
export interface Script extends TextRange {
  readonly statements: readonly Statement[];
}
