/** Members of the objects that a JavaScript rule sees. */
import type { CallExpression } from 'acorn';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { anyOf } from '../groovy/machine/predicates.ts';
import { readsProvider, type Term } from '../plan/plan-term.ts';
import type { PlanTest } from '../plan/route-plan.ts';
import { plainPattern } from './js-compare.ts';
import { ASCII } from './js-constants.ts';
import { JsMachine } from './js-machine.ts';
import { regexTest } from './js-operators.ts';
import { ANY_PAIR, pairsBefore, sliceOf, type TextPart } from './js-parts.ts';
import { JS_NULL, type JsValue, jsBool, jsText, type ProviderList, UNDEFINED } from './js-value.ts';

/** Members of Java's and JavaScript's objects, as Nashorn gives them: getters are properties, Strings are texts. */
export abstract class JsMembers extends JsMachine {
  /** Runs a function for every provider. */
  protected abstract forEachProvider(target: Extract<JsValue, { k: 'function' }>): void;

  protected override member(object: JsValue, name: string): JsValue {
    this.requireValue(object);
    if (name === 'length') {
      if (object.k === 'list' && object.texts.length === 0) return { k: 'size', of: object };
      if (object.k === 'array') return { k: 'number', value: object.items.length };
      if (object.k === 'text') return { k: 'number', value: object.value.length };
      if (object.k === 'arguments') return { k: 'term', term: { t: 'argCount' }, type: 'int' };
      if (object.k === 'pieces')
        return { k: 'parsed', term: object.term, reading: { by: 'pieces', separator: object.separator } };
      if (object.k === 'term' && isText(object)) return this.lengthOf(object.term);
    }
    if (object.k === 'builtin') return chained(object.name, name);
    if (object.k === 'attachments' || object.k === 'parameters') return this.entry(object.k, name);
    const property = PROPERTIES[`${object.k}.${name}`];
    return property ?? this.opaque(`the member ${name}`);
  }

  protected override element(object: JsValue, index: JsValue): JsValue {
    this.requireValue(object);
    if (object === this.invokers && index.k === 'place') return { k: 'provider' };
    if ((object.k === 'attachments' || object.k === 'parameters') && index.k === 'text')
      return this.entry(object.k, index.value);
    if (object.k === 'list') throw new OpaqueSignal('provider-order', 'a provider by its place', this.range);
    // The names of an array's elements, which for (name in array) gives, are texts.
    if (object.k === 'array' && index.k === 'text' && /^(?:0|[1-9]\d{0,8})$/.test(index.value))
      return object.items[Number(index.value)] ?? UNDEFINED;
    if (index.k !== 'number' || !Number.isInteger(index.value) || index.value < 0) return this.opaque('an index');
    if (object.k === 'pieces') {
      const { term, separator } = object;
      return { k: 'part', term, part: { part: 'piece', separator, index: index.value } };
    }
    if (object.k === 'array') return object.items[index.value] ?? UNDEFINED;
    if (object.k !== 'arguments') return this.opaque('an element');
    const min = String(index.value + 1);
    const present: PlanTest = { op: 'range', min, minOpen: false, max: null, maxOpen: false };
    if (!this.decide({ term: { t: 'argCount' }, test: present })) return UNDEFINED;
    return { k: 'term', term: { t: 'arg', index: index.value }, type: 'any' };
  }

  protected override callMember(
    object: JsValue,
    name: string,
    args: readonly JsValue[],
    node: CallExpression,
  ): JsValue {
    this.requireValue(object);
    const [first] = args;
    switch (object.k) {
      case 'list':
        return this.listCall(object, name, args);
      case 'array':
        return this.arrayCall(object, name, args);
      case 'text':
        return constantCall(object.value, name, args) ?? this.textCall(object, name, args);
      case 'term':
        return this.partCall(object, name, args) ?? this.textCall(object, name, args);
      case 'part':
        // An element that `split` did not give is undefined, which has no members.
        if (object.part.part !== 'piece' && name === 'equals' && args.length === 1 && first !== undefined)
          return jsBool(this.partEquals(object, first));
        break;
      case 'attachments':
      case 'parameters':
        if (name === 'get' && first?.k === 'text' && args.length === 1) {
          const t = object.k === 'attachments' ? 'attachment' : 'param';
          return { k: 'term', term: { t, key: first.value }, type: 'text?' };
        }
        break;
      case 'builtin':
        if (object.name.startsWith('/') && name === 'test') return jsBool(this.matchesPattern(object.name, first));
        if (object.name === 'Java' && name === 'type' && first?.k === 'text') return { k: 'class', name: first.value };
        if (/^java\.lang\.System\.(?:out|err)$/.test(object.name) && name.startsWith('print'))
          return this.dropped(node);
        break;
      default: {
        const plain = args.length === 0 ? PROPERTIES[`${object.k}.${name}()`] : undefined;
        if (plain !== undefined) return plain;
        if (object.k === 'url' && name === 'getParameter') return this.keyed('param', args);
        if (object.k === 'invocation' && name === 'getAttachment') return this.keyed('attachment', args);
      }
    }
    return this.opaque(`the call ${name}`);
  }

