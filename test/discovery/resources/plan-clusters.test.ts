/** Clusters and members of applications and services. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignment, followedCluster } from '../../../src/discovery/resources/clusters.ts';
import { dubboRoutes } from '../../../src/discovery/resources/dubbo-routes.ts';
import { httpRoutes } from '../../../src/discovery/resources/http-routes.ts';
import { outboundListener } from '../../../src/discovery/resources/outbound-listener.ts';
import { planClusters } from '../../../src/discovery/resources/plan-clusters.ts';
import type { Endpoint } from '../../../src/discovery/world/endpoints.ts';

function endpoint(host: number, services: readonly string[] | null, change: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ app: 'pay', address: `10.0.0.${host}`, port: 20880, protocol: 'dubbo', labels: {}, unit: null, weight: 100 },
    ...{ layouts: ['application'], straight: null, registries: ['hz'] },
    services: services === null ? null : new Set(services),
    ...change,
  };
}

test('an application with one revision has one cluster, however many services it offers', () => {
  const services = Array.from({ length: 40 }, (_, index) => `I${index}`);
  const { clusters, services: routed } = planClusters([endpoint(1, services), endpoint(2, services)]);
  assert.equal(clusters.length, 1);
  assert.equal(routed.size, 40);
  assert.deepEqual(
    clusters[0]?.members.map(({ address }) => address),
    ['10.0.0.1', '10.0.0.2'],
  );
});

test('during a release a service goes only to instances that offer it', () => {
  const plan = planClusters([endpoint(1, ['A']), endpoint(2, ['A', 'B'])]);
  const membersOf = (key: string) =>
    plan.clusters.find(({ name }) => name === plan.services.get(key))?.members.map(({ address }) => address);
  assert.deepEqual([membersOf('A'), membersOf('B')], [['10.0.0.1', '10.0.0.2'], ['10.0.0.2']]);
});

test('what Envoy would reject or cannot read never becomes a member', () => {
  const plan = planClusters([
    endpoint(1, ['A'], { weight: 0 }),
    endpoint(2, null),
    endpoint(3, ['A'], { straight: 'a random token' }),
    endpoint(4, ['A'], { protocol: 'rest' }),
    endpoint(5, ['A']),
  ]);
  assert.deepEqual(
    plan.clusters.flatMap(({ members }) => members.map(({ address }) => address)),
    ['10.0.0.5'],
  );
  // Calls to an address of weight 0 or of unknown services are read too: the consumer picked it all the same.
  assert.deepEqual(
    plan.read.map(({ address }) => address),
    ['10.0.0.1', '10.0.0.2', '10.0.0.5'],
  );
});

test('an address that one service makes unreadable is not read for any', () => {
  const plan = planClusters([endpoint(1, ['A']), endpoint(1, ['B'], { app: 'stock', straight: 'serialization kryo' })]);
  assert.deepEqual([plan.read, plan.clusters], [[], []]);
});

test('the same members give the same clusters, in whatever order they come, and every weight is at least 1', () => {
  const one = fc.record({
    host: fc.integer({ min: 1, max: 6 }),
    services: fc.oneof(fc.constant(null), fc.subarray(['A', 'B', 'g/C:1.0'])),
    weight: fc.constantFrom(0, 1, 100),
  });
  fc.assert(
    fc.property(fc.uniqueArray(one, { selector: ({ host }) => host }), (list) => {
      const endpoints = list.map(({ host, services, weight }) => endpoint(host, services, { weight }));
      const plan = planClusters(endpoints);
      assert.deepEqual(planClusters(endpoints.toReversed()).clusters, plan.clusters);
      const names = plan.clusters.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of plan.services.values()) assert.ok(names.includes(name));
      for (const { members } of plan.clusters) {
        assert.ok(members.length > 0);
        assert.ok(members.every(({ weight }) => weight >= 1));
      }
    }),
  );
});

test('a call goes by interface, group and version as a whole; all else goes where it wanted to go', () => {
  const routes = JSON.stringify(
    dubboRoutes({
      services: new Map([
        ['A', 'pay'],
        ['blue/A:1.0', 'pay2'],
      ]),
    }),
  );
  assert.equal(routes.match(/"hosts":\["A"\]/g)?.length, 1);
  assert.match(routes, /"exact":"0\.0\.0".*"not_matcher".*"cluster":"pay"/);
  assert.match(routes, /"exact":"1\.0".*"exact":"blue".*"cluster":"pay2"/);
  assert.equal(routes.match(/"on_no_match":\{"action":\{[^}]*"cluster":"original"/g)?.length, 2);
});

test('without a readable provider no connection is read, and the Dubbo chain is there all the same', () => {
  const text = JSON.stringify(outboundListener(planClusters([]), 15_001, true));
  assert.match(text, /"exact_match_map":\{"map":\{"0":\{"action"/);
  assert.match(text, /"default_filter_chain".*tcp_proxy/);
});

test('instances that join or leave change neither the name of a cluster nor the routes', () => {
  const services = fc.subarray(['A', 'B', 'g/C:1.0'], { minLength: 1 });
  const hosts = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(services, hosts, hosts), { minLength: 1, maxLength: 3 }), (groups) => {
      const plan = (which: 1 | 2) =>
        planClusters(
          groups.flatMap((group, index) => group[which].map((host) => endpoint(index * 10 + host, group[0]))),
        );
      assert.deepEqual(plan(1).services, plan(2).services);
    }),
  );
});

test('names that are patterns to Envoy are no services', () => {
  const names = ['*', 'com.*', '*.Pay', '', 'g/*:1', 'a b', 'x'.repeat(513), 'com.acme.Pay$Inner', 'com.支付.Pay'];
  const { services } = planClusters([endpoint(1, names)]);
  assert.deepEqual([...services.keys()], ['com.acme.Pay$Inner', 'com.支付.Pay']);
});

test('weights stay within what Envoy takes together, and keep their shares', () => {
  const member = (weight: number) => ({ address: '10.0.0.1', port: 1, weight, priority: 0 as const });
  const members = [...Array.from({ length: 10_000 }, () => member(1_000_000)), member(1)];
  const { endpoints } = assignment('a', members) as {
    endpoints: { lb_endpoints: { load_balancing_weight?: number }[] }[];
  };
  // What is not written counts as 1.
  const weights = endpoints.flatMap(({ lb_endpoints }) => lb_endpoints.map((one) => one.load_balancing_weight ?? 1));
  assert.ok(weights.reduce((sum, weight) => sum + weight, 0) <= 0xffff_ffff);
  assert.equal(weights.at(-1), 1);
  assert.equal(new Set(weights.slice(0, -1)).size, 1);
});

test('members of one weight are sent without it, and all with theirs as soon as one differs', () => {
  const weights = (...all: readonly number[]) => {
    const members = all.map((weight, index) => ({ address: `10.0.0.${index}`, port: 1, weight, priority: 0 as const }));
    const { endpoints } = assignment('a', members) as {
      endpoints: { lb_endpoints: { load_balancing_weight?: number }[] }[];
    };
    return endpoints.flatMap(({ lb_endpoints }) => lb_endpoints.map((one) => one.load_balancing_weight));
  };
  assert.deepEqual(weights(100, 100), [undefined, undefined]);
  assert.deepEqual(weights(1, 1), [undefined, undefined]);
  // What is not written counts as 1.
  assert.deepEqual(weights(100, 1, 50), [100, undefined, 50]);
});

test('members of another unit take over in the order of priorities, without a gap', () => {
  const member = (port: number, priority: 0 | 1) => ({ address: '10.0.0.1', port, weight: 1, priority });
  const priorities = (...members: ReturnType<typeof member>[]) => {
    const { endpoints, policy } = assignment('a', members, 40) as {
      endpoints: { priority?: number }[];
      policy?: { overprovisioning_factor: number };
    };
    return [endpoints.map(({ priority }) => priority ?? 0), policy?.overprovisioning_factor];
  };
  // Below 40 % of healthy members of its own unit a host spills: 40 % x 2.5 is all of them.
  assert.deepEqual(priorities(member(1, 0), member(2, 1)), [[0, 1], 250]);
  assert.deepEqual(priorities(member(2, 1)), [[0], undefined]);
  assert.deepEqual(priorities(), [[], undefined]);
});

test('Triple and gRPC have clusters and addresses of their own, and a chain only where somebody offers them', () => {
  const [dubbo, tri] = [endpoint(1, ['A']), endpoint(1, ['A'], { port: 50_051, protocol: 'tri' })];
  const plan = planClusters([dubbo, tri]);
  assert.deepEqual(
    plan.clusters.map(({ chain, members }) => `${chain} ${members.map(({ port }) => port)}`),
    ['dubbo 20880', 'http 50051'],
  );
  assert.deepEqual(
    [plan.read, plan.http?.read].flat().map((one) => one?.port),
    [20_880, 50_051],
  );
  const chains = (given: readonly Endpoint[]) =>
    [...JSON.stringify(outboundListener(planClusters(given), 1, false)).matchAll(/"action":\{"name":"(\w+)"/g)]
      .map(([, chain]) => chain)
      .filter((chain) => chain !== 'route');
  assert.deepEqual([chains([dubbo, tri]), chains([dubbo])], [['dubbo', 'http'], ['dubbo']]);
});

test('a call in HTTP goes by path, version and group as a whole; one of a REST client goes where it wanted to go', () => {
  const routes = JSON.stringify(
    httpRoutes(
      new Map([
        ['blue/A:1.0', 'pay|http'],
        ['B', 'stock|http'],
      ]),
    ),
  );
  assert.match(
    routes,
    /"prefix":"\/A\/".*"tri-service-version","string_match":\{"exact":"1\.0".*"exact":"blue".*"pay\|http"/,
  );
  assert.match(routes, /"prefix":"\/B\/".*"regex":"\(\?:0.*"exact":"".*"stock\|http"/);
  assert.match(routes, /"rest-service-version","present_match":true.*"prefix":"\/A\/".*"original-http"/);
});

test('members are checked where there are few enough of them', () => {
  const isChecked = (size: number, most: number) =>
    'health_checks' in followedCluster('x', size, { chain: 'dubbo', health: { most, intervalMs: 1_000 } });
  assert.deepEqual([isChecked(20, 20), isChecked(21, 20)], [true, false]);
  assert.ok(!('health_checks' in followedCluster('x', 1)));
});
