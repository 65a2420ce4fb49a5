/** Suggestions for mistyped keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestWord } from '../../src/mesh/nearest-word.ts';

const KEYS = ['user', 'users', 'group', 'slice', 'all', 'ports', 'onFailure'];

test('a slip or two, another case, or the word of another tool finds the key', () => {
  const words = ['usr', 'gruop', 'slcie', 'PORTS', 'onfailure', 'on-failure', 'uid', 'gid', 'cgroup', 'port'];
  const found = words.map((word) => nearestWord(word, KEYS));
  assert.deepEqual(found, [
    'user',
    'group',
    'slice',
    'ports',
    'onFailure',
    'onFailure',
    'user',
    'group',
    'slice',
    'ports',
  ]);
});

test('a word that is far from all finds none', () => {
  assert.deepEqual(
    ['x', 'application', '', 'u'.repeat(1_000)].map((word) => nearestWord(word, KEYS)),
    [null, null, null, null],
  );
  assert.equal(nearestWord('user', []), null);
});
