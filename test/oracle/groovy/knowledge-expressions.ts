/** Expressions for every row of the tables of knowledge. */

import { knowsTextMethod, STRING_UTILS } from '../../../src/rules/groovy/knowledge/known-libraries.ts';
import { KNOWN_MEMBERS } from '../../../src/rules/groovy/knowledge/known-members.ts';
import { KNOWN_OPERATORS } from '../../../src/rules/groovy/knowledge/known-operators.ts';
import { KNOWN_STATICS } from '../../../src/rules/groovy/knowledge/known-statics.ts';
import { kindsNamed } from '../../../src/rules/groovy/knowledge/value-kinds.ts';

/** Literals of each kind of the table; small enough that all combinations can be asked. */
export const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  null: ['null'],
  bool: ['true', 'false'],
  text: [
    "''",
    "'a'",
    "'ab'",
    "'Abc'",
    "'10'",
    "' 7 '",
    "'-3'",
    "'1.5'",
    "'a.b,c a'",
    "'\\u3000'",
    "'7\\u3000'",
    "'\\u00df\\u0130'",
    "'abcABC'",
    "'true'",
    "'a\\nb\\r\\nc'",
    "'\\u0001'",
  ],
  gstring: [['"$', "{'a'}b\""].join(''), ['"$', '{1}"'].join('')],
  int: ['0', '1', '-3', '7', '2147483647', '(-2147483648)'],
  long: ['0L', '1L', '-3L', '5000000000L'],
  short: ['(short) 7'],
  byte: ['(byte) -3'],
  double: ['0.0d', '-0.0d', '2.5d', '1e10d', 'Double.NaN', '-3.0d'],
  float: ['1.5f', '0.1f'],
  dec: ['0.0', '1.50', '-2.5', '10', '1e3'].map((text) => (/[.e]/.test(text) ? text : `${text}.0`)),
  bigint: ['0G', '7G', '-3G', '99999999999999999999G'],
  char: ["('a' as char)", "('1' as char)"],
  closure: ['{ it }', '{ it == 1 }', "{ it.toString() > 'a' }"],
  closure2: ['{ a, b -> a }', '{ a, b -> b }'],
  list: ['[]', '[1]', '[1, 2, 3]', "['a', 'b', 'a']", "[1, 'a', null]", '[3, 1L, 2.0]', "[[1], ['a']]"],
  growing: ['[]', '[1]', '[1, 2, 3]', "['a', 'b', 'a']", "[1, 'a', null]", '[3, 1L, 2.0]'],
  fixed: ['Arrays.asList(1, 2)', 'Collections.emptyList()', "['a'].asImmutable()"],
  linked: ['new LinkedList()', 'new LinkedList([1, 2])'],
  set: ['([] as Set)', '([1, 2] as Set)', "(['a'] as Set)"],
  array: ['([] as Object[])', "([1, 'a'] as Object[])", "'a,b,c'.split(',')"],
  map: ['[:]', "[a: 1, b: 'x']", '[(1): 2]'],
  range: ['(1..3)', '(3..1)', '(0..<2)', '(1..<1)', "('a'..'c')"],
  pattern: ['~/a+/', '~/[0-9]+/'],
  matcher: ["('aab' =~ /a+/)", "('b' =~ /(a)/)", "('x1y2' =~ /([a-z])(\\d)/)"],
  class: ['String', 'Integer', 'java.util.List', 'int'],
  throwable: ["new RuntimeException('x')", 'new IllegalArgumentException()'],
  iterator: ['[1, 2].iterator()'],
  stream: ['[1, 2].stream()', "['a', 'b'].stream()", '[].stream()'],
  collector: ['java.util.stream.Collectors.toList()', 'java.util.stream.Collectors.toSet()'],
  entry: ['[a: 1].find { true }'],
  view: ['[:].values()', "[a: 1, b: 'x'].values()"],
};

/** Kinds of a name of the table of which there are samples. */
function kindsOf(name: string): string[] {
  const kinds = kindsNamed(name);
  return Object.keys(SAMPLES).filter((kind) => kind !== 'growing' && (kinds === 'any' || kinds.has(kind)));
}

/** Most expressions of a row; taken evenly from all combinations. */
const MOST_OF_ROW = 48;

/** Samples that a name of the table stands for; of several kinds a few of each. */
function samplesOf(name: string, few: boolean): string[] {
  const kinds = name === 'growing' ? ['growing'] : kindsOf(name);
  return kinds.flatMap((kind) => {
    const all = SAMPLES[kind] ?? [];
    return few && kinds.length > 1 ? all.slice(0, 3) : few ? all.slice(0, kind === 'int' ? 4 : 7) : all;
  });
}

