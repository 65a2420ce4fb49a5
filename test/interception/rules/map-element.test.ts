/** When two elements of a map mean the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameElement } from '../../../src/interception/rules/map-element.ts';
import type { MapElement } from '../../../src/interception/rules/ruleset.ts';

const TAG = { app: 'payment', hash: '12345678', by: null };
const ELEMENT: MapElement = { key: 1000, value: { goto: 'out_uid_1' }, timeoutMs: null, tag: TAG };

test('an element is the same with another rest of its time, and with milliseconds that nft does not print', () => {
  const timed = { ...ELEMENT, timeoutMs: 5000 };
  assert.ok(isSameElement(ELEMENT, { ...ELEMENT, tag: { ...TAG } }));
  assert.ok(isSameElement(timed, { ...timed, expiresMs: 17 }));
  assert.ok(isSameElement(timed, { ...timed, timeoutMs: 5999 }));
  assert.ok(isSameElement({ ...ELEMENT, key: { from: 80, to: 80 } }, { ...ELEMENT, key: { from: 80, to: 80 } }));
});

test('an element with anything else in it is another one', () => {
  const others: Partial<MapElement>[] = [
    { key: 1001 },
    { key: { from: 1000, to: 1001 } },
    { value: { goto: 'out_uid_2' } },
    { value: { mark: 7 } },
    { value: null },
    { timeoutMs: 0 },
    { timeoutMs: 6000 },
    { tag: null },
    { tag: { ...TAG, app: 'report' } },
    { tag: { ...TAG, app: null } },
    { tag: { ...TAG, hash: '12345679' } },
    { tag: { ...TAG, by: 'operator' } },
  ];
  for (const other of others) {
    assert.ok(!isSameElement(ELEMENT, { ...ELEMENT, ...other }), JSON.stringify(other));
    assert.ok(!isSameElement({ ...ELEMENT, ...other }, ELEMENT), JSON.stringify(other));
  }
  assert.ok(isSameElement({ ...ELEMENT, value: { mark: 7 } }, { ...ELEMENT, value: { mark: 7 } }));
  assert.ok(!isSameElement({ ...ELEMENT, value: { mark: 7 } }, { ...ELEMENT, value: { mark: 8 } }));
});
