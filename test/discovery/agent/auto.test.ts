/** Applications with `auto`: what is called as it is is consumed from then on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentPlan } from '../../../src/discovery/agent/agent-plan.ts';
import { agentStatus, consumerRoutes } from '../../../src/discovery/agent/agent-status.ts';
import { MOST_FOLLOWED } from '../../../src/discovery/agent/consumption.ts';
import type { DiscoverySnapshot } from '../../../src/discovery/records/snapshot-record.ts';
import { requireDiscovery } from '../../../src/discovery/usecases/discovery-mesh.ts';
import type { ResolvedMeshConfig } from '../../../src/mesh/mesh-config.ts';
import { meshConfig } from '../usecases/registry-stage.ts';
import { listing, MachineStage, planOf } from './machine-stage.ts';

const AUTO = planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: [], interfaces: [], auto: true }] });

function started(snapshot: DiscoverySnapshot | null = null): MachineStage {
  const stage = new MachineStage(AUTO, snapshot);
  stage.tell(...listing('pay', [1, 2]), ...listing('stock', [51]));
  stage.synced();
  stage.connect();
  return stage;
}

const consumedBy = ({ machine }: MachineStage) =>
  agentStatus(machine, { pid: 1, sockets: [] }, { wallMs: 0, monotonicMs: 0 }).apps.map(({ name }) => name);
const routesOf = ({ machine }: MachineStage) =>
  (consumerRoutes(machine, 'shop', null) ?? []).map((one) => one.interface);

test('addresses are read before anything is called, and nothing is balanced', () => {
  const stage = started();
  assert.deepEqual([consumedBy(stage), routesOf(stage), stage.hosts('pay')], [[], [], []]);
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.51', '10.0.0.52'].map((address) => stage.reads(address)),
    [true, true, false],
  );
});

test('an application that was called is balanced from then on, and no other', () => {
  const stage = started();
  stage.direct('10.9.9.9:80', '10.0.0.2:20880');
  assert.deepEqual([consumedBy(stage), routesOf(stage), stage.hosts('pay')], [['pay'], ['com.acme.pay'], [1, 2]]);
  stage.direct('10.9.9.9:80');
  assert.deepEqual(consumedBy(stage), ['pay']);
});

test('what was learned is in the snapshot, and an agent that starts from it goes on', () => {
  const stage = started();
  stage.direct('10.0.0.1:20880');
  const next = started(stage.machine.snapshot(0));
  assert.deepEqual([consumedBy(next), next.hosts('pay')], [['pay'], [1, 2]]);
});

test('an application that registers later is learned too', () => {
  const stage = started();
  stage.tell(...listing('late', [77]));
  stage.pass(1_000);
  stage.direct('10.0.0.77:20880');
  assert.deepEqual([consumedBy(stage), stage.hosts('late')], [['late'], [77]]);
});

test('so many applications are followed and no more, and that is told once', () => {
  const stage = started();
  for (let index = 0; index < MOST_FOLLOWED + 5; index += 1) stage.tell(...listing(`app${index}`, [3]));
  assert.equal(stage.machine.apps.size, MOST_FOLLOWED);
  assert.equal(stage.news.filter(({ event }) => event === 'warning').length, 1);
});

test('the plan of an agent has the admin of a sidecar only where it learns', () => {
  const planWith = (consumes: object) => {
    const mesh = requireDiscovery(meshConfig());
    const apps = new Map([...mesh.apps].map(([name, app]) => [name, { ...app, consumes }]));
    return agentPlan({ ...mesh, apps } as typeof mesh, mesh.sidecars as unknown as ResolvedMeshConfig['sidecars']);
  };
  assert.deepEqual(
    planWith({ kind: 'auto' }).sidecars.map(({ admin }) => admin),
    [{ kind: 'unix', path: '/run/weir/main/admin.sock' }],
  );
  const named = planWith({ kind: 'named', apps: ['stock'], interfaces: [] });
  assert.deepEqual([named.sidecars.map(({ admin }) => admin), named.consumers[0]?.auto], [[undefined], undefined]);
});
