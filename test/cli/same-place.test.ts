/** Recommended commands that keep the flags for the place at hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samePlace } from '../../src/cli/same-place.ts';

const inShop = samePlace(['on', 'payment', '--netns', 'shop', '--state-dir=/var/lib/a b']);

test('a recommended command works where the command at hand does', () => {
  assert.equal(
    inShop('start it, then run `weir on payment`; see `weir check sidecar`'),
    "start it, then run `weir on payment --netns shop '--state-dir=/var/lib/a b'`; see `weir check sidecar --netns shop '--state-dir=/var/lib/a b'`",
  );
  assert.equal(
    inShop('switch it on again: `weir on payment --confirm 60s`'),
    "switch it on again: `weir on payment --confirm 60s --netns shop '--state-dir=/var/lib/a b'`",
  );
});

test('a command about a sidecar is one of them; one that takes not all of the flags is none', () => {
  const inBlue = samePlace(['verify', '--netns', 'blue']);
  assert.equal(inBlue('first `weir sidecar run main`'), 'first `weir sidecar run main --netns blue`');
  assert.equal(inBlue('see `weir sidecar history main`'), 'see `weir sidecar history main --netns blue`');
  assert.equal(inBlue('see `weir config check`'), 'see `weir config check`');
});

test('a text that has been completed already stays as it is', () => {
  const once = inShop('next: `weir off payment`');
  assert.equal(inShop(once), once);
});

test('commands that know no place, and other texts, stay as they are', () => {
  for (const text of [
    'see `weir help mesh-yaml`',
    'run `weir rules lint`',
    'start the slice: `systemctl start a.slice`',
  ])
    assert.equal(inShop(text), text);
});

test('what stands after -- is no flag, and without a flag nothing is added', () => {
  assert.equal(samePlace(['on', '--', '--netns', 'shop'])('`weir off payment`'), '`weir off payment`');
});
