/** Names and types of metrics, which dashboards depend on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DISCOVERY_METRICS } from '../../src/discovery/metrics/discovery-families.ts';
import { HOST_METRICS, OPERATOR_METRICS } from '../../src/fleet/metrics/fleet-families.ts';
import { SIDECAR_METRICS } from '../../src/sidecar/metrics/sidecar-families.ts';

const FAMILIES = [SIDECAR_METRICS, DISCOVERY_METRICS, HOST_METRICS, OPERATOR_METRICS].flatMap((one) =>
  Object.values(one),
);

test('metrics keep their names and types: dashboards and alerts hang on them', () => {
  const committed = JSON.parse(readFileSync(new URL('./metrics.snapshot.json', import.meta.url), 'utf8'));
  const present = Object.fromEntries(FAMILIES.map(({ name, type }) => [name, type]));
  // New ones are welcome: add them to the snapshot. One that is gone or has changed breaks somebody's alert.
  assert.deepEqual(present, committed);
});

test('names are of Prometheus convention: base units, _total on counters alone, a help text that ends in a full stop', () => {
  for (const { name, help, type } of FAMILIES) {
    assert.match(name, /^weir_[a-z]+(_[a-z]+)+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|mb|kilobytes|percent)(_|$)/);
    assert.match(help, /^[A-Z].*\.$/, name);
  }
});
