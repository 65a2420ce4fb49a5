/** A pod as a host: who it is by its volume, and what its annotation holds off. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { podHost, readPodFolder } from '../../../src/fleet/adapters/pod-host.ts';
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { explainFleet } from '../../../src/fleet/usecases/explain-fleet.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeLocalHost } from '../../fakes/fake-local-host.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { daemonIdentity } from '../daemon-identity.ts';

/** A volume as the kubelet keeps it: a change is another folder behind one link. */
class Volume {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-podinfo-'));
  #turn = 0;

  constructor(t: TestContext) {
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    this.write({});
    for (const name of ['name', 'namespace', 'labels', 'annotations'])
      symlinkSync(join('..data', name), join(this.folder, name));
  }

  write({ labels = 'app="pay"\n', annotations = '' }: { labels?: string; annotations?: string }): void {
    this.#turn += 1;
    const data = join(this.folder, `..${this.#turn}`);
    mkdirSync(data);
    const files = { name: 'pay-1', namespace: 'prod', labels, annotations };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text);
    symlinkSync(`..${this.#turn}`, join(this.folder, '..next'));
    renameSync(join(this.folder, '..next'), join(this.folder, '..data'));
  }
}

test('names, labels and annotations are read as the kubelet writes them', async (t) => {
  const volume = new Volume(t);
  volume.write({
    labels: 'app="pay"\ntier="a b"\n',
    annotations: 'kubernetes.io/config.seen="x"\nnote="two\\nlines \\"q\\" \\x01\\a"\nweir.dev/off="payment, orders"',
  });
  assert.deepEqual(await readPodFolder(volume.folder), {
    ...{ name: 'pay-1', namespace: 'prod', labels: { app: 'pay', tier: 'a b' }, off: ['payment', 'orders'] },
  });
});

test('a volume that is not there, or not understood, is named', async (t) => {
  const volume = new Volume(t);
  volume.write({ annotations: 'torn' });
  await assert.rejects(readPodFolder(volume.folder), /annotations of the pod is not understood: torn/);
  await assert.rejects(readPodFolder('/no/such/folder'), (error) => {
    return error instanceof WeirError && error.code === 'WEIR1611' && /--pod-info/.test(error.hint);
  });
});

test('an annotation switches an application off with and without the store, and its end lets the fleet decide', async (t) => {
  const volume = new Volume(t);
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  const keys = new RegionKeys('west');
  const machine = new FakeLocalHost(['payment', 'orders']);
  const policy = {
    ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'p' } },
    spec: { apps: ['*'], rules: [{ state: 'on', hosts: { labels: { app: 'pay' } } }] },
  };
  await store.port.write([], [{ key: keys.object('MeshPolicy', 'p'), value: JSON.stringify(policy) }]);
  const daemon = new HostDaemon({
    ...{ name: 'pay-1.prod', region: 'west', labels: { app: 'pay' }, ttlMs: 15_000, weirVersion: '1.0.0', keys },
    ...{ pod: { name: 'pay-1', namespace: 'prod' }, identity: daemonIdentity('pay-1'), store: store.port, clock },
    ...{ local: podHost(machine.port, volume.folder), recall: async () => null, remember: async () => {} },
    ...{ tell: () => {}, warn: () => {}, random: () => 0.5 },
  });
  const stop = new AbortController();
  const running = daemon.run(stop.signal);
  const until = async (what: string, holds: () => boolean) => {
    // Its files are read from a real folder.
    for (let tries = 0; tries < 12_000 && !holds(); tries += 1) {
      await clock.pass(100);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(holds(), what);
  };
  const isOn = (app: string) => machine.apps.get(app)?.state === 'on';
  await until('both are on', () => isOn('payment') && isOn('orders'));
  volume.write({ annotations: 'weir.dev/off="payment"' });
  await until('one is off', () => !isOn('payment'));
  assert.ok(isOn('orders'));

  const status = () => store.value(`${keys.hostStatuses}pay-1.prod`)?.status;
  await until('it is told', () => status()?.overrides.length === 1);
  assert.deepEqual(status().overrides[0], {
    ...{ app: 'payment', state: 'off', since: null, by: 'annotation' },
    reason: 'the annotation weir.dev/off of the pod',
  });
  const region = { name: 'west', keys, kind: 'etcd' as const, store: store.port };
  const station = {
    regions: [region],
    file: '',
    by: 'ops',
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: async () => {},
    writer: 's',
  };
  const { result } = await explainFleet(station, 'pay-1.prod', undefined);
  assert.deepEqual([result.state, result.next], ['override', 'kubectl annotate pod -n prod pay-1 weir.dev/off-']);

  volume.write({ annotations: '' });
  await until('the fleet decides again', () => isOn('payment'));
  store.loseWatchers('away');
  store.failure = new StoreFailure('away', 'unknown');
  volume.write({ annotations: 'weir.dev/off="*"' });
  await until('all are off without the store', () => !isOn('payment') && !isOn('orders'));
  store.failure = null;
  await until('the store is told', () => status()?.overrides.length === 2);

  stop.abort();
  await clock.pass(1_000);
  await running;
  assert.deepEqual((await store.port.list([keys.hosts, keys.hostStatuses])).items, []);
});
