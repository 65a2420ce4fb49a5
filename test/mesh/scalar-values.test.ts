/** Readers of single values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distinctAccounts, readAccount } from '../../src/mesh/account.ts';
import { formatAdminAddress, readAdminAddress } from '../../src/mesh/admin-address.ts';
import { readCgroupSlice } from '../../src/mesh/cgroup-slice.ts';
import { readCidr } from '../../src/mesh/cidr.ts';
import { readPort, readPortRange } from '../../src/mesh/port-range.ts';
import { isRead, quoteValue, type ReadValue } from '../../src/mesh/yaml/field-value.ts';
import {
  durationReader,
  integerReader,
  readAbsolutePath,
  readHttpUrl,
  readReadyPath,
} from '../../src/mesh/yaml/scalar-readers.ts';

const READERS: Readonly<Record<string, (value: unknown) => ReadValue<unknown>>> = {
  readAccount,
  readAdminAddress,
  readCgroupSlice,
  readCidr,
  readPort,
  readPortRange,
  readDuration: durationReader(500, 600_000),
  readAbsolutePath,
  readHttpUrl,
  readReadyPath,
};

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} says what, why and what next about anything it refuses, on one line each`, () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.double(), fc.ipV6(), fc.webUrl()),
        (value) => {
          const result = read(value);
          if (isRead(result)) return;
          for (const part of [result.fault.what, result.fault.why, result.fault.hint]) {
            assert.match(part, /\S/);
            assert.doesNotMatch(part, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
            assert.ok(part.length < 600);
          }
        },
      ),
    );
  });
}

test('a uid is the same as number and as text', () => {
  assert.deepEqual(readAccount(1001), readAccount('1001'));
  assert.deepEqual(readAccount('007'), { value: { kind: 'id', id: 7 } });
});

test('a number without a unit is told the units with which it is taken', () => {
  for (const [number, hint] of [
    [1, 'write 1s'],
    [500, 'write 500s or 500ms'],
    [1000, 'write 1000ms'],
    [0, 'write for example 15s'],
  ] as const) {
    const read = durationReader(500, 600_000)(number);
    assert.ok(!isRead(read));
    assert.deepEqual([read.fault.why, read.fault.hint], ['its unit is missing', hint]);
  }
  for (const number of [-1, 1.5]) {
    const read = durationReader(500, 600_000)(number);
    assert.ok(!isRead(read) && read.fault.why !== 'its unit is missing');
  }
});

test('the example of a duration is one that is taken', () => {
  for (const [max, example] of [
    [15_000, '15s'],
    [14_999, '500ms'],
  ] as const) {
    const read = durationReader(500, max)('soon');
    assert.ok(!isRead(read));
    assert.equal(read.fault.hint, `write for example ${example}`);
  }
});

test('accounts are told apart by kind, number and name', () => {
  const [one, two, three] = [
    { kind: 'id', id: 1 },
    { kind: 'id', id: 2 },
    { kind: 'name', name: '1' },
  ] as const;
  assert.deepEqual(distinctAccounts([two, one, two, three, one]), [two, one, three]);
});

test('a formatted admin address is read as the same address', () => {
  for (const text of ['unix:/run/weir/main/admin.sock', 'http://127.0.0.1:15000', 'http://[::1]:15000']) {
    const result = readAdminAddress(text);
    assert.ok(isRead(result));
    assert.equal(formatAdminAddress(result.value), text);
  }
});

test('the longest socket path that the kernel takes is taken', () => {
  assert.ok(isRead(readAdminAddress(`unix:/${'x'.repeat(106)}`)));
  assert.ok(!isRead(readAdminAddress(`unix:/${'x'.repeat(107)}`)));
  // Bytes count, not characters.
  assert.ok(!isRead(readAdminAddress(`unix:/${'é'.repeat(54)}`)));
});

test('a slice keeps the characters of systemd and container runtimes', () => {
  for (const slice of [
    'payment.slice',
    'shop.slice/shop-pay.slice',
    'system.slice/dev-disk-by\\x2dlabel.swap',
    'docker/0a1b',
    'a.slice/user@1000.service',
  ]) {
    assert.deepEqual(readCgroupSlice(slice), { value: slice });
  }
  for (const slice of ['', '.', '..', 'a/', '/a', 'a/./b', 'a"b', 'a b', 'a\nb', 'x'.repeat(1_025)]) {
    assert.ok(!isRead(readCgroupSlice(slice)), slice);
  }
});

test('a quoted value is cut, on one line, and without characters that a terminal obeys', () => {
  assert.equal(quoteValue('x'.repeat(100)), `"${'x'.repeat(60)}..."`);
  assert.equal(quoteValue('a\u001b\u009b\u202eb\nc'), '"a\\u001b??b\\nc"');
  assert.deepEqual([null, [1], { a: 1 }, 5, true].map(quoteValue), ['an empty value', 'a list', 'a map', '5', 'true']);
});

test('a whole number may be the least and the most, and nothing beyond', () => {
  const read = integerReader('a number of threads', 2, 5);
  const accepted = [1, 2, 5, 6, 2.5, '3'].filter((value) => isRead(read(value)));
  assert.deepEqual(accepted, [2, 5]);
});
