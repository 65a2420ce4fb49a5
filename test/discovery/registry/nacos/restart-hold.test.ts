/** Lists after a server came back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RESTART_HOLD_MS, RestartHold } from '../../../../src/discovery/registry/nacos/restart-hold.ts';

const list = (...ids: string[]) => new Map(ids.map((id) => [id, id]));
const ids = (items: ReadonlyMap<string, string>) => [...items.keys()].toSorted().join('');

describe('a list after a connection was lost', () => {
  it('takes nobody away and lets everybody in while the server may be starting', () => {
    const hold = new RestartHold<string>();
    hold.reconnected(0);
    assert.equal(ids(hold.take('s', list('a', 'b'), 1)), 'ab');
    assert.equal(ids(hold.take('s', list('a'), 2)), 'a');
    hold.reconnected(100);
    assert.equal(ids(hold.take('s', list(), 101)), 'a');
    assert.equal(ids(hold.take('s', list('c'), 102)), 'ac');
    assert.deepEqual([hold.services, hold.dueAtMs], [['s'], 100 + RESTART_HOLD_MS]);
  });

  it('is believed once more who was there is there again, or the time is over', () => {
    const hold = new RestartHold<string>();
    hold.take('s', list('a', 'b'), 0);
    hold.reconnected(10);
    hold.take('s', list('a'), 11);
    assert.equal(ids(hold.take('s', list('a', 'b'), 12)), 'ab');
    assert.deepEqual([hold.services, hold.dueAtMs], [[], null]);
    hold.take('s', list(), 13);
    assert.equal(ids(hold.take('s', list(), 10 + RESTART_HOLD_MS)), '');
    assert.equal(hold.dueAtMs, null);
  });

  it('is believed at once on the first connection, and of a server that stayed', () => {
    const hold = new RestartHold<string>();
    hold.reconnected(0);
    hold.take('s', list('a'), 1);
    assert.equal(ids(hold.take('s', list(), 2)), '');
  });
});
