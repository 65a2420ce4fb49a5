/** Address ranges as networks, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrsOfRange } from '../../../src/interception/rules/cidr-range.ts';
import { mergeCidrs } from '../../../src/mesh/cidr.ts';
import type { Cidr } from '../../../src/mesh/mesh-config.ts';

test('a range becomes the fewest networks that hold just its addresses', () => {
  const texts = (from: string, to: string) => cidrsOfRange(from, to).map(({ text }) => text);
  assert.deepEqual(texts('10.0.0.0', '10.255.255.255'), ['10.0.0.0/8']);
  assert.deepEqual(texts('10.0.0.0', '10.191.255.255'), ['10.0.0.0/9', '10.128.0.0/10']);
  assert.deepEqual(texts('192.0.2.1', '192.0.2.4'), ['192.0.2.1/32', '192.0.2.2/31', '192.0.2.4/32']);
  assert.deepEqual(texts('0.0.0.0', '255.255.255.255'), ['0.0.0.0/0']);
  assert.deepEqual(texts('2001:db8::', '2001:db8::2'), ['2001:db8::/127', '2001:db8::2/128']);
  assert.deepEqual(texts('::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), ['::/0']);
});

test('what is no range of one family is empty', () => {
  assert.deepEqual(cidrsOfRange('10.0.0.2', '10.0.0.1'), []);
  assert.deepEqual(cidrsOfRange('10.0.0.1', '::1'), []);
  assert.deepEqual(cidrsOfRange('somewhere', '10.0.0.1'), []);
});

test('networks side by side are found again in the range that they make', () => {
  const length = fc.integer({ min: 17, max: 32 });
  fc.assert(
    fc.property(length, length, (first, second) => {
      // The first one ends where the second one begins, at 10.1.0.0.
      const low: Cidr = { family: 4, text: `${below('10.1.0.0', 2 ** (32 - first))}/${first}` };
      const high: Cidr = { family: 4, text: `10.1.0.0/${second}` };
      const end = below('10.1.0.0', 1 - 2 ** (32 - second));
      assert.deepEqual(cidrsOfRange(low.text.split('/')[0] ?? '', end), mergeCidrs([low, high]));
    }),
  );
});

function below(address: string, count: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) - count;
  return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.');
}
