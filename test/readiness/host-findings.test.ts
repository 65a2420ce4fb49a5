/** Findings about kernel, tools and rights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolFact } from '../../src/readiness/ports.ts';
import { on } from '../interception/cases.ts';
import { checkCase, findings, troubles } from './check-case.ts';

test('kernel: an old kernel is told what it lacks', async () => {
  const host = checkCase();
  const releases = [
    ['5.1.0', ['warning: kernel 5.1.0: no nat in inet tables']],
    ['5.10.0-28-amd64', ['warning: kernel 5.10.0-28-amd64: nft cannot match slices']],
    ['5.13.0', []],
    ['6.18.1', []],
  ] as const;
  for (const [release, expected] of releases) {
    host.facts.kernelFacts = { ...host.facts.kernelFacts, release };
    assert.deepEqual(await troubles(host, 'kernel'), expected);
  }
});

test('kernel: a missing feature names its module, and is an error only if no back end is complete', async () => {
  const host = checkCase();
  const failures = [{ feature: 'redirect', module: 'nft_redir', error: 'No such file or directory' }];
  host.facts.trials.set('nft', { outcome: 'tried', failures });
  const [found] = (await findings(host, 'kernel')).filter(({ result }) => result !== 'ok');
  assert.equal(found?.result, 'warning');
  assert.equal(found?.what, 'nft: no redirect');
  assert.match(found?.hint ?? '', /modprobe nft_redir/);
  assert.equal(found?.evidence, 'No such file or directory');
  host.facts.trials.set('ip6tables-nft', { outcome: 'tried', failures });
  host.facts.trials.set('iptables-legacy', { outcome: 'impossible', why: 'not loaded' });
  assert.deepEqual(await troubles(host, 'kernel'), [
    'error: nft: no redirect',
    'error: ip6tables-nft: no redirect',
    'skipped: iptables-legacy: not tried',
  ]);
});

test('kernel: connections that cannot be aborted are a warning, an unpublished configuration is skipped', async () => {
  const host = checkCase();
  host.facts.kernelFacts = { ...host.facts.kernelFacts, canAbortSockets: false };
  assert.deepEqual(await troubles(host, 'kernel'), ['warning: this kernel cannot abort connections']);
  host.facts.kernelFacts = { ...host.facts.kernelFacts, canAbortSockets: null };
  assert.deepEqual(await troubles(host, 'kernel'), [
    "skipped: this kernel's configuration is not published, or may not be read",
  ]);
});

test('tools: one firewall tool is enough, none is an error with the package', async () => {
  const host = checkCase();
  host.facts.installed.delete('nft');
  assert.deepEqual(await troubles(host, 'tools'), []);
  host.facts.installed.delete('iptables-nft');
  host.facts.installed.delete('iptables-legacy');
  const [none] = await findings(host, 'tools');
  assert.equal(none?.result, 'error');
  assert.match(none?.hint ?? '', /apt-get install nftables/);
});

test('tools: a missing one is named with its use and package; nsenter is only needed for --netns', async () => {
  const host = checkCase();
  host.facts.installed.delete('conntrack');
  host.facts.installed.delete('nsenter');
  assert.deepEqual(await troubles(host, 'tools'), [
    'error: conntrack is missing: it counts, drains and cuts proxied connections',
    'warning: nsenter is missing: it enters the namespace of --netns',
  ]);
});

test('tools: of one that gives no answer nothing is said but that', async () => {
  const host = checkCase();
  const unknown = { why: 'ss -V could not be started: EAGAIN', hint: 'raise that limit' };
  const { tools } = host.facts;
  const only = (...names: string[]) => {
    host.facts.tools = async (asked) => {
      const found = new Map<string, ToolFact>(await tools(asked));
      for (const name of names) if (asked.includes(name)) found.set(name, { version: null, unknown });
      return found;
    };
  };
  only('ss');
  const [ss] = (await findings(host, 'tools')).filter(({ result }) => result !== 'ok');
  assert.deepEqual(
    [ss?.result, ss?.what, ss?.evidence, ss?.hint],
    [
      ...['unknown', 'ss: whether it works cannot be told; it lists the sockets of applications and sidecars'],
      ...[unknown.why, unknown.hint],
    ],
  );
  // One firewall tool is enough.
  only('nft');
  assert.deepEqual(await troubles(host, 'tools'), [
    'skipped: nft: whether it works cannot be told; it holds the rules (preferred)',
  ]);
  only('nft', 'iptables-nft', 'iptables-legacy');
  assert.deepEqual(
    (await troubles(host, 'tools')).map((text) => text.split(':')[0]),
    ['unknown', 'unknown', 'unknown'],
  );
});

test('backend: one whose tool gives no answer is not one that cannot be used', async () => {
  const host = checkCase();
  const choices =
    (...usable: string[]) =>
    async () =>
      (['nft', 'iptables-nft', 'iptables-legacy'] as const).map((backend) => {
        if (usable.includes(backend)) return { backend, usable: true, detail: 'fake' };
        return { backend, usable: false, detail: 'EAGAIN', ...(backend === 'nft' && ({ isUnknown: true } as const)) };
      });
  host.intercept.backends = choices('iptables-nft');
  assert.deepEqual((await troubles(host, 'backend')).slice(0, 2), [
    'unknown: nft: whether it can be used is not known',
    'skipped: iptables-legacy cannot be used',
  ]);
  assert.ok(!(await findings(host, 'backend')).some(({ what }) => /first `on` will take/.test(what)));
  host.intercept.backends = choices('nft', 'iptables-nft');
  assert.ok((await findings(host, 'backend')).some(({ what }) => /first `on` will take nft/.test(what)));
  await on(host.intercept, { backend: 'iptables-nft' });
  host.intercept.backends = choices('iptables-nft');
  assert.equal((await troubles(host, 'backend'))[0], 'skipped: nft: whether it can be used is not known');
  host.intercept.backends = choices();
  const [nft, ...others] = await findings(host, 'backend');
  assert.deepEqual([nft?.result, nft?.evidence, nft?.hint !== null], ['unknown', 'EAGAIN', true]);
  assert.ok(others.slice(0, 2).every(({ result }) => result === 'error'));
});

test('rights: root in a container without capabilities', async () => {
  const host = checkCase();
  host.facts.rightsFacts = { uid: 0, capabilities: new Set(['SETUID', 'SETGID']) };
  assert.deepEqual(await troubles(host, 'rights'), [
    'error: root here may not change firewall rules and look at connections',
    'warning: root here may not enter other network namespaces (--netns)',
  ]);
});

test('rights: folders that cannot hold what weir keeps', async () => {
  const host = checkCase();
  const states = [
    [{ state: 'read-only' }, 'error: the state directory is on a read-only file system'],
    [{ state: 'not-a-folder' }, 'error: the state directory is a file'],
    [{ state: 'not-permitted' }, 'error: the state directory cannot be written'],
    [{ freeBytes: 100 }, 'error: the state directory is on a full file system'],
  ] as const;
  for (const [folder, expected] of states) {
    host.facts.folders.set('/var/lib/weir', folder);
    assert.deepEqual(await troubles(host, 'rights'), [expected]);
  }
  host.facts.folders.set('/var/lib/weir', { state: 'missing' });
  assert.deepEqual(await troubles(host, 'rights'), []);
});

test('conntrack: the fuller the table, the worse', async () => {
  const host = checkCase();
  const shares = [
    [740, 'ok'],
    [750, 'warning'],
    [899, 'warning'],
    [900, 'error'],
  ] as const;
  for (const [count, expected] of shares) {
    host.facts.room = { count, max: 1000 };
    const [found] = await findings(host, 'conntrack');
    assert.equal(found?.result, expected, String(count));
    assert.equal(found?.evidence, `${count} of 1000 entries`);
  }
  host.facts.room = { count: 5000, max: 0 };
  const [limitless] = await findings(host, 'conntrack');
  assert.deepEqual([limitless?.result, limitless?.evidence], ['ok', '5000 entries']);
  host.facts.room = null;
  assert.deepEqual(await troubles(host, 'conntrack'), []);
});

test('cgroup: slices need a v2 hierarchy; on a hybrid host it is somewhere else', async () => {
  const host = checkCase();
  host.facts.mounts = ['/sys/fs/cgroup/unified'];
  const [hybrid] = await findings(host, 'cgroup');
  assert.equal(hybrid?.what, 'cgroup v2 is mounted at /sys/fs/cgroup/unified');
  assert.match(hybrid?.evidence ?? '', /nft alone/);
  host.facts.mounts = [];
  assert.deepEqual(await troubles(host, 'cgroup'), [
    'warning: no cgroup v2 hierarchy is mounted: slices cannot be selected',
  ]);
});

test('clock: behind by years, not set yet, or gone back since the last switch', async () => {
  const host = checkCase();
  host.facts.clockFacts = { isSynchronised: false, by: 'chrony' };
  assert.deepEqual(await troubles(host, 'clock'), ['warning: chrony has not set the clock yet']);
  host.facts.clockFacts = { isSynchronised: null, by: null };
  assert.deepEqual(await troubles(host, 'clock'), [
    'skipped: not known whether the clock is kept right: neither chrony nor systemd-timesyncd is here',
  ]);
  host.facts.clockFacts = { isSynchronised: null, by: 'chrony' };
  assert.match((await troubles(host, 'clock')).join(), /^skipped: .*chrony does not answer$/);
  host.intercept.nowMs = Date.UTC(1970, 0, 2);
  assert.deepEqual(await troubles(host, 'clock'), ['error: the clock is years behind']);
});
