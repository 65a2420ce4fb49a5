/** Networks of mesh.yaml. */
import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrContains, mergeCidrs, readCidr } from '../../src/mesh/cidr.ts';
import type { Cidr } from '../../src/mesh/mesh-config.ts';
import { isRead } from '../../src/mesh/yaml/field-value.ts';

function cidr(text: string): Cidr {
  const result = readCidr(text);
  assert.ok(isRead(result), text);
  return result.value;
}

const canonical = (text: string) => cidr(text).text;

test('an address without a length is a network of one', () => {
  assert.deepEqual(['192.0.2.7', '2001:DB8::1'].map(canonical), ['192.0.2.7/32', '2001:db8::1/128']);
});

test('host bits are cleared', () => {
  const texts = ['10.1.2.3/8', '192.0.2.255/25', '1.2.3.4/0', 'fd12:3456::1/8', '2001:db8::ffff/127'];
  assert.deepEqual(texts.map(canonical), [
    '10.0.0.0/8',
    '192.0.2.128/25',
    '0.0.0.0/0',
    'fd00::/8',
    '2001:db8::fffe/127',
  ]);
});

test('IPv6 is written as RFC 5952 wants it', () => {
  const texts = ['2001:0DB8:0:0:1:0:0:1', '0:0:0:0:0:0:0:0/0', 'FE80:0::0/10', '64:ff9b::192.0.2.1', '1:0:0:2:0:0:0:3'];
  const expected = ['2001:db8::1:0:0:1/128', '::/0', 'fe80::/10', '64:ff9b::c000:201/128', '1:0:0:2::3/128'];
  assert.deepEqual(texts.map(canonical), expected);
});

test('IPv4-mapped IPv6 becomes IPv4, a wider network stays IPv6', () => {
  const texts = ['::ffff:10.1.2.3', '::ffff:10.0.0.0/104', '::FFFF:a00:1/128', '::ffff:0:0/96', '::ffff:0:0/95'];
  assert.deepEqual(texts.map(canonical), ['10.1.2.3/32', '10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0', '::fffe:0:0/95']);
});

test('what programs read in different ways is refused', () => {
  const texts = [
    '010.0.0.1',
    '10.1',
    '0x7f.0.0.1',
    '2130706433',
    '10.0.0.1.',
    '1.2.3.4/08.0',
    '1.2.3.4/-1',
    '1.2.3.4/+8',
    '1.2.3.4/8/8',
  ];
  const ipv6 = [
    '::ffff:010.0.0.1',
    '::1.2.3.4',
    '[::1]',
    '::1%lo',
    ':::',
    '1::2::3',
    '1:2:3',
    '12345::',
    '::g',
    '::/129',
    '/8',
    '',
  ];
  for (const text of [...texts, ...ipv6]) assert.equal(isRead(readCidr(text)), false, text);
  for (const value of [10, 10.5, null, undefined, true, [], {}]) assert.equal(isRead(readCidr(value)), false);
});

const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const ipv4 = fc.tuple(octets, fc.nat(32)).map(([four, length]) => `${four.join('.')}/${length}`);
const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) });
const ipv6 = fc
  .tuple(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(128))
  .map(([groups, length]) => `${groups.map((one) => one.toString(16)).join(':')}/${length}`);

test('a canonical network is read as itself', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (text) => {
      const once = cidr(text);
      assert.deepEqual(cidr(once.text), once);
    }),
  );
});

function blockList(cidrs: readonly Cidr[]): BlockList {
  const list = new BlockList();
  for (const { family, text } of cidrs) {
    const [address = '', length] = text.split('/');
    list.addSubnet(address, Number(length), family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

// Few addresses, so that networks meet.
const narrow = fc
  .tuple(fc.nat(15), fc.integer({ min: 26, max: 32 }))
  .map(([low, length]) => `10.0.0.${low * 16}/${length}`);
const narrow6 = fc
  .tuple(fc.nat(7), fc.integer({ min: 122, max: 128 }))
  .map(([low, length]) => `fd00::${(low * 8).toString(16)}/${length}`);
const narrows = fc.array(fc.oneof(narrow, narrow6), { maxLength: 10 });

test("merging keeps every address, by Node's own BlockList as referee", () => {
  const probes = Array.from({ length: 256 }, (_, low) => [`10.0.0.${low}`, `fd00::${low.toString(16)}`]).flat();
  fc.assert(
    fc.property(narrows, (texts) => {
      const cidrs = texts.map(cidr);
      const [before, after] = [blockList(cidrs), blockList(mergeCidrs(cidrs))];
      for (const probe of probes) {
        const family = isIPv4(probe) ? 'ipv4' : 'ipv6';
        assert.equal(after.check(probe, family), before.check(probe, family), probe);
      }
    }),
    { numRuns: 50 },
  );
});

test('merged networks are sorted, lie outside each other, and no two are the halves of one', () => {
  fc.assert(
    fc.property(narrows, (texts) => {
      const merged = mergeCidrs(texts.map(cidr));
      assert.deepEqual(mergeCidrs(merged.toReversed()), merged);
      for (const one of merged) {
        const length = Number(one.text.split('/')[1]);
        const whole = length === 0 ? undefined : cidr(`${one.text.split('/')[0]}/${length - 1}`);
        const others = merged.filter((other) => other !== one);
        assert.ok(!others.some((other) => cidrContains(other, one)));
        const sameLength = others.filter((other) => other.text.endsWith(`/${length}`));
        assert.ok(whole === undefined || !sameLength.some((other) => cidrContains(whole, other)));
      }
    }),
  );
});

test('both families side by side stay both', () => {
  const merged = mergeCidrs(['::/0', '0.0.0.0/0', '10.0.0.0/8'].map(cidr));
  assert.deepEqual(
    merged.map(({ text }) => text),
    ['0.0.0.0/0', '::/0'],
  );
});
