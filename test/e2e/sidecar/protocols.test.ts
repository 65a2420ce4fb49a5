/** Every protocol through an upgrade: nothing shorter than the drain is lost, and what is cut is what weir says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROTOCOL_CASES, QUIC_CASE, tryProtocol } from './protocol-cases.ts';

describe('an upgrade under', () => {
  for (const one of [...PROTOCOL_CASES, QUIC_CASE]) {
    it(one.protocol, async (t) => {
      const { outcome, seen, reported, warnings, seconds } = await tryProtocol(one);
      t.diagnostic(JSON.stringify({ outcome, seconds, seen, reported, warnings }));
      assert.equal(outcome, 'settled');
      if (!one.mayLose) assert.equal(seen.lost, 0, seen.errors.join('\n'));
      assert.equal(reported.requests.cut, one.hasRequestLog === false ? null : seen.cut.exchanges);
      assert.equal(reported.connections.cut, one.isCounted ? seen.cut.connections : null);
      assert.equal(/cut cannot be counted/.test(warnings.join()), !one.isCounted, warnings.join('\n'));
    });
  }
});
