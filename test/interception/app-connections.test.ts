/** Connections counted by application. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { establishedBySlot, establishedFlows } from '../../src/interception/app-connections.ts';
import type { TrackedFlow } from '../../src/interception/ports.ts';
import { encodeMark } from '../../src/interception/rules/mark.ts';

test('all applications are counted in one pass, as one alone is', () => {
  const flow = (mark: number, state: string): TrackedFlow => {
    const end = { address: '10.0.0.1', port: 1 };
    return { mark, state, source: end, originalDestination: end, answeredBy: end };
  };
  const flows = [1, 2, 2, 3].flatMap((slot) => [
    flow(encodeMark({ slot, direction: 'outbound' }), 'ESTABLISHED'),
    flow(encodeMark({ slot, direction: 'inbound' }), slot === 3 ? 'TIME_WAIT' : 'ESTABLISHED'),
    flow(encodeMark({ slot, direction: 'outbound' }), 'CLOSE'),
  ]);
  const all = establishedBySlot([...flows, flow(7, 'ESTABLISHED'), flow(0, 'ESTABLISHED')]);
  assert.deepEqual(
    [...all],
    [
      [1, 2],
      [2, 4],
      [3, 1],
    ],
  );
  for (const [slot, count] of all) assert.equal(establishedFlows(flows, slot).length, count);
});
