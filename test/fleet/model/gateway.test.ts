/** Gateways as bootstraps of Envoy: listeners, certificates, routes in their order; what a gateway cannot do is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayFiles } from '../../../src/fleet/model/gateway/gateway-bootstrap.ts';
import { GATEWAY_POD } from '../../../src/fleet/model/gateway/gateway-documents.ts';
import { routeOf } from '../../../src/fleet/model/gateway/gateway-routes.ts';
import { readVirtualServices } from '../../../src/fleet/model/gateway/virtual-service.ts';
import { parseObjects } from '../../../src/fleet/model/parse-objects.ts';
import { renderObjects } from '../../../src/fleet/usecases/render-release.ts';

const service = (spec: string) => `kind: VirtualService\nmetadata: {name: v}\nspec: {hosts: ["*"], ${spec}}\n`;
const rules = (http: string) => readVirtualServices(service(`http: [${http}]`)).services[0]?.spec.http ?? [];

test('a rule is a route for each of its alternatives, with its weights', () => {
  const [rule] = rules(
    '{match: [{uri: {prefix: /a}, method: {exact: GET}}, {headers: {x: {regex: "y.*"}, z: {}}}], route: [{destination: {host: b}, weight: 70}, {destination: {host: c, port: {number: 81}}, weight: 30}, {destination: {host: d}, weight: 0}], timeout: 1500ms, rewrite: {uri: /n}}',
  );
  assert.ok(rule !== undefined);
  const [rpc, first, , second] = routeOf(rule) as unknown as readonly {
    match: object;
    route: Record<string, unknown>;
  }[];
  assert.deepEqual(first?.match, { prefix: '/a', headers: [{ name: ':method', string_match: { exact: 'GET' } }] });
  assert.deepEqual(first?.route, {
    weighted_clusters: {
      clusters: [
        { name: 'b:80', weight: 70 },
        { name: 'c:81', weight: 30 },
      ],
    },
    ...{ timeout: '1.5s', prefix_rewrite: '/n' },
  });
  assert.deepEqual(
    [JSON.stringify(rpc?.match).includes('application/grpc'), JSON.stringify(rpc?.route).includes('b:80|h2')],
    [true, true],
  );
  assert.deepEqual(second?.match, {
    prefix: '/',
    headers: [
      { name: 'x', string_match: { safe_regex: { regex: 'y.*' } } },
      { name: 'z', present_match: true },
    ],
  });
  assert.ok('regex_rewrite' in (second?.route ?? {}));
});

test('what a gateway cannot do is named, never left out', () => {
  const problems = (text: string) => readVirtualServices(text).problems;
  assert.match(
    problems(service('http: [{fault: {}, route: [{destination: {host: a}}]}]'))[0] ?? '',
    /fault cannot be done/,
  );
  assert.match(
    problems(service('http: [{route: [{destination: {host: a, subset: v1}}]}]'))[0] ?? '',
    /subset cannot be done/,
  );
  assert.match(problems(service('http: [{match: []}]'))[0] ?? '', /has none of route, redirect/);
  assert.match(
    problems(service('http: [{route: [{destination: {host: a}, weight: 0}]}]'))[0] ?? '',
    /all weights are 0/,
  );
  assert.match(problems('kind: DestinationRule\n')[0] ?? '', /is not read/);
  assert.match(problems('a: [')[0] ?? '', /line/);
});

const GATEWAY = `apiVersion: weir.dev/v1
kind: Gateway
metadata: {name: edge}
spec:
  listeners:
    - {name: shop, port: 8443, hosts: [shop.example], tls: {secret: shop}}
    - {name: rest, port: 8443, tls: {secret: rest}}
    - {name: plain, port: 8080}
    - {name: raw, port: 20880}
  routes: [routes.yaml]
`;

test('listeners of a port are chains by name, with certificates by files that are watched', async () => {
  const parsed = parseObjects(GATEWAY, '/x/gateway.yaml');
  assert.ok('objects' in parsed && parsed.objects[0]?.object.kind === 'Gateway');
  const { services } = readVirtualServices(
    service(
      'http: [{route: [{destination: {host: a}}]}], tcp: [{match: [{port: 20880}], route: [{destination: {host: 10.0.0.1, port: {number: 20880}}}]}]',
    ),
  );
  const files = gatewayFiles(parsed.objects[0].object, services, GATEWAY_POD);
  assert.deepEqual(Object.keys(files), ['mesh.yaml', 'bootstrap.json', 'sds-shop.json', 'sds-rest.json']);
  const { static_resources: resources } = JSON.parse(files['bootstrap.json'] ?? '');
  assert.deepEqual(
    resources.listeners.map(
      (one: { name: string; filter_chains: { name: string; filter_chain_match?: unknown }[] }) => [
        one.name,
        one.filter_chains.map(({ name, filter_chain_match: match }) => [name, match]),
      ],
    ),
    [
      [
        'port-8443',
        [
          ['shop', { server_names: ['shop.example'] }],
          ['rest', undefined],
        ],
      ],
      ['port-8080', [['plain', undefined]]],
      ['port-20880', [['raw', undefined]]],
    ],
  );
  assert.equal(resources.listeners[2].filter_chains[0].filters[0].name, 'tcp');
  assert.deepEqual(
    resources.clusters.map(({ name, type }: { name: string; type: string }) => [name, type]),
    [
      ['a:80', 'STRICT_DNS'],
      ['a:80|h2', 'STRICT_DNS'],
      ['10.0.0.1:20880', 'STATIC'],
      ['10.0.0.1:20880|h2', 'STATIC'],
    ],
  );
  const asked: string[] = [];
  const read = async (path: string) => {
    asked.push(path);
    return service('http: [{directResponse: {status: 204}}]');
  };
  const { documents } = await renderObjects(
    parsed.objects,
    { wave: 0, former: null, namespace: 'ns', image: 'weir:1' },
    read,
  );
  assert.deepEqual(asked, ['/x/routes.yaml']);
  assert.deepEqual(
    documents.map((one) => (one as { kind: string }).kind),
    ['ConfigMap', 'Deployment', 'Service'],
  );
  const bad = renderObjects(
    parsed.objects,
    { wave: 0, former: null, namespace: 'ns', image: 'weir:1' },
    async () => 'kind: X\n',
  );
  await assert.rejects(bad, /cannot serve routes.yaml/);
});

test('Dubbo is routed by service and method where a listener speaks it, and refused where only one side says so', async () => {
  const gateway = (protocol: string) => {
    const listener = `{name: d, port: 20880${protocol}}`;
    const text = `apiVersion: weir.dev/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {listeners: [${listener}], routes: [r.yaml]}\n`;
    const parsed = parseObjects(text, '/x/gateway.yaml');
    assert.ok('objects' in parsed, JSON.stringify(parsed));
    return parsed.objects;
  };
  const render = async (protocol: string, spec: string) => {
    const place = { wave: 0, former: null, namespace: 'ns', image: 'weir:1' };
    const { documents } = await renderObjects(gateway(protocol), place, async () => service(spec));
    const [config] = documents as [{ data: Record<string, string> }];
    return JSON.parse(config.data['bootstrap.json'] ?? '').static_resources;
  };
  const to = (host: string) => `{destination: {host: ${host}, port: {number: 1}}, weight: 1}`;
  const dubbo = `dubbo: [{services: [{exact: a.B}], routedetail: [{match: [{method: {name_match: {regex: "get.*"}}}], route: [${to('p')}, ${to('q')}]}]}]`;
  const { listeners, clusters } = await render(', protocol: dubbo', dubbo);
  const [filter] = listeners[0].filter_chains[0].filters;
  assert.equal(filter.name, 'envoy.filters.network.generic_proxy');
  const [matcher] = filter.typed_config.route_config.virtual_hosts[0].routes.matcher_list.matchers;
  const tests = matcher.predicate.and_matcher.predicate.map(
    ({ single_predicate: one }: { single_predicate: { value_match: object } }) => one.value_match,
  );
  assert.deepEqual(tests, [{ exact: 'a.B' }, { safe_regex: { google_re2: {}, regex: 'get.*' } }]);
  assert.deepEqual(
    clusters.map(({ name }: { name: string }) => name),
    ['dubbo|p:1*1|q:1*1'],
  );
  await assert.rejects(render('', dubbo), /no listener for them/);
  await assert.rejects(
    render(', protocol: dubbo', 'http: [{directResponse: {status: 204}}]'),
    /no document has dubbo routes/,
  );
  await assert.rejects(render(', protocol: dubbo', dubbo.replaceAll('weight: 1', 'weight: 0')), {
    why: /all weights are 0/,
  });
  const argument =
    'dubbo: [{routedetail: [{match: [{method: {name_match: {exact: a}, argc: 1}}], route: [{destination: {host: p}}]}]}]';
  await assert.rejects(render(', protocol: dubbo', argument), { why: /argc cannot be done by a gateway/ });
});
