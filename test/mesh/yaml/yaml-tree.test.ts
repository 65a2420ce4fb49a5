/** Places of keys and values in YAML. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYamlTree } from '../../../src/mesh/yaml/yaml-tree.ts';

const TEXT = `# head
a: &x {b: 1, c: [2, "three"]}
d: *x
e:
`;

test('a tree knows where each key and each value stands', () => {
  const tree = readYamlTree(TEXT);
  assert.deepEqual(tree.faults, []);
  const places = [
    [['a'], 'key', 2, 1, 1],
    [['a'], 'value', 2, 7, 23],
    [['a', 'c'], 'key', 2, 14, 1],
    [['a', 'c', 1], 'value', 2, 21, 7],
    [['d'], 'value', 2, 7, 23],
    [['d', 'b'], 'value', 2, 11, 1],
    [['d'], 'key', 3, 1, 1],
    [['e'], 'value', 4, 1, 1],
  ] as const;
  for (const [path, part, line, column, length] of places) {
    assert.deepEqual(tree.locate(path, part), { line, column, length }, `${path.join('.')} ${part}`);
  }
});

test('for what is not there a tree names the key of the nearest parent', () => {
  const tree = readYamlTree(TEXT);
  assert.equal(tree.has(['a', 'z']), false);
  assert.deepEqual(tree.locate(['a', 'c', 7, 'q'], 'value'), { line: 2, column: 14, length: 1 });
  assert.deepEqual(tree.locate(['none'], 'key'), { line: 2, column: 1, length: 29 });
});

test('a tree holds plain data without a prototype', () => {
  const { value } = readYamlTree('a: {constructor: 1, __proto__: 2}\n');
  assert.equal(Object.getPrototypeOf(value), null);
  const inner = Reflect.get(value as object, 'a');
  assert.deepEqual(Object.entries(inner), [
    ['constructor', 1],
    ['__proto__', 2],
  ]);
});

test('keys are the text of the file, whatever type it would have as a value', () => {
  assert.deepEqual(Object.keys(readYamlTree('true: 1\n0x10: 2\n~: 3\n"1.0": 4\n').value as object), [
    'true',
    '0x10',
    '~',
    '1.0',
  ]);
});

test('a tree gives the text of a line without its end', () => {
  const tree = readYamlTree('a: 1\r\nb: 2\n\nc: 3');
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((line) => tree.lineText(line)),
    ['a: 1', 'b: 2', '', 'c: 3', ''],
  );
});

test('aliases may add ten thousand values, and not one more', () => {
  const list = `a: &a [${'1,'.repeat(99)}]\n`;
  const uses = (count: number) => `${list}b: [${'*a,'.repeat(count)}]\n`;
  assert.deepEqual(readYamlTree(uses(99)).faults, []);
  assert.equal(readYamlTree(uses(101)).faults.length, 1);
});

test('thirty-two levels are read, also through aliases', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
  assert.deepEqual(readYamlTree(deep(32)).faults, []);
  assert.equal(readYamlTree(deep(33)).faults.length, 1);
  assert.equal(readYamlTree(`a: &a ${deep(20)}\nb: [[[[[[[[[[[[*a]]]]]]]]]]]]\n`).faults.length, 1);
});
