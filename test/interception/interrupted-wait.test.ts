/** Ctrl-C while a command waits for another one's lock: it ends at once, and says what stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { Backend } from '../../src/interception/backend.ts';
import { confirmApps } from '../../src/interception/confirm-apps.ts';
import { followFleet } from '../../src/interception/follow-fleet.ts';
import { releaseKeeper } from '../../src/interception/release-keeper.ts';
import { rulesetChange } from '../../src/interception/rules/diff.ts';
import type { SwitchEvent } from '../../src/interception/switch-result.ts';
import type { TakeLock } from '../../src/platform/command-lock.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, confirm, flow, hostWith, off, on, pressPanicFile, removeAll, UIDS } from './cases.ts';

const HOLDER = 'weir on report (process 4242, since 2026-01-01T00:00:00.000Z)';

/** Ctrl-C, as commands get it. */
function ctrlC(): { readonly signal: AbortSignal; press(): void } {
  const controller = new AbortController();
  const parts = { what: 'interrupted by SIGINT', why: 'Ctrl-C', hint: 'run it again', exit: 130 } as const;
  return { signal: controller.signal, press: () => controller.abort(new WeirError('WEIR2005', parts)) };
}

/** Another command has the lock. `waiting` ends the wait: by a signal, or as a lock that cannot be had. */
function heldByAnother(host: FakeHost, waiting: () => unknown): void {
  const takeLock: TakeLock = async (_what, _waitMs, onWait, signal) => {
    await Promise.resolve();
    onWait(HOLDER);
    // Until the commands that go on without the lock have done what they can.
    for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
    await waiting();
    signal?.throwIfAborted();
    return assert.fail('nobody ended the wait');
  };
  host.takeLock = takeLock as typeof host.takeLock;
}

