/** What is done to a native table, where the parts of a change decide each other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileNft } from '../../../../src/interception/rules/nft/compile-nft.ts';
import { diffNftTable } from '../../../../src/interception/rules/nft/diff-nft.ts';
import type { Chain, Hook, MapElement, RuleMap, Table } from '../../../../src/interception/rules/ruleset.ts';
import { appOf, policyOf } from '../apps.ts';

const HOOK: Hook = { at: 'output', type: 'nat', priority: -101, position: null };
const chain = (name: string, hook: Hook | null = null): Chain => ({ name, hook, rules: [] });
const element = (key: MapElement['key'], value: MapElement['value'] = { goto: 'c' }): MapElement => {
  return { key, value, timeoutMs: null, tag: null };
};
const ports = (...elements: MapElement[]): RuleMap => {
  return { name: 'ports', key: { by: 'dport' }, value: 'verdict', timeout: false, elements };
};
const table = (parts: Partial<Table>): Table => ({ name: 'weir', maps: [], chains: [], ...parts });
const steps = (now: Table | null, then: Table | null): string[] => diffNftTable(now, then).map(({ op }) => op);

describe('a table', () => {
  it('is made, removed or left alone', () => {
    assert.deepEqual(steps(null, null), []);
    assert.deepEqual(steps(table({}), null), ['delete-table']);
    assert.deepEqual(steps(null, table({})), ['add-table']);
    assert.deepEqual(steps(table({}), table({})), []);
  });

  it('is made anew when a plain chain gets a hook, and only then', () => {
    const [plain, hooked] = [table({ chains: [chain('c')] }), table({ chains: [chain('c', HOOK)] })];
    assert.deepEqual(steps(plain, hooked), ['delete-table', 'add-table', 'add-chain']);
    assert.equal(steps(hooked, plain).includes('delete-table'), false);
    assert.deepEqual(steps(hooked, hooked), []);
    assert.deepEqual(steps(table({}), hooked), ['add-chain']);
  });

  it('has a chain replaced whose hook is another one in any part', () => {
    const now = table({ chains: [chain('c', HOOK)] });
    for (const change of [{ at: 'prerouting' }, { type: 'filter' }, { priority: 0 }] as const) {
      const then = table({ chains: [chain('c', { ...HOOK, ...change })] });
      assert.deepEqual(steps(now, then), ['flush-chain', 'delete-chain', 'add-chain'], JSON.stringify(change));
    }
  });
});

describe('the elements of a map', () => {
  it('are changed one by one', () => {
    const now = table({ maps: [ports(element({ from: 80, to: 80 }), element({ from: 90, to: 99 }))] });
    const then = table({ maps: [ports(element({ from: 80, to: 80 }), element({ from: 100, to: 100 }))] });
    assert.deepEqual(diffNftTable(now, then), [
      { op: 'delete-element', table: 'weir', map: 'ports', key: { from: 90, to: 99 } },
      { op: 'add-element', table: 'weir', map: 'ports', element: element({ from: 100, to: 100 }) },
    ]);
  });

  it('are exchanged where their value is another', () => {
    const now = table({ maps: [ports(element({ from: 80, to: 80 }))] });
    const then = table({ maps: [ports(element({ from: 80, to: 80 }, { goto: 'd' }))] });
    assert.deepEqual(steps(now, then), ['delete-element', 'add-element']);
  });

  it('go with the whole map where nft cannot delete one: the last port, or the number of a cgroup that is gone', () => {
    const last = table({ maps: [ports(element({ from: 65_535, to: 65_535 }))] });
    assert.deepEqual(steps(last, table({ maps: [ports()] })), ['delete-map', 'add-map']);
    const slices = (...elements: MapElement[]): RuleMap => {
      return { ...ports(...elements), name: 'slices', key: { by: 'cgroup', level: 1 } };
    };
    const empty = table({ maps: [slices()] });
    assert.deepEqual(steps(table({ maps: [slices(element('4711'))] }), empty), ['delete-map', 'add-map']);
    assert.deepEqual(steps(table({ maps: [slices(element('a.slice'))] }), empty), ['delete-element']);
  });
});

describe('a policy without applications', () => {
  it('has the table that keeps connections tracked, and that only when it is wanted', () => {
    const names = (keeper: boolean) => compileNft({ ...policyOf(), keeper }).tables.map(({ name }) => name);
    assert.deepEqual(names(true), ['weir_keep']);
    assert.deepEqual(names(false), []);
    const one = compileNft({ ...policyOf(appOf('payment')), keeper: false });
    assert.deepEqual(
      one.tables.map(({ name }) => name),
      ['weir', 'weir_keep'],
    );
  });
});
