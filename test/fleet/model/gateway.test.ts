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
const read = (text: string) => readVirtualServices(text, 'routes.yaml');
const services = (text: string) => read(text).documents.map((one) => one.service);
const rules = (http: string) => services(service(`http: [${http}]`))[0]?.spec.http ?? [];

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

test('what a gateway cannot do is named with its place, never left out', () => {
  const problems = (text: string) => {
    const { documents, errors } = read(text);
    const all = [...errors, ...documents.flatMap((one) => one.problems.all)];
    return all.map(({ file, line, column, what }) => `${file}:${line}:${column} ${what}`).join('; ');
  };
  const http = (rule: string) => problems(service(`http: [${rule}]`));
  const to = 'route: [{destination: {host: a}}]';
  const cases: readonly (readonly [string, RegExp])[] = [
    [http(`{fault: {}, ${to}}`), /^routes.yaml:3:30 spec.http\[0\]: "fault" is not a key here$/],
    [http('{route: [{destination: {host: a, subset: v1}}]}'), /destination: "subset" is not a key here$/],
    [http('{match: []}'), /none of route, redirect and directResponse is given/],
    [http(`{${to}, directResponse: {status: 200}}`), /route and directResponse of route, redirect/],
    [http('{route: [{destination: {host: a}, weight: 0}]}'), /all weights are 0/],
    [http('{route: [{destination: {host: a}, weight: 1}, {destination: {host: b}}]}'), /route\[1\]: weight is missing/],
    [http('{route: [{destination: {host: a}, weight: -1}]}'), /-1 is not a number here/],
    [http('{route: [{destination: {host: a, port: {number: 0}}}]}'), /0 is not a number here/],
    [http('{redirect: {uri: /a, redirectCode: 304}}'), /304 is no code by which Envoy redirects/],
    [http('{redirect: {redirectCode: 302}}'), /redirect: neither uri nor authority is given/],
    [http('{redirect: {uri: /a}, timeout: 1s}'), /timeout: it has no meaning beside redirect/],
    [http(`{${to}, rewrite: {}}`), /rewrite: neither uri nor authority is given/],
    [http(`{${to}, timeout: 5}`), /5 is not a duration here/],
    [
      http(`{${to}, retries: {attempts: 1, retryOn: "connect-failure,sometimes"}}`),
      /"sometimes" is nothing that Envoy/,
    ],
    [http(`{${to}, headers: {request: {set: {Host: b}}}}`), /set.Host: "Host" cannot be changed/],
    [http(`{${to}, headers: {response: {remove: [":status"]}}}`), /remove: ":status" cannot be changed/],
    [http(`{match: [{uri: {exact: /a, prefix: /b}}], ${to}}`), /exact and prefix is not accepted/],
    [http(`{match: [{headers: {x: {suffix: b}}}], ${to}}`), /suffix is not accepted/],
    [problems(service('tcp: [{route: [{destination: {host: a}}]}]')), /tcp\[0\]: match is missing/],
    [problems('kind: DestinationRule\n'), /"DestinationRule" is not read/],
    [problems('a: ['), /routes.yaml:1/],
    [problems('kind: VirtualService\nspec: {hosts: ["*"]}\n'), /metadata is missing/],
  ];
  for (const [found, wanted] of cases) assert.match(found, wanted);
});

test('times, codes and weights mean what they mean to Istio', () => {
  const route = (rule: string) =>
    (routeOf(rules(rule)[0] ?? assert.fail(rule)).at(-1) as { route?: Record<string, unknown>; redirect?: object }) ??
    {};
  const to = 'route: [{destination: {host: a}}]';
  assert.equal(route(`{${to}, timeout: 1m30.5s}`).route?.timeout, '90.5s');
  assert.equal(route(`{${to}, timeout: 0s}`).route?.timeout, '0s');
  assert.deepEqual(
    route(`{${to}, retries: {attempts: 2, retryOn: "503, reset", perTryTimeout: 50ms}}`).route?.retry_policy,
    {
      num_retries: 2,
      retry_on: 'reset,retriable-status-codes',
      retriable_status_codes: [503],
      per_try_timeout: '0.05s',
    },
  );
  assert.deepEqual(route('{redirect: {authority: b, redirectCode: 308}}').redirect, {
    host_redirect: 'b',
    response_code: 'PERMANENT_REDIRECT',
  });
});

