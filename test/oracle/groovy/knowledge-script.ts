/** Generator of scripts over the tables of knowledge. */

import { knowsTextMethod, STRING_UTILS } from '../../../src/rules/groovy/knowledge/known-libraries.ts';
import { KNOWN_MEMBERS } from '../../../src/rules/groovy/knowledge/known-members.ts';
import { KNOWN_OPERATORS } from '../../../src/rules/groovy/knowledge/known-operators.ts';
import { KNOWN_STATICS } from '../../../src/rules/groovy/knowledge/known-statics.ts';
import { kindsNamed } from '../../../src/rules/groovy/knowledge/value-kinds.ts';
import { randomStream } from '../../seed.ts';
import { SAMPLES } from './knowledge-expressions.ts';

const OUTCOMES = [
  'invokers',
  '[]',
  "invokers.findAll { it.url.parameters.zone == 'a' }",
  "invokers.findAll { it.url.getParameter('env', 'prod') != 'prod' }",
  'invokers.findAll { it.url.port > 20880 } ?: invokers',
  "invokers.findAll { it.url.host.startsWith('10.') && it.url.parameters['zone'] in ['a', 'b'] }",
  "invokers.findAll { it.url.getParameter('zone')?.equals('b') }",
  'invokers - invokers.findAll { it.url.port == 20881 }',
  "invokers.findAll { it.url.with { getParameter('zone') == 'a' } }",
  "invokers.grep { it.url.getParameter('env') }",
  "invokers.findAll { !(it.url.parameters.env == 'gray') } + invokers.findAll { it.url.port == 20882 }",
];

const COMMON = new Set(['removeIf', 'upto', 'downto', 'times', 'printStackTrace']);

/** Scripts that combine every row of the tables of knowledge: loops, branches, closures, values of the call and constants. */
export class KnowledgeScripts {
  readonly #next: () => number;
  /** The class of texts of the script at hand. */
  #texts = 'org.apache.dubbo.common.utils.StringUtils';

  constructor(seed: number) {
    this.#next = randomStream(seed);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#next() * items.length)] as T;
  }

