/** Operations as iptables-restore input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printIptablesOperations } from '../../../../src/interception/rules/iptables/print-operations.ts';
import type { Operation } from '../../../../src/interception/rules/operations.ts';
import type { Hook } from '../../../../src/interception/rules/ruleset.ts';

const FIRST: Hook = { at: 'output', type: 'nat', priority: -100, position: 1 };
const ANYWHERE: Hook = { at: 'postrouting', type: 'nat', priority: -100, position: 'last' };
const JUMP = '-m comment --comment "weir/v1 app=*" -j';

test('each operation of a table becomes lines of one transaction', () => {
  const operations: Operation[] = [
    { op: 'flush-chain', table: 'nat', chain: 'WEIR_OLD' },
    { op: 'add-chain', table: 'nat', chain: 'WEIR_OUTPUT', hook: FIRST },
    { op: 'add-chain', table: 'nat', chain: 'WEIR_KEEP', hook: ANYWHERE },
    { op: 'add-rule', table: 'nat', chain: 'WEIR_KEEP', rule: { kind: 'unknown', text: '-j RETURN' } },
    { op: 'insert-rule', table: 'nat', chain: 'WEIR_KEEP', rule: { kind: 'unknown', text: '-p tcp' } },
    { op: 'move-hook', table: 'nat', chain: 'WEIR_PREROUTING', hook: { ...FIRST, at: 'prerouting' } },
    { op: 'delete-chain', table: 'nat', chain: 'WEIR_OLD', hook: null },
  ];
  assert.equal(
    printIptablesOperations(operations),
    `*nat
-F WEIR_OLD
:WEIR_OUTPUT - [0:0]
-I OUTPUT 1 ${JUMP} WEIR_OUTPUT
:WEIR_KEEP - [0:0]
-A POSTROUTING ${JUMP} WEIR_KEEP
-A WEIR_KEEP -j RETURN
-I WEIR_KEEP 1 -p tcp
-D PREROUTING ${JUMP} WEIR_PREROUTING
-I PREROUTING 1 ${JUMP} WEIR_PREROUTING
-F WEIR_OLD
-X WEIR_OLD
COMMIT
`,
  );
});

test('all copies of a jump go with its chain', () => {
  const operations: Operation[] = [{ op: 'delete-chain', table: 'nat', chain: 'WEIR_OUTPUT', hook: FIRST }];
  const jumps = new Map([['WEIR_OUTPUT', ['OUTPUT', 'OUTPUT', 'POSTROUTING']]]);
  const lines = printIptablesOperations(operations, { jumps }).split('\n');
  assert.deepEqual(lines.slice(1, 4), [
    `-D OUTPUT ${JUMP} WEIR_OUTPUT`,
    `-D OUTPUT ${JUMP} WEIR_OUTPUT`,
    `-D POSTROUTING ${JUMP} WEIR_OUTPUT`,
  ]);
});

test('operations on maps are refused, and no operations are no text', () => {
  assert.throws(() => printIptablesOperations([{ op: 'add-table', table: 'weir' }]), RangeError);
  assert.equal(printIptablesOperations([]), '');
});
