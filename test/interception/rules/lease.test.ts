/** Leases of applications in rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recentAgeMs } from '../../../src/interception/rules/iptables/recent-list.ts';
import { leaseOf, renewalOperations } from '../../../src/interception/rules/lease.ts';
import { encodeMark } from '../../../src/interception/rules/mark.ts';
import { parseNftLeaseSet } from '../../../src/interception/rules/nft/parse-lease-set.ts';
import { printNftOperations } from '../../../src/interception/rules/nft/print-operations.ts';
import { appOf } from './apps.ts';

test('an application without a lease has none, and one with a lease has a mark a direction that goes somewhere', () => {
  assert.equal(leaseOf(appOf('payment')), null);
  const leased = appOf('payment', { slot: 7, leaseSeconds: 3 });
  assert.deepEqual(leaseOf(leased)?.marks, [encodeMark({ slot: 7, direction: 'outbound' })]);
});

test('a renewal adds, deletes and adds, so that it works on a lease that lapsed and on one that did not', () => {
  const text = printNftOperations(
    renewalOperations([{ app: 'payment', mode: 'redirect' as const, slot: 1, marks: [0x57000110], seconds: 3 }]),
  );
  const add = 'add element inet weir lease { 0x57000110 timeout 3s comment "weir/v1 app=payment" }\n';
  assert.equal(text, `${add}delete element inet weir lease { 0x57000110 }\n${add}`);
});

test('the time that leases have left is read from nft to the millisecond', () => {
  const text = `table inet weir {
	set lease {
		type mark
		flags timeout
		elements = { 0x57000110 timeout 3s expires 1s756ms comment "weir/v1 app=a",
			     0x57000210 timeout 10m expires 9m59s4ms, 0x57000310 timeout 1s expires 20ms }
	}
}`;
  const left = parseNftLeaseSet(text);
  assert.deepEqual(
    [...left],
    [
      [0x57000110, 1756],
      [0x57000210, 599_004],
      [0x57000310, 20],
    ],
  );
  assert.equal(parseNftLeaseSet('').size, 0);
});

for (const rate of [100, 250, 300, 1000]) {
  test(`the age of an xt_recent entry is found on a kernel with ${rate} ticks a second`, () => {
    for (const [uptimeS, ageS] of [
      [10, 1],
      [299, 0],
      [400, 2],
      [14_390, 0.5],
      [14_390, 4],
      [9_000_000, 3],
    ] as const) {
      const ticks = Math.round(2 ** 32 + (uptimeS - ageS - 300) * rate);
      const line = (value: number) => `src=0.0.0.0 ttl: 0 last_seen: ${value} oldest_pkt: 1 ${value}\n`;
      const age = recentAgeMs(line(ticks - 5 * rate) + line(ticks), uptimeS * 1000);
      assert.ok(age !== null && Math.abs(age - ageS * 1000) <= 1000 / rate, `${age} at ${uptimeS} s`);
    }
  });
}

test('an empty xt_recent list was never renewed', () => {
  assert.equal(recentAgeMs('', 5000), null);
});
