/** Expressions of a JavaScript rule. */
import type {
  AnyNode,
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  FunctionDeclaration,
  FunctionExpression,
  MemberExpression,
  NewExpression,
} from 'acorn';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { NO_PROVIDER } from '../groovy/machine/predicates.ts';
import { JsOperators } from './js-operators.ts';
import { JS_NULL, type JsScope, type JsValue, jsBool, jsText, UNDEFINED } from './js-value.ts';

/** Most calls inside one another. */
const CALL_LIMIT = 50;

/** Expressions, variables and calls. Members and statements build on it. */
export abstract class JsMachine extends JsOperators {
  #depth = 0;
  /** A part of the script has asked for strict mode. */
  protected strict = false;

  protected abstract callMember(object: JsValue, name: string, args: readonly JsValue[], node: CallExpression): JsValue;
  protected abstract member(object: JsValue, name: string): JsValue;
  protected abstract element(object: JsValue, index: JsValue): JsValue;
  protected abstract runBody(node: FunctionDeclaration | FunctionExpression, scope: JsScope): JsValue;

  evaluate(node: AnyNode, scope: JsScope): JsValue {
    this.tick(node);
    switch (node.type) {
      case 'Literal':
        return literal(node.value, node.raw ?? '', this);
      case 'Identifier':
        return this.lookUp(node.name, scope);
      case 'MemberExpression':
        return this.memberOf(node, scope);
      case 'CallExpression':
        return this.call(node, scope);
      case 'NewExpression':
        return this.construct(node, scope);
      case 'FunctionExpression':
        return { k: 'function', node, scope };
      case 'ArrayExpression':
        return { k: 'array', items: node.elements.map((item) => (item ? this.evaluate(item, scope) : UNDEFINED)) };
      case 'ConditionalExpression':
        return this.evaluate(this.truth(this.evaluate(node.test, scope)) ? node.consequent : node.alternate, scope);
      case 'LogicalExpression': {
        const left = this.evaluate(node.left, scope);
        if (node.operator === '??') return this.opaque('the operator ??');
        return this.truth(left) === (node.operator === '||') ? left : this.evaluate(node.right, scope);
      }
      case 'UnaryExpression':
        return this.unary(node.operator, this.evaluate(node.argument, scope));
      case 'BinaryExpression':
        return this.binary(node, scope);
      case 'AssignmentExpression':
        return this.assign(node, scope);
      case 'UpdateExpression': {
        if (node.argument.type !== 'Identifier') return this.opaque('a counter that is no variable');
        const before = this.evaluate(node.argument, scope);
        if (before.k !== 'number') return this.opaque('a counter that is no plain number');
        const after: JsValue = { k: 'number', value: before.value + (node.operator === '++' ? 1 : -1) };
        this.setVariable(node.argument.name, after, scope);
        return node.prefix ? after : before;
      }
      case 'SequenceExpression':
        return node.expressions.map((one) => this.evaluate(one, scope)).at(-1) ?? UNDEFINED;
      case 'ParenthesizedExpression':
        return this.evaluate(node.expression, scope);
      default:
        return this.opaque(`the construct ${node.type}`);
    }
  }

  protected lookUp(name: string, scope: JsScope): JsValue {
    for (let at: JsScope | null = scope; at; at = at.outer) {
      const value = at.names.get(name);
      if (value === undefined) continue;
      return value.k === 'unknown' ? this.opaque(value.why) : value;
    }
    if (name === 'undefined') return UNDEFINED;
    return GLOBALS.has(name) ? { k: 'builtin', name } : this.opaque(`the name ${name}`);
  }

  /** Sets a variable where it was declared; an undeclared one becomes a global. */
  protected setVariable(name: string, value: JsValue, scope: JsScope): void {
    let at = scope;
    while (!at.names.has(name) && at.outer) at = at.outer;
    if (this.strict && !at.names.has(name))
      this.opaque(`${name}, which strict mode does not let a script set undeclared`);
    if (this.each !== null && !at.passing && !this.each.assigned.has(name))
      this.opaque(`the variable ${name}, which one provider would leave to the next`);
    at.names.set(name, value);
  }

  private assign(node: AssignmentExpression, scope: JsScope): JsValue {
    if (node.left.type !== 'Identifier') return this.opaque('an assignment to a member');
    const right = this.evaluate(node.right, scope);
    let value = right;
    if (node.operator === '+=' || node.operator === '-=')
      value = this.arithmetic(node.operator === '+=' ? '+' : '-', this.lookUp(node.left.name, scope), right);
    else if (node.operator !== '=') return this.opaque(`the operator ${node.operator}`);
    this.setVariable(node.left.name, value, scope);
    return value;
  }

  private memberOf(node: MemberExpression, scope: JsScope): JsValue {
    if (node.object.type === 'Super' || node.property.type === 'PrivateIdentifier') return this.opaque('super');
    const object = this.evaluate(node.object, scope);
    if (!node.computed) return this.member(object, node.property.type === 'Identifier' ? node.property.name : '');
    return this.element(object, this.evaluate(node.property, scope));
  }

