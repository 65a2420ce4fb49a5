/** Statements of a JavaScript rule. */
import type {
  AnyNode,
  ForInStatement,
  ForStatement,
  FunctionDeclaration,
  FunctionExpression,
  Program,
  Statement,
  SwitchStatement,
} from 'acorn';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { anyOf } from '../groovy/machine/predicates.ts';
import { isScriptError } from './js-core.ts';
import { JsMembers } from './js-members.ts';
import { type JsScope, JsThrow, JsUnread, type JsValue, jsText, type ProviderList, UNDEFINED } from './js-value.ts';
import { isForEach } from './parse-javascript.ts';
import { ProviderPaths } from './provider-paths.ts';

/** A jump out of a statement. */
type Jump = { readonly to: 'return'; readonly value: JsValue } | { readonly to: 'break' } | { readonly to: 'continue' };

/** The result of a loop body for one provider. */
type Turn = { readonly jump: Jump | null; readonly added: ReadonlySet<ProviderList> } | 'throws' | JsUnread;

/** Statements and loops. A loop over `invokers` runs once for all providers, split by the conditions of its body. */
export class JsScript extends JsMembers {
  #completion: JsValue = UNDEFINED;

  /** The value of a program: that of its last expression. */
  run(program: Program): JsValue {
    const names = new Map<string, JsValue>([
      ['invokers', this.invokers],
      ['invocation', { k: 'invocation' }],
      ['context', { k: 'builtin', name: 'context' }],
    ]);
    const scope: JsScope = { names, outer: null, passing: false };
    this.strict = walk([program], true, directiveOf).includes('use strict');
    this.#declare(program.body as Statement[], scope);
    for (const statement of program.body) this.#execute(statement as Statement, scope);
    return this.#completion;
  }

  protected override runBody(node: FunctionDeclaration | FunctionExpression, scope: JsScope): JsValue {
    this.#declare(node.body.body, scope);
    const before = this.#completion;
    for (const statement of node.body.body) {
      const jump = this.#execute(statement, scope);
      if (jump?.to !== 'return') continue;
      this.#completion = before;
      return jump.value;
    }
    this.#completion = before;
    return UNDEFINED;
  }

