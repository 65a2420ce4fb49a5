/** Counters, gauges and histograms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatExposition, type MetricFamily } from '../../../src/platform/metrics/exposition.ts';
import { MetricStore } from '../../../src/platform/metrics/metric-store.ts';

const CALLS: MetricFamily = { name: 'calls_total', help: 'Calls.', type: 'counter' };
const MOOD: MetricFamily = { name: 'mood', help: 'Mood.', type: 'gauge' };
const TOOK: MetricFamily = { name: 'took_seconds', help: 'Time.', type: 'histogram' };

test('a histogram counts each value in every bucket that is not smaller, and has their sum', () => {
  const store = new MetricStore([TOOK], [1, 5]);
  for (const value of [0.5, 1, 3, 9]) store.observe(TOOK, { of: 'x' }, value);
  assert.deepEqual(store.print().split('\n').slice(2), [
    'took_seconds_bucket{of="x",le="1"} 2',
    'took_seconds_bucket{of="x",le="5"} 3',
    'took_seconds_bucket{of="x",le="+Inf"} 4',
    'took_seconds_sum{of="x"} 13.5',
    'took_seconds_count{of="x"} 4',
    '',
  ]);
});

test('a state is one gauge of many that is 1, and moves', () => {
  const store = new MetricStore([MOOD], []);
  store.setState(MOOD, {}, ['good', 'bad'], 'good');
  store.setState(MOOD, {}, ['good', 'bad'], 'bad');
  assert.match(store.print(), /mood\{state="good"\} 0\nmood\{state="bad"\} 1\n/);
});

test('counters keep series apart by their labels, and a cleared family is not printed', () => {
  const store = new MetricStore([CALLS, MOOD], []);
  store.add(CALLS, { to: 'a' }, 1);
  store.add(CALLS, { to: 'b' }, 0);
  store.add(CALLS, { to: 'a' }, 2);
  store.set(MOOD, {}, 1);
  store.clear(MOOD, {});
  assert.equal(
    store.print(),
    '# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{to="a"} 3\ncalls_total{to="b"} 0\n',
  );
});

test('what could break a line is escaped', () => {
  const family: MetricFamily = { name: 'x', help: 'a\\b\nc', type: 'gauge' };
  const text = formatExposition([
    { family, samples: [{ suffix: '', labels: { v: '"\\\n' }, value: Number.POSITIVE_INFINITY }] },
  ]);
  assert.equal(text, '# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{v="\\"\\\\\\n"} +Inf\n');
});