  private call(node: CallExpression, scope: JsScope): JsValue {
    const { callee } = node;
    if (callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier') {
      if (callee.object.type === 'Super') return this.opaque('super');
      const object = this.evaluate(callee.object, scope);
      const args = this.argumentsOf(node.arguments, scope);
      this.tick(node);
      return this.callMember(object, callee.property.name, args, node);
    }
    if (callee.type === 'Super') return this.opaque('super');
    const target = this.evaluate(callee, scope);
    const args = this.argumentsOf(node.arguments, scope);
    if (target.k === 'builtin' && (target.name === 'print' || target.name === 'println')) return this.dropped(node);
    const known = target.k === 'builtin' ? this.callBuiltin(target.name, args) : null;
    if (known !== null) return known;
    if (target.k !== 'function') return this.opaque('a call of what is no function of the script');
    return this.callFunction(target, args);
  }

  /** A function of the engine; null for what is none that weir knows. */
  private callBuiltin(name: string, args: readonly JsValue[]): JsValue | null {
    const [value = UNDEFINED] = args;
    switch (name) {
      case 'String':
        return args.length === 1 ? this.textOf(value) : null;
      case 'parseInt':
        return this.parseInt(args);
      case 'parseFloat':
        return this.parseFloat(value);
      case 'Number':
        return args.length === 0 ? { k: 'number', value: 0 } : this.numberOf(value);
      case 'isNaN': {
        const number = this.numberOf(value);
        if (number.k === 'number') return jsBool(Number.isNaN(number.value));
        if (number.k !== 'parsed') return jsBool(false);
        return jsBool(!this.parsedIs(number, '<', 0) && !this.parsedIs(number, '>=', 0));
      }
      default:
        return null;
    }
  }

  protected argumentsOf(nodes: CallExpression['arguments'], scope: JsScope): JsValue[] {
    return nodes.map((one) => (one.type === 'SpreadElement' ? this.opaque('...') : this.evaluate(one, scope)));
  }

  /** What the script prints is left out. */
  protected dropped(node: AnyNode): JsValue {
    const message = 'what the script prints is left out';
    if (!this.notes.some((note) => note.message === message))
      this.notes.push({ code: 'log-dropped', message, span: this.source.span({ start: node.start, end: node.end }) });
    return UNDEFINED;
  }

  callFunction(target: Extract<JsValue, { k: 'function' }>, args: readonly JsValue[]): JsValue {
    this.#depth += 1;
    if (this.#depth > CALL_LIMIT)
      throw new OpaqueSignal('loop-limit', `more than ${CALL_LIMIT} calls inside one another`, this.range);
    const names = new Map<string, JsValue>();
    target.node.params.forEach((param, at) => {
      if (param.type !== 'Identifier') this.opaque('a parameter that is no name');
      else names.set(param.name, args[at] ?? UNDEFINED);
    });
    const scope: JsScope = { names, outer: target.scope, passing: this.each !== null };
    const own = target.node.id?.name;
    if (own !== undefined && target.node.type === 'FunctionExpression' && !names.has(own)) names.set(own, target);
    const result = this.runBody(target.node, scope);
    this.#depth -= 1;
    return result;
  }

  private construct(node: NewExpression, scope: JsScope): JsValue {
    const target = this.evaluate(node.callee, scope);
    const args = this.argumentsOf(node.arguments, scope);
    if (target.k === 'builtin' && target.name === 'Array' && args.length === 0) return { k: 'array', items: [] };
    if (target.k === 'builtin' && target.name === 'Error') return { k: 'builtin', name: 'error' };
    const name = target.k === 'class' || target.k === 'builtin' ? target.name : '';
    if (!LISTS.has(name)) return this.opaque(`new ${name === '' ? 'object' : name}`);
    const [first] = args;
    if (first === undefined || first.k === 'number' || first.k === 'size')
      return { k: 'list', where: NO_PROVIDER, texts: [] };
    if (first.k !== 'list') return this.opaque('a list of something else');
    return { k: 'list', where: first.where, texts: [...first.texts] };
  }

  private unary(operator: string, value: JsValue): JsValue {
    if (operator === '!') return jsBool(!this.truth(value));
    if (operator === '-' && value.k === 'number') return { k: 'number', value: -value.value };
    if (operator === '+') {
      const number = this.numberOf(value);
      if (number.k === 'parsed') return { ...number, plus: true };
      if (number.k === 'number' && !Number.isNaN(number.value) && !Object.is(number.value, number.value | 0))
        return this.opaque('+ of what is no small whole number');
      return number;
    }
    return this.opaque(`the operator ${operator}`);
  }

  private binary(node: BinaryExpression, scope: JsScope): JsValue {
    if (node.left.type === 'PrivateIdentifier') return this.opaque('a private name');
    const left = this.evaluate(node.left, scope);
    const right = this.evaluate(node.right, scope);
    this.tick(node);
    return this.operate(node.operator, left, right);
  }
}

function literal(value: unknown, raw: string, machine: JsMachine): JsValue {
  if (typeof value === 'string') return jsText(value);
  if (typeof value === 'number') return { k: 'number', value };
  if (typeof value === 'boolean') return jsBool(value);
  if (value === null && raw === 'null') return JS_NULL;
  return value instanceof RegExp ? { k: 'builtin', name: raw } : machine.opaque('a literal');
}

const GLOBALS = new Set(
  'java Java Packages print println Array String Error Number parseInt parseFloat isNaN'.split(' '),
);
const LISTS = new Set(['java.util.ArrayList', 'java.util.LinkedList', 'Packages.java.util.ArrayList']);
