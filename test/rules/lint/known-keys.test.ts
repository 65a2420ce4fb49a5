/** Messages about keys that Dubbo does not read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoredKey } from '../../../src/rules/lint/known-keys.ts';

test('a key that is read is none', () => {
  assert.equal(ignoredKey('entry of route', 'weight'), null);
});

test('one letter more, less or other, two that changed places, signs, case and a plural are near', () => {
  const near = ['weightt', 'wieght', 'weigt', 'waight', 'Weight', 'we-ight', 'weights', 'xweight', 'eight', 'weighx'];
  for (const key of near) {
    assert.equal(ignoredKey('entry of route', key), `${key} is ignored, as if it were not there: did you mean weight?`);
  }
});

test('two letters more, other places and short words are not', () => {
  for (const key of ['weighing', 'weitgh', 'w', '', 'thgiew', 'wxxght']) {
    assert.doesNotMatch(ignoredKey('entry of route', key) ?? '', /did you mean/, key);
  }
  // Three letters are near to everything.
  assert.doesNotMatch(ignoredKey('number in oneof', 'mid') ?? '', /did you mean/);
});

test('a key of another place is said to belong there, and a strange one is answered with what there is', () => {
  assert.match(ignoredKey('destination', 'labels') ?? '', /: it belongs into subset$/);
  assert.match(ignoredKey('range', 'nothing') ?? '', /: range has start, end$/);
});
