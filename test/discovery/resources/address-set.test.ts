/** Patterns over the text of addresses: exactly those of the set, the same for the same set, and short for neighbours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressSet } from '../../../src/discovery/resources/address-set.ts';

/** Few values, at the edges of how numbers are written, so that sets share and lack all kinds of neighbours. */
const octet = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 9, 10, 19, 20, 99, 100, 101, 109, 110, 199, 200, 249, 250, 255),
);
const ipv4 = fc
  .tuple(fc.constantFrom(10, 1, 100), fc.constantFrom(0, 1, 11), fc.constantFrom(0, 1, 10), octet)
  .map((parts) => parts.join('.'));

const matches = ({ pattern }: AddressSet, text: string) => new RegExp(`^(?:${pattern})$`).test(text);

test('a pattern matches the addresses of its set and no other text', () => {
  fc.assert(
    fc.property(fc.array(ipv4, { minLength: 1, maxLength: 60 }), fc.array(ipv4), (inside, others) => {
      const set = new AddressSet(inside);
      for (const address of inside) {
        assert.ok(matches(set, address), `${set.pattern} misses ${address}`);
        for (const near of [`${address}0`, `1${address}`, address.slice(0, -1), address.replace('.', 'x')])
          assert.equal(matches(set, near), inside.includes(near), `${set.pattern} on ${near}`);
      }
      for (const address of others) assert.equal(matches(set, address), inside.includes(address), address);
    }),
  );
});

test('every number from 0 to 255 alone, and all without it, is exact', () => {
  const all = Array.from({ length: 256 }, (_, number) => `10.0.0.${number}`);
  for (const address of all) {
    const [alone, rest] = [new AddressSet([address]), new AddressSet(all.filter((other) => other !== address))];
    assert.deepEqual(
      all.filter((other) => matches(alone, other)),
      [address],
    );
    assert.equal(all.filter((other) => matches(rest, other)).length, 255);
    assert.ok(!matches(rest, address));
  }
});

test('what was added and taken away leaves the pattern of what is there, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(ipv4, { maxLength: 30 }), fc.array(ipv4, { maxLength: 30 }), (kept, gone) => {
      const set = new AddressSet([...gone, ...kept]);
      void set.pattern;
      for (const address of gone) set.delete(address);
      assert.equal(set.pattern, new AddressSet(kept.toReversed()).pattern);
      assert.equal(set.isEmpty, kept.length === 0);
    }),
  );
});

test('an address that two applications have stays until both have let it go', () => {
  const set = new AddressSet(['10.0.0.1', 'fd00::1', '10.0.0.1', 'fd00::1']);
  for (const address of ['10.0.0.1', 'fd00::1']) set.delete(address);
  assert.deepEqual([set.pattern, set.others], ['10\\.0\\.0\\.1', ['fd00::1']]);
  for (const address of ['10.0.0.1', 'fd00::1']) set.delete(address);
  assert.deepEqual([set.pattern, set.others, set.isEmpty], [null, [], true]);
});

test('neighbours cost nearly nothing, and strangers some bytes each', () => {
  const blocks = Array.from({ length: 5_000 }, (_, index) => `10.0.${Math.floor(index / 100)}.${(index % 100) + 1}`);
  assert.ok((new AddressSet(blocks).pattern?.length ?? 0) < 100);
  assert.ok((new AddressSet([...blocks, '10.0.7.101']).pattern?.length ?? 0) < 150);
  const apart = Array.from({ length: 2_000 }, (_, index) => `10.0.${(index * 37) % 256}.${(index * 101) % 251}`);
  assert.ok((new AddressSet(apart).pattern?.length ?? 0) < 6 * apart.length);
});