/** The error of an interrupted command. */
async function interruptedBy(command: Promise<unknown>): Promise<WeirError> {
  const error = await command.then(
    () => assert.fail('it was not interrupted'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WeirError, String(error));
  assert.deepEqual([error.code, error.exit], ['WEIR2005', 130], error.message);
  return error;
}

/** Everything that a command may have changed. */
const everything = (host: FakeHost, backend: Backend) =>
  structuredClone({
    rules: host.fake(backend).list(),
    committed: host.fake(backend).committed.length,
    ...{ stored: host.stored, script: host.script, markers: [...host.markers], journalled: host.journalled },
  });

/** What another `on` does: it takes the switch out again. */
async function withoutSwitch(host: FakeHost, backend: Backend): Promise<() => Promise<void>> {
  const { rulesets: wanted } = await host.fake(backend).read();
  return async () => {
    const { rulesets } = await host.fake(backend).read();
    const back = rulesets.flatMap((current, at) => {
      const target = wanted[at];
      if (target === undefined) return [];
      const change = rulesetChange(current, target, { clearSwitches: ['payment'] });
      return change.operations.length === 0 ? [] : [change];
    });
    if (back.length > 0) await host.fake(backend).commit(back);
  };
}

for (const backend of BACKENDS) {
  test(`${backend}: an on that is interrupted in its wait has changed nothing, and says so`, async () => {
    const host = hostWith(backend);
    const { signal, press } = ctrlC();
    const before = everything(host, backend);
    heldByAnother(host, press);
    const error = await interruptedBy(on(host, { signal }));
    assert.equal(error.what, 'interrupted by SIGINT; nothing was changed');
    assert.equal(error.why, `it waited for ${HOLDER}, which goes on`);
    assert.deepEqual(everything(host, backend), before);
  });

  test(`${backend}: an on that is interrupted before its first change makes none`, async () => {
    for (const step of ['lock', 'ready?', 'network', 'ssh']) {
      const host = hostWith(backend);
      const { signal, press } = ctrlC();
      const before = everything(host, backend);
      host.onStep = (_, what) => {
        if (what === step) press();
      };
      const error = await interruptedBy(on(host, { signal }));
      assert.equal(error.what, 'interrupted by SIGINT; nothing was changed', step);
      assert.deepEqual(everything(host, backend), before, step);
      host.onStep = null;
      await on(host);
      assert.equal(host.fate(UIDS.payment), 15001, 'the lock was given back');
    }
  });

  test(`${backend}: an off that is interrupted in its wait says that connections go direct, and what was not done`, async () => {
    const host = hostWith(backend);
    await on(host);
    host.flows = [flow(1)];
    const stored = structuredClone(host.stored);
    const { signal, press } = ctrlC();
    heldByAnother(host, press);
    const events: SwitchEvent[] = [];
    const error = await interruptedBy(off(host, { signal, existing: 'drain', report: (event) => events.push(event) }));
    assert.equal(error.what, 'interrupted by SIGINT; payment: new connections go direct; nothing was tidied up');
    assert.equal(error.why, `it waited for ${HOLDER}, which goes on`);
    assert.match(error.hint, /^`weir off payment` does the rest when that has ended; `weir status`/);
    assert.deepEqual((error.details as { apps: object[] }).apps, [
      {
        ...{ name: 'payment', before: 'on', after: 'draining' },
        ...{ connections: { proxied: 1, cut: 0, drained: 0 }, proof: { ipv4: 'skipped', ipv6: 'skipped' } },
      },
    ]);
    assert.equal(host.fate(UIDS.payment), null);
    assert.deepEqual(host.stored, stored, 'what another command may be writing is not written over');
    assert.deepEqual([host.aborted, host.flows.length], [0, 1]);
    assert.deepEqual(events.map(({ step }) => step).slice(0, 2), ['waiting', 'direct']);
    assert.equal(host.journalled.at(-1)?.to, 'off');
  });

  test(`${backend}: an off that is interrupted beside an on of the same application does not say that it is direct`, async () => {
    const host = hostWith(backend);
    await on(host);
    const putBack = await withoutSwitch(host, backend);
    const { signal, press } = ctrlC();
    heldByAnother(host, async () => {
      await putBack();
      press();
    });
    const error = await interruptedBy(off(host, { signal }));
    assert.match(error.what, /^interrupted by SIGINT; payment: new connections go through the sidecar; nothing was/);
    assert.equal(host.fate(UIDS.payment), 15001);
  });

  test(`${backend}: an off that is interrupted before any look showed it direct takes nothing out of another command's rules`, async () => {
    const host = hostWith(backend);
    await on(host);
    const putBack = await withoutSwitch(host, backend);
    const before = host.fake(backend).list();
    const firewall = host.fake(backend);
    const commit = firewall.commit.bind(firewall);
    firewall.commit = async (changes) => {
      const done = await commit(changes);
      firewall.commit = commit;
      await putBack();
      firewall.commit = again;
      return done;
    };
    const again = firewall.commit;
    const { signal, press } = ctrlC();
    heldByAnother(host, press);
    const error = await interruptedBy(off(host, { signal }));
    assert.match(error.what, /payment: new connections go through the sidecar; nothing else was done$/);
    firewall.commit = commit;
    assert.equal(host.fake(backend).list(), before);
  });

  test(`${backend}: an off that waited in vain looks again, and switches what another on took back`, async () => {
    const host = hostWith(backend);
    await on(host);
    const putBack = await withoutSwitch(host, backend);
    heldByAnother(host, async () => {
      await putBack();
      throw new Error('weir on is at work');
    });
    const { warnings, isWhole } = await off(host);
    assert.equal(host.fate(UIDS.payment), null);
    assert.equal(isWhole, true);
    assert.match(warnings.join('\n'), /^no lock: weir on is at work; the rules stay in the kernel/);
  });

  test(`${backend}: an uninstall that is interrupted in its wait says that connections go direct, and that all is still there`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['payment', 'report'] });
    const { stored, script } = structuredClone({ stored: host.stored, script: host.script });
    const { signal, press } = ctrlC();
    heldByAnother(host, press);
    const error = await interruptedBy(removeAll(host, { signal }));
    assert.equal(
      error.what,
      'interrupted by SIGINT; payment, report: new connections go direct; nothing was removed: rules of weir, state file and off.sh stay',
    );
    assert.match(error.hint, /^`weir uninstall` does the rest/);
    assert.deepEqual([host.fate(UIDS.payment), host.fate(UIDS.report)], [null, null]);
    assert.deepEqual([host.stored, host.script], [stored, script]);
  });

  test(`${backend}: an uninstall that waited in vain says what the other command made of it`, async () => {
    const host = hostWith(backend);
    await on(host);
    const putBack = await withoutSwitch(host, backend);
    heldByAnother(host, async () => {
      await putBack();
      throw new Error('weir on is at work');
    });
    const { warnings, isWhole } = await removeAll(host);
    const said = 'payment: new connections go through the sidecar, but not everything was removed: weir on is at work';
    assert.deepEqual([isWhole, warnings], [false, [said]]);
  });

  test(`${backend}: a confirm that is interrupted in its wait leaves the deadline, and says so`, async () => {
    const host = hostWith(backend);
    await on(host, { confirmMs: 60_000 });
    const before = everything(host, backend);
    const { signal, press } = ctrlC();
    heldByAnother(host, press);
    const wait = { report: () => {}, signal };
    const error = await interruptedBy(confirmApps(host, ['payment'], async () => [], wait));
    assert.equal(error.what, 'interrupted by SIGINT; no deadline was taken out');
    assert.match(error.hint, /`weir confirm payment` again before the deadline/);
    assert.deepEqual(everything(host, backend), before);
    host.takeLock = hostWith(backend).takeLock;
    assert.deepEqual((await confirm(host, 'payment')).result.confirmed, ['payment']);
  });
}

