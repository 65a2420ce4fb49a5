/** The account of a sidecar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireOwnAccount } from '../../../src/sidecar/adapters/own-account.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';

test('only root may run a sidecar under another account', () => {
  const spec = { ...FAKE_SPEC, uid: 65_003 };
  assert.throws(() => requireOwnAccount(spec, 65_001), { code: 'WEIR4014' });
  requireOwnAccount(spec, 0);
  requireOwnAccount(spec, 65_003);
  requireOwnAccount({ ...spec, uid: null }, 65_001);
});