function evenly(all: readonly string[], most: number): string[] {
  const stride = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, at) => at % stride === 0);
}

/** An expression for each combination of samples of a row's receiver and arguments. */
export function rowExpressions(receiver: string, row: string): string[] {
  const match = /^(\w+)(?:\((.*)\))?$/.exec(row);
  if (match === null) throw new TypeError(`the row ${receiver}.${row}`);
  const [, name = '', args] = match;
  const receivers = samplesOf(receiver, false);
  if (args === undefined) return receivers.map((value) => `(${value}).${name}`);
  let lists: string[][] = [[]];
  for (const kind of args === '' ? [] : args.split(', '))
    lists = lists.flatMap((list) => samplesOf(kind, true).map((value) => [...list, value]));
  // A method that changes its receiver is seen by what it leaves behind, too.
  const wrap = (value: string, list: readonly string[]): string =>
    receiver === 'list' || receiver === 'growing' || receiver === 'linked' || receiver === 'set' || receiver === 'map'
      ? `def v = ${value}; def r = v.${name}(${list.join(', ')}); [r, v]`
      : `(${value}).${name}(${list.join(', ')})`;
  // A loop of two thousand million turns tells nothing more than one of seven.
  const loops = ['times', 'upto', 'downto', 'multiply', 'padLeft', 'padRight'].includes(name);
  const all = receivers
    .filter((value) => !loops || !/\d{6}/.test(value))
    .flatMap((value) => lists.map((list) => wrap(value, list)));
  return evenly(all, MOST_OF_ROW);
}

/** A row of the tables and the expressions that ask for it. */
export interface AskedRow {
  readonly row: string;
  readonly expressions: readonly string[];
}

/** Expressions for all rows of receivers that need no call. */
export function memberExpressions(): AskedRow[] {
  return Object.entries(KNOWN_MEMBERS).flatMap(([receiver, rows]) =>
    receiver in SAMPLES || receiver === 'number'
      ? rows.map((row) => ({ row: `${receiver}.${row}`, expressions: rowExpressions(receiver, row) }))
      : [],
  );
}

/** Expressions for all pairs of kinds of an operator. */
export function operatorExpressions(): AskedRow[] {
  return Object.entries(KNOWN_OPERATORS).flatMap(([op, rows]) =>
    rows.map((row): AskedRow => {
      const [left = '', right = ''] = row.split(', ');
      const big = ['**', '<<', '>>', '>>>', '*'].includes(op) ? /\d{8}/ : /$^/;
      const pairs = samplesOf(left, false).flatMap((a) =>
        samplesOf(right, true)
          .filter((b) => !big.test(a) && !big.test(b))
          .map((b) => (op === '=~' ? `((${a}) =~ (${b})).find()` : `(${a}) ${op} (${b})`)),
      );
      return { row: `${left} ${op} ${right}`, expressions: evenly(pairs, 2 * MOST_OF_ROW) };
    }),
  );
}

/** The names by which a method is called without an import: StringUtils has several classes. */
function fullNames(name: string): readonly string[] {
  const [, method] = /^StringUtils\.(\w+)$/.exec(name) ?? [];
  if (method !== undefined)
    return Object.keys(STRING_UTILS).flatMap((cls) => (knowsTextMethod(cls, method) ? [`${cls}.${method}`] : []));
  return [name.replace(/^Pattern/, 'java.util.regex.Pattern').replace(/^Collectors/, 'java.util.stream.Collectors')];
}

/** Expressions for static methods and constructors of the JDK and of libraries. */
export function staticExpressions(): AskedRow[] {
  const elsewhere = /^(?:RpcContext|ThreadLocalRandom)|random|shuffle|Random|attachments|params/;
  return KNOWN_STATICS.filter((row) => !elsewhere.test(row)).map((row): AskedRow => {
    const [, name = '', args = ''] = /^(.*)\((.*)\)$/.exec(row) ?? [];
    let lists: string[][] = [[]];
    for (const kind of args === '' ? [] : args.split(', '))
      lists = lists.flatMap((list) => samplesOf(kind, true).map((value) => [...list, value]));
    return {
      row,
      expressions: evenly(
        fullNames(name).flatMap((full) => lists.map((list) => `${full}(${list.join(', ')})`)),
        MOST_OF_ROW,
      ),
    };
  });
}
