/** Suggestions for mistyped flags and commands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findClosestCommand, findClosestName } from '../../src/cli/closest-name.ts';

const FLAGS = ['confirm', 'config', 'existing', 'backend', 'accept-risk', 'all', 'netns', 'dry-run', 'json'];
const COMMANDS = ['on', 'off', 'status', 'check', 'sidecar history', 'sidecar upgrade', 'sidecar run', 'verify'];

test('every swap of two neighbouring letters of a flag is answered with that flag', () => {
  for (const flag of FLAGS) {
    for (let at = 0; at + 1 < flag.length; at += 1) {
      const swapped = flag.slice(0, at) + flag.charAt(at + 1) + flag.charAt(at) + flag.slice(at + 2);
      assert.equal(findClosestName(swapped, FLAGS), flag, swapped);
    }
  }
});

test('a letter too few, too many or another one is answered with the flag; a strange word with none', () => {
  for (const flag of FLAGS.filter(({ length }) => length > 3)) {
    assert.equal(findClosestName(flag.slice(1), FLAGS), flag);
    assert.equal(findClosestName(`${flag}x`, FLAGS), flag);
    assert.equal(findClosestName(`x${flag.slice(1)}`, FLAGS), flag);
  }
  assert.equal(findClosestName('something', FLAGS), undefined);
});

test('words of other tools are answered with what weir has for them', () => {
  const meant = (...words: string[]): string | undefined => findClosestCommand(words, COMMANDS);
  assert.equal(meant('stop', 'payment'), 'off payment');
  assert.equal(meant('disable', 'payment'), 'off payment');
  assert.equal(meant('start', 'payment'), 'on payment');
  assert.equal(meant('enable', 'payment', 'report'), 'on payment report');
  assert.equal(meant('history', 'payment'), 'sidecar history NAME');
  assert.equal(meant('logs'), 'sidecar history NAME');
  assert.equal(meant('version', 'x'), '--version');
  assert.equal(meant('sidecar', 'upgrad', 'main'), 'sidecar upgrade');
  assert.equal(meant('constructor'), undefined);
});