test('what no listener would serve, and what two documents would, is refused with its place', async () => {
  const listeners =
    '[{name: web, port: 80, hosts: [shop.example, "*.api.example"]}, {name: d, port: 20880, protocol: dubbo}, {name: t, port: 9000, hosts: [t.example]}]';
  const text = `apiVersion: weir.dev/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {listeners: ${listeners}, routes: [r.yaml]}\n`;
  const answer = 'http: [{directResponse: {status: 204}}]';
  const speaks = 'dubbo: [{routedetail: [{route: [{destination: {host: p}}]}]}]';
  const tcp = (...ports: readonly number[]) =>
    `tcp: [${ports.map((port) => `{match: [{port: ${port}}], route: [{destination: {host: p}}]}`).join(', ')}]`;
  const render = async (...specs: readonly string[]) => {
    const documents = specs.map(
      (spec, index) => `kind: VirtualService\nmetadata: {name: v${index}}\nspec: {${spec}}\n`,
    );
    const parsed = parseObjects(text, '/x/gateway.yaml');
    assert.ok('objects' in parsed, JSON.stringify(parsed));
    const place = { wave: 0, former: null, namespace: 'ns', image: 'weir:1' };
    const found = await renderObjects(parsed.objects, place, async () => documents.join('---\n'));
    return JSON.parse((found.documents[0] as { data: Record<string, string> }).data['bootstrap.json'] ?? '');
  };
  const dubbo = `hosts: ["*"], ${speaks}`;
  const { static_resources: resources } = await render(
    `hosts: ["*.example"], ${answer}`,
    dubbo,
    `hosts: ["*"], ${tcp(9000)}`,
  );
  const [web] = resources.listeners[0].filter_chains[0].filters;
  assert.deepEqual(web.typed_config.route_config.virtual_hosts[0].domains, ['shop.example', '*.api.example']);
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [[`hosts: [other.example], ${answer}`], /spec.hosts\[0\]: no listener serves other.example/],
    [
      [`hosts: [a.api.example], ${answer}`, `hosts: ["A.api.example"], ${answer}`],
      /A.api.example is served by VirtualService\/v0 too/,
    ],
    [[`hosts: ["*"], gateways: [mesh], ${answer}`], /spec.gateways: edge is not among them/],
    [[`hosts: ["*"], ${tcp(9001)}`], /no listener has the port 9001/],
    [[`hosts: ["*"], ${tcp(20880)}`], /the listener of port 20880 is for Dubbo/],
    [[`hosts: ["*"], ${tcp(9000, 9000)}`], /port 9000 is routed by VirtualService\/v0 already/],
  ];
  for (const [specs, what] of refused) await assert.rejects(render(...specs, dubbo), { what });
  await render(`hosts: ["*"], gateways: [istio-system/edge], ${answer}`, dubbo);
});

test('listeners that would take the same connections are refused; those of one port share a port of the Service', async () => {
  const parse = (listeners: string) =>
    parseObjects(
      `apiVersion: weir.dev/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {listeners: [${listeners}], routes: [r.yaml]}\n`,
      'g.yaml',
    );
  const refusal = (listeners: string) => {
    const parsed = parse(listeners);
    return 'errors' in parsed ? parsed.errors.map(({ what }) => what).join('; ') : '';
  };
  assert.match(refusal('{name: a, port: 80}, {name: a, port: 81}'), /"a" is the name of two listeners/);
  assert.match(refusal('{name: a, port: 80}, {name: b, port: 80, hosts: [x]}'), /a takes what comes to 80 already/);
  const tls = 'tls: {secret: s}';
  assert.match(
    refusal(`{name: a, port: 80, hosts: [x, y], ${tls}}, {name: b, port: 80, hosts: [Y], ${tls}}`),
    /a takes connections for y to 80 already/,
  );
  assert.match(refusal('{name: a, port: 80, hosts: ["x.*"]}'), /"x.\*" is not a host name/);
  const parsed = parse(
    `{name: a-very-long-name-1, port: 80, hosts: [x], ${tls}}, {name: b, port: 80, ${tls}}, {name: "9", port: 81}, {name: a-very-long-name-2, port: 82}`,
  );
  assert.ok('objects' in parsed, JSON.stringify(parsed));
  const place = { wave: 0, former: null, namespace: 'ns', image: 'weir:1' };
  const text = service('http: [{directResponse: {status: 204}}]');
  const { documents } = await renderObjects(parsed.objects, place, async () => text);
  const [, , { spec }] = documents as [unknown, unknown, { spec: { ports: object[] } }];
  assert.deepEqual(spec.ports, [
    { name: 'a-very-long-80', port: 80, targetPort: 80 },
    { name: 'port-81', port: 81, targetPort: 81 },
    { name: 'a-very-long-82', port: 82, targetPort: 82 },
  ]);
  const named = parsed.objects.map((one) => ({
    ...one,
    object: { ...one.object, metadata: { ...one.object.metadata, name: 'n'.repeat(51) } } as typeof one.object,
  }));
  await assert.rejects(
    renderObjects(named, place, async () => text),
    { hint: 'take a name of at most 50 characters' },
  );
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
  const documents = services(
    service(
      'http: [{route: [{destination: {host: a}}]}], tcp: [{match: [{port: 20880}], route: [{destination: {host: 10.0.0.1, port: {number: 20880}}}]}]',
    ),
  );
  const files = gatewayFiles(parsed.objects[0].object, documents, GATEWAY_POD);
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
  const readText = async (path: string) => {
    asked.push(path);
    return service('http: [{directResponse: {status: 204}}]');
  };
  const rendered = await renderObjects(
    parsed.objects,
    { wave: 0, former: null, namespace: 'ns', image: 'weir:1' },
    readText,
  );
  assert.deepEqual(asked, ['/x/routes.yaml']);
  assert.deepEqual(
    rendered.documents.map((one) => (one as { kind: string }).kind),
    ['ConfigMap', 'Deployment', 'Service'],
  );
  const bad = renderObjects(
    parsed.objects,
    { wave: 0, former: null, namespace: 'ns', image: 'weir:1' },
    async () => 'kind: X\n',
  );
  await assert.rejects(bad, /"X" is not read/);
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
    what: /all weights are 0/,
  });
  const argument =
    'dubbo: [{routedetail: [{match: [{method: {name_match: {exact: a}, argc: 1}}], route: [{destination: {host: p}}]}]}]';
  await assert.rejects(render(', protocol: dubbo', argument), { what: /"argc" is not a key here/ });
});
