/** `weir off` on the fake host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { releaseKeeper } from '../../src/interception/release-keeper.ts';
import { reportStatus } from '../../src/interception/report-status.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import { type FakeHost, meshOf, packet } from '../fakes/fake-host.ts';
import { addSwitch, BACKENDS, flow, hostWith, MESH, off, on, pressPanicFile, removeAll, UIDS } from './cases.ts';

for (const backend of BACKENDS) {
  test(`${backend}: off sends new connections direct by adding alone, before it takes the lock`, async () => {
    const host = hostWith(backend);
    await on(host);
    const seen: string[] = [];
    host.onStep = (_, what) => {
      if (what === 'lock' && seen.length === 0) seen.push(host.fate(UIDS.payment) === null ? 'direct' : 'diverted');
    };
    const committed = host.fake(backend).committed.length;
    const { result } = await off(host);
    assert.deepEqual(seen, ['direct']);
    const first = host.fake(backend).committed.slice(committed)[0]?.operations ?? [];
    assert.ok(
      first.length > 0 && first.every(({ op }) => op === 'add-element' || op === 'insert-rule'),
      JSON.stringify(first),
    );
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['on', 'off']);
    assert.deepEqual(host.journalled.map(({ app, from, to, by }) => [app, from, to, by]).at(-1), [
      'payment',
      'on',
      'off',
      'weir off',
    ]);
  });

  test(`${backend}: one line says that traffic is direct, whatever was off before`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['payment', 'report'] });
    await off(host, { apps: ['report'] });
    const lines: string[][] = [];
    await off(host, {
      apps: 'all',
      report: (event) => {
        if (event.step === 'direct') lines.push([...event.apps]);
      },
    });
    assert.deepEqual(lines, [['payment']]);
  });

  test(`${backend}: off of a bypassed application is a switch: its line, the result and the event log say so`, async () => {
    const host = hostWith(backend);
    await on(host);
    await addSwitch(host, 'payment', 'bypass');
    const lines: string[][] = [];
    const { result } = await off(host, {
      report: (event) => {
        if (event.step === 'direct') lines.push([...event.apps]);
      },
    });
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after, lines], ['bypassed', 'off', [['payment']]]);
    assert.deepEqual(
      host.journalled.map(({ from, to }) => [from, to]),
      [
        ['off', 'on'],
        ['bypassed', 'off'],
      ],
    );
  });

  test(`${backend}: off of the last application leaves the host untouched when nothing is proxied`, async () => {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    await off(host);
    assert.equal(host.fake(backend).list(), untouched);
  });

  test(`${backend}: connections that are kept stay translated, and the keeper goes after they have ended`, async () => {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    const connection = packet({ uid: UIDS.payment });
    host.fake(backend).deliver(connection, 'old');
    host.flows = [flow(40_000)];
    const { result } = await off(host);
    assert.deepEqual(result.apps[0]?.connections, { proxied: 1, cut: 0, drained: 0 });
    assert.equal(result.apps[0]?.after, 'draining');
    const later = host.fake(backend).deliver({ ...connection, syn: false }, 'old');
    assert.deepEqual([later.redirectedTo, later.isBroken], [15001, false]);
    host.flows = [];
    await off(host);
    assert.equal(host.fake(backend).list(), untouched);
  });

  test(`${backend}: off.sh is an operator's decision: state and reason say so, and only on switches it on again`, async () => {
    const host = hostWith(backend);
    await on(host);
    await on(host, { apps: ['report'] });
    await pressPanicFile(host, 'payment');
    await on(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.payment), null, 'a command about another application must not undo it');
    await on(host);
    assert.equal(host.fate(UIDS.payment), 15001);
  });

  test(`${backend}: the panic file pressed between our read and our commit keeps its effect`, async () => {
    const host = hostWith(backend);
    await on(host);
    let pressed = false;
    host.onStep = (_, what) => {
      if (what !== `commit ${backend}` || pressed) return;
      pressed = true;
      void pressPanicFile(host, 'payment');
    };
    await on(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.payment), null);
  });
}

for (const backend of BACKENDS) {
  test(`${backend}: what is off stays direct beside a broader application that is on`, async () => {
    const host = hostWith(backend);
    const config = meshOf(
      'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/a"}}\napps:\n  payment: {select: {user: 20001}, sidecar: main}\n  every: {select: {all: true}, sidecar: main}\n',
    );
    await on(host, { config, apps: ['payment', 'every'] });
    const { result } = await off(host, { config });
    assert.equal(result.apps[0]?.after, 'off');
    assert.equal(host.fate(UIDS.payment), null);
    assert.equal(host.fate(UIDS.payment, { family: 6, destination: 'fd77::2', source: 'fd77::1' }), null);
    assert.equal(host.fate(UIDS.nobodyElse), 15001);
    const { result: status } = await reportStatus(host, { config, apps: [] });
    assert.deepEqual(
      status.apps.map(({ name, state }) => [name, state]),
      [
        ['every', 'on'],
        ['payment', 'off'],
      ],
    );
    assert.equal((await verifyApps(host, async () => config, [])).result.passed, true);
    await on(host, { config });
    assert.equal(host.fate(UIDS.payment), 15001);
    await off(host, { config, apps: 'all' });
    assert.equal(host.fate(UIDS.nobodyElse), null);
  });
}

test('drain waits for connections to end, counts late ones, and cuts the rest at the deadline', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1), flow(2), flow(3)];
  const began = host.nowMs;
  host.onStep = () => {
    const passed = host.nowMs - began;
    if (passed >= 1000) host.flows = host.flows.filter(({ source }) => source.port !== 1);
    if (passed >= 400 && passed < 600) host.flows = [flow(1), flow(2), flow(3), flow(4)];
  };
  const { result } = await off(host, { existing: 'drain', drainMs: 3000 });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 3, drained: 1 });
  assert.ok(host.nowMs - began >= 3000);
});

test('drain ends early when the last connection has ended; half-closed ones still count', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1, 'CLOSE_WAIT')];
  const began = host.nowMs;
  host.onStep = () => {
    if (host.nowMs - began >= 1000) host.flows = [flow(1, 'TIME_WAIT')];
  };
  const { result } = await off(host, { existing: 'drain' });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 0, drained: 1 });
  assert.ok(host.nowMs - began < 2000);
});

test('Ctrl-C during a drain leaves the connections as they are', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  const controller = new AbortController();
  const { result } = await off(host, {
    existing: 'drain',
    signal: controller.signal,
    report: (event) => event.step === 'draining' && controller.abort(),
  });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 1, cut: 0, drained: 0 });
  assert.equal(host.aborted, 0);
});

test('off works with the state directory broken: the switch stays in the kernel and says who made it', async () => {
  const host = hostWith('nft');
  await on(host);
  host.storeError = new Error('no space left on device');
  const { warnings } = await off(host);
  assert.match(warnings.join(), /no space left.*the kernel remembers/);
  assert.equal(host.fate(UIDS.payment), null);
  host.storeError = null;
  await on(host, { apps: ['report'] });
  assert.equal(host.fate(UIDS.payment), null);
});

async function stateOf(host: FakeHost): Promise<unknown[]> {
  const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
  return [result.apps[0]?.desired, result.apps[0]?.state];
}

test('off and uninstall work with the state file gone and without mesh.yaml, from the tags alone', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    host.stored = null;
    await off(host, { config: null });
    assert.equal(host.fate(UIDS.payment), null);
    await removeAll(host);
    assert.equal(host.fake(backend).list(), untouched);
  }
});

test('uninstall removes what is ours from every back end', async () => {
  const host = hostWith('nft');
  host.usable = BACKENDS;
  const before = BACKENDS.map((backend) => host.fake(backend).list());
  await on(host, { backend: 'iptables-nft' });
  // A state directory that was lost, and tools that were missing for a while: now two back ends hold rules of ours.
  host.stored = null;
  host.usable = ['nft'];
  await on(host, { apps: ['report'] });
  host.usable = BACKENDS;
  await removeAll(host);
  assert.deepEqual(
    BACKENDS.map((backend) => host.fake(backend).list()),
    before,
  );
});

test('uninstall --existing keep leaves the keeper for connections that live, and says so', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  const { result, warnings } = await removeAll(host, { existing: 'keep' });
  assert.equal(result.left, 1);
  assert.match(warnings.join(), /keeper stays/);
  // A supervisor puts back what the state file has as on.
  assert.deepEqual(await stateOf(host), ['off', 'draining']);
  host.flows = [];
  await removeAll(host);
  assert.equal(host.stored, null);
});

test('uninstall beside a state file that cannot be removed leaves the rules with their switch, and status says off', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    const { remove } = host.store;
    host.store.remove = () => Promise.reject(new Error('EROFS: read-only file system'));
    const { isWhole, warnings } = await removeAll(host);
    assert.equal(isWhole, false);
    assert.match(warnings.join(), /traffic is direct, but not everything was removed: .*read-only/);
    assert.equal(host.fate(UIDS.payment), null);
    assert.deepEqual(await stateOf(host), ['off', 'off']);
    host.store.remove = remove;
    // On a full disk a file can be removed, and none be written.
    host.storeError = new Error('ENOSPC: no space left on device');
    assert.equal((await removeAll(host)).isWhole, true);
    assert.equal(host.fake(backend).list(), untouched);
  }
});

test('a keeper that stays for want of the lock names what stands in the way', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  host.lockError = new Error('EROFS: read-only file system');
  assert.deepEqual(await releaseKeeper(host, { report: () => {}, signal: new AbortController().signal }), [
    'the keeper stays for now: EROFS: read-only file system',
  ]);
});

test('uninstall that cannot count connections leaves the keeper, the panic file and what it remembers', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  host.onStep = (_, what) => {
    if (what === 'lock') host.trackedError = new Error('conntrack failed: EMFILE');
  };
  const { result, warnings } = await removeAll(host, { existing: 'keep' });
  assert.equal(result.left, null);
  assert.match(warnings.join(), /cannot be told \(conntrack failed: EMFILE\); their keeper stays/);
  assert.notEqual(host.stored, null);
  assert.notEqual(host.script, null);
  assert.match(host.fake('nft').list(), /weir_keep/);
  host.trackedError = null;
  host.onStep = null;
  host.flows = [];
  assert.equal((await removeAll(host)).result.left, 0);
  assert.equal(host.stored, null);
});

test('a back end that is there and cannot be read is no back end without rules: uninstall says so', async () => {
  const host = hostWith('nft');
  host.usable = ['nft', 'iptables-nft'];
  await on(host);
  host.unreadable = 'iptables-nft';
  const { warnings } = await removeAll(host);
  assert.match(warnings.join(), /whether iptables-nft holds rules of weir cannot be told: .*; they stay/);
  host.unreadable = null;
  assert.deepEqual((await removeAll(host)).warnings, []);
});

test('off of an application that nobody knows is refused with the names that are known', async () => {
  const host = hostWith('nft');
  await assert.rejects(off(host, { apps: ['paymnet'] }), (error: { exit: number; why: string }) => {
    assert.equal(error.exit, 2);
    return error.why.includes('payment, report');
  });
});

test('off of what is off already is nothing to do', async () => {
  const host = hostWith('nft');
  const before = host.fake('nft').list();
  const { result } = await off(host);
  assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['off', 'off']);
  assert.equal(host.fake('nft').list(), before);
});

for (const backend of BACKENDS) {
  test(`${backend}: without the lock the switch stays in the kernel, and nothing else is touched`, async () => {
    const host = hostWith(backend);
    await on(host);
    const before = structuredClone(host.stored);
    const committed = host.fake(backend).committed.length;
    host.takeLock = async () => {
      throw new Error('another command holds it');
    };
    const { result, warnings } = await off(host, { existing: 'drain' });
    assert.equal(host.fate(UIDS.payment), null);
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['on', 'off']);
    assert.match(
      warnings.join(),
      /no lock: another command holds it; the rules stay in the kernel, and so does the switch/,
    );
    const operations = host
      .fake(backend)
      .committed.slice(committed)
      .flatMap((change) => change.operations);
    assert.ok(operations.every(({ op }) => op === 'add-element' || op === 'insert-rule'));
    assert.deepEqual(host.stored, before, 'what another command may be writing is not written over');
    host.takeLock = hostWith(backend).takeLock;
    await on(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.payment), null, 'the operator off holds without a state file that says so');
  });
}

test('a clock that is set forward during a drain cuts nothing, one that is set back does not prolong it', async () => {
  for (const jump of [3_600_000, -3_600_000]) {
    const host = hostWith('nft');
    await on(host);
    host.flows = [flow(1)];
    const began = host.clock.monotonic();
    const { result } = await off(host, {
      existing: 'drain',
      drainMs: 3000,
      report: (event) => {
        if (event.step === 'draining') host.setWallClock(jump);
      },
    });
    assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 1, drained: 0 });
    assert.ok(host.clock.monotonic() - began >= 3000 && host.clock.monotonic() - began < 4000);
  }
});

test('connections that end by themselves before the first count have drained', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1), flow(2)];
  host.onStep = (_, what) => {
    if (what === 'state write') host.flows = [];
  };
  const { result } = await off(host, { existing: 'drain' });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 0, drained: 2 });
});

test('connections that end between the switch and the look that follows have drained, whatever becomes of the rest', async () => {
  for (const backend of BACKENDS) {
    for (const [existing, counted] of [
      ['drain', { proxied: 0, cut: 0, drained: 3 }],
      ['keep', { proxied: 0, cut: 0, drained: 3 }],
      ['cut', { proxied: 0, cut: 0, drained: 3 }],
    ] as const) {
      const host = hostWith(backend);
      await on(host);
      host.flows = [flow(1), flow(2), flow(9, 'TIME_WAIT')];
      host.onStep = (_, what) => {
        if (what !== `commit ${backend}`) return;
        // One ended and is forgotten, one ended, one came and went; the fourth had ended before.
        host.flows = [flow(2, 'TIME_WAIT'), flow(3, 'CLOSE'), flow(9, 'TIME_WAIT')];
        host.onStep = null;
      };
      const { result, warnings } = await off(host, { existing });
      assert.deepEqual(result.apps[0]?.connections, counted);
      assert.deepEqual(warnings, []);
    }
  }
});

test('connections that ended before or after the switch are not counted as none', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1, 'TIME_WAIT')];
  const begun = Promise.resolve({ flows: host.flows, isBefore: false });
  const { result, warnings } = await off(host, { existing: 'drain', begun });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 0, drained: null });
  assert.match(warnings.join(), /payment: how many connections drained cannot be told/);
  const { result: known } = await removeAll(host);
  assert.deepEqual(known.apps[0]?.connections, { proxied: 0, cut: 0, drained: 0 });
});

test('connections that cannot be listed are not counted, which is not zero', async () => {
  const host = hostWith('nft');
  await on(host);
  host.connections.tracked = async () => {
    throw new Error('conntrack is missing');
  };
  for (const existing of ['drain', 'keep', 'cut'] as const) {
    const { result, warnings, isWhole } = await off(host, { existing });
    assert.deepEqual(result.apps[0]?.connections, { proxied: null, cut: null, drained: null });
    assert.match(warnings.join(), /could not be listed/);
    assert.equal(isWhole, false);
    assert.equal(host.fate(UIDS.payment), null);
    assert.notEqual(host.fake('nft').list(), hostWith('nft').fake('nft').list(), 'the keeper stays');
  }
  const { result, isWhole } = await removeAll(host);
  assert.deepEqual([result.left, isWhole], [null, false]);
});

test('what fails after the switch is a warning: the switch is in force, and reading back is what was not done', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    await on(host);
    let isSwitched = false;
    host.onStep = (_, what) => {
      if (what === `commit ${backend}`) isSwitched = true;
      if (isSwitched && what === `read ${backend}`)
        throw new WeirError('WEIR2010', {
          what: 'nft was not started',
          why: 'the limit of processes is reached',
          hint: 'raise it',
        });
    };
    const said: string[] = [];
    const { result, warnings, isWhole } = await off(host, { report: ({ step }) => said.push(step) });
    assert.equal(isWhole, false);
    assert.deepEqual(said, [], 'direct is not said before it was read back');
    assert.match(warnings.join(), /the kernel took the switch of payment.*limit of processes/);
    assert.deepEqual(result.apps[0]?.connections, { proxied: null, cut: null, drained: null });
    host.onStep = null;
    assert.equal(host.fate(UIDS.payment), null);
  }
});

test('a switch that the tool refuses, as for a lock in other hands, is not called direct, and is made the next time', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    await on(host);
    const refused = new WeirError('WEIR3020', { what: 'the rules were refused', why: 'a lock is held', hint: 'wait' });
    host.onStep = (_, what) => {
      if (what === `commit ${backend}`) throw refused;
    };
    const said: string[] = [];
    await assert.rejects(off(host, { report: ({ step }) => said.push(step) }), refused);
    assert.equal(refused.exit, 3);
    assert.deepEqual(said, []);
    assert.notEqual(host.fate(UIDS.payment), null, 'it is diverted as before');
    host.onStep = null;
    await off(host);
    assert.equal(host.fate(UIDS.payment), null);
  }
});

test('off of an application whose account another one holds is not called direct', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    await on(host);
    if (host.stored === null) assert.fail();
    // As a weir that did not refuse it left it behind: the same account under a new name.
    const [payment] = host.stored.apps;
    if (payment === undefined) assert.fail();
    const pay = { ...payment, name: 'pay', slot: 9, policy: { ...payment.policy, name: 'pay', slot: 9 } };
    host.stored = { ...host.stored, apps: [...host.stored.apps, { ...pay, desired: 'off' as const }] };
    const said: string[] = [];
    const { warnings, isWhole } = await off(host, { apps: ['pay'], report: ({ step }) => said.push(step) });
    assert.deepEqual([said, isWhole], [[], false]);
    assert.match(warnings.join(), /payment, which is on, still diverts uid 20001: `weir off payment`/);
    assert.equal(host.fate(UIDS.payment), 15001);
  }
});

test('nft: a rule that was deleted by hand is no way around off', async () => {
  for (const gone of ['mark-in', 'set-mark-from-map'] as const) {
    const host = hostWith('nft');
    await on(host, { apps: ['payment', 'report'] });
    const { rulesets } = await host.fake('nft').read();
    for (const { tables } of rulesets)
      for (const chain of tables.flatMap(({ chains }) => chains)) {
        const left = chain.rules.filter(
          (rule) =>
            rule.kind === 'known' &&
            !rule.matches.some((match) => match.on === gone && match.set === 'off') &&
            !rule.actions.some((action) => action.do === gone),
        );
        if (left.length === chain.rules.length) continue;
        const table = 'weir';
        await host.fake('nft').commit([
          {
            scope: 'inet',
            operations: [
              { op: 'flush-chain', table, chain: chain.name },
              ...left.map((rule) => ({ op: 'add-rule', table, chain: chain.name, rule }) as const),
            ],
            undo: [],
          },
        ]);
      }
    const { warnings } = await off(host);
    assert.equal(host.fate(UIDS.payment), null, gone);
    assert.match(warnings.join(), /changed by hand/);
  }
});

test('nft: a mark that was taken away by hand diverts all the same: status does not call it direct, and off ends it', async () => {
  for (const map of ['out_uid_mark', 'in_port_mark']) {
    const host = hostWith('nft');
    await on(host);
    const firewall = host.fake('nft');
    const [read] = (await firewall.read()).rulesets;
    const marks = read?.tables.flatMap(({ maps }) => maps).find(({ name }) => name === map)?.elements ?? [];
    assert.equal(marks.length, 1, 'the application has one');
    const operations = marks.map(({ key }) => ({ op: 'delete-element', table: 'weir', map, key }) as const);
    await firewall.commit([{ scope: 'inet', operations, undo: [] }]);
    const seen = (await reportStatus(host, { config: null, apps: [] })).result.apps[0];
    assert.equal(seen?.state, 'drifted');
    assert.doesNotMatch(seen?.reason ?? '', /goes direct/);
    const said: string[] = [];
    const { warnings } = await off(host, { report: ({ step }) => said.push(step) });
    assert.deepEqual(said, ['direct']);
    assert.match(warnings.join(), /changed by hand/);
    assert.equal(host.fate(UIDS.payment), null);
  }
});
