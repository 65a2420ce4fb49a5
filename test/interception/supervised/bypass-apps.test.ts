/** The supervisor's bypass on the fake host. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppBypass } from '../../../src/interception/supervised/bypass-apps.ts';
import { appStates, DENYING_MESH, journalled } from '../../sidecar/supervisor/supervised.ts';
import { hostWith, off, on, UIDS } from '../cases.ts';

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  describe(`the supervisor's bypass on ${backend}`, () => {
    it('sends the apps of its sidecar direct, and takes exactly that back', async () => {
      const host = hostWith(backend);
      await on(host);
      const before = await host.firewall(backend).read();
      const bypass = new AppBypass(host, 'main');
      await bypass.add('the sidecar has ended');
      const bypassed = await host.firewall(backend).read();
      await bypass.add('again: nothing more is added');
      assert.deepEqual(await host.firewall(backend).read(), bypassed);
      assert.deepEqual(await appStates(host), { payment: 'bypassed', report: 'off' });
      assert.equal(host.fate(UIDS.payment), null);
      await bypass.lift('the sidecar is live');
      assert.deepEqual((await host.firewall(backend).read()).rulesets, before.rulesets);
    });

    it('goes to the kernel before anything is read, once it knows that nothing is bypassed', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.lift('the sidecar is live');
      const steps: string[] = [];
      host.onStep = (_step, what) => steps.push(what);
      await bypass.add('the sidecar has ended');
      assert.equal(steps[0], `commit ${backend}`);
      assert.equal(host.fate(UIDS.payment), null);
    });

    it('takes in what has changed since it was prepared', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.lift('the sidecar is live');
      await off(host);
      await on(host, { apps: ['report'] });
      await Promise.all([bypass.add('the sidecar has ended'), bypass.add('the sidecar is being started')]);
      assert.deepEqual(await appStates(host), { payment: 'off', report: 'bypassed' });
      await bypass.lift('the sidecar is live');
      assert.deepEqual(await appStates(host), { payment: 'off', report: 'on' });
      assert.deepEqual(journalled(host), [
        'report on bypassed: the sidecar has ended',
        'report bypassed on: the sidecar is live',
      ]);
    });

    it('finds what a supervisor before it left behind', async () => {
      const host = hostWith(backend);
      await on(host);
      await new AppBypass(host, 'main').add('the sidecar has ended');
      const next = new AppBypass(host, 'main');
      await next.add('a new supervisor found nobody serving');
      await next.lift('the sidecar is live');
      assert.equal(host.fate(UIDS.payment), 15_001);
    });

    it('comes back where a change of rules dropped it, now and then', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.add('the sidecar has ended');
      await new AppBypass(host, 'main').lift('somebody else');
      await bypass.keep();
      assert.equal(host.fate(UIDS.payment), 15_001, 'not each time that it is asked');
      host.advance(2000);
      await bypass.keep();
      assert.equal(host.fate(UIDS.payment), null);
    });

    it('does not undo what an operator switched off', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.add('the sidecar has ended');
      await off(host);
      await bypass.lift('the sidecar is live');
      assert.deepEqual(await appStates(host), { payment: 'off', report: 'off' });
      assert.equal(host.fate(UIDS.payment), null);
    });

    it('that is prepared is added also while the state file cannot be read, which it says', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.lift('the sidecar is live');
      const { stored } = host;
      [host.stored, host.storeProblem] = [null, 'EMFILE: too many open files'];
      host.advance(2000);
      await assert.rejects(bypass.prepare(), /EMFILE/);
      await assert.rejects(bypass.add('the sidecar has ended'), /EMFILE/);
      assert.equal(host.fate(UIDS.payment), null);
      assert.deepEqual(journalled(host), ['payment on bypassed: the sidecar has ended']);
      await assert.rejects(bypass.lift('the sidecar is live'), /EMFILE/);
      [host.stored, host.storeProblem] = [stored, null];
      await bypass.liftAgain();
      assert.equal(host.fate(UIDS.payment), null, 'not each time that it is asked');
      host.advance(2000);
      await bypass.liftAgain();
      assert.equal(host.fate(UIDS.payment), 15_001);
      await bypass.add('the sidecar has ended again');
      host.advance(2000);
      await bypass.liftAgain();
      assert.equal(host.fate(UIDS.payment), null, 'a later order counts');
    });

    it('leaves the apps of another sidecar alone, and those that are refused rather than sent direct', async () => {
      const host = hostWith(backend);
      await on(host, { config: DENYING_MESH });
      await new AppBypass(host, 'somebody-else').add('not mine');
      await new AppBypass(host, 'main').add('the sidecar has ended');
      assert.equal(host.fate(UIDS.payment), 15_001);
      assert.deepEqual(journalled(host), []);
    });

    it('writes each change and its reason into the event log, and status tells the reason', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = new AppBypass(host, 'main');
      await bypass.add('the sidecar has ended');
      await bypass.add('again');
      assert.match((await appStates(host, 'reason')).payment ?? '', /^the sidecar has ended; traffic goes direct$/);
      await bypass.lift('the sidecar is live');
      await bypass.lift('again');
      assert.deepEqual(journalled(host), [
        'payment on bypassed: the sidecar has ended',
        'payment bypassed on: the sidecar is live',
      ]);
    });
  });
}
