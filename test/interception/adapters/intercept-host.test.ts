/** The real host of interception: which adapter stands behind which port. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createInterceptHost } from '../../../src/interception/adapters/intercept-host.ts';
import { createStateStore } from '../../../src/interception/adapters/state-store.ts';
import { createSurroundings } from '../../../src/interception/adapters/surroundings/surroundings.ts';
import { ownNamespace } from '../../../src/platform/namespace-id.ts';
import { fakePath } from '../../fakes/fake-path.ts';
import { FakeSurroundings } from '../../fakes/fake-surroundings.ts';
import { sampleState } from './stored-state-sample.ts';

function hostIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-host-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [runDir, stateDir] = [join(folder, 'run'), join(folder, 'state')];
  const warnings: string[] = [];
  const asked: string[] = [];
  const surroundings = new FakeSurroundings();
  const host = createInterceptHost({
    ...{ runDir, stateDir, netns: 'web', surroundings },
    sidecars: {
      isSupervised: async (name) => name === 'main',
      status: async (name) => {
        asked.push(name);
        return null;
      },
    },
    warn: (text) => warnings.push(text),
  });
  return { host, runDir, stateDir, warnings, asked, surroundings, folder };
}

const EVENT = { at: '2026-01-01T00:00:00.000Z', app: 'a', from: 'off', to: 'on', by: 'root', reason: null };

test('state, event log, panic file and lock lie in the folders of the command line', async (t) => {
  const { host, runDir, stateDir } = hostIn(t);
  await host.store.write(sampleState('kept'));
  assert.equal((await createStateStore(stateDir).read()).state?.apps[0]?.reason, 'kept');
  await host.journal(EVENT);
  assert.deepEqual(await host.readJournal(), [EVENT]);
  await host.panicFile.write('true\n');
  const lock = await host.takeLock('on a', 0, () => {});
  assert.deepEqual(readdirSync(runDir).sort(), ['lock', 'off.sh']);
  await assert.rejects(
    host.takeLock('off a', 0, () => {}),
    { code: 'WEIR2021' },
  );
  await lock.release();
});

test('an event log that cannot be written or read is a warning, never a failure', async (t) => {
  const { host, stateDir, warnings } = hostIn(t);
  writeFileSync(stateDir, 'a file in the place of the folder');
  await host.journal(EVENT);
  assert.deepEqual(await host.readJournal(), []);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^the event log could not be written: .*(ENOTDIR|EEXIST)/);
});

test('each back end has one firewall, which works by its own tools', async (t) => {
  const { host } = hostIn(t);
  assert.equal(host.firewall('nft'), host.firewall('nft'));
  const backends = ['nft', 'iptables-nft', 'iptables-legacy'] as const;
  assert.deepEqual(
    backends.map((backend) => host.firewall(backend).backend),
    backends,
  );
  const take = 'cat >>"$HERE/told"; echo "$(basename "$0")" >>"$HERE/tools"';
  fakePath(t, { nft: 'echo "Error: No such file or directory" >&2; exit 1', 'iptables-nft-restore': take });
  const { rulesets } = await host.firewall('nft').read();
  assert.deepEqual(rulesets, [{ scope: 'inet', tables: [] }]);
});

test('back ends and foreign rules are looked for once', async (t) => {
  const { host } = hostIn(t);
  const tools = ['nft', 'iptables-nft', 'iptables-legacy', 'iptables-nft-save', 'ip6tables-nft-save'];
  fakePath(t, Object.fromEntries(tools.map((tool) => [tool, 'exit 1'])));
  const foreign = host.foreign();
  assert.equal(host.foreign(), foreign);
  await assert.rejects(foreign, { code: 'WEIR2003' });
  const backends = host.backends();
  assert.equal(host.backends(), backends);
  const nft = (await backends).find(({ backend }) => backend === 'nft');
  assert.equal(nft?.usable, false);
});

test('sidecars and surroundings are those that it was given, namespace and clock those of the process', async (t) => {
  const { host, asked, surroundings } = hostIn(t);
  assert.equal(host.surroundings, surroundings);
  assert.deepEqual([await host.isSupervised('main'), await host.isSupervised('other')], [true, false]);
  assert.equal(await host.sidecarStatus('main', null), null);
  assert.deepEqual(asked, ['main']);
  const { netns, namespace } = await host.network();
  assert.deepEqual([netns, namespace], ['web', ownNamespace()]);
  const id = ownNamespace()?.id ?? '';
  const cookie = await host.namespaceCookie();
  assert.match(cookie ?? '', /^[1-9]\d*$/);
  for (const known of [undefined, null, cookie]) assert.notEqual(host.findNamespace({ id, cookie: known }), null);
  assert.equal(host.findNamespace({ id, cookie: '0' }), null, 'another namespace has its number by now');
  assert.ok(Math.abs(host.clock.now() - Date.now()) < 60_000);
  assert.deepEqual(await host.askReadiness({ kind: 'unix', path: '/none/admin.sock' }, '/ready', 100), {
    state: 'dead',
    detail: 'nobody listens on /none/admin.sock (ENOENT)',
  });
  const [[, own = ''] = []] = await host.probeAddresses([{ allowed: () => true, included: ['198.18.0.0/15'] }], 4);
  assert.ok(own === '' || /^\d+\.\d+\.\d+\.\d+$/.test(own));
  const [outcome] = await host.prober.probe([
    {
      as: { uid: process.getuid?.() ?? 0, gid: null, cgroup: null },
      family: 4,
      mode: 'redirect',
      port: 1,
      addresses: [],
    },
  ]);
  assert.deepEqual(outcome, { kind: 'impossible', why: 'there is no address that could be tried' });
});

test('the surroundings of this process: its own account, and ports that the kernel gives away', async () => {
  const surroundings = createSurroundings();
  const account = (await surroundings.accountsOf([process.pid])).get(process.pid);
  assert.deepEqual([account?.uid, account?.gid], [process.geteuid?.(), process.getegid?.()]);
  const found = await surroundings.processes({ needsCgroup: false, has: ({ uid }) => uid === process.geteuid?.() });
  assert.ok('seen' in found);
  assert.ok(found.seen.some(({ pid, isHere }) => pid === process.pid && isHere === true));
  const limits = await surroundings.limits();
  assert.ok('seen' in limits && limits.seen.localPorts !== null);
  assert.ok(limits.seen.localPorts.from < limits.seen.localPorts.to);
  assert.deepEqual(await surroundings.foreignUserNamespace(), { seen: null });
});
