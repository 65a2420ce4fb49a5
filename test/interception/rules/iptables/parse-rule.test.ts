/** Reading of one iptables rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalRule } from '../../../../src/interception/rules/canonical-rule.ts';
import { parseIptablesRule } from '../../../../src/interception/rules/iptables/parse-rule.ts';
import { printIptablesRule } from '../../../../src/interception/rules/iptables/print-rule.ts';
import { rule } from '../../../../src/interception/rules/rule.ts';
import type { Match, Rule } from '../../../../src/interception/rules/ruleset.ts';
import { arbitraryIptablesRuleset } from '../arbitrary-ruleset.ts';

const TAG = { app: 'payment', hash: '01234567', by: null };

for (const scope of ['ip', 'ip6'] as const) {
  test(`${scope}: a rule that was printed reads as itself, and prints as itself again`, () => {
    fc.assert(
      fc.property(arbitraryIptablesRuleset(scope), ({ tables }) => {
        for (const one of tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))) {
          const text = printIptablesRule(one);
          const read = parseIptablesRule(text);
          assert.equal(canonicalRule(read, scope), canonicalRule(one, scope), text);
          assert.equal(printIptablesRule(read), text);
        }
      }),
    );
  });
}

test('rules as iptables-save 1.8.9 writes them are understood', () => {
  const tagged = '-m comment --comment "weir/v1 app=payment h=01234567"';
  const cases: [string, Rule][] = [
    [
      `! -p tcp ${tagged} -j RETURN`,
      rule([{ on: 'protocol', protocol: 'tcp', negate: true }], { to: 'return' }, { counter: true, tag: TAG }),
    ],
    [
      `-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN ${tagged} -j RETURN`,
      rule([{ on: 'syn', negate: true }], { to: 'return' }, { counter: true, tag: TAG }),
    ],
    [
      `-s 10.0.0.0/8 -p tcp -m multiport --dports 22,80:90 ${tagged} -g WEIR_OR_0001`,
      rule(
        [
          { on: 'saddr', cidrs: [{ family: 4, text: '10.0.0.0/8' }], negate: false },
          {
            on: 'dport',
            ports: [
              { from: 22, to: 22 },
              { from: 80, to: 90 },
            ],
            negate: false,
          },
        ],
        { to: 'goto', chain: 'WEIR_OR_0001' },
        { counter: true, tag: TAG },
      ),
    ],
    [
      `-m cgroup --path "shop\\\\x2dpay.slice" -m time --datestop 2030-01-01T00:00:00 ${tagged} -g WEIR_O_0001`,
      rule(
        [
          { on: 'cgroup', path: 'shop\\x2dpay.slice' },
          // The last second that matches is the one before.
          { on: 'before', epochSeconds: Date.UTC(2030, 0, 1) / 1000 + 1 },
        ],
        { to: 'goto', chain: 'WEIR_O_0001' },
        { counter: true, tag: TAG },
      ),
    ],
    [
      `${tagged} -j CONNMARK --set-xmark 0x57000110/0xffffffff`,
      rule([], { to: 'continue' }, { actions: [{ do: 'set-mark', mark: 0x57000110 }], counter: true, tag: TAG }),
    ],
    [
      `-m connmark --mark 0x57000000/0xff000000 ${tagged}`,
      rule(
        [{ on: 'mark', mark: 0x57000000, mask: 0xff000000, negate: false }],
        { to: 'continue' },
        { counter: true, tag: TAG },
      ),
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseIptablesRule(text), expected, text);
});

test('a rule that weir would not write is kept as its own text', () => {
  for (const text of [
    '-p udp -j RETURN',
    '-j ACCEPT',
    '-j LOG --log-prefix "a b\\"c"',
    '-m owner ! --uid-owner 0 -j RETURN',
    '-m owner --uid-owner 1-10 -j RETURN',
    '-m comment --comment mine -j RETURN',
    '-p tcp -j REDIRECT --to-ports 15001-15003',
    '-p tcp -j REDIRECT --to-ports 15001 --random',
    '-j CONNMARK --set-xmark 0x1/0xff',
    '-m time --datestop 2030-01-01T00:00:00 --kerneltz -j RETURN',
    '-d 10.0.0.0/255.0.255.0 -j RETURN',
    '-p tcp -m tcp --sport 80 -j RETURN',
    '-m statistic --mode random --probability 0.5 -j RETURN',
    '-o lo -j RETURN',
    '-j RETURN -g',
  ]) {
    assert.deepEqual(parseIptablesRule(text, 5), { kind: 'unknown', text });
    assert.equal(printIptablesRule(parseIptablesRule(text)), text);
  }
});

test('what iptables cannot express is refused instead of printed wrong', () => {
  const print = (match: Match) => printIptablesRule(rule([match], { to: 'return' }, { tag: TAG }));
  assert.throws(() => print({ on: 'uid', ids: [1, 2] }), RangeError);
  assert.throws(() => print({ on: 'mark-in', set: 'off', negate: false }), RangeError);
  assert.throws(
    () => printIptablesRule(rule([], { to: 'dispatch', key: { by: 'uid' }, map: 'm' }, { tag: TAG })),
    RangeError,
  );
  assert.throws(
    () => printIptablesRule(rule([], { to: 'return' }, { actions: [{ do: 'set-mark', mark: 1 }], tag: TAG })),
    RangeError,
  );
});
