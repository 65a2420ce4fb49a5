/** Changes that wait to be read: whatever is gathered, reading it leads to what there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Changes } from '../../../../src/discovery/registry/zookeeper/changes.ts';
import { inFlight } from '../../../../src/discovery/registry/zookeeper/in-flight.ts';
import { WATCH_EVENT } from '../../../../src/discovery/registry/zookeeper/jute.ts';

const ROOTS = { root: '/dubbo', services: '/services' };
const APPS = ['pay', 'stock', 'cart'];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ app: fc.constantFrom(...APPS), id: fc.nat(9), value: fc.option(fc.nat(3)) }) },
  { weight: 1, arbitrary: fc.constant('read' as const) },
);

test('reading what waits leads to the tree, however much was gathered and in whatever order it came', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 12 }), (steps, most) => {
      const changes = new Changes(ROOTS, most);
      const tree = new Map<string, number>();
      let view = new Map<string, number>();
      const read = () => {
        if (changes.isTooMany) view = new Map(tree);
        for (const [path, { place, type }] of changes.take()) {
          if (place.kind === 'instance') {
            const value = type === WATCH_EVENT.deleted ? undefined : tree.get(path);
            if (value === undefined) view.delete(path);
            else view.set(path, value);
          } else if (place.kind === 'instances') {
            for (const old of view.keys()) if (old.startsWith(`${path}/`)) view.delete(old);
            for (const [one, value] of tree) if (one.startsWith(`${path}/`)) view.set(one, value);
          }
        }
      };
      for (const one of steps) {
        if (one === 'read') {
          read();
          continue;
        }
        const path = `/services/${one.app}/${one.id}`;
        if (one.value === null) {
          if (tree.delete(path)) changes.add(WATCH_EVENT.deleted, path);
        } else {
          changes.add(tree.has(path) ? WATCH_EVENT.changed : WATCH_EVENT.created, path);
          tree.set(path, one.value);
        }
        assert.ok(changes.size <= most, `${changes.size} of at most ${most}`);
      }
      read();
      assert.deepEqual([...view].toSorted(), [...tree].toSorted());
    }),
  );
});

test('a change that came meanwhile is not undone by one that is put back, and other nodes are no change', () => {
  const changes = new Changes(ROOTS);
  changes.add(WATCH_EVENT.changed, '/services/pay/a');
  const taken = changes.take();
  changes.add(WATCH_EVENT.deleted, '/services/pay/a');
  changes.putBack(taken.keys());
  assert.deepEqual(
    [...changes.take().values()].map(({ type }) => type),
    [WATCH_EVENT.deleted],
  );
  changes.putBack(taken.keys());
  assert.equal(changes.size, 1);
  changes.clear();
  changes.add(WATCH_EVENT.created, '/dubbo/A/consumers/x');
  assert.equal(changes.size, 0);
});

test('more applications or providers than are remembered are a reason to list everything', () => {
  const changes = new Changes(ROOTS, 4);
  for (let url = 0; url < 5; url += 1) changes.add(WATCH_EVENT.created, `/dubbo/A/providers/${url}`);
  assert.deepEqual([changes.isTooMany, changes.size], [true, 0]);
  changes.take();
  assert.equal(changes.isTooMany, false);
});

test('work side by side ends as a whole: what has begun is over before a failure is told, and nothing begins after it', async () => {
  const gates = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const ended: number[] = [];
  const done = inFlight([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    await gates[item]?.promise;
    ended.push(item);
  });
  let isOver = false;
  const over = done
    .catch((error: Error) => error.message)
    .finally(() => {
      isOver = true;
    });
  gates[0]?.reject(new Error('the first'));
  await new Promise(setImmediate);
  assert.deepEqual([begun, isOver], [[0, 1], false]);
  gates[1]?.resolve();
  assert.equal(await over, 'the first');
  assert.deepEqual([begun, ended], [[0, 1], [1]]);
});
