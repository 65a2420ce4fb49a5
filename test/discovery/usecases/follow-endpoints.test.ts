/** Endpoints that are followed, on a clock of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RegistryListener } from '../../../src/discovery/ports.ts';
import { followEndpoints } from '../../../src/discovery/usecases/follow-endpoints.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { discoveryMesh, instance, metadata, readerOf } from './registry-stage.ts';

const state = (name: 'synced' | 'lost'): RegistryEvent => ({ registry: 'hz', kind: 'state', state: name });

/** Follows with a registry that says what the test lets it say. */
async function following(
  act: (stage: { clock: FakeClock; registry: RegistryListener; shown: string[][]; warned: string[] }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const end = new AbortController();
  const [shown, warned]: [string[][], string[]] = [[], []];
  let registry: RegistryListener | undefined;
  const followed = followEndpoints(
    discoveryMesh(),
    { name: null, layout: 'both' },
    {
      reader: {
        ...readerOf(),
        followRegistry: (_config, _wanted, listener, signal) => {
          registry = listener;
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve());
          });
        },
      },
      clock,
      signal: end.signal,
      show: (endpoints) => shown.push(endpoints.map(({ address }) => address)),
      warn: (text) => warned.push(text),
    },
  );
  followed.catch(() => {});
  assert.ok(registry !== undefined);
  try {
    await act({ clock, registry, shown, warned });
  } finally {
    end.abort();
    await clock.pass(1000);
  }
  await followed;
}

describe('followed endpoints', () => {
  it('are shown once every registry was listed, and again at a change', () =>
    following(async ({ clock, registry, shown }) => {
      registry.emit(instance(1));
      registry.emit(metadata());
      await clock.pass(500);
      assert.deepEqual(shown, []);
      registry.emit(state('synced'));
      await clock.pass(500);
      assert.deepEqual(shown, [['10.0.0.1']]);
      registry.emit(instance(2));
      registry.emit(instance(3));
      await clock.pass(500);
      assert.deepEqual(shown, [['10.0.0.1'], ['10.0.0.1', '10.0.0.2', '10.0.0.3']]);
    }));

  it('are shown once for a burst: when it has been quiet for a while', () =>
    following(async ({ clock, registry, shown }) => {
      registry.emit(metadata());
      registry.emit(state('synced'));
      await clock.pass(500);
      for (const host of [1, 2, 3]) {
        registry.emit(instance(host));
        await clock.pass(60);
      }
      assert.deepEqual(shown, [[]]);
      await clock.pass(500);
      assert.deepEqual(shown, [[], ['10.0.0.1', '10.0.0.2', '10.0.0.3']]);
    }));

  it('are shown during a burst that does not end', () =>
    following(async ({ clock, registry, shown }) => {
      registry.emit(metadata());
      registry.emit(state('synced'));
      await clock.pass(500);
      for (let host = 1; host <= 25; host += 1) {
        registry.emit(instance(host));
        await clock.pass(60);
      }
      assert.equal(shown.length, 2);
    }));

  it('stay when a registry goes away, which is said once until it is back', () =>
    following(async ({ clock, registry, shown, warned }) => {
      registry.emit(instance(1));
      registry.emit(metadata());
      registry.emit(state('synced'));
      await clock.pass(500);
      registry.emit(state('lost'));
      registry.warn('no session');
      registry.warn('no session');
      await clock.pass(5000);
      assert.deepEqual(shown, [['10.0.0.1']]);
      assert.deepEqual(warned, ['the registry hz is away: no session; what it last said still counts']);
      registry.emit(state('synced'));
      registry.warn('no session');
      assert.equal(warned.length, 2);
    }));

  it('are an error when a registry is not listed in time, with what it said', async () => {
    const late = following(async ({ clock, registry, shown }) => {
      registry.warn('connection refused');
      await clock.pass(11_000);
      assert.deepEqual(shown, []);
    });
    await assert.rejects(late, { code: 'WEIR6002', why: 'connection refused' });
  });

  it('that were ended before the registry was read say that it was not', async () => {
    const early = following(async ({ clock }) => clock.pass(500));
    await assert.rejects(early, { code: 'WEIR2005', what: 'interrupted; the registry hz had not been read yet' });
  });
});
