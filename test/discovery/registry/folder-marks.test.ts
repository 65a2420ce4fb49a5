/** How new the state of a ZooKeeper folder is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FolderMarks } from '../../../src/discovery/registry/zookeeper/folder-marks.ts';

const HIGHEST = 2 ** 31 - 1;

for (const { what, from, to, isOlder } of [
  { what: 'the same state', from: [7n, 3], to: [7n, 3], isOlder: false },
  { what: 'another child', from: [7n, 3], to: [7n, 4], isOlder: false },
  { what: 'a folder that was made anew', from: [7n, 900], to: [9n, 0], isOlder: false },
  { what: 'a folder of yesterday', from: [7n, 3], to: [7n, 2], isOlder: true },
  { what: 'a folder before it was made anew', from: [9n, 0], to: [7n, 900], isOlder: true },
  { what: 'a count that has begun anew', from: [7n, HIGHEST], to: [7n, -HIGHEST - 1], isOlder: false },
  { what: 'a count of before it began anew', from: [7n, -HIGHEST], to: [7n, HIGHEST], isOlder: true },
] as const) {
  test(`${what} is ${isOlder ? 'older' : 'not older'}`, () => {
    const marks = new FolderMarks();
    const mark = ([created, changes]: readonly [bigint, number]) => ({ created, changes });
    assert.equal(marks.note('/services/pay', mark(from)), false);
    assert.equal(marks.note('/services/pay', mark(to)), isOlder);
    // What was older is no new measure.
    assert.equal(marks.note('/services/pay', mark(from)), !isOlder && what !== 'the same state');
  });
}

test('a folder that is gone says nothing of those that were', () => {
  const marks = new FolderMarks();
  assert.equal(marks.note('/services/pay', { created: 7n, changes: 3 }), false);
  assert.equal(marks.note('/services/pay', null), false);
  assert.equal(marks.note('/services/pay', { created: 7n, changes: 2 }), true);
});
