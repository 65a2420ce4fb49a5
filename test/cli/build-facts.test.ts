/** What a weir knows of its build. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { buildFacts } from '../../scripts/build/build-facts.ts';
import { ownBuildFacts } from '../../src/cli/build-facts.ts';
import { runWeirBin } from '../run-weir.ts';

it('src/ as it is knows no build', () => {
  assert.equal(ownBuildFacts(), null);
});

it('a build knows its commit, and its date by SOURCE_DATE_EPOCH', () => {
  const before = process.env.SOURCE_DATE_EPOCH;
  try {
    process.env.SOURCE_DATE_EPOCH = '1700000000';
    const { commit, date } = buildFacts();
    assert.equal(date, '2023-11-14T22:13:20.000Z');
    assert.match(commit ?? '', /^[0-9a-f]{40}$|^$/);
  } finally {
    if (before === undefined) delete process.env.SOURCE_DATE_EPOCH;
    else process.env.SOURCE_DATE_EPOCH = before;
  }
});

it('weir version --json says what was built, and what runs it', async () => {
  const { stdout } = await runWeirBin(['version', '--json']);
  const { ok, result } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.deepEqual(Object.keys(result), ['version', 'build', 'node', 'target', 'form', 'path']);
  assert.deepEqual(Object.keys(result.build), ['commit', 'isChanged', 'date']);
  assert.deepEqual([result.form, result.target], ['files', `${process.platform}-${process.arch}`]);
  assert.match(result.path, /\/bin\/run\.js$/);
});