  #one(chance: number): boolean {
    return this.#next() < chance;
  }

  /** A literal of a kind or group of kinds. */
  #sample(name: string): string {
    if (name === 'growing') return this.#pick(SAMPLES.list ?? []);
    const kinds = kindsNamed(name);
    const known = Object.keys(SAMPLES).filter((kind) => kind !== 'growing' && (kinds === 'any' || kinds.has(kind)));
    const all = SAMPLES[this.#pick(known.length === 0 ? ['text'] : known)] ?? ["'a'"];
    const small = all.filter((text) => !/\d{6}/.test(text));
    return this.#pick(small.length === 0 ? all : small);
  }

  /** A value of the call. */
  #leaf(): string {
    return this.#pick([
      'x',
      'y',
      'm',
      'k',
      'z',
      "invocation.getAttachment('k')",
      'invocation.arguments[1]',
      'invocation.attachments.k',
    ]);
  }

  #argument(name: string, depth: number): string {
    if (name.startsWith('closure')) return this.#sample(name);
    if (depth > 0 && this.#one(0.3) && ['text', 'scalar', 'any', 'number', 'int', 'string', 'plain'].includes(name))
      return this.#leaf();
    return this.#sample(name);
  }

  /** A method, property, operator or static call of the tables. */
  #value(depth: number): string {
    const roll = this.#next();
    if (depth <= 0 || roll < 0.15) return this.#one(0.7) ? this.#leaf() : this.#sample('scalar');
    if (roll < 0.6) {
      const receiver = this.#pick([
        'text',
        'text',
        'text',
        'number',
        'int',
        'list',
        'list',
        'map',
        'array',
        'set',
        'null',
        'bool',
        'range',
        'class',
      ]);
      const row = this.#pick(KNOWN_MEMBERS[receiver] ?? []);
      const [, name = '', args] = /^(\w+)(?:\((.*)\))?$/.exec(row) ?? [];
      if (COMMON.has(name)) return this.#leaf();
      const subject =
        receiver === 'text' || receiver === 'number' || receiver === 'int'
          ? this.#one(0.6)
            ? this.#leaf()
            : this.#value(depth - 1)
          : this.#one(0.25)
            ? this.#value(depth - 1)
            : this.#one(0.3)
              ? `[${this.#value(depth - 1)}, ${this.#leaf()}]`
              : this.#sample(receiver);
      const dot = this.#one(0.3) ? '?.' : '.';
      if (args === undefined) return `(${subject})${dot}${name}`;
      const list = args === '' ? [] : args.split(', ').map((kind) => this.#argument(kind, depth));
      return `(${subject})${dot}${name}(${list.join(', ')})`;
    }
    if (roll < 0.85) {
      const op = this.#pick(Object.keys(KNOWN_OPERATORS).filter((one) => one !== '=~' && one !== '**'));
      const [left = 'any', right = 'any'] = this.#pick(KNOWN_OPERATORS[op] ?? []).split(', ');
      const a = this.#one(0.7) ? this.#value(depth - 1) : this.#sample(left);
      const b = this.#one(0.4) ? this.#value(depth - 1) : this.#sample(right);
      return `((${a}) ${op} (${b}))`;
    }
    if (roll < 0.9) {
      const row = this.#pick(
        KNOWN_STATICS.filter(
          (one) =>
            !/^(?:Pattern|RpcContext|ThreadLocalRandom)|random|Random|attachments|params/.test(one) &&
            (!one.startsWith('StringUtils.') || knowsTextMethod(this.#texts, /\.(\w+)/.exec(one)?.[1] ?? '')),
        ),
      );
      const [, name = '', args = ''] = /^(.*)\((.*)\)$/.exec(row) ?? [];
      const list = args === '' ? [] : args.split(', ').map((kind) => this.#argument(kind, depth));
      return `${name}(${list.join(', ')})`;
    }
    return this.#pick([
      () => `(${this.#value(depth - 1)} ?: ${this.#sample('text')})`,
      () => `(${this.#value(depth - 1)} ? ${this.#leaf()} : ${this.#sample('text')})`,
      () => `"\${${this.#leaf()}}-\${${this.#leaf()}}"`,
      () =>
        `(${this.#value(depth - 1)} instanceof ${this.#pick(['String', 'Integer', 'Long', 'Number', 'List', 'Map', 'CharSequence', 'Comparable'])})`,
      () => `(${this.#value(depth - 1)} as ${this.#pick(['String', 'int', 'long', 'boolean', 'List', 'Long'])})`,
      () =>
        `(invocation.parameterTypes[${this.#pick(['0', '1'])}] ${this.#pick(['==', '!=', 'in'])} ${this.#pick(['String', 'Long', 'long', 'int', 'Object', '[String, Long]'])})`,
      () => `[${this.#leaf()}, ${this.#sample('scalar')}][${this.#pick(['0', '1', '-1', '0..1', '-2..-1', '1..0'])}]`,
      () =>
        `${this.#pick(['m', 'k', 'z'])}[${this.#pick(['0..<2', '0..1', '-2..-1', '1..<1', '-2..<-1', '0..<1', '1..<3', '0', '-1'])}]`,
      () => `(!${this.#value(depth - 1)})`,
      () => `[a: ${this.#leaf()}, b: 2].${this.#pick(['a', 'b', 'c'])}`,
      () => `(${this.#leaf()})*.toString()`,
    ])();
  }

  #test(): string {
    const value = this.#value(2);
    const roll = this.#next();
    if (roll < 0.35) return value;
    if (roll < 0.7)
      return `${value} ${this.#pick(['==', '!=', '<', '>=', 'in'])} ${this.#sample(this.#pick(['scalar', 'list', 'text', 'number']))}`;
    if (roll < 0.85) return `(${value}) ${this.#pick(['&&', '||'])} (${this.#value(1)})`;
    return `!(${value})`;
  }

  #outcome(): string {
    return this.#pick(OUTCOMES);
  }

  /** A rule of one to a few lines. */
  #rule(): string {
    const id = Math.floor(this.#next() * 1e6);
    return this.#pick([
      () => `if (${this.#test()}) return ${this.#outcome()}`,
      () => `if (${this.#test()}) return ${this.#outcome()}`,
      () => `if (${this.#test()}) return ${this.#outcome()}`,
      () =>
        `if (${this.#test()}) {\n  return ${this.#outcome()}\n} else if (${this.#test()}) return ${this.#outcome()}`,
      () =>
        `switch (${this.#value(1)}) {\n  case ${this.#sample('scalar')}: return ${this.#outcome()}\n  case ${this.#sample(this.#pick(['list', 'range', 'class', 'pattern', 'closure']))}: return ${this.#outcome()}\n}`,
      () =>
        `def r${id} = []\nfor (i in invokers) if (i.url.port ${this.#pick(['==', '>', '!='])} 20880) r${id}.add i\nif (${this.#test()}) return r${id}`,
      () =>
        `def r${id} = []\ninvokers.each { if (it.url.getParameter('zone') ${this.#pick(['==', '!='])} ${this.#pick(["'a'", "'b'", 'null', 'k'])}) r${id} << it }\nif (${this.#test()}) return r${id}`,
      () =>
        `def v${id} = ${this.#value(2)}\nif (v${id} ${this.#pick(['==', '!='])} ${this.#sample('scalar')}) return ${this.#outcome()}`,
      () =>
        `def s${id} = 0\nfor (i${id} in ${this.#sample('list')}) { if (${this.#leaf()} == i${id}) s${id}++ }\nif (s${id} > 0) return ${this.#outcome()}`,
      () =>
        `def l${id} = ${this.#sample('list')}\nl${id} ${this.#pick(['<<', '+='])} ${this.#leaf()}\nif (l${id}.contains(${this.#leaf()}) && ${this.#test()}) return ${this.#outcome()}`,
      () =>
        `try {\n  if (${this.#test()}) return ${this.#outcome()}\n} catch (${this.#pick(['Exception', 'NullPointerException', 'NumberFormatException', 'MissingMethodException'])} e${id}) {\n  return ${this.#outcome()}\n}`,
      () =>
        `def f${id} = { v -> ${this.#value(1).replaceAll(/\bx\b/g, 'v')} }\nif (f${id}(${this.#leaf()})) return ${this.#outcome()}`,
    ])();
  }

  /** The next script, as its first lines, rules and last line. */
  next(): readonly string[] {
    this.#texts = this.#pick(Object.keys(STRING_UTILS));
    const count = 1 + Math.floor(this.#next() * 3);
    const parts = [
      'def x = invocation.arguments[0]\ndef y = invocation.arguments[1]\ndef m = invocation.methodName\ndef k = invocation.attachments.k\ndef z = invocation.getAttachment("z", "7")',
      ...Array.from({ length: count }, () => this.#rule()),
      this.#outcome(),
    ];
    return parts.some((part) => part.includes('StringUtils')) ? [`import ${this.#texts}`, ...parts] : parts;
  }
}
