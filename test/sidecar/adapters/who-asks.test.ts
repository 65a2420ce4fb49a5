/** Who is written into the history of a sidecar. */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { whoAsks } from '../../../src/sidecar/adapters/who-asks.ts';

test('the account is named, with the one behind sudo', () => {
  const { username } = userInfo();
  assert.equal(whoAsks({}), username);
  assert.equal(whoAsks({ SUDO_USER: '' }), username);
  assert.equal(whoAsks({ SUDO_USER: username }), username);
  assert.equal(whoAsks({ SUDO_USER: 'alice' }), `${username} (alice)`);
});
