/** Ids, ports, networks, marks and times in nft's JSON; what is half there is not understood. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNftMap } from '../../../../src/interception/rules/nft/parse-map.ts';
import {
  parseNftIds,
  parseNftMark,
  parseNftNetworks,
  parseNftPortRange,
  parseNftPorts,
  parseNftTime,
} from '../../../../src/interception/rules/nft/parse-values.ts';

describe('values of nft', () => {
  it('are ids, bare or in a set', () => {
    assert.deepEqual(parseNftIds(5), [5]);
    assert.deepEqual(parseNftIds({ set: [5, 6] }), [5, 6]);
    assert.equal(parseNftIds({ set: [5, 'root'] }), null);
  });

  it('are ports and ranges with two ends', () => {
    assert.deepEqual(parseNftPorts({ set: [80, { range: [90, 99] }] }), [
      { from: 80, to: 80 },
      { from: 90, to: 99 },
    ]);
    for (const half of [{ range: [80] }, { range: ['http', 90] }, { range: [80, 'http'] }, 'http', null]) {
      assert.equal(parseNftPortRange(half), null, JSON.stringify(half));
      assert.equal(parseNftPorts({ set: [22, half] }), null);
    }
  });

  it('are networks as an address, a prefix or a range', () => {
    const texts = (right: Parameters<typeof parseNftNetworks>[0]) =>
      parseNftNetworks(right)?.map(({ family, text }) => `${family} ${text}`);
    assert.deepEqual(texts('192.0.2.1'), ['4 192.0.2.1/32']);
    assert.deepEqual(texts('2001:db8::1'), ['6 2001:db8::1/128']);
    assert.deepEqual(texts({ prefix: { addr: '10.0.0.0', len: 0 } }), ['4 10.0.0.0/0']);
    assert.deepEqual(texts({ range: ['10.0.0.0', '10.0.0.3'] }), ['4 10.0.0.0/30']);
    const halves = [
      { prefix: { addr: '10.0.0.0' } },
      { prefix: { len: 8 } },
      { range: ['10.0.0.0'] },
      { range: ['10.0.0.9', '10.0.0.3'] },
      'localhost',
      7,
    ];
    for (const half of halves) assert.equal(parseNftNetworks(half), null, JSON.stringify(half));
  });

  it('are marks with the mask of their prefix', () => {
    assert.deepEqual(parseNftMark(5), { mark: 5, mask: 0xffff_ffff });
    assert.deepEqual(parseNftMark({ prefix: { addr: 0x5700_0000, len: 8 } }), { mark: 0x5700_0000, mask: 0xff00_0000 });
    assert.deepEqual(parseNftMark({ prefix: { addr: 0, len: 0 } }), { mark: 0, mask: 0 });
    for (const half of [{ prefix: { addr: 5 } }, { prefix: { len: 8 } }, '5', null]) {
      assert.equal(parseNftMark(half), null, JSON.stringify(half));
    }
  });

  it('are times in UTC', () => {
    assert.equal(parseNftTime('2030-01-01 00:00:00'), 1_893_456_000);
    assert.equal(parseNftTime('tomorrow'), null);
    assert.equal(parseNftTime(5), null);
  });
});

it('a map by protocol has TCP by its name also where nft prints its number', () => {
  const map = (key: unknown) =>
    parseNftMap({ name: 'in_all', type: 'inet_proto', map: 'verdict', elem: [[key, { goto: { target: 'c' } }]] });
  assert.deepEqual(map(6), map('tcp'));
  assert.equal(map(6)?.elements[0]?.key, 'tcp');
});
