/** Packets that reached an application's redirect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectPackets } from '../../../src/interception/rules/redirect-counter.ts';
import { rule } from '../../../src/interception/rules/rule.ts';
import type { Chain, MapElement, RuleMap, Ruleset } from '../../../src/interception/rules/ruleset.ts';

const MARK = 0x57000110;
const OTHER = 0x57000210;

const TAG = { app: 'payment', hash: null, by: null };
const element = (key: number, value: MapElement['value']): MapElement => ({ key, value, timeoutMs: null, tag: null });
const map = (name: string, value: RuleMap['value'], elements: readonly MapElement[]): RuleMap => ({
  ...{ name, value, elements },
  ...{ key: { by: 'uid' }, timeout: false },
});
const chain = (name: string, packets: number, mark?: number): Chain => ({
  name,
  hook: null,
  rules: [
    ...(mark === undefined ? [] : [rule([], { to: 'continue' }, { tag: TAG, actions: [{ do: 'set-mark', mark }] })]),
    { ...rule([], { to: 'redirect', port: 15_001 }, { tag: TAG, counter: true }), packets },
    rule([], { to: 'return' }, { tag: TAG }),
  ],
});
const ruleset = (maps: readonly RuleMap[], chains: readonly Chain[]): Ruleset => ({
  scope: 'inet',
  tables: [{ name: 'weir', maps, chains }],
});

test('under iptables it is the chain that sets the mark', () => {
  const found = ruleset([], [chain('own', 7, MARK), chain('of another', 11, OTHER)]);
  assert.equal(redirectPackets([found])([MARK]), 7);
  assert.equal(redirectPackets([found, found])([MARK, OTHER]), 36);
});

test('under nft it is the chain that the elements of its mark lead to; an element without a mark says nothing', () => {
  const marks = map('out_uid_mark', 'mark', [
    element(1, { mark: MARK }),
    element(2, { mark: OTHER }),
    element(3, null),
  ]);
  const verdicts = map('out_uid_app', 'verdict', [
    element(1, { goto: 'shape a' }),
    element(2, { goto: 'shape b' }),
    element(3, { goto: 'shape c' }),
    element(4, null),
  ]);
  const found = ruleset([marks, verdicts], [chain('shape a', 5), chain('shape b', 6), chain('shape c', 9)]);
  assert.equal(redirectPackets([found])([MARK]), 5);
  assert.equal(redirectPackets([found])([]), 0);
  assert.equal(redirectPackets([ruleset([marks], [chain('shape a', 5)])])([MARK]), 0);
});