  protected override forEachProvider(target: Extract<JsValue, { k: 'function' }>): void {
    this.#eachProvider(target.node.body, target.scope, () => {
      this.callFunction(target, [{ k: 'provider' }]);
      return null;
    });
  }

  /** Functions and variables exist before the first statement runs. */
  #declare(statements: readonly Statement[], scope: JsScope): void {
    for (const name of declaredNames(statements)) if (!scope.names.has(name)) scope.names.set(name, UNDEFINED);
    for (const statement of statements) {
      if (statement.type === 'FunctionDeclaration' && statement.id)
        scope.names.set(statement.id.name, { k: 'function', node: statement, scope });
    }
  }

  #execute(node: Statement, scope: JsScope): Jump | null {
    this.tick(node);
    switch (node.type) {
      case 'ExpressionStatement':
        this.#completion = this.evaluate(node.expression, scope);
        return null;
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations) {
          if (id.type !== 'Identifier') this.opaque('a pattern of variables');
          else if (init) this.setVariable(id.name, this.evaluate(init, scope), scope);
        }
        return null;
      case 'FunctionDeclaration':
      case 'EmptyStatement':
        return null;
      case 'BlockStatement':
        return this.#all(node.body, scope);
      case 'IfStatement': {
        const branch = this.truth(this.evaluate(node.test, scope)) ? node.consequent : node.alternate;
        return branch ? this.#execute(branch, scope) : null;
      }
      case 'ReturnStatement':
        return { to: 'return', value: node.argument ? this.evaluate(node.argument, scope) : UNDEFINED };
      case 'BreakStatement':
      case 'ContinueStatement':
        if (node.label) return this.opaque('a label');
        return { to: node.type === 'BreakStatement' ? 'break' : 'continue' };
      case 'ThrowStatement':
        this.evaluate(node.argument, scope);
        throw new JsThrow('thrown by the script');
      case 'TryStatement':
        return this.#attempt(node, scope);
      case 'SwitchStatement':
        return this.#choose(node, scope);
      case 'ForStatement':
        return this.#loop(node, scope);
      case 'ForInStatement':
        return this.#loopOver(node, scope);
      case 'WhileStatement':
        return this.#turns(() => this.truth(this.evaluate(node.test, scope)), node.body, scope);
      default:
        return this.opaque(`the construct ${node.type}`);
    }
  }

  #all(statements: readonly Statement[], scope: JsScope): Jump | null {
    for (const statement of statements) {
      const jump = this.#execute(statement, scope);
      if (jump) return jump;
    }
    return null;
  }

  #attempt(node: Extract<Statement, { type: 'TryStatement' }>, scope: JsScope): Jump | null {
    const finish = (): Jump | null => (node.finalizer ? this.#all(node.finalizer.body, scope) : null);
    let jump: Jump | null;
    try {
      jump = this.#all(node.block.body, scope);
    } catch (error) {
      if (!isScriptError(error) || !node.handler) throw error;
      const { param, body } = node.handler;
      if (param && param.type !== 'Identifier') return this.opaque('a pattern in catch');
      const names = new Map<string, JsValue>(param ? [[param.name, { k: 'builtin', name: 'error' }]] : []);
      jump = this.#all(body.body, { names, outer: scope, passing: this.each !== null });
    }
    return finish() ?? jump;
  }

  #choose(node: SwitchStatement, scope: JsScope): Jump | null {
    const value = this.evaluate(node.discriminant, scope);
    const holds = (test: AnyNode): boolean => this.strictlyEqual(value, this.evaluate(test, scope));
    let start = node.cases.findIndex(({ test }) => test && holds(test));
    if (start < 0) start = node.cases.findIndex(({ test }) => !test);
    if (start < 0) return null;
    for (const { consequent } of node.cases.slice(start)) {
      const jump = this.#all(consequent, scope);
      if (jump?.to === 'break') return null;
      if (jump) return jump;
    }
    return null;
  }

  #loop(node: ForStatement, scope: JsScope): Jump | null {
    if (node.init?.type === 'VariableDeclaration') this.#execute(node.init, scope);
    else if (node.init) this.evaluate(node.init, scope);
    const place = node.test ? this.#placeOfProviders(node, scope) : null;
    if (place !== null) return this.#loopOverProviders(node.body, place, { k: 'place' }, scope);
    const test = (): boolean => !node.test || this.truth(this.evaluate(node.test, scope));
    return this.#turns(test, node.body, scope, () => {
      if (node.update) this.evaluate(node.update, scope);
    });
  }

  /** `for each (x in list)`, which gives what is in the list, and `for (x in list)`, which gives the places. */
  #loopOver(node: ForInStatement, scope: JsScope): Jump | null {
    const each = isForEach(node);
    const [declared] = node.left.type === 'VariableDeclaration' ? node.left.declarations : [];
    const target = declared?.id ?? node.left;
    if (target.type !== 'Identifier' || declared?.init) return this.opaque('a loop whose variable is no name');
    const { name } = target;
    const over = this.evaluate(node.right, scope);
    if (over === this.invokers)
      return this.#loopOverProviders(node.body, name, { k: each ? 'provider' : 'place' }, scope);
    const items = this.#itemsOf(over, each);
    for (const item of items) {
      this.setVariable(name, item, scope);
      const jump = this.#execute(node.body, scope);
      if (jump?.to === 'break') return null;
      if (jump?.to === 'return') return jump;
      if (this.#itemsOf(over, each).length !== items.length) return this.opaque('a loop over a list that it changes');
    }
    return null;
  }

  #itemsOf(over: JsValue, each: boolean): readonly JsValue[] {
    if (over.k === 'array' && !over.items.some(({ k }) => k === 'undefined'))
      return each ? [...over.items] : over.items.map((_, at) => jsText(String(at)));
    if (over.k === 'list' && over !== this.invokers && over.where.p === 'false' && each) return over.texts.map(jsText);
    return this.opaque('a loop over what is neither invokers nor a list of texts');
  }

  #loopOverProviders(body: Statement, name: string, value: JsValue, scope: JsScope): Jump | null {
    return this.#eachProvider(
      body,
      scope,
      (): Jump | null => {
        const jump = this.#execute(body, { names: new Map([[name, value]]), outer: scope, passing: true });
        return jump?.to === 'continue' ? null : jump;
      },
      name,
    );
  }

  /** The variable that counts all of `invokers` from 0, if the loop is one over them. */
  #placeOfProviders(node: ForStatement, scope: JsScope): string | null {
    const { test, update } = node;
    if (test?.type !== 'BinaryExpression' || test.operator !== '<' || test.left.type !== 'Identifier') return null;
    const { name } = test.left;
    const bound = this.evaluate(test.right, scope);
    if (bound.k !== 'size') return null;
    const start = this.lookUp(name, scope);
    const counts =
      (update?.type === 'UpdateExpression' && update.operator === '++' && isName(update.argument, name)) ||
      (update?.type === 'AssignmentExpression' &&
        update.operator === '+=' &&
        isName(update.left, name) &&
        update.right.type === 'Literal' &&
        update.right.value === 1);
    if (bound.of !== this.invokers || start.k !== 'number' || start.value !== 0 || !counts)
      return this.opaque('a loop over providers in another way than from the first to the last');
    return name;
  }

  #turns(test: () => boolean, body: Statement, scope: JsScope, after: () => void = () => {}): Jump | null {
    for (let turn = 0; test(); turn += 1) {
      if (turn >= 1000) throw new OpaqueSignal('loop-limit', 'a loop of more than 1,000 turns', this.range);
      const jump = this.#execute(body, scope);
      if (jump?.to === 'break') return null;
      if (jump?.to === 'return') return jump;
      after();
    }
    return null;
  }

  #eachProvider(body: AnyNode, scope: JsScope, turn: () => Jump | null, place?: string): Jump | null {
    if (this.each !== null) return this.opaque('a loop over providers within another');
    const paths = new ProviderPaths();
    const assigned = new Set(assignedNames(body));
    const forget = (why: string): void => {
      for (const name of assigned) if (isVisible(name, scope)) this.setVariable(name, { k: 'unknown', why }, scope);
    };
    const turns = paths.run((): Turn => {
      forget('a value that one provider would leave to the next');
      const added = new Set<ProviderList>();
      this.each = { paths, added, assigned };
      try {
        return { jump: turn(), added };
      } catch (error) {
        if (isScriptError(error)) return 'throws';
        if (error instanceof JsUnread) return error;
        throw error;
      } finally {
        this.each = null;
      }
    });
    forget('the value that the last provider left');
    if (place !== undefined) this.setVariable(place, { k: 'unknown', why: 'the number of providers' }, scope);
    this.#completion = { k: 'unknown', why: 'the value that a loop left' };
    const failing = anyOf(turns.flatMap(({ where, result }) => (result === 'throws' ? [where] : [])));
    if (failing.p !== 'false') {
      // A turn that ends the loop keeps later providers from failing it.
      if (turns.some(({ result }) => result !== 'throws' && !(result instanceof JsUnread) && result.jump !== null))
        throw new OpaqueSignal('provider-order', 'a loop that ends at one provider or fails at another', this.range);
      this.throwsFor(failing);
    }
    const [only] = turns;
    for (const { where, result } of turns) {
      if (result === 'throws') continue;
      if (result instanceof JsUnread) {
        this.unreadFor(where, result.message);
        continue;
      }
      if (result.jump !== null) {
        // The loop ends at its first provider, in any order of providers.
        if (turns.length === 1 && result.added.size === 0) return result.jump.to === 'return' ? result.jump : null;
        throw new OpaqueSignal('provider-order', 'a loop that ends at one provider', this.range);
      }
      for (const list of result.added) list.where = anyOf([list.where, where]);
    }
    return only === undefined ? this.opaque('a loop without a path') : null;
  }
}

