/** Nothing is concluded from not being able to look: off, uninstall, confirm, verify and plan, by every way to be blind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { planChanges } from '../../src/interception/plan-changes.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, confirm, hostWith, MESH, off, on, removeAll, UIDS } from './cases.ts';

const OFF = (host: FakeHost): Promise<unknown> => off(host);
const COMMANDS: Readonly<Record<string, (host: FakeHost) => Promise<unknown>>> = {
  off: OFF,
  'off --all': (host) => off(host, { apps: 'all' }),
  uninstall: (host) => removeAll(host),
  confirm: (host) => confirm(host),
  'confirm payment': (host) => confirm(host, 'payment'),
  verify: (host) => verifyApps(host, async () => MESH, []),
  'verify payment': (host) => verifyApps(host, async () => MESH, ['payment']),
};

const DENIED = new WeirError('WEIR2003', {
  what: 'nft -j list table inet weir failed',
  why: 'Operation not permitted (you must be root)',
  hint: 'run weir as root',
});

/** What a command came to: the lines that it announced, and its error. */
async function refusalOf(host: FakeHost, command: (host: FakeHost) => Promise<unknown>): Promise<WeirError> {
  const error = await command(host).then(
    (outcome) => assert.fail(`it should have been refused: ${JSON.stringify(outcome)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WeirError, String(error));
  return error;
}

for (const backend of BACKENDS) {
  for (const [name, command] of Object.entries(COMMANDS)) {
    test(`${backend}: ${name} without rights is refused and changes nothing, with and without a readable state file`, async () => {
      const host = hostWith(backend);
      await on(host);
      const rules = host.fake(backend).list();
      host.denied = DENIED;
      const committed = host.fake(backend).committed.length;
      for (const store of ['readable', 'unreadable'] as const) {
        if (store === 'unreadable') {
          host.stored = null;
          host.storeProblem = '/var/lib/weir/state.json cannot be read: EACCES: permission denied';
        }
        // The tool that may not list may not write either.
        host.fake(backend).commit = async () => {
          throw DENIED;
        };
        const error = await refusalOf(host, command);
        assert.equal(error.exit, 3);
        assert.match(`${error.why} ${error.hint}`, /not permitted/);
        assert.match(error.hint, /as root/);
      }
      assert.equal(host.fake(backend).committed.length, committed);
      assert.equal(host.fake(backend).list(), rules);
      assert.equal(host.fate(UIDS.payment), 15001);
    });

    test(`${backend}: ${name} in another network namespace names it, and says nothing of this one`, async () => {
      const host = hostWith(backend);
      host.networkFacts = { ...host.networkFacts, netns: 'web', namespace: { id: '4:77', boot: 'boot' } };
      await on(host);
      const elsewhere = hostWith(backend);
      elsewhere.stored = host.stored;
      for (const file of [null, '/run/netns/web']) {
        if (file !== null) elsewhere.namespaces.set('4:77', file);
        const error = await refusalOf(elsewhere, command);
        assert.deepEqual([error.code, error.exit], ['WEIR3041', 3]);
        assert.match(error.what, /web.*net:\[77\]/);
        if (file !== null) assert.match(error.hint, /--netns \/run\/netns\/web/);
      }
      assert.equal(elsewhere.fake(backend).committed.length, 0);
      assert.deepEqual(elsewhere.stored, host.stored);
    });
  }

  test(`${backend}: a pid that is reused, or a name that is given anew, is another namespace`, async () => {
    const host = hostWith(backend);
    host.networkFacts = { ...host.networkFacts, netns: '1553', namespace: { id: '4:77', boot: 'boot' } };
    await on(host);
    host.networkFacts = { ...host.networkFacts, namespace: { id: '4:78', boot: 'boot' } };
    const committed = host.fake(backend).committed.length;
    assert.equal((await refusalOf(host, OFF)).code, 'WEIR3041');
    assert.equal(host.fake(backend).committed.length, committed);
  });

  test(`${backend}: the same namespace by another name is this one, and after a reboot no rule is left anywhere`, async () => {
    const host = hostWith(backend);
    await on(host);
    host.networkFacts = { ...host.networkFacts, netns: '/proc/1/ns/net' };
    assert.equal((await off(host)).result.apps[0]?.after, 'off');
    await on(host);
    const booted = hostWith(backend);
    booted.stored = host.stored;
    booted.networkFacts = { ...booted.networkFacts, namespace: { id: '4:99', boot: 'another boot' } };
    assert.equal((await off(booted)).result.apps[0]?.after, 'off');
  });

  test(`${backend}: a state file without the namespace's id is judged by names and by rules that are there`, async () => {
    const host = hostWith(backend);
    await on(host);
    if (host.stored === null) assert.fail();
    const old = { ...host.stored, namespace: null };
    host.stored = old;
    assert.equal((await off(host)).result.apps[0]?.after, 'off');
    const elsewhere = hostWith(backend);
    elsewhere.stored = { ...old, netns: 'web' };
    assert.equal((await refusalOf(elsewhere, OFF)).code, 'WEIR3041');
  });
}