  /** `map.key` and `map["key"]`: undefined where the map lacks the key. Nashorn looks for members of the class as well. */
  private entry(of: 'attachments' | 'parameters', key: string): JsValue {
    if (MAP_MEMBERS.has(key)) return this.opaque(`the member ${key} of a map`);
    const read = { t: of === 'attachments' ? 'attachment' : 'param', key } as const;
    return this.decide({ term: read, test: { op: 'is', classes: ['null'] } }) ? UNDEFINED : term(read, 'text');
  }

  /** `getParameter(key)`, `getAttachment(key, default)`: the default stands for a missing and for an empty value. */
  private keyed(t: 'param' | 'attachment', args: readonly JsValue[]): JsValue {
    const [key, fallback] = args;
    if (key?.k !== 'text' || args.length > 2) return this.opaque('a key that is no text');
    if (fallback === undefined) return { k: 'term', term: { t, key: key.value }, type: 'text?' };
    if (fallback.k !== 'text') return this.opaque('a default that is no text');
    if (t === 'param') return { k: 'term', term: { t, key: key.value, fallback: fallback.value }, type: 'text' };
    const term: Term = { t, key: key.value };
    return this.decide({ term, test: { op: 'truthy' } }) ? { k: 'term', term, type: 'text' } : fallback;
  }

  private listCall(list: ProviderList, name: string, args: readonly JsValue[]): JsValue {
    const [first] = args;
    if (name === 'size' && list.texts.length === 0) return { k: 'size', of: list };
    if (name === 'isEmpty' && list.texts.length === 0) return jsBool(!this.notEmpty(list));
    if (name === 'get' && args.length === 1 && first !== undefined) return this.element(list, first);
    if (name === 'contains' && first !== undefined && first.k !== 'provider')
      return jsBool(list.texts.some((text) => this.sameText({ k: 'text', value: text }, first)));
    if (name === 'forEach' && list === this.invokers && first?.k === 'function') {
      this.forEachProvider(first);
      return UNDEFINED;
    }
    if (list === this.invokers) return this.opaque(`invokers.${name}`);
    if (name === 'add' && args.length === 1 && first !== undefined) {
      if (first.k === 'provider' && this.each !== null) {
        this.each.added.add(list);
        return jsBool(true);
      }
      if (first.k === 'text' && this.each === null) {
        list.texts.push(first.value);
        return jsBool(true);
      }
    }
    if (name === 'addAll' && first?.k === 'list' && this.each === null) {
      list.where = anyOf([list.where, first.where]);
      list.texts.push(...first.texts);
      return { k: 'unknown', why: 'whether a list changed' };
    }
    return this.opaque(`the call ${name} of a list`);
  }

  private arrayCall(array: Extract<JsValue, { k: 'array' }>, name: string, args: readonly JsValue[]): JsValue {
    const [first] = args;
    if (name === 'indexOf' && args.length === 1 && first !== undefined) {
      const at = array.items.findIndex((item) => item.k === 'text' && this.sameText(item, first));
      return { k: 'number', value: at };
    }
    if (name === 'push' && args.length === 1 && first?.k === 'text' && this.each === null) {
      array.items.push(first);
      return { k: 'number', value: array.items.length };
    }
    return this.opaque(`the call ${name} of an array`);
  }

