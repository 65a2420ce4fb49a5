/** Operations as an nft script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printNftOperations } from '../../../../src/interception/rules/nft/print-operations.ts';
import { printNftRule } from '../../../../src/interception/rules/nft/print-rule.ts';
import type { Operation } from '../../../../src/interception/rules/operations.ts';
import { rule } from '../../../../src/interception/rules/rule.ts';
import type { MapElement } from '../../../../src/interception/rules/ruleset.ts';

const TAG = { app: 'payment', hash: '01234567', by: null };

function addElement(map: string, element: Partial<MapElement>): Operation {
  const whole: MapElement = { key: 1001, value: { goto: 'c' }, timeoutMs: null, tag: TAG, ...element };
  return { op: 'add-element', table: 'weir', map, element: whole };
}

test('each operation becomes a command of one script, neighbouring elements of a map share theirs', () => {
  const operations: Operation[] = [
    { op: 'add-table', table: 'weir' },
    {
      op: 'add-chain',
      table: 'weir',
      chain: 'output',
      hook: { at: 'output', type: 'nat', priority: -101, position: null },
    },
    { op: 'add-chain', table: 'weir', chain: 'c', hook: null },
    {
      op: 'add-map',
      table: 'weir',
      map: { name: 'in_port_app', key: { by: 'dport' }, value: 'verdict', timeout: true },
    },
    { op: 'add-map', table: 'weir', map: { name: 'off', key: { by: 'mark' }, value: 'none', timeout: false } },
    { op: 'add-rule', table: 'weir', chain: 'c', rule: rule([], { to: 'return' }, { tag: TAG }) },
    { op: 'delete-element', table: 'weir', map: 'in_port_app', key: { from: 80, to: 90 } },
    addElement('in_port_app', { key: { from: 80, to: 80 }, timeoutMs: 60_000, expiresMs: 12_345 }),
    addElement('in_port_app', { key: { from: 90, to: 99 } }),
    addElement('off', { key: 0x57000110, value: null, tag: null }),
    { op: 'delete-map', table: 'weir', map: 'old' },
    { op: 'delete-chain', table: 'weir', chain: 'old', hook: null },
    { op: 'delete-table', table: 'weir_keep' },
  ];
  assert.equal(
    printNftOperations(operations),
    `add table inet weir
add chain inet weir output { type nat hook output priority -101; policy accept; }
add chain inet weir c
add map inet weir in_port_app { type inet_service : verdict; flags interval, timeout; }
add set inet weir off { type mark; }
add rule inet weir c return comment "weir/v1 app=payment h=01234567"
delete element inet weir in_port_app { 80-90 }
add element inet weir in_port_app {
	80 timeout 60s expires 12345ms comment "weir/v1 app=payment h=01234567" : goto c,
	90-99 comment "weir/v1 app=payment h=01234567" : goto c
}
add element inet weir off { 0x57000110 }
delete set inet weir old
delete chain inet weir old
delete table inet weir_keep
`,
  );
});

test('a rule that was not understood comes back as a comment', () => {
  const unknown = { kind: 'unknown', text: '[{"accept":null}]' } as const;
  const text = printNftOperations([{ op: 'add-rule', table: 'weir', chain: 'c', rule: unknown }]);
  assert.equal(text, '# not understood: [{"accept":null}]\n');
});

test('what nft cannot quote, and what only iptables has, is refused', () => {
  assert.throws(() => printNftRule(rule([{ on: 'iif', name: 'a"b' }], { to: 'return' }, { tag: TAG })), RangeError);
  const hook = { at: 'output', type: 'nat', priority: -101, position: 1 } as const;
  assert.throws(() => printNftOperations([{ op: 'move-hook', table: 'weir', chain: 'c', hook }]), RangeError);
});
