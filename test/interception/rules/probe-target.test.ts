/** The port that a probe goes to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directedPolicies } from '../../../src/interception/rules/app-policy.ts';
import { probePort } from '../../../src/interception/rules/probe-target.ts';
import type { PortRange } from '../../../src/mesh/mesh-config.ts';
import { appOf, policyOf } from './apps.ts';

function portOf(includePorts: readonly PortRange[], excludePorts: readonly PortRange[] = []): number | null {
  const [directed] = directedPolicies(appOf('payment'), policyOf(appOf('payment')));
  assert.ok(directed !== undefined);
  return probePort({ ...directed, includePorts, excludePorts });
}
const range = (from: number, to = from): PortRange => ({ from, to });

test('a port that is likely free is preferred, in this order', () => {
  assert.equal(portOf([]), 20_880);
  assert.equal(portOf([], [range(20_880)]), 8080);
  assert.equal(portOf([range(1, 1023)]), 80);
  assert.equal(portOf([range(443)]), 443);
});

test('both ends of a range belong to it', () => {
  assert.equal(portOf([range(20_880, 30_000)]), 20_880);
  assert.equal(portOf([range(8000, 8080)]), 8080);
  assert.equal(portOf([range(80)], [range(80)]), null);
  assert.equal(portOf([range(79, 80)], [range(80, 81)]), 79);
  assert.equal(portOf([range(1000, 1002)], [range(1000, 1001)]), 1002);
});

test('else the lowest port that is left, up to the last one', () => {
  assert.equal(portOf([range(3000, 3010), range(2000, 2010)]), 2000);
  assert.equal(portOf([], [range(2, 65_535)]), 1);
  assert.equal(portOf([], [range(1, 65_534)]), 65_535);
  assert.equal(portOf([range(65_535)]), 65_535);
  assert.equal(portOf([], [range(1, 65_535)]), null);
});
