/** Equality of rules that mean the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRule, isSameRule } from '../../../src/interception/rules/canonical-rule.ts';
import { rule } from '../../../src/interception/rules/rule.ts';
import type { Match, RulesetScope } from '../../../src/interception/rules/ruleset.ts';

const TAG = { app: 'payment', hash: '01234567', by: null };
const TCP: Match = { on: 'protocol', protocol: 'tcp', negate: false };

function isSame(a: readonly Match[], b: readonly Match[], scope: RulesetScope = 'inet'): boolean {
  return isSameRule(rule(a, { to: 'return' }, { tag: TAG }), rule(b, { to: 'return' }, { tag: TAG }), scope);
}

function daddr(...texts: string[]): Match {
  const family = texts[0]?.includes(':') ? 6 : 4;
  return { on: 'daddr', cidrs: texts.map((text) => ({ family, text })), negate: false };
}

test('networks that come to the same addresses are the same', () => {
  assert.ok(isSame([daddr('10.0.0.0/9', '10.128.0.0/9', '10.1.2.3/32')], [daddr('10.0.0.0/8')]));
  assert.ok(!isSame([daddr('10.0.0.0/9')], [daddr('10.0.0.0/8')]));
});

test('ports that come to the same are the same, in any order', () => {
  const ports = (...list: [number, number][]): Match => ({
    on: 'dport',
    ports: list.map(([from, to]) => ({ from, to })),
    negate: false,
  });
  assert.ok(isSame([ports([90, 99], [80, 89])], [ports([80, 99])]));
  assert.ok(!isSame([ports([80, 98])], [ports([80, 99])]));
});

test('the order of conditions does not matter, that of everything else does', () => {
  const uid: Match = { on: 'uid', ids: [2, 1, 2] };
  assert.ok(isSame([uid, TCP], [TCP, { on: 'uid', ids: [1, 2] }]));
  const mark = { do: 'set-mark', mark: 1 } as const;
  const other = { do: 'set-mark', mark: 2 } as const;
  const text = (actions: readonly (typeof mark | typeof other)[]) =>
    canonicalRule(rule([], { to: 'continue' }, { actions, tag: TAG }), 'inet');
  assert.notEqual(text([mark, other]), text([other, mark]));
});

test('what another condition implies may be left out', () => {
  const syn: Match = { on: 'syn', negate: true };
  assert.ok(isSame([TCP, syn], [syn]));
  assert.ok(isSame([{ on: 'family', family: 4 }, daddr('10.0.0.0/8')], [daddr('10.0.0.0/8')]));
  assert.ok(!isSame([{ on: 'family', family: 6 }], []));
});

test('a network of length 0 says nothing in one family, and which family it is in both', () => {
  assert.ok(isSame([daddr('0.0.0.0/0')], [], 'ip'));
  assert.ok(!isSame([daddr('0.0.0.0/0')], [], 'inet'));
  assert.ok(isSame([{ on: 'family', family: 6 }], [], 'ip6'));
});

test('a tag, a counter or a verdict makes another rule', () => {
  const base = rule([], { to: 'return' }, { tag: TAG });
  for (const other of [
    { ...base, tag: { ...TAG, hash: '76543210' } },
    { ...base, tag: null },
    { ...base, counter: true },
    { ...base, verdict: { to: 'redirect', port: 15_001 } as const },
    { kind: 'unknown', text: canonicalRule(base, 'inet') } as const,
  ]) {
    assert.ok(!isSameRule(base, other, 'inet'));
  }
  assert.ok(isSameRule(base, { ...base, packets: 12 }, 'inet'));
});
