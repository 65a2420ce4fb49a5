/** `weir host run --pod` in a namespace that plays a pod, and two machines of one name, on a real store with real packets. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertRoute } from '../interception/stage.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { FleetLab, HOST, policy } from './fleet-lab.ts';

const POD = 'pay-1.prod';

/** The downward API volume of a pod, changed as the kubelet does it: another folder behind one link. */
class PodVolume {
  readonly folder: string;
  #turn = 0;

  constructor(parent: string) {
    this.folder = join(parent, 'podinfo');
    mkdirSync(this.folder);
    this.annotate('');
    for (const file of ['name', 'namespace', 'labels', 'annotations'])
      symlinkSync(join('..data', file), join(this.folder, file));
  }

  annotate(annotations: string): void {
    this.#turn += 1;
    const data = join(this.folder, `..${this.#turn}`);
    mkdirSync(data);
    const files = { name: 'pay-1', namespace: 'prod', labels: 'app="pay"\n', annotations };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(data, file), text);
    symlinkSync(`..${this.#turn}`, join(this.folder, '..next'));
    renameSync(join(this.folder, '..next'), join(this.folder, '..data'));
  }
}

test('a pod follows the fleet by its labels; its annotation switches it off, also without the store; nothing of it stays', async (t) => {
  const lab = await FleetLab.open(t, 'pod');
  const volume = new PodVolume(lab.stage.lab.folder);
  const daemon = await lab.startHost('--pod', '--pod-info', volume.folder);
  await lab.hostWhen('its first word', ({ apps, labels }) => apps.length === 2 && labels.app === 'pay', 60, POD);
  const hosts = { labels: { app: 'pay' } };
  assert.equal((await lab.apply(policy('payment', 'payment', { state: 'on', hosts }))).code, 0);
  await lab.hostWhen('on', ({ apps }) => apps[0].state === 'on', 60, POD);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  volume.annotate('weir.dev/off="payment"\n');
  const off = await lab.hostWhen(
    'an override',
    ({ state, apps }) => state === 'override' && apps[0].state === 'off',
    60,
    POD,
  );
  assert.match(off.reason, /the annotation weir\.dev\/off of the pod/);
  await assertRoute(lab.stage, LAB_UIDS.app, 'direct');
  const explained = await lab.fleet('explain', POD);
  assert.equal(explained.json.result.next, 'kubectl annotate pod -n prod pay-1 weir.dev/off-');

  volume.annotate('');
  await lab.hostWhen('on again', ({ state, apps }) => state === 'ok' && apps[0].state === 'on', 60, POD);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  const folder = await lab.killStore();
  volume.annotate('weir.dev/off="*"\n');
  await lab.stateWhen('payment', 'off');
  await assertRoute(lab.stage, LAB_UIDS.app, 'direct');

  await lab.startStore(folder);
  await lab.hostWhen('its word again', ({ state }) => state === 'override', 60, POD);
  daemon.signal('SIGTERM');
  assert.equal((await daemon.ended).code, 0);
  const { json } = await lab.fleet('status');
  assert.deepEqual(json.result.regions[0].hosts, [], 'a pod that ended is no host any more');
});

test('a second machine with the name of the first is seen, follows the fleet, and neither hides the other', async (t) => {
  const lab = await FleetLab.open(t, 'twins');
  await lab.startHost();
  await lab.hostWhen('its first word', ({ state }) => state === 'ok', 60);
  const own = join(lab.stage.lab.folder, 'second');
  const folders = ['--run-dir', join(own, 'run'), '--state-dir', join(own, 'state')];
  mkdirSync(own);
  const second = await lab.startHost(...folders);
  const first = await lab.hostWhen('the conflict', ({ state }) => state === 'differs', 90);
  assert.match(first.reason, /says that it is host-1 too/);
  const { code, json } = await lab.fleet('status');
  const names = json.result.regions[0].hosts.map(({ name }: { name: string }) => name);
  assert.equal(code, 1);
  assert.match(names.join(' '), /^host-1 host-1\.conflict-[0-9a-f]{8}$/);
  await second.line(/is host-1 too: this one follows the fleet and reports under another name/);

  second.signal('SIGTERM');
  assert.equal((await second.ended).code, 0);
  const alone = await lab.hostWhen('one host alone', ({ state }) => state === 'ok', 60);
  assert.equal(alone.name, HOST);

  // The same machine again, whose daemon was killed: no waiting for its own lease, and no conflict.
  await lab.killHost();
  await lab.startHost();
  // What the killed one said last is gone with its lease of 3 s: what is said then is the new one's word.
  await sleep(4_000);
  await lab.hostWhen('back', ({ state }) => state === 'ok', 60);
  const { json: later } = await lab.fleet('status');
  assert.deepEqual(
    later.result.regions[0].hosts.map(({ name, state }: { name: string; state: string }) => [name, state]),
    [[HOST, 'ok']],
  );
});
