/** The Groovy parser and printer. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseGroovy } from '../../../../src/rules/groovy/syntax/parser.ts';
import { printGroovy } from '../../../../src/rules/groovy/syntax/print.ts';
import { GroovySource } from '../../../../src/rules/groovy/syntax/source.ts';
import { readRuleFile } from '../../../../src/rules/read/read-rule-file.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/groovy');

function parse(text: string): ReturnType<typeof parseGroovy> {
  return parseGroovy(new GroovySource('test.groovy', text));
}

/** The tree without positions. */
function shape(text: string): string {
  const parsed = parse(text);
  assert.deepEqual(
    parsed.errors.map((error) => error.message),
    [],
  );
  return JSON.stringify(parsed.script.statements, (key, value) =>
    key === 'start' || key === 'end' ? undefined : value,
  );
}

function scripts(): [string, string][] {
  const folders = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap((entry) => {
    const file = readdirSync(join(ROOT, entry.name)).find((name) => name.startsWith('rule.')) ?? '';
    const source = readRuleFile(file, readFileSync(join(ROOT, entry.name, file), 'utf8'));
    return source.language === 'groovy' ? [[entry.name, source.text] as [string, string]] : [];
  });
}

test('printing a fixture and parsing it again gives the same tree', () => {
  let compared = 0;
  for (const [name, text] of scripts()) {
    if (parse(text).errors.length > 0) continue;
    const printed = printGroovy(parse(text).script);
    assert.equal(shape(printed), shape(text), name);
    compared++;
  }
  assert.ok(compared >= 45, `only ${compared} fixtures were compared`);
});

test('the two fixtures that real Groovy rejects are the ones that do not parse', () => {
  const broken = scripts().filter(([, text]) => parse(text).errors.length > 0);
  assert.deepEqual(
    broken.map(([name]) => name),
    ['38-full-width-parentheses', '39-missing-brace'],
  );
});

test('an error names its place', () => {
  const parsed = parse('def a = 1\ndef b = （2）\n');
  const [error] = parsed.errors;
  assert.ok(error);
  assert.deepEqual(parsed.source.position(error.range.start), { line: 2, column: 9 });
  assert.match(error.message, /full-width/);
});

test('reading goes on after a statement that cannot be read', () => {
  const parsed = parse('def a = = 1\ndef b = 2\nif (\nreturn b\n');
  assert.ok(parsed.errors.length >= 2);
  assert.ok(parsed.script.statements.some((statement) => statement.kind === 'declare'));
});

for (const text of [
  'x as int < 4',
  'def a = true\n && false',
  'do { x++ } while (x < 3)',
  '1 !in [1]',
  'def f = x -> x',
  'def x = 5 def y = 6',
  'new ArrayList',
  'def x = "a $ b"',
]) {
  test(`Groovy 2.4 does not compile ${JSON.stringify(text)}, nor does the parser read it`, () => {
    assert.notEqual(parse(text).errors.length, 0);
  });
}

for (const text of [
  'def x = true\n ? 1\n : 2',
  "println 'x' + y",
  'def m = [a: 1, \'b\': 2, (c): 3, "$d": 4]',
  '{ Object[] args -> args[0] > 10 }',
  "x =~ 'a' && y ==~ /b\\/c/",
  'for (int i = 0, j = 1; i < j; i++) println i',
  'def (a, b) = [1, 2]',
  "a?.b?.c*.d.'e'.&f",
  'switch (x) { case 1: case ~/a/: return 1; default: break }',
  'try { a() } catch (A | B e) { b() } finally { c() }',
  'int[] a = new int[3]\nMap<String, List<String>> m = new HashMap<>()',
  'x = -1 - -2 ** 2 .. 3\ny = a ? b : c ?: d',
  'class A<T> extends B implements C, D { static final int X = 1; A(int x) { this.x = x }; def m() { } }',
  '@Grab("a:b:1") import x.Y\n@Field def z = 1',
]) {
  test(`${JSON.stringify(text.slice(0, 50))} survives printing`, () => {
    assert.equal(shape(printGroovy(parse(text).script)), shape(text));
  });
}

test('any text at all ends in a tree or in located errors', () => {
  const piece = fc.constantFrom(
    'def ',
    'x',
    ' = ',
    '1',
    "'a'",
    '"${',
    '}',
    '{',
    '(',
    ')',
    '[',
    ']',
    ' -> ',
    '?:',
    '?.',
    '*.',
    '/',
    '\n',
    ';',
    'if ',
    'else ',
    'case ',
    'switch ',
    'for ',
    ' in ',
    'return ',
    'new ',
    'class ',
    '@',
    '<',
    '>',
    '..',
    '"""',
    '$',
    '\\',
    '//',
    '/*',
    ' as ',
    'try ',
    '==~',
    '（',
    '0x',
    '1e',
  ); // prettier-ignore
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 60 }).map((parts) => parts.join('')),
        fc.string({ unit: 'binary', maxLength: 80 }),
      ),
      (text) => {
        const parsed = parse(text);
        for (const error of parsed.errors) assert.ok(error.range.start >= 0 && error.range.start <= text.length);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('hostile texts end quickly', () => {
  const before = performance.now();
  for (const text of [
    '('.repeat(100_000),
    '{'.repeat(100_000),
    `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    `def x = ${'!'.repeat(100_000)}true`,
    `def x = "${'${"'.repeat(5_000)}`,
    `def x = '${'a'.repeat(4_000_000)}'`,
    'a.'.repeat(200_000),
    'x = '.repeat(50_000),
    `def x = ${'1 + '.repeat(100_000)}1`,
    'a'.repeat(5_000_000),
  ]) {
    parse(text);
  }
  assert.ok(performance.now() - before < 60_000);
});

test('readings inside of readings are tried once, however deep they stand in one another', () => {
  const before = process.cpuUsage();
  const deep = (open: string, close: string, levels: number) => `return ${open.repeat(levels)}1${close.repeat(levels)}`;
  for (const unclosed of [
    `return invokers.find${'{'.repeat(200)}`,
    'for (x in {'.repeat(50),
    'return (a)('.repeat(50),
  ]) {
    assert.ok(parse(unclosed).errors.length > 0, unclosed);
  }
  for (const closed of [deep('f((', '))', 60), deep('[(', ')]', 60), deep('{ a = ', ' }', 60)]) {
    assert.deepEqual(parse(closed).errors, [], closed);
  }
  // Each of these takes 2^50 steps where a failed attempt is made again.
  const { user } = process.cpuUsage(before);
  assert.ok(user < 10_000_000, `${user / 1000} ms`);
  const key = (levels: number): string => (levels === 0 ? '1' : `[(${key(levels - 1)}): 2]`);
  assert.equal(shape(printGroovy(parse(`return ${key(30)}`).script)), shape(`return ${key(30)}`));
});

test('an error inside of a text is no less an error', () => {
  const parsed = parse('def a = "$' + '{ x.each { def = } }"\n');
  assert.equal(parsed.errors.length, 1);
});
