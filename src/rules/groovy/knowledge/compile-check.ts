/** Whether a text that weir can read compiles on Groovy 2.4.21: surely not, or not known, or as far as weir knows it does. */

import { throwableName } from '../machine/exceptions.ts';
import { KNOWN_CLASSES } from '../methods/static-members.ts';
import type {
  Annotation,
  Block,
  Expression,
  MethodDeclaration,
  Parameter,
  Script,
  Statement,
  StatementOf,
  TypeName,
} from '../syntax/ast.ts';
import type { TextRange } from '../syntax/source.ts';
import { codeSize } from './code-size.ts';
import type { CompileCauseId } from './compile-causes.ts';
import { isKnownImport } from './known-imports.ts';
import { NEED_IMPORT } from './needed-imports.ts';
import { childrenOf, isNode } from './tree-children.ts';

/** A finding of the check. `cause` is certain; null means a form that weir does not know. */
export interface CompileFinding {
  readonly cause: CompileCauseId | null;
  readonly reason: string;
  readonly range: TextRange;
}

/** Largest byte code of a method, in bytes. */
const METHOD_LIMIT = 65_535;
/** Longest text constant, in bytes of UTF-8. */
const STRING_LIMIT = 65_535;
/** A class in type arguments. */
const TYPE_ARGUMENT = /[\p{L}_$][\p{L}\d_$.]*/gu;
/** Annotations that change nothing. */
const PLAIN_ANNOTATIONS = /^(?:groovy\.transform\.)?Field$|^SuppressWarnings$|^Deprecated$/;
const PRIMITIVES = new Set('def int long double float boolean short byte char void'.split(' '));
/** The first form in a script that does not compile, or that weir does not know; null where there is none. */
export function checkCompiles(script: Script): CompileFinding | null {
  const checker = new CompileChecker(script);
  checker.run();
  return checker.sure ?? checker.doubt;
}

interface Local {
  readonly names: Set<string>;
  readonly parent: Local | null;
}

class CompileChecker {
  sure: CompileFinding | null = null;
  doubt: CompileFinding | null = null;
  readonly #script: Script;
  readonly #classes = new Set<string>();
  /** Whether a star import may bring any class. */
  #hasStar = false;
  #loops = 0;
  #switches = 0;
  #labels: string[] = [];

  constructor(script: Script) {
    this.#script = script;
  }

  run(): void {
    const body: Statement[] = [];
    const methods: MethodDeclaration[] = [];
    for (const statement of this.#script.statements) {
      if (statement.kind === 'class') this.#classes.add(statement.name);
      if (statement.kind === 'import' && statement.star) this.#hasStar = true;
      if (statement.kind === 'import' && !statement.star) {
        this.#classes.add(statement.alias ?? statement.name.slice(statement.name.lastIndexOf('.') + 1));
        const known = isKnownImport(statement.name) || [...KNOWN_CLASSES.values()].includes(statement.name);
        if (!known && !statement.static) this.#unsure(`whether the class ${statement.name} is there`, statement);
      }
    }
    for (const statement of this.#script.statements) {
      if (statement.kind === 'method') methods.push(statement);
      else if (statement.kind === 'class') this.#class(statement);
      else body.push(statement);
    }
    this.#methods(methods);
    this.#size(body, this.#script);
    this.#statements(body, { names: new Set(), parent: null });
  }

