/** A real etcd that is set back to an older copy of its data: nothing is switched by it before somebody confirms. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import type { HostMemory } from '../../../src/fleet/host/host-memory.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeLocalHost } from '../../fakes/fake-local-host.ts';
import { daemonIdentity } from '../../fleet/daemon-identity.ts';
import { runWeirBin } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { EtcdLab } from './etcd-lab.ts';

const KEYS = new RegionKeys('east');

/** A host that follows the store for real, and remembers across its restarts. */
class Host {
  readonly local = new FakeLocalHost(['payment']);
  readonly #lab: EtcdLab;
  #memory: HostMemory | null = null;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(t: TestContext, lab: EtcdLab) {
    this.#lab = lab;
    t.after(() => this.stop());
  }

  start(): void {
    this.#stop = new AbortController();
    const daemon = new HostDaemon({
      ...{ name: 'host-1', region: 'east', labels: {}, ttlMs: 15_000, weirVersion: '1.0.0', keys: KEYS },
      ...{ pod: null, identity: daemonIdentity('host-1') },
      ...{ store: this.#lab.store(), local: this.local.port, clock: systemClock, random: Math.random },
      recall: async () => this.#memory,
      remember: async (memory) => {
        this.#memory = structuredClone(memory);
      },
      ...{ tell: () => {}, warn: () => {} },
    });
    this.#running = daemon.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

test('a store of before, with as many writes since, is held by a host that was away, until it is confirmed', {
  timeout: 300_000,
}, async (t) => {
  const lab = await EtcdLab.open(t);
  const fleet = async (...args: string[]) => {
    const { code, stdout } = await runWeirBin(['fleet', ...args, '--fleet-config', lab.config, '--json']);
    return { code, json: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') };
  };
  const untilState = async (state: string) => {
    let last: unknown;
    const look = async () => {
      const { json } = await fleet('status');
      const [row] = json.result?.regions[0]?.hosts ?? [];
      last = row ?? json;
      return row?.state === state ? row : null;
    };
    return until(`host-1 to be ${state}`, look, { tell: () => JSON.stringify(last) });
  };
  const writeOn = async (count: number) => {
    for (let index = 0; index < count; index += 1)
      await lab.store().write([], [{ key: '/elsewhere', value: String(index) }]);
  };
  const host = new Host(t, lab);
  host.start();
  await untilState('ok');
  const policies = Array.from({ length: 8 }, (_, index) => ({
    ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: `p${index}` } },
    spec: { apps: ['payment'], rules: [{ state: 'on' }] },
  }));
  const file = lab.file('on.yaml', policies.map((one) => JSON.stringify(one)).join('\n---\n'));
  assert.equal((await fleet('apply', file)).code, 0);
  await until('the host to be asked', async () => host.local.calls.length > 0);
  assert.deepEqual(host.local.calls, ['on payment']);
  await lab.backUp();
  assert.equal((await fleet('off', '--all', '--wait', '--timeout', '60s')).code, 0);
  await host.stop();
  assert.deepEqual(host.local.calls, ['on payment', 'off payment']);

  await lab.restore();
  await writeOn(200);
  host.start();
  const held = await untilState('held');
  assert.match(held.reason, /backwards/);
  await writeOn(50);
  await untilState('held');
  assert.deepEqual(host.local.calls, ['on payment', 'off payment'], 'the pressed button is not forgotten');
  assert.equal((await fleet('confirm', '--reason', 'restored on purpose')).code, 0);
  await untilState('ok');
  assert.deepEqual(host.local.calls, ['on payment', 'off payment', 'on payment']);
});