function isName(node: AnyNode, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function directiveOf(node: AnyNode): string[] {
  return node.type === 'ExpressionStatement' && node.directive ? [node.directive] : [];
}

function isVisible(name: string, scope: JsScope): boolean {
  for (let at: JsScope | null = scope; at; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

/** Names that statements declare by `var`, functions inside them left out. */
function declaredNames(statements: readonly AnyNode[]): string[] {
  return walk(statements, false, (node) =>
    node.type === 'VariableDeclarator' && node.id.type === 'Identifier' ? [node.id.name] : [],
  );
}

/** Names that a body sets, also in functions inside it. */
function assignedNames(body: AnyNode): string[] {
  return walk([body], true, (node) => {
    if (node.type === 'VariableDeclarator') return node.id.type === 'Identifier' ? [node.id.name] : [];
    const target =
      node.type === 'AssignmentExpression' || node.type === 'ForInStatement'
        ? node.left
        : node.type === 'UpdateExpression'
          ? node.argument
          : null;
    return target?.type === 'Identifier' ? [target.name] : [];
  });
}

function walk(nodes: readonly AnyNode[], intoFunctions: boolean, found: (node: AnyNode) => string[]): string[] {
  return nodes.flatMap((node) => {
    const isFunction = node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression';
    if (isFunction && !intoFunctions) return [];
    const children = Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value : [value]));
    return [...found(node), ...walk(children.filter(isNode), intoFunctions, found)];
  });
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
