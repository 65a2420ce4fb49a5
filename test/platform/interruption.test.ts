/** Signals as an abort signal and an exit code. The listeners are called by themselves: the test runner has others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { type EndingSignal, type Interruption, listenForInterruption } from '../../src/platform/interruption.ts';

const ALL: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Listens, and hands over a way to send a signal to this listener alone. */
async function listening(
  act: (interruption: Interruption, send: (name: EndingSignal) => void) => Promise<void>,
  names = ALL,
): Promise<void> {
  const before = new Set(names.flatMap((name) => process.listeners(name)));
  const interruption = listenForInterruption(names);
  const send = (name: EndingSignal): void => {
    for (const listener of process.listeners(name)) if (!before.has(listener)) listener(name);
  };
  try {
    await act(interruption, send);
  } finally {
    interruption.dispose();
  }
  assert.deepEqual(new Set(names.flatMap((name) => process.listeners(name))), before);
}

describe('an interruption', () => {
  for (const [name, exit] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`by ${name} ends with ${exit}`, () =>
      listening(async ({ signal }, send) => {
        assert.equal(signal.aborted, false);
        send(name);
        assert.ok(signal.reason instanceof WeirError);
        assert.deepEqual([signal.reason.code, signal.reason.exit], ['WEIR2005', exit]);
        assert.equal(signal.reason.what, `interrupted by ${name}`);
      }));
  }

  it('ends a command that does not listen to it', () =>
    listening(async (interruption, send) => {
      assert.equal(interruption.reason, undefined);
      send('SIGTERM');
      await assert.rejects(interruption.forced, { exit: 143, what: 'interrupted by SIGTERM' });
    }));

  it('leaves the end to a command that listens, up to the second signal', () =>
    listening(async (interruption, send) => {
      assert.equal(interruption.signal.aborted, false);
      send('SIGTERM');
      const first = await Promise.race([interruption.forced.catch(() => 'forced'), Promise.resolve('going on')]);
      assert.equal(first, 'going on');
      send('SIGINT');
      await assert.rejects(interruption.forced, { exit: 130, what: 'ended by a second signal (SIGINT)' });
      assert.equal((interruption.signal.reason as WeirError).exit, 143);
    }));

  it('is not taken over by a look at its reason', () =>
    listening(async (interruption, send) => {
      const before = interruption.reason;
      send('SIGINT');
      assert.equal(before, undefined);
      assert.ok(interruption.reason instanceof WeirError);
      await assert.rejects(interruption.forced, { exit: 130 });
    }));

  it('leaves the signals to the system between the waits of a command that computes', () =>
    listening(async (interruption, send) => {
      const listeners = () => ALL.map((name) => process.listenerCount(name));
      const none = listeners().map((count) => count - 1);
      interruption.leaveToSystem();
      assert.deepEqual(listeners(), none);
      const seen = await interruption.heard(async () => {
        await interruption.heard(async () => {});
        return listeners();
      });
      assert.deepEqual(
        seen,
        none.map((count) => count + 1),
      );
      assert.deepEqual(listeners(), none);
      await assert.rejects(
        interruption.heard(async () => send('SIGTERM')),
        { code: 'WEIR2005', exit: 143 },
      );
      await assert.rejects(
        interruption.heard(async () => {
          throw new Error('the work was cut');
        }),
        { code: 'WEIR2005', exit: 143 },
      );
      assert.deepEqual(listeners(), none);
    }));

  it('passes the end of the work on while no signal came', () =>
    listening(async ({ heard }) => {
      assert.equal(await heard(async () => 7), 7);
      await assert.rejects(
        heard(async () => {
          throw new RangeError('of the work');
        }),
        { name: 'RangeError' },
      );
    }));

  it('leaves signals alone that were not named', () =>
    listening(async () => {
      assert.equal(process.listenerCount('SIGHUP'), 0);
    }, ['SIGINT', 'SIGTERM']));

  it('reaches a process by a real signal', () =>
    listening(
      async ({ signal }) => {
        const aborted = new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        process.kill(process.pid, 'SIGHUP');
        await aborted;
        assert.equal((signal.reason as WeirError).exit, 129);
      },
      ['SIGHUP'],
    ));
});
