/** The arithmetic of a spill as people read it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { spillText } from '../../../src/discovery/text/spill-text.ts';

const UNIT = { own: 'hz', spillPercent: 50 };

it('a host that prefers its unit is told when calls leave it, and how many', () => {
  const of = (total: number, hz: number, unit = UNIT) => spillText('pay', { total, byUnit: { hz } }, unit);
  assert.equal(
    of(10, 4),
    'pay: 4 in hz, 6 elsewhere; calls stay while 2 of 4 are healthy, with 1 healthy 50 % of them leave',
  );
  assert.match(of(10, 3), /stay while 2 of 3 are healthy, with 1 healthy 33 % of them leave$/);
  assert.match(of(10, 4, { own: 'hz', spillPercent: 100 }), /stay while 4 of 4 are healthy, with 3 healthy 25 %/);
  assert.match(of(4, 1), /stay while 1 of 1 are healthy, with 0 healthy 100 % of them leave$/);
  assert.match(of(6, 0), /0 in hz, 6 elsewhere; every call leaves the unit$/);
  assert.match(of(4, 4), /no call can leave the unit$/);
});