  #fail(cause: CompileCauseId, reason: string, range: TextRange): void {
    this.sure ??= { cause, reason, range: { start: range.start, end: range.end } };
  }

  #unsure(reason: string, range: TextRange): void {
    this.doubt ??= { cause: null, reason, range: { start: range.start, end: range.end } };
  }

  #methods(methods: readonly MethodDeclaration[]): void {
    const seen = new Set<string>();
    for (const method of methods) {
      const key = `${method.name}(${method.params.map((param) => `${param.type?.name ?? 'def'}${param.type?.dims ?? 0}`).join()})`;
      if (seen.has(key) && method.params.every((param) => param.init === null))
        this.#fail('duplicate-method', `the method ${method.name} is declared twice`, method);
      seen.add(key);
      this.#annotations(method.annotations);
      for (const name of ['abstract', 'native', 'volatile'])
        if (method.modifiers.includes(name)) this.#unsure(`a method that is ${name}`, method);
      for (const type of method.throws) this.#type(type);
      this.#type(method.returns);
      if (!method.body) continue;
      this.#size(method.body.statements, method);
      this.#separate(() => this.#statements(method.body?.statements ?? [], this.#params(method.params, null)));
    }
  }

  #class(node: Extract<Statement, { kind: 'class' }>): void {
    this.#annotations(node.annotations);
    for (const name of ['private', 'static'])
      if (node.modifiers.includes(name)) this.#unsure(`a class that is ${name}`, node);
    this.#methods(node.body.members.filter((member) => member.kind === 'method'));
    for (const member of node.body.members) {
      if (member.kind === 'class') this.#class(member);
      if (member.kind !== 'field') continue;
      this.#annotations(member.annotations);
      for (const { type } of member.vars) this.#type(type);
    }
    if (node.extends) this.#type(node.extends);
    for (const type of node.implements) this.#type(type);
  }

  /** A body of its own: jumps do not leave it. */
  #separate(body: () => void): void {
    const before = [this.#loops, this.#switches, this.#labels] as const;
    [this.#loops, this.#switches, this.#labels] = [0, 0, []];
    body();
    [this.#loops, this.#switches, this.#labels] = before;
  }

  #params(params: readonly Parameter[], parent: Local | null): Local {
    const local: Local = { names: new Set(), parent };
    for (const param of params) {
      this.#declaredType(param.type);
      this.#declare(param.name, local, param);
      if (param.init) this.#expression(param.init, local);
    }
    return local;
  }

  #declare(name: string, local: Local, range: TextRange): void {
    for (let at: Local | null = local; at; at = at.parent) {
      if (at.names.has(name)) this.#fail('duplicate-variable', `the variable ${name} is declared twice`, range);
    }
    local.names.add(name);
  }

  #size(body: readonly Statement[], range: TextRange): void {
    const { least, most } = codeSize(body);
    const at = { start: range.start, end: Math.min(range.end, range.start + 1) };
    if (least > METHOD_LIMIT) this.#fail('large-method', 'the method is too large for a class of Java (64 KB)', at);
    else if (most > METHOD_LIMIT) this.#unsure('whether the method fits into a class of Java (64 KB)', at);
  }

  #statements(body: readonly Statement[], local: Local): void {
    for (const statement of body) this.#statement(statement, local);
  }

  #block(block: Block | Statement, local: Local): void {
    const inner: Local = { names: new Set(), parent: local };
    if (block.kind === 'block') this.#statements(block.statements, inner);
    else this.#statement(block, inner);
  }

  #statement(node: Statement, local: Local): void {
    switch (node.kind) {
      case 'block':
        this.#block(node, local);
        return;
      case 'declare':
        this.#annotations(node.annotations);
        this.#modifiers(node);
        for (const item of node.vars) {
          this.#declaredType(item.type);
          if (item.init) this.#expression(item.init, local);
          if (!isField(node)) this.#declare(item.name, local, item);
        }
        if (node.tuple) this.#expression(node.tuple, local);
        return;
      case 'for-in': {
        this.#expression(node.list, local);
        const inner = this.#params([node.variable], local);
        this.#loop(() => this.#block(node.body, inner));
        return;
      }
      case 'for': {
        const inner: Local = { names: new Set(), parent: local };
        for (const init of node.init) this.#statement(init, inner);
        const several = node.init.some((init) => init.kind === 'declare' && init.vars.length > 1);
        if (several || node.init.length > 1 || node.update.length > 1)
          this.#fail('several-in-for', 'a for loop declares or counts several variables', node);
        for (const part of [node.test, ...node.update]) if (part) this.#expression(part, inner);
        this.#loop(() => this.#block(node.body, inner));
        return;
      }
      case 'while':
        this.#expression(node.test, local);
        this.#loop(() => this.#block(node.body, local));
        return;
      case 'label': {
        const before = this.#labels;
        this.#labels = [...before, node.name];
        this.#statement(node.body, local);
        this.#labels = before;
        return;
      }
      case 'break':
      case 'continue':
        if (node.label !== null && !this.#labels.includes(node.label)) this.#unsure(`the label ${node.label}`, node);
        if (this.#loops === 0 && (node.kind === 'continue' || this.#switches === 0))
          this.#fail('jump-outside', `a ${node.kind} outside of a loop`, node);
        return;
      case 'switch':
        this.#expression(node.value, local);
        this.#switches++;
        for (const clause of node.cases) {
          if (clause.test) this.#expression(clause.test, local);
        }
        // The default anywhere but at the end falls through in ways of its own.
        if (node.cases.slice(0, -1).some((clause) => clause.test === null))
          this.#unsure('a default that is not the last case', node);
        this.#block({ kind: 'block', statements: node.cases.flatMap((clause) => clause.body), ...at(node) }, local);
        this.#switches--;
        return;
      case 'try':
        this.#block(node.body, local);
        for (const clause of node.catches) {
          for (const type of clause.types) this.#type(type);
          const inner: Local = { names: new Set(), parent: local };
          this.#declare(clause.name, inner, clause);
          this.#statements(clause.body.statements, inner);
        }
        if (node.finally) this.#block(node.finally, local);
        return;
      case 'if':
        // A long chain of else-if must not go as deep as it is long.
        for (let link: Statement | null = node; link !== null; link = link.kind === 'if' ? link.otherwise : null) {
          if (link.kind !== 'if') {
            this.#block(link, local);
            break;
          }
          this.#expression(link.test, local);
          this.#block(link.then, local);
        }
        return;
      case 'method':
      case 'class':
        this.#unsure('a declaration inside of a body', node);
        return;
      default:
        for (const child of childrenOf(node)) this.#any(child, local);
    }
  }

  #loop(body: () => void): void {
    this.#loops++;
    body();
    this.#loops--;
  }

  #any(node: unknown, local: Local): void {
    if (isNode(node)) this.#expression(node as Expression, local);
  }

  #expression(node: Expression, local: Local): void {
    switch (node.kind) {
      case 'closure': {
        const inner = this.#params(node.params ?? [], local);
        this.#size(node.body.statements, node);
        this.#separate(() => this.#statements(node.body.statements, inner));
        return;
      }
      case 'string':
        this.#text(node.value, node);
        return;
      case 'gstring':
        for (const part of node.parts) {
          if (typeof part === 'string') this.#text(part, node);
          else this.#expression(part, local);
        }
        return;
      case 'new':
      case 'new-array':
      case 'instanceof':
      case 'as':
      case 'cast':
        this.#type(node.type);
        break;
      default:
        break;
    }
    // Operators in a row lean to the left: they are taken one by one.
    let left: Expression = node;
    while (left.kind === 'binary') {
      this.#expression(left.right, local);
      left = left.left;
    }
    if (left === node) for (const child of childrenOf(node)) this.#any(child, local);
    else this.#expression(left, local);
  }

  /** Modifiers of a variable that is no member of a class. */
  #modifiers(node: StatementOf<'declare'>): void {
    if (new Set(node.modifiers).size < node.modifiers.length) this.#unsure('a modifier that is there twice', node);
    const [odd] = node.modifiers.filter((name) => name !== 'final');
    if (odd === undefined) return;
    if (!isField(node)) this.#fail('misplaced-modifier', `a variable that is ${odd}`, node);
  }

  #annotations(annotations: readonly Annotation[]): void {
    for (const annotation of annotations) {
      const { name } = annotation;
      if (NEED_IMPORT.has(name)) this.#type({ ...annotation, typeArgs: '', dims: 0 });
      else if (!PLAIN_ANNOTATIONS.test(name)) this.#unsure(`the annotation ${name}`, annotation);
    }
  }

  #text(value: string, range: TextRange): void {
    if (value.length > STRING_LIMIT / 3 && Buffer.byteLength(value) > STRING_LIMIT)
      this.#fail('long-string', 'a text constant of more than 65,535 bytes', range);
  }

  #declaredType(type: TypeName | null): void {
    if (type?.typeArgs.replace(/\s/g, '') === '<>') this.#fail('no-type-arguments', 'a type with empty brackets', type);
    this.#type(type);
  }

  #type(type: TypeName | null): void {
    if (type === null) return;
    const { name } = type;
    for (const [argument] of type.typeArgs.matchAll(TYPE_ARGUMENT)) {
      if (argument === 'extends' || argument === 'super') continue;
      if (PRIMITIVES.has(argument) && !type.typeArgs.includes('['))
        this.#unsure(`${argument} as a type argument`, type);
      else this.#typeName(argument, type);
    }
    this.#typeName(name, type);
  }

  #typeName(name: string, range: TextRange): void {
    const known =
      PRIMITIVES.has(name) ||
      KNOWN_CLASSES.has(name) ||
      this.#classes.has(name) ||
      throwableName(name) !== undefined ||
      [...KNOWN_CLASSES.values()].includes(name) ||
      isKnownImport(name);
    if (known) return;
    if (NEED_IMPORT.has(name) && !this.#hasStar)
      this.#fail('missing-import', `the class ${name} is not imported`, range);
    else this.#unsure(`whether the class ${name} is there`, range);
  }
}

/** A variable that @Field makes a field of the script. */
function isField({ annotations }: StatementOf<'declare'>): boolean {
  return annotations.some(({ name }) => name === 'Field' || name === 'groovy.transform.Field');
}

function at({ start, end }: TextRange): TextRange {
  return { start, end };
}