  /** `substring`, `charAt`, `trim` and `split` of JavaScript; undefined for other calls. */
  private partCall(text: Extract<JsValue, { k: 'term' }>, name: string, args: readonly JsValue[]): JsValue | undefined {
    if (!isText(text)) return undefined;
    const { term } = text;
    const [first, second] = args;
    if (name === 'trim' && args.length === 0) return { k: 'part', term, part: { part: 'trim' } };
    if (name === 'split' && args.length === 1 && first?.k === 'text' && /^[!-~ ]$/.test(first.value))
      return { k: 'pieces', term, separator: first.value };
    if (first?.k !== 'number' || !Number.isInteger(first.value) || Math.abs(first.value) > 1000) return undefined;
    if (name === 'charAt' && args.length === 1)
      return this.slice(term, sliceOf(first.value, first.value < 0 ? first.value : first.value + 1));
    if (name !== 'substring' || args.length > 2) return undefined;
    if (second === undefined) return this.slice(term, sliceOf(first.value, null));
    if (second.k !== 'number' || !Number.isInteger(second.value) || Math.abs(second.value) > 1000) return undefined;
    return this.slice(term, sliceOf(first.value, second.value));
  }

  // JavaScript counts a pair of surrogates as two, a pattern of a document as one.
  private lengthOf(of: Term): JsValue {
    const test = regexTest(ANY_PAIR);
    if (this.world.call === null && !readsProvider(of))
      this.leaveOut({ term: of, test }, 'the length of a text with a pair of surrogates');
    return { k: 'term', term: length(of), type: 'int' };
  }

  private slice(term: Term, part: Extract<TextPart, { part: 'slice' }>): JsValue {
    const pattern = pairsBefore(part);
    if (pattern === null) return { k: 'part', term, part };
    const why = 'a part of a text behind a pair of surrogates';
    if (this.world.call === null && !readsProvider(term)) this.leaveOut({ term, test: regexTest(pattern) }, why);
    else this.refuseTexts(term, pattern, why);
    return { k: 'part', term, part };
  }

  private textCall(text: Extract<JsValue, { k: 'text' | 'term' }>, name: string, args: readonly JsValue[]): JsValue {
    const [first] = args;
    if (text.k === 'term' && !isText(text)) return this.opaque(`the call ${name} of what is no text`);
    if (name === 'toString' && args.length === 0) return text;
    if ((name === 'toLowerCase' || name === 'toUpperCase') && args.length === 0 && text.k === 'term')
      return term({ t: 'fn', fn: name, args: [text.term] }, 'text');
    if (first === undefined || args.length !== 1) return this.opaque(`the call ${name} of a text`);
    if (name === 'equals') return jsBool(this.sameText(text, first));
    if (name === 'match' && first.k === 'builtin')
      return this.matchesPattern(first.name, text) ? { k: 'array', items: [] } : JS_NULL;
    if (first.k !== 'text') return this.opaque(`the call ${name} with what is no constant`);
    const { value } = first;
    if (name === 'indexOf' && text.k === 'term') return { k: 'found', term: text.term, text: value };
    const tests: Readonly<Record<string, PlanTest>> = {
      startsWith: { op: 'prefix', text: value },
      endsWith: { op: 'suffix', text: value },
      contains: { op: 'contains', text: value },
      equalsIgnoreCase: { op: 'eqIgnoreCase', text: value },
      matches: { op: 'regex', pattern: value, mode: 'full' },
    };
    const test = Object.hasOwn(tests, name) ? tests[name] : undefined;
    if (test === undefined) return this.opaque(`the call ${name} of a text`);
    return jsBool(this.decide({ term: termOf(text), test }));
  }

  /** String.equals: only a String is equal. */
  private sameText(text: Extract<JsValue, { k: 'text' | 'term' }>, other: JsValue): boolean {
    if (other.k === 'part') return this.partEquals(text, other);
    if (other.k === 'parsed') return this.opaque('a comparison of a text with a number');
    if (other.k === 'null' || other.k === 'undefined' || other.k === 'number' || other.k === 'bool') return false;
    const value = text.k === 'text' ? text : other;
    const term = text.k === 'text' ? other : text;
    if (value.k !== 'text') return this.opaque('a comparison of two values of the call or provider');
    if (term.k === 'text') return term.value === value.value;
    if (term.k !== 'term') return this.opaque('a comparison with an object');
    if (term.type === 'int' || term.type === 'bool') return false;
    if (term.type === 'any' && !this.decide({ term: term.term, test: { op: 'is', classes: ['java.lang.String'] } }))
      return false;
    return this.decide({ term: term.term, test: { op: 'eq', values: [{ t: 'java.lang.String', v: value.value }] } });
  }

