/** The supervisor's monitor of rules on the fake host. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import type { Backend } from '../../../src/interception/backend.ts';
import { RuleMonitor } from '../../../src/interception/supervised/rule-monitor.ts';
import type { FakeHost } from '../../fakes/fake-host.ts';
import { appStates, journalled, LEASED_MESH } from '../../sidecar/supervisor/supervised.ts';
import { hostWith, off, on, pressPanicFile, UIDS } from '../cases.ts';

/** What `nft flush ruleset` does, and `iptables -t nat -F` with `-X`. */
async function wipe(host: FakeHost, backend: Backend): Promise<void> {
  const firewall = host.fake(backend);
  const { rulesets } = await firewall.read();
  const changes = rulesets.map(({ scope, tables }) => {
    if (scope === 'inet') {
      return { scope, operations: tables.map(({ name }) => ({ op: 'delete-table', table: name }) as const), undo: [] };
    }
    const chains = tables.flatMap((table) => table.chains.map((chain) => ({ table: table.name, ...chain })));
    const flush = chains.map(({ table, name }) => ({ op: 'flush-chain', table, chain: name }) as const);
    const remove = chains.map(({ table, name, hook }) => ({ op: 'delete-chain', table, chain: name, hook }) as const);
    return { scope, operations: [...flush, ...remove], undo: [] };
  });
  await firewall.commit(changes.filter(({ operations }) => operations.length > 0));
}

/** Where connections of `report` are diverted: it excludes 10.0.0.0/8. */
const OUTSIDE = { destination: '192.0.2.7' };

function monitorOf(host: FakeHost): RuleMonitor {
  return new RuleMonitor(host, 'main', () => undefined);
}

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  describe(`the monitor of rules on ${backend}`, () => {
    it('puts back rules that were wiped, and says so', async () => {
      const host = hostWith(backend);
      await on(host);
      const before = (await host.fake(backend).read()).rulesets;
      await wipe(host, backend);
      assert.deepEqual(await appStates(host), { payment: 'drifted', report: 'off' });
      await monitorOf(host).look('due');
      assert.deepEqual((await host.fake(backend).read()).rulesets, before);
      assert.deepEqual(journalled(host), ['payment drifted on: its rules were gone from the kernel and are put back']);
    });

    it('changes nothing while the rules are whole, beside an operator at work, and for another sidecar', async () => {
      const host = hostWith(backend);
      await on(host);
      const commits = host.fake(backend).committed.length;
      await monitorOf(host).look('due');
      assert.equal(host.fake(backend).committed.length, commits);
      await wipe(host, backend);
      await new RuleMonitor(host, 'other', () => undefined).look('due');
      const lock = await host.takeLock();
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), null);
      await lock.release();
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
    });

    it('says that it cannot mend when there is no lock to be had, which is another thing than an operator at work', async () => {
      const host = hostWith(backend);
      await on(host);
      await wipe(host, backend);
      host.lockError = new WeirError('WEIR2022', {
        what: '/run/weir/lock cannot be opened',
        why: 'EROFS',
        hint: 'mount it',
      });
      await assert.rejects(monitorOf(host).look('due'), { code: 'WEIR2022' });
      host.lockError = null;
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
    });

    it('waits longer and longer when they are wiped again and again, and is quick again after a quiet time', async () => {
      const host = hostWith(backend);
      await on(host);
      const monitor = monitorOf(host);
      const waits: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        await wipe(host, backend);
        const since = host.nowMs;
        while (host.fate(UIDS.payment) === null) {
          await monitor.look('now');
          if (host.fate(UIDS.payment) === null) host.advance(100);
        }
        waits.push(host.nowMs - since);
      }
      assert.deepEqual(waits, [0, 1000, 2000, 4000]);
      for (let second = 0; second < 40; second += 1) {
        host.advance(1000);
        await monitor.look('due');
      }
      await wipe(host, backend);
      await monitor.look('now');
      assert.equal(host.fate(UIDS.payment), 15_001);
    });

    it('looks again soon after it saw a wipe half done, and in a quarter of a minute at the latest, however slow a look is', async () => {
      const host = hostWith(backend);
      await on(host, { apps: ['payment', 'report'] });
      const monitor = monitorOf(host);
      const lookFor = async (slowMs: number) => {
        const firewall = host.fake(backend);
        const read = firewall.read.bind(firewall);
        firewall.read = async () => {
          host.advance(slowMs);
          return await read();
        };
        await monitor.look('due');
        firewall.read = read;
      };
      const untilBack = async () => {
        const since = host.nowMs;
        while (host.fate(UIDS.payment) === null) {
          host.advance(100);
          await monitor.look('due');
        }
        return host.nowMs - since;
      };
      await lookFor(3000);
      await wipe(host, backend);
      assert.equal(await untilBack(), 15_000);
      host.advance(60_000);
      await monitor.look('due');
      host.advance(60_000);
      await wipe(host, backend);
      await lookFor(3000);
      assert.equal(host.fate(UIDS.payment), 15_001);
      await wipe(host, backend);
      assert.equal(await untilBack(), 2000);
    });

    it('never undoes what an operator switched off, by command, by off.sh, or by not confirming', async () => {
      const host = hostWith(backend);
      await on(host, { apps: ['payment', 'report'] });
      await pressPanicFile(host, 'payment');
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), null);
      host.markers.set('payment', new Date(host.nowMs).toISOString());
      await wipe(host, backend);
      await monitorOf(host).look('due');
      assert.deepEqual([host.fate(UIDS.payment), host.fate(UIDS.report, OUTSIDE)], [null, 15_001]);
      await off(host, { apps: ['report'] });
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.report, OUTSIDE), null);
      await on(host, { apps: ['report'], confirmMs: 60_000 });
      host.advance(61_000);
      await monitorOf(host).look('due');
      assert.deepEqual([host.fate(UIDS.payment), host.fate(UIDS.report, OUTSIDE)], [null, null]);
    });

    it('leaves an interception alone that is being tried out', async () => {
      const host = hostWith(backend);
      let isKilled = false;
      host.onStep = (_step, what) => {
        if (what === 'probe') isKilled = true;
        if (isKilled) throw new Error('killed');
      };
      await assert.rejects(on(host));
      host.onStep = null;
      host.revive();
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
      host.advance(30_000);
      assert.equal(host.fate(UIDS.payment), null, 'the kernel ended what was not proven');
      await monitorOf(host).look('due');
      assert.equal(host.fate(UIDS.payment), null);
    });

    it('puts a lease in force that on could not for want of a supervisor, once', async () => {
      const host = hostWith(backend);
      await on(host, { config: LEASED_MESH });
      const monitor = monitorOf(host);
      await monitor.look('due');
      assert.equal(host.fate(UIDS.payment), 15_001);
      assert.deepEqual(journalled(host), ['payment on on: a supervisor renews its lease from now on']);
      host.advance(3001);
      assert.equal(host.fate(UIDS.payment), null, 'nobody has renewed it');
      const commits = host.fake(backend).committed.length;
      await monitor.look('now');
      assert.equal(host.fake(backend).committed.length, commits);
    });
  });
}
