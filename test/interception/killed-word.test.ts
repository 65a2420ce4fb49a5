/** What status and verify say of applications whose command was killed between any two steps, beside what packets do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AppStatus, reportStatus } from '../../src/interception/report-status.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, confirm, hostWith, MESH, off, on, removeAll, UIDS } from './cases.ts';

const NAMES = ['payment', 'report'] as const;

/** Where the families of an application's new connections go now. */
function diverted(host: FakeHost, name: (typeof NAMES)[number]): { ipv4: boolean; ipv6: boolean } {
  const ipv6 = { family: 6, source: 'fd77::1', destination: 'fd77::2' } as const;
  // A destination that both of them divert.
  const ipv4 = { destination: '192.0.2.9' } as const;
  return { ipv4: host.fate(UIDS[name], ipv4) !== null, ipv6: host.fate(UIDS[name], ipv6) !== null };
}

async function statuses(host: FakeHost): Promise<readonly AppStatus[]> {
  return (await reportStatus(host, { config: MESH, apps: [...NAMES] })).result.apps;
}

/** Asserts that the words of status and verify are what packets do. */
async function assertWords(host: FakeHost, when: string): Promise<void> {
  const verified = (await verifyApps(host, async () => MESH, [])).result;
  for (const app of await statuses(host)) {
    const name = NAMES.find((one) => one === app.name) ?? 'payment';
    const real = diverted(host, name);
    const said = `${when}: ${name} is ${app.state} (${app.reason}), packets: ${JSON.stringify(real)}`;
    assert.deepEqual(app.families, real, said);
    const isWhole = real.ipv4 && real.ipv6;
    if (app.state === 'on' || app.state === 'unconfirmed') assert.ok(isWhole, said);
    else if (real.ipv4 || real.ipv6) assert.equal(app.state, 'drifted', said);
    if (app.state === 'drifted') {
      assert.match(app.reason ?? '', /direct|divert|through the sidecar|not the ones/, said);
      assert.ok(app.next !== null, said);
      assert.equal(verified.passed, false, `${said}, and verify finds nothing`);
      const found = verified.apps.find((one) => one.name === name)?.findings ?? [];
      assert.ok(found.length > 0, `${said}, and verify has no finding about it`);
    }
    assert.doesNotMatch(app.reason ?? '', /by hand/, said);
  }
}

/** A killed command: a host to start from, and the command. */
interface Story {
  readonly name: string;
  readonly prepare: (host: FakeHost) => Promise<unknown>;
  readonly command: (host: FakeHost) => Promise<unknown>;
}

const bothOn = (host: FakeHost) => on(host, { apps: [...NAMES] });

const STORIES: readonly Story[] = [
  { name: 'on', prepare: async () => {}, command: (host) => on(host) },
  { name: 'on --confirm', prepare: async () => {}, command: (host) => on(host, { confirmMs: 60_000 }) },
  {
    name: 'on of another one',
    prepare: (host) => on(host),
    command: (host) => on(host, { apps: ['report'] }),
  },
  {
    name: 'on that is not proven',
    prepare: (host) => on(host),
    command: async (host) => {
      const destination = { address: '192.0.2.7', port: 1 };
      host.probeOverride = ({ as }) => (as.uid === UIDS.report ? { kind: 'direct', destination } : null);
      await on(host, { apps: ['report'] }).finally(() => {
        host.probeOverride = null;
      });
    },
  },
  { name: 'on again', prepare: (host) => on(host), command: (host) => on(host) },
  { name: 'off', prepare: (host) => on(host), command: (host) => off(host) },
  { name: 'off of one of two', prepare: bothOn, command: (host) => off(host) },
  { name: 'off --all', prepare: bothOn, command: (host) => off(host, { apps: 'all', existing: 'cut' }) },
  { name: 'uninstall', prepare: bothOn, command: (host) => removeAll(host) },
  {
    name: 'confirm',
    prepare: (host) => on(host, { confirmMs: 60_000 }),
    command: (host) => confirm(host),
  },
  {
    name: 'confirm of one of two',
    prepare: (host) => on(host, { apps: [...NAMES], confirmMs: 60_000 }),
    command: (host) => confirm(host, 'payment'),
  },
];

for (const backend of BACKENDS) {
  for (const { name, prepare, command } of STORIES) {
    test(`${backend}: ${name}, killed between any two steps: status and verify say what packets do, then and later`, async () => {
      const met = new Set<string>();
      for (let steps = 0; steps < 300; steps += 1) {
        const host = hostWith(backend);
        await prepare(host);
        host.killAfter(steps);
        await command(host).catch(() => undefined);
        const made = host.revive();
        // Steps that only look leave what the step before them left.
        const left = JSON.stringify([host.fake(backend).list(), host.stored, host.script !== null]);
        if (met.has(left) && made >= steps) continue;
        met.add(left);
        const when = `killed after ${steps} steps`;
        await assertWords(host, when);
        const then = (await statuses(host)).map((app) => ({ ...app, real: diverted(host, app.name as 'payment') }));
        // Past the end of what is not proven, then past that of --confirm.
        for (const ms of [22_000, 45_000]) {
          host.advance(ms);
          await assertWords(host, `${when}, ${ms} ms later`);
        }
        // What nothing ends stays; what is said to end has ended.
        for (const { name: app, confirm: ends, families, state } of then)
          if (state !== 'drifted' || ends !== null)
            assert.deepEqual(
              diverted(host, app as 'payment'),
              ends === null ? families : { ipv4: false, ipv6: false },
              `${when}: ${app} was ${state}`,
            );
        if (made < steps) return;
      }
      assert.fail('the command does not end');
    });
  }
}

test('a confirmation that cannot be written is in the kernel, and says so', async () => {
  const host = hostWith('nft');
  await on(host, { confirmMs: 60_000 });
  host.storeError = new Error('ENOSPC: no space left on device');
  const { result, warnings } = await confirm(host);
  assert.deepEqual(result.confirmed, ['payment']);
  assert.match(warnings.join(), /ENOSPC.*the kernel keeps payment on, without a deadline/);
  host.storeError = null;
  await on(host, { apps: ['report'] });
  host.advance(90_000);
  assert.deepEqual(
    (await statuses(host)).map(({ state }) => state),
    ['on', 'on'],
  );
});
