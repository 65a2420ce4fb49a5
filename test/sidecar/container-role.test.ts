/** Roles of two containers under OpenKruise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { containerRole, containerVersion } from '../../src/sidecar/container-role.ts';

const role = (version?: string, other?: string) =>
  containerRole({ SIDECARSET_VERSION: version, SIDECARSET_VERSION_ALT: other });

test('the parts follow what OpenKruise writes at injection, at an upgrade and after it', () => {
  assert.deepEqual([role('1', '0'), role('0', '1')], ['fresh', 'idle']);
  assert.deepEqual([role('1', '812345'), role('812345', '1')], ['idle', 'take-over']);
  assert.deepEqual([role('0', '812345'), role('812345', '0')], ['idle', 'fresh']);
});

test('without both variables there are no two containers', () => {
  assert.equal(role(), 'alone');
  assert.equal(role('', ''), 'alone');
  assert.equal(containerVersion({}), null);
});

test('of two different versions exactly one container works, also beyond the numbers of JavaScript', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 63n });
  fc.assert(
    fc.property(version, version, (one, other) => {
      fc.pre(one !== other);
      const parts = [role(String(one), String(other)), role(String(other), String(one))];
      assert.equal(parts.filter((part) => part === 'idle').length, 1);
    }),
  );
  assert.equal(role('9007199254740993', '9007199254740992'), 'take-over');
});

test('what is no pair of versions is refused', () => {
  for (const [version, other] of [
    ['3', undefined],
    [undefined, '3'],
    ['3', '3'],
    ['v3', '1'],
    ['-1', '1'],
    ['1', '1.5'],
  ]) {
    assert.throws(() => role(version, other), { code: 'WEIR4016' }, `${version} ${other}`);
  }
});
