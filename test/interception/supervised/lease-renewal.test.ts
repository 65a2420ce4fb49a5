/** Renewal of leases on the fake host. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportStatus } from '../../../src/interception/report-status.ts';
import { LeaseRenewal } from '../../../src/interception/supervised/lease-renewal.ts';
import type { FakeHost } from '../../fakes/fake-host.ts';
import { appStates, DENYING_MESH, journalled, LEASED_MESH } from '../../sidecar/supervisor/supervised.ts';
import { hostWith, MESH, off, on, UIDS } from '../cases.ts';

async function leasedHost(backend: 'nft' | 'iptables-nft' | 'iptables-legacy'): Promise<FakeHost> {
  const host = hostWith(backend);
  host.hasSupervisor = true;
  const { warnings } = await on(host, { config: LEASED_MESH });
  assert.deepEqual(warnings, []);
  return host;
}

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  describe(`leases on ${backend}`, () => {
    it('on puts the lease in force, which lapses unless the supervisor renews it', async () => {
      const host = await leasedHost(backend);
      assert.equal(host.fate(UIDS.payment), 15_001);
      const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
      assert.deepEqual(result.apps[0]?.lease, { ttlMs: 3000, remainingMs: 3000 });
      host.advance(3001);
      assert.equal(host.fate(UIDS.payment), null);
      assert.deepEqual(await appStates(host), { payment: 'bypassed', report: 'off' });
      assert.match((await appStates(host, 'reason')).payment ?? '', /lease has lapsed, since no supervisor renews it/);
      host.readiness = { state: 'frozen', detail: 'accepts and does not answer' };
      assert.match((await appStates(host, 'reason')).payment ?? '', /lease has lapsed, since its sidecar is frozen/);
    });

    it('a renewal keeps it, costs nothing until it is due, and changes no rule', async () => {
      const host = await leasedHost(backend);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      const commits = host.fake(backend).committed.length;
      let renewals = 0;
      host.onStep = (_step, what) => {
        if (what.startsWith('renew')) renewals += 1;
      };
      for (let second = 0; second < 10; second += 0.25) {
        assert.equal(await renewal.renew('due'), true);
        host.advance(250);
        assert.equal(host.fate(UIDS.payment), 15_001);
      }
      assert.equal(renewals, 10);
      assert.equal(host.fake(backend).committed.length, commits);
      assert.deepEqual(journalled(host), []);
    });

    it('a clock that somebody sets takes nothing from a lease, and gives it nothing', async () => {
      for (const jumpMs of [3_600_000, -3_600_000]) {
        const host = await leasedHost(backend);
        const renewal = new LeaseRenewal(host, 'main', () => undefined);
        await renewal.renew('due');
        host.setWallClock(jumpMs);
        await renewal.noteLapsed('main gives no answer');
        host.advance(2900);
        assert.equal(host.fate(UIDS.payment), 15_001, 'it does not lapse at once');
        assert.equal((await reportStatus(host, { config: MESH, apps: ['payment'] })).result.apps[0]?.state, 'on');
        assert.equal(await renewal.renew('due'), true);
        host.advance(2900);
        assert.equal(host.fate(UIDS.payment), 15_001, 'it is renewed when it is due');
        assert.deepEqual(journalled(host), []);
        host.advance(101);
        assert.equal(host.fate(UIDS.payment), null, 'it does not live on');
        assert.deepEqual(await appStates(host), { payment: 'bypassed', report: 'off' });
        await renewal.noteLapsed('main gives no answer');
        assert.equal(journalled(host).length, 1);
      }
    });

    it('keeps the leases that it knows while the state file cannot be read, and says so', async () => {
      const host = await leasedHost(backend);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      await renewal.renew('due');
      const { stored } = host;
      [host.stored, host.storeProblem] = [null, 'EMFILE: too many open files'];
      for (let second = 0; second < 9; second += 0.5) {
        host.advance(500);
        await renewal.renew('due').catch((error: Error) => assert.match(error.message, /EMFILE/));
        assert.equal(host.fate(UIDS.payment), 15_001);
      }
      await assert.rejects(renewal.renew('now'), /EMFILE/);
      await assert.rejects(new LeaseRenewal(host, 'main', () => undefined).renew('due'), /EMFILE/);
      [host.stored, host.storeProblem] = [stored, null];
      host.advance(1100);
      assert.equal(await renewal.renew('due'), true);
      assert.deepEqual(journalled(host), []);
    });

    it('a lease that lapsed is told once, and one that is renewed afterwards brings interception back', async () => {
      const host = await leasedHost(backend);
      const told: string[] = [];
      const renewal = new LeaseRenewal(host, 'main', (event, text) => told.push(`${event} ${text}`));
      await renewal.renew('due');
      host.advance(2900);
      await renewal.noteLapsed('main gives no answer');
      assert.deepEqual(told, []);
      host.advance(100);
      await renewal.noteLapsed('main gives no answer');
      await renewal.noteLapsed('main gives no answer');
      assert.equal(host.fate(UIDS.payment), null);
      await renewal.renew('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
      assert.deepEqual(journalled(host), [
        'payment on bypassed: the lease lapsed: main gives no answer',
        'payment bypassed on: ready again: the lease that had lapsed is renewed',
      ]);
      assert.equal(told.length, 2);
    });

    it('a supervisor that comes after the lease has lapsed, or that stood still, says that it is back', async () => {
      const host = await leasedHost(backend);
      host.advance(10_000);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      await renewal.renew('due');
      host.advance(10_000);
      await renewal.renew('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
      const back = 'payment bypassed on: ready again: the lease that had lapsed is renewed';
      const lapse = 'payment on bypassed: the lease lapsed: it was not renewed in time';
      assert.deepEqual(journalled(host), [back, lapse, back]);
      const lapsed = host.journalled.find(({ reason }) => reason?.endsWith('renewed in time'));
      assert.equal(Date.parse(lapsed?.at ?? ''), host.nowMs - 7000, 'when it lapsed, not when it was noticed');
    });

    it('no lapse is told of an application that was switched off meanwhile, or off and on again', async () => {
      const host = await leasedHost(backend);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      await renewal.renew('due');
      await off(host);
      host.advance(3000);
      await renewal.noteLapsed('main gives no answer');
      assert.deepEqual(journalled(host), []);

      await on(host, { config: LEASED_MESH });
      await renewal.renew('now');
      host.advance(2000);
      await off(host);
      await on(host, { config: LEASED_MESH });
      host.advance(2000);
      await renewal.noteLapsed('main gives no answer');
      assert.deepEqual(journalled(host), []);
      host.advance(1000);
      await renewal.noteLapsed('main gives no answer');
      assert.deepEqual(journalled(host), ['payment on bypassed: the lease lapsed: main gives no answer']);
    });

    it('rules that were gone and are back are no lapse', async () => {
      const host = await leasedHost(backend);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      await renewal.renew('due');
      const { stored } = host;
      await off(host);
      host.stored = stored;
      host.advance(2900);
      assert.equal(await renewal.renew('now'), false);
      await on(host, { config: LEASED_MESH });
      host.advance(1000);
      await renewal.renew('due');
      assert.deepEqual(journalled(host), []);
    });

    it('a renewal undoes no off, and says when the rules are gone', async () => {
      const host = await leasedHost(backend);
      const renewal = new LeaseRenewal(host, 'main', () => undefined);
      await renewal.renew('due');
      const { stored } = host;
      await off(host);
      await renewal.renew('now');
      assert.equal(host.fate(UIDS.payment), null);
      host.stored = stored;
      assert.equal(await renewal.renew('now'), false);
      assert.equal(host.fate(UIDS.payment), null);
    });
  });
}

it('without a supervisor a lease is not in force, since it would divert nothing', async () => {
  const host = hostWith('nft');
  const { warnings } = await on(host, { config: LEASED_MESH });
  assert.match(warnings.join('\n'), /payment: its lease is not in force, since no supervisor renews it/);
  host.advance(60_000);
  assert.equal(host.fate(UIDS.payment), 15_001);
});

it('an application that is refused rather than sent direct has no lease', async () => {
  const host = hostWith('nft');
  host.hasSupervisor = true;
  const { warnings } = await on(host, { config: DENYING_MESH });
  assert.match(warnings.join('\n'), /payment: its lease is not in force, since onFailure is deny/);
  host.advance(60_000);
  assert.equal(host.fate(UIDS.payment), 15_001);
});
