/** Whole tables in nft's JSON: whose objects they are, and what weir cannot hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNftTables } from '../../../../src/interception/rules/nft/parse-ruleset.ts';

const BASE = { family: 'inet', table: 'weir', name: 'out', hook: 'output', type: 'nat', prio: -101, policy: 'accept' };

function parse(...objects: object[]) {
  const text = JSON.stringify({
    nftables: [{ metainfo: {} }, { table: { family: 'inet', name: 'weir' } }, ...objects],
  });
  const { ruleset, strange } = parseNftTables([text]);
  return { chains: ruleset.tables[0]?.chains ?? [], maps: ruleset.tables[0]?.maps ?? [], strange };
}
const hookOf = (change: object) => {
  const { chains, strange } = parse({ chain: { ...BASE, ...change } });
  return { hook: chains[0]?.hook, isStrange: strange.length === 1 };
};

describe('the hook of a chain', () => {
  it('is one that weir uses', () => {
    assert.deepEqual(hookOf({}), {
      hook: { at: 'output', type: 'nat', priority: -101, position: null },
      isStrange: false,
    });
    assert.equal(hookOf({ hook: 'postrouting', type: 'filter', policy: undefined }).hook?.type, 'filter');
  });

  it('is none, and strange, where place, type, priority or policy is another', () => {
    for (const change of [
      { hook: 'input' },
      { type: 'bridge' },
      { prio: undefined },
      { prio: 'dstnat' },
      { policy: 'drop' },
    ]) {
      assert.deepEqual(hookOf(change), { hook: null, isStrange: true }, JSON.stringify(change));
    }
  });

  it('is none, and not strange, for a plain chain', () => {
    assert.deepEqual(parse({ chain: { family: 'inet', table: 'weir', name: 'c' } }).strange, []);
  });
});

describe('the objects of a table', () => {
  it('are its own, in the order of their names', () => {
    const chain = (table: string, name: string) => ({ chain: { family: 'inet', table, name } });
    const { chains, strange } = parse(chain('weir', 'b'), chain('weir', 'a'), chain('other', 'c'), {});
    assert.deepEqual(
      chains.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual(strange, []);
  });

  it('are sets and maps by either word, and strange where they are neither', () => {
    const body = { family: 'inet', table: 'weir', flags: [] };
    const { maps, strange } = parse(
      { set: { ...body, name: 'off', type: 'mark' } },
      { map: { ...body, name: 'apps', type: 'inet_service', map: 'verdict' } },
      { counter: { ...body, name: 'hits' } },
    );
    assert.deepEqual(
      maps.map(({ name, value }) => `${name} ${value}`),
      ['apps verdict', 'off none'],
    );
    assert.deepEqual(strange, ["table weir: counter hits is none of weir's"]);
  });
});
