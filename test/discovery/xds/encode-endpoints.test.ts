/** Members of a cluster as bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignment, encodedAssignment } from '../../../src/discovery/resources/clusters.ts';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { GATE_SEED } from '../../seed.ts';

const member = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  weight: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 1_000_000 })),
  priority: fc.constantFrom(0 as const, 1 as const),
});

test('members are the bytes that the table of fields gives', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 20 }), fc.constantFrom(undefined, 50), (members, spill) => {
      const name = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
      const expected = encodeMessage(name, assignment('pay|1', members, spill));
      assert.deepEqual(encodeMessage(name, encodedAssignment('pay|1', members, spill)), expected);
    }),
    { seed: GATE_SEED },
  );
});
