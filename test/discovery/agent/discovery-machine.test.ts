/** The agent's machine: what Envoys have while registries answer, lie, go away and come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agentStatus, consumerRoutes } from '../../../src/discovery/agent/agent-status.ts';
import { snapshotOf, snapshotText } from '../../../src/discovery/records/snapshot-record.ts';
import { changeEvent, instanceEvent, listing, MachineStage, planOf, twoRegistries } from './machine-stage.ts';

const NOW = { wallMs: 0, monotonicMs: 0 };

function started(pay: readonly number[] = [1, 2, 3, 4]): MachineStage {
  const stage = new MachineStage();
  stage.tell(...listing('pay', pay), ...listing('stock', [51]));
  stage.synced();
  stage.connect();
  return stage;
}

const statusOf = ({ machine }: MachineStage) => agentStatus(machine, { pid: 1, sockets: [] }, NOW);
const heldOf = (stage: MachineStage, app: string) =>
  statusOf(stage).apps.find(({ name }) => name === app)?.held ?? null;

test('no Envoy is answered before the first complete listing, and then with all of it', () => {
  const stage = new MachineStage();
  stage.connect();
  stage.tell(...listing('pay', [1, 2]));
  stage.pass(5_000);
  assert.equal(stage.envoy.bytes, 0);
  stage.synced();
  assert.deepEqual(stage.hosts('pay'), [1, 2]);
  assert.deepEqual(
    stage.news.map(({ event }) => event),
    ['registry', 'sync', 'converged'],
  );
});

test('an instance that joins is with Envoy at once; one that leaves goes after the debounce', () => {
  const stage = started();
  stage.pass(1_000);
  stage.tell(instanceEvent('pay', 9));
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4, 9]);
  stage.pass(1_000);
  stage.tell(instanceEvent('pay', 1, false));
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4, 9]);
  stage.pass(101);
  assert.deepEqual(stage.hosts('pay'), [2, 3, 4, 9]);
  assert.equal(heldOf(stage, 'pay'), null);
});

test('an instance that changes its weight is with Envoy at once; one that writes the same again costs nothing', () => {
  const stage = started();
  stage.pass(1_000);
  const { bytes } = stage.envoy;
  stage.tell(instanceEvent('pay', 1));
  assert.equal(stage.envoy.bytes, bytes);
  stage.pass(1_000);
  stage.tell(changeEvent('pay', 1, { weight: '7' }));
  assert.ok(stage.envoy.bytes > bytes);
  assert.equal(stage.machine.apps.get('pay')?.published.find(({ address }) => address === '10.0.0.1')?.weight, 7);
});

test('one join costs Envoy what changed, however many applications there are', () => {
  const apps = Array.from({ length: 50 }, (_, index) => `app${index}`);
  const consumers = [{ name: 'shop', sidecar: 'main', apps, interfaces: [] }];
  const stage = new MachineStage(planOf({ consumers }));
  stage.tell(...apps.flatMap((app) => listing(app, [1, 2, 3, 4, 5, 6, 7, 8])));
  stage.synced();
  stage.connect();
  stage.pass(1_000);
  const first = stage.envoy.bytes;
  stage.tell(instanceEvent('app7', 9));
  stage.envoy.settle();
  const bytes = stage.envoy.bytes - first;
  // The members of one cluster, and the listener with one more address.
  assert.ok(bytes > 0 && bytes < first / 10, `${bytes} of ${first} bytes`);
});

test('a burst of removals is one change: nothing leaves before it is held', () => {
  const stage = started();
  const { bytes } = stage.envoy;
  for (const host of [1, 2, 3]) {
    stage.pass(60);
    stage.tell(instanceEvent('pay', host, false));
  }
  stage.pass(150);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  assert.equal(stage.envoy.bytes, bytes);
  assert.deepEqual([heldOf(stage, 'pay')?.reason, heldOf(stage, 'pay')?.wouldRemove], ['shrink', 3]);
  assert.equal(heldOf(stage, 'stock'), null);
});

test('a set that went and came back within the hold sends Envoy nothing', () => {
  const stage = started();
  const { bytes } = stage.envoy;
  stage.tell(...listing('pay', []));
  stage.pass(20_000);
  assert.equal(heldOf(stage, 'pay')?.reason, 'empty');
  stage.tell(...listing('pay', [1, 2, 3, 4]));
  stage.pass(200);
  assert.deepEqual([stage.envoy.bytes, heldOf(stage, 'pay')], [bytes, null]);
});

test('after the hold a second look decides: still short is believed, and a registry that does not answer decides nothing', () => {
  const stage = started();
  stage.tell(...listing('pay', [4]));
  stage.pass(29_000);
  assert.deepEqual(stage.looks, []);
  stage.pass(2_000);
  assert.deepEqual(stage.looks, ['pay']);
  stage.looked('pay', null);
  stage.pass(1_999);
  assert.deepEqual([stage.looks.length, stage.hosts('pay')], [1, [1, 2, 3, 4]]);
  stage.pass(2);
  stage.looked('pay', 1);
  assert.deepEqual([stage.looks.length, stage.hosts('pay'), heldOf(stage, 'pay')], [2, [4], null]);
});

test('a second look that comes late, when its hold is over and another has begun, decides nothing of that one', () => {
  const stage = started();
  stage.tell(...listing('pay', [1]));
  stage.pass(31_000);
  assert.deepEqual(stage.looks, ['pay']);
  stage.tell(...listing('pay', [1, 2, 3, 4]));
  stage.pass(1_000);
  assert.equal(heldOf(stage, 'pay'), null);
  stage.tell(...listing('pay', [2]));
  stage.pass(1_000);
  stage.looked('pay', 1);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  stage.pass(30_000);
  assert.deepEqual(stage.looks, ['pay', 'pay']);
  stage.looked('pay', 1);
  assert.deepEqual(stage.hosts('pay'), [2]);
  // Another mesh.yaml begins anew, and so do its looks.
  stage.tell(...listing('stock', []));
  stage.pass(31_000);
  stage.reload(planOf());
  stage.tell(...listing('pay', [2]), ...listing('stock', []));
  stage.synced();
  stage.looked('stock', 0);
  assert.deepEqual(stage.hosts('stock'), [51]);
});

test('confirm believes a held list at once, says when nothing was held, and knows only what is consumed', () => {
  const stage = started();
  assert.deepEqual([stage.confirm('pay'), stage.confirm('nobody')], [false, null]);
  stage.tell(...listing('pay', [4]));
  stage.pass(200);
  assert.equal(stage.confirm('pay'), true);
  assert.deepEqual([stage.hosts('pay'), heldOf(stage, 'pay')], [[4], null]);
});

test('an application that is believed empty: its calls go where they wanted to go before its members leave', () => {
  const stage = started();
  const routes = () => [...(stage.envoy.has.get(ROUTES)?.values() ?? [])].join();
  assert.match(routes(), /com\.acme\.pay/);
  stage.tell(...listing('pay', []));
  stage.pass(200);
  stage.confirm('pay');
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  assert.doesNotMatch(routes(), /com\.acme\.pay/);
  stage.pass(3_000);
  assert.deepEqual(stage.hosts('pay'), []);
  stage.pass(60_000);
  stage.envoy.settle();
  assert.equal(
    [...(stage.envoy.has.get(CLUSTER)?.keys() ?? [])].some((name) => name.startsWith('pay|')),
    false,
  );
});

test('every application gone at once is an empty registry', () => {
  const stage = started();
  stage.tell(...listing('pay', []), ...listing('stock', []));
  stage.pass(200);
  assert.deepEqual(
    [heldOf(stage, 'pay')?.reason, heldOf(stage, 'stock')?.reason],
    ['registry-empty', 'registry-empty'],
  );
});

test('a registry that is away takes nothing away, and an agent that starts without it serves its snapshot', () => {
  const stage = started();
  const { bytes } = stage.envoy;
  stage.tell({ registry: 'hz', kind: 'state', state: 'lost' });
  stage.pass(120_000);
  assert.equal(stage.envoy.bytes, bytes);

  const next = new MachineStage(planOf(), stage.machine.snapshot(0));
  next.connect();
  assert.deepEqual(next.hosts('pay'), [1, 2, 3, 4]);
  assert.deepEqual(next.news, []);
  next.pass(10_000);
  assert.deepEqual(
    next.news.map(({ event }) => event),
    ['serving'],
  );
  // The registry comes back with less: the guard compares it with the snapshot.
  next.tell(...listing('pay', [4]), ...listing('stock', [51]));
  next.synced();
  assert.deepEqual([next.hosts('pay'), heldOf(next, 'pay')?.reason], [[1, 2, 3, 4], 'shrink']);
});

test('an agent that starts anew from its snapshot sends an Envoy that kept running nothing', () => {
  const stage = started();
  const next = new MachineStage(planOf(), stage.machine.snapshot(0));
  for (const [type, names] of stage.envoy.has) next.envoy.has.set(type, new Map(names));
  const { bytes } = stage.envoy;
  stage.connect();
  // Two empty answers, for clusters and listeners.
  assert.ok(stage.envoy.bytes - bytes < 300, `${stage.envoy.bytes - bytes}`);
  next.connect();
  for (const [type, names] of stage.envoy.has) assert.deepEqual(next.envoy.has.get(type), names);
});

test('with two registries what only one has stays while that one was not heard', () => {
  const whole = new MachineStage(twoRegistries());
  whole.tell(...listing('pay', [1, 2]), ...listing('pay', [2, 3], 'center'), ...listing('stock', [51]));
  whole.synced('hz');
  whole.synced('center');
  whole.connect();
  assert.deepEqual(whole.hosts('pay'), [1, 2, 3]);

  const half = new MachineStage(twoRegistries(), whole.machine.snapshot(0));
  half.tell(...listing('pay', [1]), ...listing('stock', [51]));
  half.synced('hz');
  half.connect();
  half.pass(60_000);
  assert.deepEqual(half.hosts('pay'), [1, 2, 3]);
  half.tell(...listing('pay', [3], 'center'));
  half.synced('center');
  assert.deepEqual(half.hosts('pay'), [1, 3]);
});

test('another mesh.yaml keeps what is consumed on, and takes away what is not', () => {
  const stage = started();
  const plan = planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: ['pay'], interfaces: [] }] });
  stage.reload(plan);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  assert.deepEqual(
    statusOf(stage).apps.map(({ name }) => name),
    ['pay'],
  );
  const { bytes } = stage.envoy;
  stage.tell(...listing('pay', [1, 2, 3, 4]));
  stage.synced();
  stage.envoy.settle();
  assert.equal(stage.envoy.bytes, bytes);
});

test('a mapping that gains an application adds it, one that loses it ends its calls at once', () => {
  const consumers = [{ name: 'shop', sidecar: 'main', apps: [], interfaces: ['com.acme.pay'] }];
  const stage = new MachineStage(planOf({ consumers }));
  const mapping = (...apps: string[]) =>
    stage.tell({ registry: 'hz', kind: 'mapping', interface: 'com.acme.pay', apps });
  mapping('pay');
  stage.tell(...listing('pay', [1, 2]));
  stage.synced();
  stage.connect();
  assert.deepEqual(
    consumerRoutes(stage.machine, 'shop', null)?.map(({ members }) => members.length),
    [2],
  );
  mapping();
  stage.envoy.settle();
  assert.deepEqual(consumerRoutes(stage.machine, 'shop', null), []);
  mapping('pay');
  assert.deepEqual(
    consumerRoutes(stage.machine, 'shop', 'com.acme.pay')?.map(({ members }) => members.length),
    [2],
  );
  assert.equal(consumerRoutes(stage.machine, 'nobody', null), null);
});

test('calls that still go to the addresses of an application that its mapping lost are answered by those that are left', () => {
  const consumers = [{ name: 'shop', sidecar: 'main', apps: [], interfaces: ['com.acme.pay'] }];
  const stage = new MachineStage(planOf({ consumers }));
  const mapping = (...apps: string[]) =>
    stage.tell({ registry: 'hz', kind: 'mapping', interface: 'com.acme.pay', apps });
  const [offer, ...pay] = listing('pay', [1, 2]);
  assert.ok(offer?.kind === 'metadata');
  mapping('pay', 'stock');
  stage.tell(offer, ...pay, { ...offer, app: 'stock' }, ...listing('stock', [51]).slice(1));
  stage.synced();
  stage.connect();
  const look = () => {
    return {
      members: consumerRoutes(stage.machine, 'shop', null)?.map(({ members }) => members.length),
      consumed: statusOf(stage).apps.map(({ name }) => name),
      isRead: stage.reads('10.0.0.51'),
    };
  };
  assert.deepEqual(look(), { members: [3], consumed: ['pay', 'stock'], isRead: true });
  mapping('pay');
  assert.deepEqual(look(), { members: [2], consumed: ['pay'], isRead: true });
  assert.equal(stage.confirm('stock'), null);
  stage.reload(planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: ['pay'], interfaces: [] }] }));
  stage.tell(...pay, offer);
  stage.synced();
  stage.pass(1_000);
  assert.equal(look().isRead, false);
});

test('an application that lost its mapping is followed on by the next agent, as long as it is registered', () => {
  const consumes = (...interfaces: string[]) =>
    planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: [], interfaces }] });
  const [, ...instances] = listing('stock', [51]);
  const first = new MachineStage(consumes('com.acme.pay'));
  assert.equal(statusOf(first).mappingsSince, null);
  const mapping = (stage: MachineStage, ...apps: string[]) =>
    stage.tell({ registry: 'hz', kind: 'mapping', interface: 'com.acme.pay', apps });
  mapping(first, 'pay', 'stock');
  first.tell(...listing('pay', [1]), ...instances);
  first.synced();
  mapping(first, 'pay');
  const since = statusOf(first).mappingsSince;
  assert.equal(since, new Date(first.nowMs).toISOString());
  const written = Buffer.concat(snapshotText(first.machine.snapshot(5))).toString();
  const saved = snapshotOf(JSON.parse(written));
  const next = new MachineStage(consumes('com.acme.pay'), saved);
  next.nowMs += 60_000;
  assert.deepEqual([...next.machine.offering], ['pay', 'stock']);
  mapping(next, 'pay');
  next.tell(...listing('pay', [1]), ...instances);
  next.synced();
  next.pass(40_000);
  assert.deepEqual([next.machine.apps.get('stock')?.published.length, next.looks], [1, []]);
  assert.deepEqual([statusOf(next).mappingsSince, statusOf(next).apps.map(({ name }) => name)], [since, ['pay']]);
  // Who is registered no more has no address that anybody may hold.
  next.tell({ registry: 'hz', kind: 'instances', app: 'stock', listed: new Map() });
  next.pass(31_000);
  next.looked('stock', 0);
  assert.deepEqual(next.machine.snapshot(6).offered, new Map([['com.acme.pay', ['pay']]]));
  // Of an interface that was not consumed before nothing is remembered.
  const more = new MachineStage(consumes('com.acme.pay', 'com.acme.stock'), saved);
  assert.equal(statusOf(more).mappingsSince, null);
  next.reload(consumes('com.acme.stock'));
  assert.equal(statusOf(next).mappingsSince, null);
});

test('a provider that is registered as disabled leaves Envoy, and is registered as before', () => {
  const stage = started();
  stage.pass(1_000);
  stage.tell(changeEvent('pay', 1, { disabled: 'true' }));
  stage.pass(1_000);
  assert.deepEqual(stage.hosts('pay'), [2, 3, 4]);
  assert.equal(statusOf(stage).apps.find(({ name }) => name === 'pay')?.endpoints.total, 4);
  assert.equal(heldOf(stage, 'pay'), null);
  stage.tell(changeEvent('pay', 1, {}));
  stage.pass(1_000);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
});

test('a change is on the disk within seconds; a full disk is told, and tried again', () => {
  const stage = started();
  stage.pass(2_000);
  assert.equal(stage.saves, 1);
  stage.saved('ENOSPC: no space left on device');
  assert.match(stage.news.at(-1)?.text ?? '', /no space left/);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  stage.pass(10_001);
  assert.equal(stage.saves, 2);
  stage.saved(null);
  stage.pass(60_000);
  assert.equal(stage.saves, 2);
});

test('an Envoy of a sidecar that consumes nothing here is refused', () => {
  const stage = new MachineStage();
  stage.synced();
  stage.machine.step({ type: 'opened', stream: 7 }, stage.nowMs);
  const node = { id: 'x', cluster: 'other' };
  const request = {
    node,
    typeUrl: CLUSTER,
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
    nonce: '',
    error: null,
  };
  const actions = stage.machine.step({ type: 'request', stream: 7, request }, stage.nowMs);
  assert.deepEqual(
    actions.map(({ type }) => type),
    ['end', 'tell'],
  );
});

const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const ROUTES = 'type.googleapis.com/envoy.extensions.filters.network.generic_proxy.v3.RouteConfiguration';

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('instance' as const),
      host: fc.integer({ min: 1, max: 6 }),
      isThere: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('listing' as const),
      hosts: fc.uniqueArray(fc.integer({ min: 1, max: 6 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(10, 120, 1_500, 31_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('lost' as const, 'synced' as const, 'reconnect' as const, 'confirm' as const),
    }),
  },
);

test('whatever a registry does, an application that had endpoints has some until it is believed empty, and at rest Envoy has what is published', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const stage = started([1, 2, 3]);
      for (const one of steps) {
        const before = stage.hosts('pay').length;
        const believed = stage.news.filter(({ event }) => event === 'believed').length;
        if (one.do === 'instance') stage.tell(instanceEvent('pay', one.host, one.isThere));
        else if (one.do === 'listing') stage.tell(...listing('pay', one.hosts));
        else if (one.do === 'pass') stage.pass(one.ms);
        else if (one.do === 'reconnect') stage.connect();
        else if (one.do === 'confirm') stage.confirm('pay');
        else stage.tell({ registry: 'hz', kind: 'state', state: one.do });
        const isBelieved = stage.news.filter(({ event }) => event === 'believed').length > believed;
        const wasEmptied = stage.machine.apps.get('pay')?.published.length === 0;
        if (before > 0 && !isBelieved && !wasEmptied) assert.ok(stage.hosts('pay').length > 0);
      }
      stage.pass(1_000);
      const published =
        stage.machine.apps.get('pay')?.published.map(({ address }) => Number(address.split('.').at(-1))) ?? [];
      if (published.length > 0)
        assert.deepEqual(
          stage.hosts('pay'),
          published.toSorted((a, b) => a - b),
        );
    }),
  );
});
