/** Addresses of tag rules, as they were seen on real routers (test/e2e/dubbo-routers.test.ts asks them). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpaqueSignal } from '../../../src/rules/groovy/machine/exceptions.ts';
import { predicateHolds } from '../../../src/rules/plan/evaluate-plan.ts';
import { ipExpression, isUncompared, namesLinkLocal } from '../../../src/rules/read/ip-expression.ts';

function takes(address: string, host: string, port = 20880, linkLocal = true): boolean {
  return predicateHolds(ipExpression(address, { linkLocal }), { id: 'p', host, port, params: {} });
}

describe('an address of a tag rule', () => {
  it('never takes a provider on a loopback address or 0.0.0.0, unless it is a network or anybody', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '0.0.0.0']) {
      for (const address of [host, `${host}:20880`, '*.*.*.*:20880', '0.0.0.0:20880', '0-127.0-1.0-2.0-3']) {
        assert.equal(takes(address, host), false, `${address} ${host}`);
      }
      for (const address of ['*', '*.*.*.*', '0.0.0.0/0', `${host}/32`]) assert.ok(takes(address, host), address);
    }
    assert.ok(takes('126-128.0.0.1', '128.0.0.1') && takes('*.0.0.1', '10.0.0.1'));
    assert.ok(takes('0.0.0.0:20880', '10.0.0.1') && takes('0.0.0.*', '0.0.0.1'));
  });

  it('takes one on a link-local address where the line of Dubbo compares them', () => {
    for (const address of ['169.254.1.1', '169.254.*.*', '*.*.*.*:20880', '0.0.0.0:20880']) {
      assert.deepEqual(
        [true, false].map((linkLocal) => takes(address, '169.254.1.1', 20880, linkLocal)),
        [true, false],
      );
    }
    assert.ok(takes('169.254.0.0/16', '169.254.1.1', 1, false));
    assert.deepEqual(
      ['169.254.1.1', '169.*.1.1', ' 160-170.254.1.1:1', '*.254.1.1', '169.253.1.1', '169.254.0.0/16'].map(
        namesLinkLocal,
      ),
      [true, true, true, false, false, false],
    );
  });

  it('is refused where Java would look it up', () => {
    for (const address of ['localhost', 'a.b.c.d:1', '[::1]']) {
      const isTaken = () => ipExpression(address, { linkLocal: true }).p !== 'false';
      try {
        assert.equal(isTaken(), false, address);
      } catch (error) {
        assert.ok(error instanceof OpaqueSignal, address);
      }
    }
  });

  it('knows the hosts that are compared with nothing', () => {
    assert.deepEqual(['127.9.9.9', '0.0.0.0', '169.254.7.7', '10.0.0.1', '0.0.0.1'].map(isUncompared), [
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