  private matchesPattern(literal: string, subject: JsValue | undefined): boolean {
    const end = literal.lastIndexOf('/');
    const test = plainPattern(literal.slice(1, end), literal.slice(end + 1));
    if (test === null || (subject?.k !== 'term' && subject?.k !== 'text')) return this.opaque('a regular expression');
    if (subject.k === 'term' && subject.type !== 'text') {
      // test(null) looks at the text "null".
      if (!isText(subject)) return this.opaque('a regular expression on what is no text');
      if (this.decide({ term: subject.term, test: { op: 'is', classes: ['null'] } }))
        return this.opaque('the text of null');
    }
    return this.decide({ term: termOf(subject), test });
  }
}

/** A call of a constant text, where all engines give the same; undefined for other calls. */
function constantCall(text: string, name: string, args: readonly JsValue[]): JsValue | undefined {
  if (!ASCII.test(text)) return undefined;
  const [a, b] = args.map((arg) => (arg.k === 'number' || arg.k === 'text' ? arg.value : undefined));
  const whole = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
  if (args.length === 0) {
    if (name === 'trim') return jsText(text.trim());
    if (name === 'toLowerCase') return jsText(text.toLowerCase());
    if (name === 'toUpperCase') return jsText(text.toUpperCase());
  }
  if (args.length === 1 && whole(a)) {
    if (name === 'substring') return jsText(text.substring(a));
    if (name === 'charAt') return jsText(text.charAt(a));
  }
  if (args.length === 2 && name === 'substring' && whole(a) && whole(b)) return jsText(text.substring(a, b));
  if (args.length !== 1 || typeof a !== 'string' || !ASCII.test(a)) return undefined;
  if (name === 'indexOf') return { k: 'number', value: text.indexOf(a) };
  return name === 'split' && a !== '' ? { k: 'array', items: text.split(a).map(jsText) } : undefined;
}

function isText(value: Extract<JsValue, { k: 'term' }>): boolean {
  return value.type === 'text' || value.type === 'text?';
}

function length(term: Term): Term {
  return { t: 'fn', fn: 'length', args: [term] };
}

function termOf(value: Extract<JsValue, { k: 'text' | 'term' }>): Term {
  return value.k === 'term' ? value.term : { t: 'const', value: { t: 'java.lang.String', v: value.value } };
}

/** `java.util.ArrayList`, step by step. */
function chained(object: string, name: string): JsValue {
  const path = `${object}.${name}`;
  return /\.[A-Z][A-Za-z]*$/.test(path) && !path.startsWith('java.lang.System')
    ? { k: 'class', name: path }
    : { k: 'builtin', name: path };
}

function term(of: Term, type: Extract<JsValue, { k: 'term' }>['type']): JsValue {
  return { k: 'term', term: of, type };
}

/** Getters of the SDK's objects: owner, property, method and value. */
const GETTERS: readonly (readonly [string, string, string, JsValue])[] = [
  ['provider', 'url', 'getUrl', { k: 'url' }],
  ['provider', 'available', 'isAvailable', term({ t: 'available' }, 'bool')],
  ['url', 'host', 'getHost', term({ t: 'host' }, 'text')],
  ['url', 'port', 'getPort', term({ t: 'port' }, 'int')],
  ['url', 'address', 'getAddress', term({ t: 'address' }, 'text')],
  ['url', 'parameters', 'getParameters', { k: 'parameters' }],
  ['invocation', 'methodName', 'getMethodName', term({ t: 'method' }, 'text')],
  ['invocation', 'arguments', 'getArguments', { k: 'arguments' }],
  ['invocation', 'attachments', 'getAttachments', { k: 'attachments' }],
];

/** Methods and properties of java.util.Map. */
const MAP_MEMBERS = new Set(
  (
    'class empty size get put remove clear keySet values entrySet isEmpty containsKey containsValue putAll equals hashCode ' +
    'toString getOrDefault forEach replaceAll putIfAbsent replace computeIfAbsent computeIfPresent compute merge length ' +
    'getClass notify notifyAll wait clone prototype constructor __proto__ __noSuchProperty__ __noSuchMethod__'
  ).split(' '),
);

const PROPERTIES: Readonly<Record<string, JsValue>> = Object.fromEntries(
  GETTERS.flatMap(([kind, property, getter, value]) => [
    [`${kind}.${property}`, value],
    [`${kind}.${getter}()`, value],
  ]),
);
