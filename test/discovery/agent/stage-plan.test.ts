/** Which sidecars a control plane of a stage serves, and where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, podSidecar, stagePlan } from '../../../src/discovery/agent/stage-plan.ts';
import { MachineStage, planOf } from './machine-stage.ts';

const TWO = planOf({
  sidecars: [
    { name: 'main', outbound: 15_001, uid: 1337, gid: 1338 },
    { name: 'side', outbound: 15_002, uid: 1400, gid: null },
  ],
  consumers: [
    { name: 'shop', sidecar: 'main', apps: ['pay'], interfaces: [] },
    { name: 'back', sidecar: 'side', apps: ['stock'], interfaces: [] },
  ],
});

test('a pod has one sidecar: the only one, or the one that is named', () => {
  assert.equal(podSidecar(planOf(), null), 'main');
  assert.equal(podSidecar(TWO, 'side'), 'side');
  assert.throws(() => podSidecar(TWO, null), {
    code: 'WEIR6003',
    exit: 2,
    hint: 'name one of main, side by --sidecar',
  });
  assert.throws(() => podSidecar(TWO, 'none'), { code: 'WEIR6003', what: 'the sidecar none cannot be served' });
});

test('of the plan only that sidecar and its applications are left; a central one has all', () => {
  const plan = stagePlan(TWO, 'side');
  assert.deepEqual(
    [plan.sidecars.map(({ name }) => name), plan.consumers.map(({ name }) => name)],
    [['side'], ['back']],
  );
  assert.equal(stagePlan(TWO, null), TWO);
});

test('a socket is for the account of the sidecar, an address for everybody', () => {
  assert.deepEqual(placeOf({ listen: { path: '/d.sock' } }, TWO), { path: '/d.sock', uid: 1337, gid: 1338 });
  const listen = { host: '10.0.0.5', port: 15_010 };
  assert.equal(placeOf({ listen }, TWO), listen);
});

test('an Envoy that asks for the state of the world gets it, on a stream that speaks nothing else', () => {
  const { machine } = new MachineStage();
  machine.step({ type: 'registry', event: { registry: 'hz', kind: 'state', state: 'synced' }, atMs: 1 }, 1);
  machine.step({ type: 'opened', stream: 9 }, 1);
  const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
  const sotw = { node: { id: 'n', cluster: 'main' }, typeUrl, names: [], nonce: '', error: null };
  const first = machine.step({ type: 'request', stream: 9, request: sotw }, 1);
  assert.deepEqual(
    first.map(({ type }) => type),
    ['write'],
  );
  const delta = { ...sotw, subscribe: [], unsubscribe: [], initialVersions: new Map<string, string>() };
  const { names: _, ...request } = delta;
  const [end] = machine.step({ type: 'request', stream: 9, request }, 1);
  assert.deepEqual(end, { type: 'end', stream: 9, why: 'a stream speaks one variant of xDS' });
});
