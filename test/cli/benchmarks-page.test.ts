/** The page of `npm run bench`: verdicts, what a later run replaces, and that the page in docs/ is of the figures beside it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BENCHES } from '../../scripts/bench/benches.ts';
import type { Figure } from '../../scripts/bench/figure.ts';
import { benchmarksPage, summary } from '../../scripts/bench/page/markdown.ts';
import { type BenchResult, isMet, mergeResults } from '../../scripts/bench/page/results.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

const FIGURE: Figure = { what: 'lost', unit: 'calls', weir: 0, peer: null, limit: null, goal: { most: 0 } };

function result(name: string, figures: readonly Figure[], more: Partial<BenchResult> = {}): BenchResult {
  return {
    ...{ name, command: `node ${name}.ts`, date: '2026-01-02T03:04:05.678Z', commit: 'abcdef0123', seconds: 61.2 },
    ...{ end: 'done', load: [1, 2.25], figures },
    machine: { cores: 2, cpu: 'some', memoryGb: 8, kernel: '6.1', node: '24.0.0' },
    ...more,
  };
}

test('a goal is met up to its bound, and never by what is not a number', () => {
  assert.equal(isMet(FIGURE), true);
  assert.equal(isMet({ ...FIGURE, weir: 0.1 }), false);
  // What was not measured, as it is read back from JSON.
  assert.equal(isMet(JSON.parse(JSON.stringify({ ...FIGURE, weir: Number.NaN, goal: { most: 5 } }))), false);
  assert.equal(isMet({ ...FIGURE, weir: 2, goal: { least: 2 } }), true);
  assert.equal(isMet({ ...FIGURE, weir: 1.9, goal: { least: 2 } }), false);
  assert.equal(isMet({ ...FIGURE, weir: Number.NaN }), false);
  assert.equal(isMet({ ...FIGURE, goal: null }), null);
});

test('a run replaces what it measured and leaves the rest, in the order of the benches', () => {
  const former = [result('a', [FIGURE]), result('b', [FIGURE]), result('gone', [FIGURE])];
  const fresh = [result('c', [FIGURE]), result('b', [{ ...FIGURE, weir: 1 }]), result('a', [])];
  const merged = mergeResults(former, fresh, ['a', 'b', 'c']);
  assert.deepEqual(
    merged.map(({ name, figures }) => [name, figures.map(({ weir }) => weir)]),
    [
      ['a', [0]],
      ['b', [1]],
      ['c', [0]],
    ],
  );
});

test('the page says what was found, on which machine, when, under which load, and what is not measured', () => {
  const peer = { name: 'other', value: 93.456 };
  const missed = { ...FIGURE, what: 'late', unit: 'ms', weir: 1234.5, peer, goal: { most: 1000 } };
  const page = benchmarksPage([result('a', [FIGURE, missed], { end: 'stopped' })], ['a', 'b']);
  assert.match(page, /^\| lost \| 0 calls \| - \| - \| at most 0 \| yes \|$/m);
  assert.match(page, /^\| late \| 1230 ms \| 93\.5 \(other\) \| - \| at most 1000 \| \*\*no\*\* \|$/m);
  assert.match(page, /2026-01-02 03:04 UTC, commit abcdef0, 61 s; 2 cores \(some\), 8 GB, Linux 6\.1, Node 24\.0\.0/);
  assert.match(page, /load 1\.0 before, 2\.3 after\. It was stopped before its end\./);
  assert.match(page, /## Not measured yet\nb\n$/);
  assert.equal(summary([result('a', [FIGURE, missed])]), '1 of 2 goals were met.\n');
});

test('all benches together fit into 40 minutes, and each is a script that there is', () => {
  assert.ok(BENCHES.reduce((sum, { minutes }) => sum + minutes, 0) <= 40);
  for (const { argv } of BENCHES) assert.ok(existsSync(join(PROJECT_ROOT, 'scripts/bench', argv[0])), argv[0]);
  assert.equal(new Set(BENCHES.map(({ name }) => name)).size, BENCHES.length);
});

test('docs/benchmarks.md is the page of docs/benchmarks.json', () => {
  const read = (name: string) => readFileSync(join(PROJECT_ROOT, 'docs', name), 'utf8');
  const names = BENCHES.map(({ name }) => name);
  assert.equal(read('benchmarks.md'), benchmarksPage(JSON.parse(read('benchmarks.json')), names));
});
