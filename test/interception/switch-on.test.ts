/** `weir on` on the fake host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { sendDirectFromMemory } from '../../src/interception/send-direct.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { listener, meshOf } from '../fakes/fake-host.ts';
import { BACKENDS, confirm, hostWith, MESH, MESH_TEXT, off, on, removeAll, UIDS } from './cases.ts';

for (const backend of BACKENDS) {
  test(`${backend}: on diverts new connections of the application and of nobody else`, async () => {
    const host = hostWith(backend);
    const { result, warnings } = await on(host);
    assert.deepEqual(warnings, []);
    assert.equal(result.backend, backend);
    assert.deepEqual(result.apps[0]?.proof, { ipv4: 'ok', ipv6: 'ok' });
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['off', 'on']);
    assert.equal(host.fate(UIDS.payment), 15001);
    assert.equal(host.fate(UIDS.payment, { family: 6, destination: 'fd77::2', source: 'fd77::1' }), 15001);
    assert.equal(host.fate(UIDS.payment, { destination: '127.0.0.1' }), null);
    assert.equal(host.fate(UIDS.payment, { syn: false }), null);
    for (const uid of [UIDS.report, UIDS.envoy, UIDS.nobodyElse]) assert.equal(host.fate(uid), null);
    assert.match(host.script ?? '', /^#!\/bin\/sh/);
  });

  test(`${backend}: the milliseconds of an on are those that passed, also when the clock was set meanwhile`, async () => {
    for (const jumpMs of [3_600_000, -3_600_000]) {
      for (const at of ['ready?', 'probe']) {
        const host = hostWith(backend);
        host.onStep = (_, what) => {
          if (what === at) host.setWallClock(jumpMs);
        };
        const { plan, apply, prove, total } = (await on(host)).result.ms;
        for (const ms of [plan, apply, prove, total]) assert.ok(ms >= 0 && ms < 60_000, `${at}: ${ms} ms`);
      }
    }
  });

  test(`${backend}: a repeated on leaves the kernel's text identical`, async () => {
    const host = hostWith(backend);
    await on(host);
    const before = host.fake(backend).list();
    const { result } = await on(host);
    assert.equal(host.fake(backend).list(), before);
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after, result.ms.apply], ['on', 'on', 0]);
  });

  test(`${backend}: a second application keeps the first as it is, and off takes out only the one named`, async () => {
    const host = hostWith(backend);
    await on(host);
    await on(host, { apps: ['report'] });
    const elsewhere = { destination: '198.51.100.7' };
    assert.equal(host.fate(UIDS.report, elsewhere), 15001);
    assert.equal(host.fate(UIDS.report), null, '10.0.0.0/8 is excluded');
    assert.equal(host.fate(UIDS.report, { ...elsewhere, port: 443 }), null, 'only 20880 is included');
    await off(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.report, elsewhere), null);
    assert.equal(host.fate(UIDS.payment), 15001);
  });

  test(`${backend}: a failed proof puts rules and state back, exit 4`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['report'] });
    const before = host.fake(backend).list();
    const stored = structuredClone(host.stored);
    host.probeOverride = ({ addresses, port }) => ({
      kind: 'direct',
      destination: { address: addresses[0] ?? '', port },
    });
    await assert.rejects(on(host), { code: 'WEIR3007', exit: 4 });
    assert.equal(host.fake(backend).list(), before);
    assert.deepEqual(host.stored, stored);
  });

  test(`${backend}: the way back does not hang on a look at who switched it off meanwhile`, async () => {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    host.probeOverride = ({ addresses, port }) => ({
      kind: 'direct',
      destination: { address: addresses[0] ?? '', port },
    });
    let isProbed = false;
    let failed = 0;
    host.onStep = (_step, what) => {
      if (what === 'probe') isProbed = true;
      if (!isProbed || what !== `read ${backend}` || failed > 0) return;
      failed += 1;
      throw new Error('the kernel could not be read');
    };
    await assert.rejects(on(host), { code: 'WEIR3007', exit: 4 });
    assert.equal(failed, 1);
    assert.equal(host.fake(backend).list(), untouched);
  });

  test(`${backend}: an unconfirmed on ends by itself, and a confirmed one does not`, async () => {
    const host = hostWith(backend);
    await assert.rejects(confirm(host, 'payment'), { code: 'WEIR3010', exit: 3 });
    await assert.rejects(confirm(host, 'nobody'), { code: 'WEIR1010', exit: 2 });
    const { result } = await on(host, { confirmMs: 60_000 });
    assert.equal(result.apps[0]?.after, 'unconfirmed');
    assert.equal(host.fate(UIDS.payment), 15001);
    host.advance(61_000);
    assert.equal(host.fate(UIDS.payment), null);
    await assert.rejects(confirm(host, 'payment'), { code: 'WEIR3010', exit: 3 });
    await on(host, { confirmMs: 60_000 });
    assert.deepEqual((await confirm(host)).result.confirmed, ['payment']);
    host.advance(61_000);
    assert.equal(host.fate(UIDS.payment), 15001);
  });

  test(`${backend}: a plain on confirms an unconfirmed one; --confirm on one that is on changes nothing and warns`, async () => {
    const host = hostWith(backend);
    await on(host, { confirmMs: 60_000 });
    await on(host);
    const before = host.fake(backend).list();
    const { warnings, result } = await on(host, { confirmMs: 5000 });
    assert.equal(host.fake(backend).list(), before);
    assert.match(warnings.join(), /on already/);
    assert.equal(result.apps[0]?.after, 'on');
    host.advance(61_000);
    assert.equal(host.fate(UIDS.payment), 15001);
  });
}

for (const backend of BACKENDS) {
  test(`${backend}: off.sh that is run while on is at work wins, also when its switch was overwritten`, async () => {
    const host = hostWith(backend);
    // The marker alone: what off.sh added to the kernel was lost between a read and a commit.
    host.onStep = (_step, what) => {
      if (what === 'probe') host.markers.set('payment', '2026-01-01T00:00:00Z');
    };
    const { result, warnings } = await on(host);
    assert.equal(host.fate(UIDS.payment), null);
    assert.equal(result.apps[0]?.after, 'off');
    assert.match(warnings.join(), /off\.sh was run while weir switched it on/);
    host.onStep = null;
    await on(host);
    assert.equal(host.fate(UIDS.payment), 15001);
  });
}

for (const backend of BACKENDS) {
  for (const by of ['off', 'off.sh'] as const) {
    test(`${backend}: ${by} that makes the proof of on fail is named, and stays in force over what was on before`, async () => {
      const host = hostWith(backend);
      await on(host);
      const { state } = await host.store.read();
      let isDone = false;
      host.onStep = (_step, what) => {
        if (what !== 'probe' || isDone) return;
        isDone = true;
        void sendDirectFromMemory(host, state, ['payment']);
        if (by === 'off.sh') host.markers.set('payment', '2026-01-01T00:00:00Z');
      };
      await assert.rejects(on(host), (error: Error & { code: string; why: string }) => {
        assert.equal(error.code, 'WEIR3007');
        assert.match(error.why, /^payment: somebody switched it off while this was being proven/);
        return true;
      });
      assert.equal(host.fate(UIDS.payment), null);
    });
  }
}

test('on again after off.sh was pressed clears the switch and the marker', async () => {
  const host = hostWith('nft');
  await on(host);
  host.markers.set('payment', 'now');
  await on(host);
  assert.equal(host.fate(UIDS.payment), 15001);
  assert.equal(host.markers.size, 0);
});

const refusals: [
  string,
  Parameters<typeof on>[1],
  (host: ReturnType<typeof hostWith>) => void,
  { code: string; exit: number },
][] = [
  ['an unknown application', { apps: ['paymnet'] }, () => undefined, { code: 'WEIR1010', exit: 2 }],
  [
    'a frozen sidecar',
    {},
    (host) => (host.readiness = { state: 'frozen', detail: 'no answer in 2 s' }),
    { code: 'WEIR3001', exit: 3 },
  ],
  [
    'a sidecar that cannot be asked',
    {},
    (host) => (host.readiness = { state: 'unknown', detail: 'connect EMFILE' }),
    { code: 'WEIR3001', exit: 3 },
  ],
  ['a sidecar that listens nowhere', {}, (host) => (host.listeners = []), { code: 'WEIR3001', exit: 3 }],
  [
    'rules of another mesh',
    {},
    (host) =>
      (host.foreignRules = [{ name: 'istio', kind: 'mesh', evidence: 'chain ISTIO_OUTPUT', backend: 'iptables-nft' }]),
    { code: 'WEIR3003', exit: 3 },
  ],
  ['no back end', {}, (host) => (host.usable = []), { code: 'WEIR3006', exit: 3 }],
  ['a back end that is not there', { backend: 'iptables-legacy' }, () => undefined, { code: 'WEIR3006', exit: 3 }],
];
for (const [what, request, prepare, expected] of refusals) {
  test(`on is refused for ${what}, and nothing is changed`, async () => {
    const host = hostWith('nft');
    const before = host.fake('nft').list();
    prepare(host);
    await assert.rejects(on(host, request), expected);
    assert.equal(host.fake('nft').list(), before);
    assert.equal(host.stored, null);
    assert.equal(host.script, null);
  });
}

test('on is refused when the state cannot be written, and no packet was diverted before', async () => {
  const host = hostWith('nft');
  host.storeError = new Error('read-only');
  await assert.rejects(on(host), /read-only/);
  assert.equal(host.fate(UIDS.payment), null);
});

test('a sidecar on IPv4 only: direct falls back to IPv4 with a warning, deny is refused', async () => {
  const host = hostWith('nft');
  host.listeners = [listener('127.0.0.1', 15001), listener('0.0.0.0', 15006)];
  const { result, warnings } = await on(host);
  assert.match(warnings.join(), /does not listen on IPv6/);
  assert.deepEqual(result.apps[0]?.proof, { ipv4: 'ok', ipv6: 'skipped' });
  assert.equal(host.fate(UIDS.payment, { family: 6, destination: 'fd77::2' }), null);
  const deny = meshOf(
    'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/a"}}\napps: {payment: {select: {user: 20001}, sidecar: main, onFailure: deny}}\n',
  );
  await removeAll(host);
  await assert.rejects(on(host, { config: deny }), { code: 'WEIR3002', exit: 3 });
});

test('a host with one family asks for no other, whatever the sidecar is to do without it', async () => {
  for (const [facts, address] of [
    [{ hasIpv4: false }, '::1'],
    [{ hasIpv6: false }, '127.0.0.1'],
  ] as const) {
    for (const policy of ['deny', 'direct']) {
      const host = hostWith('nft');
      host.networkFacts = { ...host.networkFacts, ...facts };
      host.listeners = [listener(address, 15001)];
      const config = meshOf(
        `apiVersion: weir.dev/v1\nsidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/a"}}\napps: {payment: {select: {user: 20001}, sidecar: main, onFailure: ${policy}}}\n`,
      );
      assert.deepEqual((await on(host, { config })).warnings, [], `${address}, ${policy}`);
    }
  }
});

test('risks are refused with the literal flag that accepts them', async () => {
  const host = hostWith('nft');
  const risky = meshOf(
    'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/a"}}\napps:\n  every: {select: {all: true}, sidecar: main}\n  git: {select: {user: 5}, sidecar: main, outbound: {ports: [22]}}\n',
  );
  host.networkFacts = { ...host.networkFacts, isHostNamespace: true };
  await assert.rejects(on(host, { config: risky, apps: ['every'] }), (error: { hint: string; exit: number }) => {
    assert.equal(error.exit, 3);
    return error.hint.includes('--accept-risk host-namespace');
  });
  await assert.rejects(on(host, { config: risky, apps: ['git'] }), (error: { hint: string }) =>
    error.hint.includes('--accept-risk lose-ssh'),
  );
  await on(host, { config: risky, apps: ['git'], acceptedRisks: ['lose-ssh'] });
  assert.equal(host.fate(5, { port: 22 }), 15001);
});

for (const backend of BACKENDS) {
  test(`${backend}: ssh is left alone: port 22 and the live peer outbound, every port of a server of this host inbound`, async () => {
    const host = hostWith(backend);
    host.sshFacts = { ports: [22, 443], peers: ['198.51.100.9'] };
    const config = meshOf(
      MESH_TEXT.replace('inbound: {ports: [20880]}', 'inbound: {}').replace(
        ', outbound: {ports: [20880]',
        ', outbound: {ports: [443]',
      ),
    );
    await on(host, { config, apps: ['payment', 'report'] });
    assert.equal(host.fate(UIDS.payment, { port: 22 }), null);
    assert.equal(host.fate(UIDS.payment, { port: 443 }), 15001, "another host's 443 is no ssh");
    assert.equal(
      host.fate(UIDS.report, { port: 443, destination: '198.51.100.7' }),
      15001,
      'nor is it when it is named',
    );
    assert.equal(host.fate(UIDS.payment, { destination: '198.51.100.9' }), null);
    assert.equal(host.fate(UIDS.payment), 15001);
    const comesIn = { hook: 'prerouting', iif: 'eth0', isLocalDestination: true, source: '198.51.100.7' } as const;
    assert.equal(host.fate(UIDS.payment, { ...comesIn, port: 443 }), null);
    assert.equal(host.fate(UIDS.payment, { ...comesIn, port: 9090 }), 15006);
  });

  test(`${backend}: link-local peers are left alone, and loopback`, async () => {
    const host = hostWith(backend);
    await on(host);
    for (const destination of ['fe80::1', 'febf::ffff', '::1'])
      assert.equal(host.fate(UIDS.payment, { family: 6, destination, source: 'fe80::2' }), null, destination);
    assert.equal(host.fate(UIDS.payment, { family: 6, destination: 'fec0::1', source: 'fd77::1' }), 15001);
    assert.equal(
      host.fate(UIDS.payment, { destination: '169.254.169.254' }),
      15001,
      'IPv4 link-local is redirected well',
    );
  });

  test(`${backend}: an application that was renamed while it was on holds its account until it is off`, async () => {
    const host = hostWith(backend);
    await on(host);
    const renamed = meshOf(MESH_TEXT.replace('payment:', 'pay:'));
    const before = host.fake(backend).list();
    await assert.rejects(
      on(host, { config: renamed, apps: ['pay'] }),
      (error: Error & { code: string; exit: number; hint: string }) => {
        assert.deepEqual([error.code, error.exit], ['WEIR3014', 3]);
        assert.match(error.hint, /`weir off payment`/);
        return true;
      },
    );
    assert.equal(host.fake(backend).list(), before);
    await off(host);
    await on(host, { config: renamed, apps: ['pay'] });
    assert.equal(host.fate(UIDS.payment), 15001);
    await off(host, { apps: ['pay'] });
    assert.equal(host.fate(UIDS.payment), null);
  });
}

test('a back end other than the remembered one is refused until uninstall', async () => {
  const host = hostWith('nft');
  host.usable = BACKENDS;
  await on(host, { backend: 'iptables-nft' });
  await off(host);
  await assert.rejects(on(host, { backend: 'nft' }), { code: 'WEIR3005', exit: 3 });
  await removeAll(host);
  assert.equal((await on(host, { backend: 'nft' })).result.backend, 'nft');
});

test('a dry run changes nothing and shows the transaction', async () => {
  const host = hostWith('nft');
  const before = host.fake('nft').list();
  const { result } = await on(host, { dryRun: true, apps: [...MESH.apps.keys()] });
  assert.match(result.plan ?? '', /payment/);
  assert.equal(host.fake('nft').list(), before);
  assert.equal(host.stored, null);
});

test('an interruption before the proof is complete is rolled back', async () => {
  const host = hostWith('nft');
  const before = host.fake('nft').list();
  const controller = new AbortController();
  host.probeOverride = () => {
    controller.abort();
    return null;
  };
  await assert.rejects(on(host, { signal: controller.signal }), { code: 'WEIR3007', exit: 4 });
  assert.equal(host.fake('nft').list(), before);
});

test('when the way back fails as well, exit 5 names the panic file', async () => {
  const host = hostWith('nft');
  host.probeOverride = () => {
    host.fake('nft').commit = async () => {
      throw new Error('the kernel is out of memory');
    };
    return { kind: 'direct', destination: { address: '192.0.2.7', port: 20880 } };
  };
  await assert.rejects(on(host), (error: { exit: number; hint: string; why: string }) => {
    assert.equal(error.exit, 5);
    assert.match(error.hint, /sh \/run\/weir\/off\.sh/);
    return /out of memory/.test(error.why);
  });
  host.advance(21_000);
  assert.equal(host.fate(UIDS.payment), null, 'what was not proven ends by itself');
});

for (const backend of BACKENDS) {
  test(`${backend}: on is refused before anything is changed where its proof could not be carried out`, async () => {
    const missing = (tool: string) =>
      new WeirError('WEIR2001', { what: `${tool} is missing`, why: 'it is not in PATH', hint: `install ${tool}` });
    const lacking: Readonly<Record<string, (host: FakeHost) => void>> = {
      ip: (host) => {
        host.probeAddresses = () => Promise.reject(missing('ip'));
      },
      conntrack: (host) => {
        host.trackedError = missing('conntrack');
      },
    };
    for (const [tool, lack] of Object.entries(lacking)) {
      const host = hostWith(backend);
      lack(host);
      await assert.rejects(on(host), { code: 'WEIR2001', exit: 3, hint: `install ${tool}` });
      assert.deepEqual([host.fake(backend).committed.length, host.stored, host.script], [0, null, null], tool);
    }
  });
}