test('on in another namespace of the same name is refused while the remembered one is found, and goes on when it is gone', async () => {
  const host = hostWith('nft');
  host.networkFacts = { ...host.networkFacts, netns: '1553', namespace: { id: '4:77', boot: 'boot' } };
  await on(host);
  const reused = hostWith('nft');
  reused.stored = host.stored;
  reused.networkFacts = { ...host.networkFacts, namespace: { id: '4:78', boot: 'boot' } };
  reused.namespaces.set('4:77', '/proc/4711/ns/net');
  assert.equal((await refusalOf(reused, (one) => on(one))).code, 'WEIR3013');
  reused.namespaces.clear();
  assert.equal((await on(reused)).result.apps[0]?.after, 'on');
  assert.equal(reused.stored?.namespace?.id, '4:78');
});

test('a namespace that has the number of the remembered one is not taken for it', async () => {
  const host = hostWith('nft');
  host.cookie = '4097';
  host.networkFacts = { ...host.networkFacts, netns: 'web', namespace: { id: '4:77', boot: 'boot' } };
  await on(host);
  assert.equal(host.stored?.namespace?.cookie, '4097');
  assert.match(host.script ?? '', /^netns_cookie='?4097'?$/m);
  const elsewhere = hostWith('nft');
  elsewhere.stored = host.stored;
  elsewhere.namespaces.set('4:77', '/proc/4711/ns/net');
  assert.match((await refusalOf(elsewhere, OFF)).hint, /--netns \/proc\/4711/);
  elsewhere.strangers.set('4:77', '4098');
  const { code, why, hint } = await refusalOf(elsewhere, OFF);
  assert.equal(code, 'WEIR3041');
  assert.match(why, /no process and no name of that namespace is found/);
  assert.doesNotMatch(hint, /4711/);
});

test('without nft and without a state file nothing is called off: the rules may be in nft', async () => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    const host = hostWith('iptables-nft');
    host.missing = ['nft'];
    const error = await refusalOf(host, command);
    assert.deepEqual([error.code, error.exit], ['WEIR3040', 3], name);
    assert.match(error.why, /nft: nft is missing/);
    assert.match(error.hint, /nftables/);
  }
});

test('a damaged state file is no hindrance where the rules are found, and no answer where they are not', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    await on(host);
    host.stored = null;
    host.storeProblem = 'state.json is damaged';
    assert.equal((await off(host)).result.apps[0]?.after, 'off');
    assert.equal(host.fate(UIDS.payment), null);
    assert.equal((await refusalOf(host, (one) => off(one, { apps: ['report'] }))).code, 'WEIR3040');
  }
});

test('plan in another namespace is refused: what it would change is not known', async () => {
  const host = hostWith('nft');
  host.networkFacts = { ...host.networkFacts, namespace: { id: '4:77', boot: 'boot' } };
  await on(host);
  host.networkFacts = { ...host.networkFacts, namespace: { id: '4:1', boot: 'boot' } };
  const plan = (one: FakeHost) => planChanges(one, { config: MESH, apps: ['payment'], backend: 'auto' });
  assert.equal((await refusalOf(host, plan)).code, 'WEIR3041');
});
