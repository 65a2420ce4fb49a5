/** Bypass, leases and the monitor of rules together, as the supervisor of a sidecar drives them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sidecarTraffic } from '../../../src/interception/supervised/sidecar-traffic.ts';
import type { FakeHost } from '../../fakes/fake-host.ts';
import { appStates, journalled, LEASED_MESH } from '../../sidecar/supervisor/supervised.ts';
import { hostWith, off, on, UIDS } from '../cases.ts';

async function supervised(backend: 'nft' | 'iptables-nft' | 'iptables-legacy') {
  const host = hostWith(backend);
  host.hasSupervisor = true;
  await on(host, { config: LEASED_MESH });
  const told: string[] = [];
  const observed: string[] = [];
  const traffic = sidecarTraffic(host, 'main', (event, text) => told.push(`${event} ${text}`), {
    renewed: () => observed.push('renewed'),
    missed: (why) => observed.push(why),
  });
  return { host, traffic, told, observed };
}

/** Takes every rule of weir away, without a word. */
async function wipe(host: FakeHost): Promise<void> {
  const firewall = host.fake('nft');
  const { rulesets } = await firewall.read();
  await firewall.commit(
    rulesets.map(({ scope, tables }) => ({
      scope,
      operations: tables.map(({ name }) => ({ op: 'delete-table', table: name }) as const),
      undo: [],
    })),
  );
}

/** Lets the look at the rules end, which nobody waits for. */
async function looked(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  describe(`the traffic of a sidecar on ${backend}`, () => {
    it('is diverted for as long as the sidecar is said to be ready', async () => {
      const { host, traffic, observed } = await supervised(backend);
      for (let second = 0; second < 9; second += 0.5) {
        await traffic.whileReady();
        host.advance(500);
        assert.equal(host.fate(UIDS.payment), 15_001);
      }
      await looked();
      assert.ok(observed.length > 2 && observed.every((one) => one === 'renewed'), observed.join());
    });

    it('goes direct by itself once it is not, which is told with the reason, and comes back', async () => {
      const { host, traffic, told, observed } = await supervised(backend);
      await traffic.whileReady();
      host.advance(3001);
      await traffic.whileUnready('main gives no answer');
      assert.equal(host.fate(UIDS.payment), null);
      assert.deepEqual(told, ['lease payment: the lease lapsed: main gives no answer']);
      assert.equal(observed.at(-1), 'not-ready');
      await traffic.whileReady();
      assert.equal(host.fate(UIDS.payment), 15_001);
    });

    it('is bypassed and diverted again, with leases that are in force before the bypass ends', async () => {
      const { host, traffic } = await supervised(backend);
      await traffic.bypass(true, 'the sidecar has ended');
      assert.equal(host.fate(UIDS.payment), null);
      host.advance(10_000);
      const steps: string[] = [];
      host.onStep = (_step, what) => steps.push(what.split(' ')[0] ?? '');
      await traffic.bypass(false, 'the sidecar is live');
      assert.equal(host.fate(UIDS.payment), 15_001);
      assert.ok(steps.indexOf('renew') >= 0 && steps.indexOf('renew') < steps.indexOf('commit'), steps.join());
      assert.deepEqual(journalled(host), [
        'payment on bypassed: the sidecar has ended',
        'payment bypassed on: the sidecar is live',
      ]);
    });

    it('is diverted again by a sidecar that serves, also where the end of the bypass failed at first', async () => {
      const { host, traffic } = await supervised(backend);
      await traffic.bypass(true, 'the sidecar has ended');
      host.denied = new Error('ENOMEM');
      await assert.rejects(traffic.bypass(false, 'the sidecar is live'), /ENOMEM/);
      host.denied = null;
      host.advance(2001);
      await traffic.whileReady();
      assert.equal(host.fate(UIDS.payment), 15_001);
      assert.deepEqual((await appStates(host)).payment, 'on');
    });

    it('keeps an application bypassed that is switched on meanwhile', async () => {
      const { host, traffic } = await supervised(backend);
      await traffic.bypass(true, 'the sidecar has ended');
      await off(host);
      await on(host, { config: LEASED_MESH });
      host.advance(2001);
      await traffic.whileBypassed();
      assert.deepEqual((await appStates(host)).payment, 'bypassed');
    });

    it('is prepared for a bypass: the first one goes to the kernel before anything is read', async () => {
      const { host, traffic } = await supervised(backend);
      await traffic.bypass(false, 'the sidecar is live');
      await traffic.whileReady();
      await looked();
      const steps: string[] = [];
      host.onStep = (_step, what) => steps.push(what);
      await traffic.bypass(true, 'the sidecar has ended');
      assert.equal(steps[0], `commit ${backend}`);
    });
  });
}

it('rules that were wiped are put back at once, since the lease of the application is gone with them', async () => {
  const { host, traffic, told } = await supervised('nft');
  await traffic.whileReady();
  await looked();
  await wipe(host);
  host.advance(1100);
  await traffic.whileReady();
  await looked();
  assert.equal(host.fate(UIDS.payment), 15_001);
  assert.deepEqual(told, ['rules payment: its rules were gone from the kernel and are put back']);
});

it('rules that cannot be read are told once a reason, and again after a read that succeeded', async () => {
  const { host, traffic, told } = await supervised('nft');
  const readFails = async (why: string | null) => {
    host.advance(2100);
    const { read } = host.store;
    const store = host.store as { read: typeof read };
    // The monitor reads the state file last, long after leases and bypass have had it.
    let reads = 0;
    if (why !== null)
      store.read = async () => {
        reads += 1;
        if (reads > 2) throw new Error(why);
        return read();
      };
    await traffic.whileReady();
    await looked();
    store.read = read;
  };
  for (const why of ['EMFILE', 'EMFILE', 'EACCES', null, 'EACCES']) await readFails(why);
  assert.deepEqual(told, [
    'rules the rules could not be looked after: EMFILE',
    'rules the rules could not be looked after: EACCES',
    'rules the rules could not be looked after: EACCES',
  ]);
});
