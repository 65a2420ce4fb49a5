/** on and off killed between any two steps, on the fake host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakeHost, Killed } from '../fakes/fake-host.ts';
import { BACKENDS, confirm, hostWith, off, on, removeAll, UIDS } from './cases.ts';

/** Runs a command killed after each possible number of steps, each time on a fresh host. Resolves to how many there were. */
async function killEverywhere(
  prepare: () => Promise<FakeHost>,
  command: (host: FakeHost) => Promise<unknown>,
  check: (host: FakeHost, steps: number) => Promise<void>,
): Promise<number> {
  for (let steps = 0; ; steps += 1) {
    const host = await prepare();
    host.killAfter(steps);
    const killed = await command(host).then(
      () => false,
      () => true,
    );
    const made = host.revive();
    await check(host, steps);
    if (!killed && made < steps) return steps;
    assert.ok(steps < 200, 'the command does not end');
  }
}

for (const backend of BACKENDS) {
  const fresh = async (): Promise<FakeHost> => hostWith(backend);
  const switchedOn = async (): Promise<FakeHost> => {
    const host = hostWith(backend);
    await on(host);
    return host;
  };

  test(`${backend}: on killed between any two steps is whole after a second on`, async () => {
    const steps = await killEverywhere(fresh, on, async (host) => {
      await on(host);
      assert.equal(host.fate(UIDS.payment), 15001);
      assert.equal(host.fate(UIDS.envoy), null);
      host.advance(60_000);
      assert.equal(host.fate(UIDS.payment), 15001);
    });
    assert.ok(steps > 10);
  });

  test(`${backend}: on killed before its proof ends by itself, killed after it stays`, async () => {
    await killEverywhere(fresh, on, async (host, steps) => {
      const proven = host.stored?.apps[0]?.proven === true;
      host.advance(25_000);
      if (proven) assert.equal(host.fate(UIDS.payment), 15001, `killed after ${steps} steps`);
      else if (host.fate(UIDS.payment) !== null) {
        // Between the permanent rules and the state file: the rules were proven, so the next command takes them as on.
        const { result } = await on(host);
        assert.equal(result.apps[0]?.before, 'on', `killed after ${steps} steps`);
      }
    });
  });

  test(`${backend}: off killed between any two steps is whole after a second off`, async () => {
    await killEverywhere(switchedOn, off, async (host) => {
      await off(host);
      assert.equal(host.fate(UIDS.payment), null);
      await on(host);
      assert.equal(host.fate(UIDS.payment), 15001);
    });
  });

  test(`${backend}: confirm killed between any two steps can be run again`, async () => {
    const unconfirmed = async (): Promise<FakeHost> => {
      const host = hostWith(backend);
      await on(host, { confirmMs: 60_000 });
      return host;
    };
    await killEverywhere(
      unconfirmed,
      (host) => confirm(host),
      async (host) => {
        await confirm(host);
        host.advance(61_000);
        assert.equal(host.fate(UIDS.payment), 15001);
      },
    );
  });

  test(`${backend}: uninstall killed between any two steps leaves the host untouched after a second one`, async () => {
    const untouched = hostWith(backend).fake(backend).list();
    await killEverywhere(switchedOn, removeAll, async (host) => {
      await removeAll(host);
      assert.equal(host.fake(backend).list(), untouched);
      assert.equal(host.stored, null);
      assert.equal(host.script, null);
    });
  });
}

test('a kill is a kill: nothing that the command does after it has an effect', async () => {
  const host = hostWith('nft');
  host.killAfter(3);
  await assert.rejects(on(host), Killed);
  assert.equal(host.stored, null);
});
