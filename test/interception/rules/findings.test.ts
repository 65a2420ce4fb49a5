/** Findings about rules that are missing, foreign or changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareRulesets } from '../../../src/interception/rules/findings.ts';
import { compileIptables } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import { alignRules } from '../../../src/interception/rules/rule-alignment.ts';
import type { Chain, MapElement, Rule, Ruleset } from '../../../src/interception/rules/ruleset.ts';
import { appOf, policyOf } from './apps.ts';
import { arbitraryIptablesRuleset, arbitraryNftRuleset } from './arbitrary-ruleset.ts';

const POLICY = policyOf(
  appOf('payment', { outbound: { ports: [], cidrs: [], exclude: { ports: [{ from: 9092, to: 9092 }], cidrs: [] } } }),
);
const NFT = compileNft(POLICY);
const IPTABLES = compileIptables(POLICY, { family: 4, madeTable: false });

function changeChain(ruleset: Ruleset, name: string, change: (chain: Chain) => Chain | null): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.flatMap((chain) => (chain.name === name ? (change(chain) ?? []) : [chain])),
  }));
  return { ...ruleset, tables };
}

function changeElements(
  ruleset: Ruleset,
  name: string,
  change: (elements: readonly MapElement[]) => MapElement[],
): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) => (map.name === name ? { ...map, elements: change(map.elements) } : map)),
  }));
  return { ...ruleset, tables };
}

function withRules(change: (rules: readonly Rule[]) => readonly Rule[]): (chain: Chain) => Chain {
  return (chain) => ({ ...chain, rules: change(chain.rules) });
}

test('rules that are as they should be give no finding', () => {
  fc.assert(
    fc.property(arbitraryNftRuleset({ cgroups: ['a.slice', 'a.slice/b.service'] }), (one) =>
      assert.deepEqual(compareRulesets(one, one), []),
    ),
  );
  fc.assert(fc.property(arbitraryIptablesRuleset('ip6'), (one) => assert.deepEqual(compareRulesets(one, one), [])));
});

test('a missing rule is named with its place and its text', () => {
  const found = changeChain(
    IPTABLES,
    'WEIR_O_0001',
    withRules((rules) => rules.slice(1)),
  );
  const [finding, ...more] = compareRulesets(IPTABLES, found);
  assert.deepEqual(more, []);
  assert.equal(finding?.what, 'a rule is missing');
  assert.equal(finding?.where, 'ip/nat/chain WEIR_O_0001/rule 1');
  assert.match(finding?.expected ?? '', /^-p tcp -m multiport --dports 22,9092,15001,15006 .* -j RETURN$/);
  assert.equal(finding?.found, 'nothing');
  assert.equal(finding?.app, 'payment');
});

test('a foreign rule among ours is named with the place before which it stands', () => {
  const stranger: Rule = { kind: 'unknown', text: '-p tcp -j ACCEPT' };
  const found = changeChain(
    IPTABLES,
    'WEIR_OUTPUT',
    withRules(([first, ...rest]) => [first ?? stranger, stranger, ...rest]),
  );
  assert.deepEqual(compareRulesets(IPTABLES, found), [
    {
      what: 'a rule is there that should not be',
      where: 'ip/nat/chain WEIR_OUTPUT/rule 2',
      expected: 'nothing',
      found: '-p tcp -j ACCEPT',
      app: null,
    },
  ]);
});

test('a rule that was changed is shown beside what it should be', () => {
  const found = changeChain(
    NFT,
    'output',
    withRules((rules) =>
      rules.map((rule) =>
        rule.kind === 'known' && rule.matches[0]?.on === 'uid' ? { ...rule, matches: [{ on: 'uid', ids: [0] }] } : rule,
      ),
    ),
  );
  const [finding, ...more] = compareRulesets(NFT, found);
  assert.deepEqual(more, []);
  assert.equal(finding?.what, 'a rule is another one');
  assert.match(finding?.expected ?? '', /^meta skuid 1337 return comment "weir\/v1 app=\* h=[0-9a-f]{8}"$/);
  assert.match(finding?.found ?? '', /^meta skuid 0 return/);
});

test('two rules that changed places are one finding', () => {
  const found = changeChain(
    IPTABLES,
    'WEIR_OUTPUT',
    withRules(([a, b, ...rest]) => [b, a, ...rest].filter((one) => one !== undefined)),
  );
  assert.deepEqual(
    compareRulesets(IPTABLES, found).map(({ what }) => what),
    ['a rule stands in the wrong place'],
  );
});

test('missing and extra elements, chains and tables are named', () => {
  const element: MapElement = {
    key: 4711,
    value: { goto: 'x' },
    timeoutMs: null,
    tag: { app: 'x', hash: null, by: null },
  };
  const found = changeElements(NFT, 'out_uid_app', () => [element]);
  assert.deepEqual(
    compareRulesets(NFT, found).map(({ what, where, app }) => ({ what, where, app })),
    [
      { what: 'an element is missing', where: 'inet/weir/map out_uid_app/element 1001', app: 'payment' },
      { what: 'an element is there that should not be', where: 'inet/weir/map out_uid_app/element 4711', app: 'x' },
    ],
  );
  const without = changeChain(NFT, 'proxied', () => null);
  assert.deepEqual(
    compareRulesets(NFT, without).map(({ what, where }) => ({ what, where })),
    [{ what: 'a chain is missing', where: 'inet/weir_keep/chain proxied' }],
  );
  assert.deepEqual(
    compareRulesets({ scope: 'inet', tables: [] }, NFT).map(({ where }) => where),
    ['inet/weir', 'inet/weir_keep'],
  );
  assert.deepEqual(
    compareRulesets(NFT, { scope: 'inet', tables: [] }).map(({ what }) => what),
    ['a table is missing', 'a table is missing'],
  );
});

test('a jump in the wrong place is a finding, except where any place will do', () => {
  const push = (name: string) =>
    changeChain(IPTABLES, name, (chain) => ({ ...chain, hook: chain.hook && { ...chain.hook, position: 4 } }));
  assert.deepEqual(compareRulesets(IPTABLES, push('WEIR_OUTPUT')), [
    {
      what: 'packets do not enter the chain where they should',
      where: 'ip/nat/chain WEIR_OUTPUT/hook',
      expected: 'nat output, priority -100, rule 1',
      found: 'nat output, priority -100, rule 4',
      app: null,
    },
  ]);
  assert.deepEqual(compareRulesets(IPTABLES, push('WEIR_KEEP')), []);
  const unhooked = changeChain(IPTABLES, 'WEIR_KEEP', (chain) => ({ ...chain, hook: null }));
  assert.deepEqual(
    compareRulesets(IPTABLES, unhooked).map(({ found }) => found),
    ['nothing'],
  );
});

test('switches that send an application direct are no findings', () => {
  const off: MapElement = { key: 0x57000110, value: null, timeoutMs: null, tag: null };
  assert.deepEqual(
    compareRulesets(
      NFT,
      changeElements(NFT, 'off', () => [off]),
    ),
    [],
  );
  const head: Rule = {
    kind: 'known',
    matches: [],
    actions: [],
    verdict: { to: 'return' },
    counter: true,
    tag: { app: 'payment', hash: null, by: 'off.sh' },
  };
  const found = changeChain(
    IPTABLES,
    'WEIR_O_0001',
    withRules((rules) => [head, ...rules]),
  );
  assert.deepEqual(compareRulesets(IPTABLES, found), []);
});

test('the differences of two lists account for every rule of both', () => {
  const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 });
  fc.assert(
    fc.property(list, list, (wanted, found) => {
      const differences = alignRules(wanted, found);
      const expected = differences.flatMap((one) => one.expected ?? []);
      const there = differences.flatMap((one) => one.found ?? []);
      assert.equal(new Set(expected).size, expected.length);
      assert.equal(new Set(there).size, there.length);
      // What is left when the differences are taken away stands on both sides in the same order.
      const rest = (rules: readonly string[], taken: readonly number[]) =>
        rules.filter((_, index) => !taken.includes(index));
      assert.deepEqual(rest(wanted, expected), rest(found, there));
      for (const one of differences) {
        const isMove = one.what === 'a rule stands in the wrong place';
        if (isMove) assert.equal(wanted[one.expected ?? -1], found[one.found ?? -1]);
        else assert.ok(one.expected === null || one.found === null || wanted[one.expected] !== found[one.found]);
      }
      assert.equal(differences.length === 0, wanted.join() === found.join());
    }),
    { numRuns: 1000 },
  );
});

test('a finding names the application of whichever side there is', () => {
  const payment = { app: 'payment', hash: null, by: null };
  const element: MapElement = { key: 5, value: null, timeoutMs: null, tag: payment };
  const rule: Rule = {
    kind: 'known',
    matches: [],
    actions: [],
    verdict: { to: 'return' },
    counter: false,
    tag: payment,
  };
  const map = { name: 'users', key: { by: 'uid' }, value: 'none', timeout: false } as const;
  const side = (isThere: boolean): Ruleset => ({
    scope: 'inet',
    tables: [
      {
        name: 'weir',
        maps: [{ ...map, elements: isThere ? [element] : [] }],
        chains: [
          { name: 'a', hook: null, rules: isThere ? [rule] : [] },
          ...(isThere ? [{ name: 'b', hook: null, rules: [rule] }] : []),
        ],
      },
    ],
  });
  for (const [want, have, missing] of [
    [side(true), side(false), true],
    [side(false), side(true), false],
  ] as const) {
    const found = compareRulesets(want, have);
    assert.deepEqual(
      found.map(({ what, app }) => `${what}: ${app}`),
      ['an element', 'a rule', 'a chain'].map(
        (thing) => `${thing} ${missing ? 'is missing' : 'is there that should not be'}: payment`,
      ),
    );
    for (const { expected, found: there } of found) {
      assert.equal((missing ? there : expected) === 'nothing', true);
      assert.equal((missing ? expected : there) === 'nothing', false);
    }
  }
});

test('a map that is on one side only is told by its type', () => {
  const users = { name: 'users', key: { by: 'uid' }, value: 'none', timeout: false, elements: [] } as const;
  const ruleset = (...maps: (typeof users)[]): Ruleset => ({
    scope: 'inet',
    tables: [{ name: 'weir', maps, chains: [] }],
  });
  const [missing] = compareRulesets(ruleset(users), ruleset());
  assert.deepEqual([missing?.what, missing?.found], ['a map is missing', 'nothing']);
  assert.notEqual(missing?.expected, 'nothing');
  const [extra] = compareRulesets(ruleset(), ruleset(users));
  assert.deepEqual([extra?.what, extra?.expected], ['a map is there that should not be', 'nothing']);
  assert.equal(extra?.found, missing?.expected);
});

test('a table without anything in it is as good as none', () => {
  const none: Ruleset = { scope: 'inet', tables: [] };
  const empty: Ruleset = { scope: 'inet', tables: [{ name: 'weir', maps: [], chains: [] }] };
  assert.deepEqual(compareRulesets(none, empty), []);
  const [table] = NFT.tables;
  assert.ok(table);
  const withMaps = { ...empty, tables: [{ ...table, chains: [] }] };
  assert.deepEqual(
    compareRulesets(none, withMaps).map(({ what }) => what),
    ['a table is there that should not be'],
  );
});
