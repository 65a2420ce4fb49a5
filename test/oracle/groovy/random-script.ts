/** Generator of routing scripts. */
import fc from 'fast-check';
import type { TypedValue } from '../../../src/rules/plan/typed-value.ts';

const constant = fc.constantFrom(
  '0',
  '1',
  '5',
  '10',
  '-3',
  '7L',
  '10L',
  '2.5',
  "'a'",
  "'ab'",
  "'10'",
  "''",
  'null',
  'true',
  '100',
);
const leaf = fc.constantFrom('x', 'y', 'm', "att('k')", 'x', 'y');
const numberOp = fc.constantFrom('+', '-', '*', '%', '/');
const list = fc.array(constant, { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`);

/** An expression over the arguments x and y, the method m, and an attachment. */
const expression = fc.oneof(
  { weight: 3, arbitrary: leaf },
  fc.tuple(leaf, numberOp, constant).map(([a, op, b]) => `(${a} ${op} ${b})`),
  leaf.map((a) => `${a}?.toString()`),
  leaf.map((a) => `"\${${a}}"`),
  leaf.map((a) => `(${a} ?: 3)`),
);
const textTest = fc.constantFrom('startsWith', 'endsWith', 'contains', 'equalsIgnoreCase', 'equals');
const text = fc.constantFrom("'a'", "'ab'", "'get'", "'1'", "''");
const pattern = fc.constantFrom("'a.*'", "'[0-9]+'", '/get[A-Z]\\w*/', "'b$'", '/^(get|a).*$/', '/^ab?/');

const test = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(expression, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), constant)
      .map(([a, op, b]) => `${a} ${op} ${b}`),
  },
  { weight: 2, arbitrary: fc.tuple(expression, list).map(([a, b]) => `${a} in ${b}`) },
  fc.tuple(leaf, fc.constantFrom('1..10', '5..1', '0..<5', '-3..3')).map(([a, b]) => `${a} in ${b}`),
  fc.tuple(list, expression).map(([a, b]) => `${a}.contains(${b})`),
  fc.tuple(leaf, textTest, text).map(([a, name, b]) => `${a}?.${name}(${b})`),
  fc.tuple(leaf, fc.constantFrom('==~', '=~'), pattern).map(([a, op, b]) => `${a} ${op} ${b}`),
  expression,
  fc.tuple(leaf, fc.constantFrom('Integer', 'Number', 'String', 'Long')).map(([a, b]) => `${a} instanceof ${b}`),
  leaf.map((a) => `num(${a}) > 5`),
  leaf.map((a) => `${a} == y`),
);
const condition = fc.oneof(
  { weight: 4, arbitrary: test },
  test.map((a) => `!(${a})`),
  fc.tuple(test, fc.constantFrom('&&', '||'), test).map(([a, op, b]) => `(${a}) ${op} (${b})`),
);
const outcome = fc.constantFrom(
  "invokers.findAll { it.url.parameters.zone == 'a' }",
  "invokers.findAll { it.url.getParameter('env', 'prod') != 'prod' }",
  'invokers.findAll { it.url.port > 20880 } ?: invokers',
  'invokers',
  '[]',
  "invokers.findAll { it.url.host.startsWith('10.') && it.url.parameters.zone in ['a', 'b'] }",
);
const rule = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(condition, outcome).map(([a, b]) => `if (${a}) return ${b}`) },
  fc
    .tuple(leaf, constant, list, outcome, outcome)
    .map(([a, b, c, d, e]) => `switch (${a}) {\n  case ${b}: return ${d}\n  case ${c}: return ${e}\n}`),
);

const jump = fc.constantFrom('break', 'continue', 'break outer', 'continue outer');
/** Loops and chains, which are followed turn by turn and link by link. */
const loop = fc.oneof(
  fc
    .tuple(leaf, list, condition, jump, outcome, leaf)
    .map(
      ([a, b, c, d, e, f]) =>
        `outer: for (c in ${b}) {\n  if (${a} == c) return ${e}\n  for (i in 0..2) {\n    if (${c}) ${d}\n    if (${f} == i) return []\n  }\n}`,
    ),
  fc
    .tuple(fc.constantFrom('for (int i = 0; i < 3; i++)', 'i = 0\nwhile (i++ < 3)'), leaf, condition, outcome)
    .map(
      ([head, a, b, c]) =>
        `${head} {\n  if (${a} == i) continue\n  switch (i) {\n    case 1: if (${b}) break\n    case 2: return ${c}\n  }\n}`,
    ),
  fc
    .tuple(condition, condition, outcome, outcome)
    .map(
      ([a, b, c, d]) => `if (${a}) {\n  def z = 1\n} else if (${b}) return ${c}\nelse if (y == 5) {\n  return ${d}\n}`,
    ),
);

/** A script of a few rules over two arguments. */
export const randomScript: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof({ weight: 3, arbitrary: rule }, loop), { minLength: 1, maxLength: 3 }), outcome)
  .map(([rules, last]) =>
    [
      'def x = invocation.arguments[0]',
      'def y = invocation.arguments[1]',
      'def m = invocation.methodName',
      'def att = { k -> invocation.getAttachment(k) }',
      'def num = { v -> try { return v.toString().toInteger() } catch (NumberFormatException e) { return -1 } }',
      ...rules,
      last,
    ].join('\n'),
  );

/** Argument values on both sides of the constants that scripts use. */
export const argumentValues: readonly TypedValue[] = [
  { t: 'null' },
  ...['0', '1', '5', '7', '10', '-3', '100'].map((v) => ({ t: 'java.lang.Integer', v })),
  ...['0', '7', '10', '-3', '9007199254740993'].map((v) => ({ t: 'java.lang.Long', v })),
  { t: 'java.lang.Double', v: '2.5' },
  { t: 'java.math.BigDecimal', v: '2.5' },
  { t: 'java.math.BigInteger', v: '5' },
  ...['', 'a', 'ab', '10', 'getX', 'AB'].map((v) => ({ t: 'java.lang.String', v })),
  { t: 'java.lang.Boolean', v: true },
  { t: 'java.util.List', v: [{ t: 'java.lang.Integer', v: '1' }] },
];
