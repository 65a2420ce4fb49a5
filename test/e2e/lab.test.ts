/** The lab itself. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { runTool } from '../../src/platform/exec.ts';
import { askReadiness } from '../../src/platform/readiness.ts';
import { untilAllStopped } from '../stopped.ts';
import { until } from '../until.ts';
import { type LabSidecar, startEnvoy } from './lab/envoy.ts';
import { startFakeProxy } from './lab/fake-proxy.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from './lab/lab.ts';
import { askReport, startHttpUpstream, startLoad, startStreamServer, startStreams } from './lab/traffic.ts';

// Written by hand, so that the lab is tried without weir: the app's connections out, and everything from outside in.
const RULES = `
table inet lab_redirect {
  chain output {
    type nat hook output priority -101;
    meta skuid ${LAB_UIDS.app} tcp dport { 80, 7000 } redirect to :15001
  }
  chain prerouting {
    type nat hook prerouting priority -101;
    iifname eth0 tcp dport { 80, 7000 } redirect to :15006
  }
}
`;

const SIDECARS: Record<string, (lab: Lab) => Promise<LabSidecar>> = {
  'a real Envoy': startEnvoy,
  'the double': startFakeProxy,
};

for (const [name, start] of Object.entries(SIDECARS)) {
  suite(`a lab with ${name}`, () => {
    test('requests of the app go through it in both families, those of others do not', async (t) => {
      const lab = await makeLab('sidecar', { test: t });
      await start(lab);
      await lab.client.sh('nft -f -', RULES);
      await startHttpUpstream(lab, { port: 80 });
      for (const host of Object.values(LAB_ADDRESSES.upstream)) {
        const load = { host, port: 80, ratePerSecond: 50, seconds: 0.4 };
        const [app, other] = await Promise.all([
          startLoad(lab, { ...load, uid: LAB_UIDS.app }).then((running) => running.done()),
          startLoad(lab, { ...load, uid: LAB_UIDS.other }).then((running) => running.done()),
        ]);
        const { sent, answered, direct, proxy } = app;
        assert.deepEqual(
          { sent, answered, direct, proxy },
          { sent: 20, answered: 20, direct: 0, proxy: 20 },
          JSON.stringify(app),
        );
        assert.equal(other.direct, 20, JSON.stringify(other));
      }
    });

    test('streams go through it outbound and inbound, and reset when it is killed', async (t) => {
      const lab = await makeLab('streams', { test: t });
      const sidecar = await start(lab);
      await lab.client.sh('nft -f -', RULES);
      await startStreamServer(lab, { port: 7000 });
      const server = await startStreamServer(lab, { port: 7000, namespace: lab.client, uid: LAB_UIDS.app });
      const { client, upstream } = LAB_ADDRESSES;
      const outbound = await startStreams(lab, { host: upstream.ipv4, port: 7000, count: 2, uid: LAB_UIDS.app });
      const inbound = await startStreams(lab, { host: client.ipv6, port: 7000, namespace: lab.upstream });
      const reports = async () => (await Promise.all([outbound, inbound].map((one) => one.report()))).flat();
      await until('lines to flow', async () => (await reports()).every(({ received }) => received > 3));
      for (const streams of [outbound, inbound]) {
        for (const stream of await streams.report()) {
          assert.equal(stream.route, 'proxy');
          assert.equal(stream.gaps, 0);
          assert.equal(stream.ending, null);
        }
      }
      const { gaps, connections } = await askReport<{ gaps: number; connections: number }>(server);
      assert.deepEqual({ gaps, connections }, { gaps: 0, connections: 1 });
      sidecar.process.kill();
      for (const { ending } of await outbound.ended())
        assert.ok(ending === 'ECONNRESET' || ending === 'end', String(ending));
    });

    test('frozen, it is neither ready nor dead', async (t) => {
      const lab = await makeLab('frozen', { test: t });
      const { process, adminPath } = await start(lab);
      const becomes = (state: string) =>
        until(`it to be ${state}`, async () => {
          const readiness = await askReadiness({ kind: 'unix', path: adminPath }, '/ready', 300);
          return readiness.state === state;
        });
      await becomes('ready');
      process.signal('SIGSTOP');
      await untilAllStopped(process.pid);
      await becomes('frozen');
      process.signal('SIGCONT');
      await becomes('ready');
    });
  });
}

test('the double can be not ready, and can listen on IPv4 only', async (t) => {
  const lab = await makeLab('ill', { test: t });
  const proxy = await startFakeProxy(lab, { families: [4], ready: false });
  const ask = async () => (await askReadiness({ kind: 'unix', path: proxy.adminPath }, '/ready', 1000)).state;
  assert.equal(await ask(), 'not-ready');
  proxy.setReady(true);
  await until('it to be ready', async () => (await ask()) === 'ready');
  const { stdout } = await lab.client.sh('ss -H -t -n -l');
  assert.ok(!stdout.includes('['), stdout);
});

test('a closed lab leaves no namespace, process or file behind, and may be closed twice', async (t) => {
  const lab = await makeLab('gone', { test: t });
  const server = await startHttpUpstream(lab, { port: 80, uid: LAB_UIDS.other });
  await lab.close();
  const { stdout } = await runTool(['ip', 'netns', 'list'], { timeoutMs: 30_000 });
  assert.ok(!stdout.includes(lab.client.name) && !stdout.includes(lab.upstream.name));
  assert.equal(existsSync(lab.folder), false);
  assert.throws(() => process.kill(server.pid, 0), { code: 'ESRCH' });
  await lab.close();
});