test('an off that is interrupted and cannot be looked at again says that nobody can tell', async () => {
  const host = hostWith('nft');
  await on(host);
  const firewall = host.fake('nft');
  const { signal, press } = ctrlC();
  heldByAnother(host, () => {
    firewall.read = () => Promise.reject(new Error('EMFILE: no descriptors'));
    press();
  });
  const error = await interruptedBy(off(host, { signal }));
  assert.match(error.what, /whether new connections of payment go direct cannot be told: .*EMFILE/);
  assert.doesNotMatch(error.what, /: new connections go direct/);
});

test('a signal in the drain of an uninstall ends the drain: what needs no wait is done', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  const { signal, press } = ctrlC();
  const report = ({ step }: SwitchEvent): void => {
    if (step === 'draining') press();
  };
  const { result } = await removeAll(host, { signal, existing: 'drain', report });
  assert.deepEqual([result.removed, result.left], [['nft rules'], 1]);
});

test('a keeper that is not waited for any longer stays, and who holds the lock was told', async () => {
  const host = hostWith('nft');
  const { signal, press } = ctrlC();
  heldByAnother(host, press);
  const events: SwitchEvent[] = [];
  const warnings = await releaseKeeper(host, { report: (event) => events.push(event), signal });
  assert.deepEqual(events, [{ step: 'waiting', holder: HOLDER }]);
  assert.match(warnings.join(), /^the keeper stays for now: interrupted by SIGINT/);
});

test('overrides that were not ended for want of the lock are still there', async () => {
  const host = hostWith('nft');
  await on(host);
  await pressPanicFile(host, 'payment');
  const before = everything(host, 'nft');
  const { signal, press } = ctrlC();
  heldByAnother(host, press);
  const error = await interruptedBy(followFleet(host, 'all', async () => [], { report: () => {}, signal }));
  assert.equal(error.what, 'interrupted by SIGINT; nothing was changed');
  assert.deepEqual(everything(host, 'nft'), before);
});
