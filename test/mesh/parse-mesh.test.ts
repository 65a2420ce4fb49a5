/** The parser of mesh.yaml, case by case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import type { AppConfig, MeshConfig, SidecarConfig } from '../../src/mesh/mesh-config.ts';
import { MINIMAL_MESH_YAML } from '../../src/mesh/minimal-mesh.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import {
  appSelecting,
  appsOf,
  appWith,
  managedWith,
  sidecarOf,
  sidecarWith,
  withSidecar,
} from './mistakes/documents.ts';

function parse(yaml: string): MeshConfig {
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  assert.ok('config' in parsed, 'errors' in parsed ? parsed.errors.map(({ what }) => what).join('\n') : '');
  return parsed.config;
}

function sidecar(yaml: string): SidecarConfig {
  const found = parse(yaml).sidecars.get('main');
  assert.ok(found);
  return found;
}

function app(yaml: string): AppConfig {
  const found = parse(yaml).apps.get('pay');
  assert.ok(found);
  return found;
}

test('the example of the help is read with all it says', () => {
  const { file, sidecars, apps } = parse(EXAMPLE_MESH_YAML);
  assert.equal(file, 'mesh.yaml');
  assert.deepEqual(
    [...sidecars],
    [
      [
        'main',
        {
          name: 'main',
          user: { kind: 'name', name: 'envoy', position: { line: 4, column: 11 } },
          outbound: 15001,
          inbound: 15006,
          mode: 'redirect',
          admin: { kind: 'unix', path: '/run/weir/main/admin.sock' },
          readyPath: '/ready',
          process: {
            binary: '/usr/local/lib/envoy/1.39.3/envoy',
            bootstrap: '/etc/weir/envoy.yaml',
            concurrency: 1,
            drainMs: 15_000,
            notify: {
              consumer: { kind: 'http', url: 'http://127.0.0.1:9000/sdk/drain' },
              provider: { kind: 'exec', argv: ['/usr/local/bin/sdk-drain'] },
            },
          },
          position: { line: 3, column: 3 },
        },
      ],
    ],
  );
  const payment = apps.get('payment');
  assert.deepEqual(payment, {
    name: 'payment',
    select: { kind: 'users', users: [{ kind: 'name', name: 'payment', position: { line: 18, column: 20 } }] },
    sidecar: 'main',
    outbound: {
      ports: [{ from: 20880, to: 20880 }],
      cidrs: [],
      exclude: { ports: [{ from: 9092, to: 9092 }], cidrs: [{ family: 4, text: '10.0.0.0/8' }] },
    },
    inbound: { ports: [{ from: 20880, to: 20880 }], cidrs: [], exclude: { ports: [], cidrs: [] } },
    onFailure: 'direct',
    leaseMs: 3_000,
    position: { line: 17, column: 3 },
  });
});

test('the minimal file of the hint is valid', () => {
  const { sidecars, apps } = parse(MINIMAL_MESH_YAML);
  assert.deepEqual([[...sidecars.keys()], [...apps.keys()]], [['main'], ['payment']]);
});

test('what is left out of an app means everything outbound, nothing inbound, direct, no lease', () => {
  const { outbound, inbound, onFailure, leaseMs } = app(appSelecting('{user: pay}'));
  const everything = { ports: [], cidrs: [], exclude: { ports: [], cidrs: [] } };
  assert.deepEqual(
    { outbound, inbound, onFailure, leaseMs },
    { outbound: everything, inbound: null, onFailure: 'direct', leaseMs: null },
  );
});

test('inbound: {} means every port, outbound: false means none', () => {
  const { outbound, inbound } = app(appWith('outbound: false\ninbound: {}'));
  assert.deepEqual(
    { outbound, inbound },
    { outbound: null, inbound: { ports: [], cidrs: [], exclude: { ports: [], cidrs: [] } } },
  );
});

test('ports and networks are sorted, merged and without duplicates', () => {
  const scope =
    '{ports: ["8001-9000", 22, "80", 8000, 80], cidrs: [10.128.0.0/9, "FD00::1/8", 10.1.2.3/9, "::ffff:10.0.0.0/104"]}';
  const { outbound } = app(appWith(`outbound: ${scope}`));
  assert.deepEqual(outbound?.ports, [
    { from: 22, to: 22 },
    { from: 80, to: 80 },
    { from: 8000, to: 9000 },
  ]);
  assert.deepEqual(outbound?.cidrs, [
    { family: 4, text: '10.0.0.0/8' },
    { family: 6, text: 'fd00::/8' },
  ]);
});

test('all ports and all networks have one form, the empty list; one family alone stays', () => {
  const everything = app(appWith('outbound: {ports: ["1-65535"], cidrs: [0.0.0.0/0, "::/0"]}')).outbound;
  assert.deepEqual([everything?.ports, everything?.cidrs], [[], []]);
  const ipv4 = app(appWith('outbound: {cidrs: [192.0.2.1/0]}')).outbound;
  assert.deepEqual(ipv4?.cidrs, [{ family: 4, text: '0.0.0.0/0' }]);
});

test('an app is selected by users, a group, a slice or altogether', () => {
  const select = (text: string) => app(appSelecting(text)).select;
  const at = (column: number) => ({ line: 6, column });
  assert.deepEqual(select('{users: [pay, 1001, "1002", pay, 1001]}'), {
    kind: 'users',
    users: [
      { kind: 'name', name: 'pay', position: at(22) },
      { kind: 'id', id: 1001, position: at(27) },
      { kind: 'id', id: 1002, position: at(33) },
    ],
  });
  assert.deepEqual(select('{group: 0}'), { kind: 'group', group: { kind: 'id', id: 0, position: at(21) } });
  assert.deepEqual(select('{slice: shop.slice/shop-pay.slice}'), { kind: 'slice', slice: 'shop.slice/shop-pay.slice' });
  assert.deepEqual(select('{all: true}'), { kind: 'all' });
});

test('the largest uid is taken, and so are names of directory services', () => {
  const { select } = app(appSelecting("{users: [4294967294, svc@corp, 'CORP\\svc', web.user_1, app$]}"));
  assert.deepEqual(select.kind === 'users' && select.users.map((user) => (user.kind === 'id' ? user.id : user.name)), [
    4_294_967_294,
    'svc@corp',
    'CORP\\svc',
    'web.user_1',
    'app$',
  ]);
});

test('an admin address is a socket or an address with a port', () => {
  const admin = (text: string) => sidecar(sidecarOf(`user: envoy\nadmin: ${text}`)).admin;
  assert.deepEqual(admin('unix:/run/a.sock'), { kind: 'unix', path: '/run/a.sock' });
  assert.deepEqual(admin('http://127.0.0.1:15000/'), { kind: 'http', host: '127.0.0.1', port: 15000 });
  assert.deepEqual(admin('http://localhost:15000'), { kind: 'http', host: '127.0.0.1', port: 15000 });
  assert.deepEqual(admin('http://[0::1]:15000'), { kind: 'http', host: '::1', port: 15000 });
});

test('a sidecar that weir runs gets one thread and 15 s to drain unless the file says otherwise', () => {
  const { concurrency, drainMs, notify } = sidecar(managedWith('')).process ?? {};
  assert.deepEqual({ concurrency, drainMs, notify }, { concurrency: 1, drainMs: 15_000, notify: undefined });
  const told = sidecar(managedWith('notify: {consumer: {dubboQos: 22222}, provider: {dubboQos: 22223}}')).process;
  assert.deepEqual(told?.notify, {
    consumer: { kind: 'dubbo-qos', port: 22_222 },
    provider: { kind: 'dubbo-qos', port: 22_223 },
  });
  const other = sidecar(managedWith('concurrency: 4\ndrain: 1m\nready: /healthz?deep')).process;
  assert.deepEqual([other?.concurrency, other?.drainMs], [4, 60_000]);
});

test('a sidecar that weir runs may say how it is launched, checked and watched', () => {
  const text = `args: [--service-node, a]
env: {LANG: C}
capabilities: [CAP_NET_BIND_SERVICE]
sha256: ${'a'.repeat(64)}
check: {exec: [/usr/bin/true, -x]}
bake: 1m
bakeMemory: 200MiB
drainSpread: 5s`;
  const { args, env, capabilities, sha256, check, bakeMs, bakeBytes, drainSpreadMs } =
    sidecar(managedWith(text)).process ?? {};
  assert.deepEqual([args, env, capabilities], [['--service-node', 'a'], { LANG: 'C' }, ['net_bind_service']]);
  assert.deepEqual([sha256, bakeMs], ['a'.repeat(64), 60_000]);
  assert.deepEqual([bakeBytes, drainSpreadMs], [200 * 2 ** 20, 5000]);
  assert.deepEqual(check, { kind: 'exec', argv: ['/usr/bin/true', '-x'] });
  const asked = sidecar(managedWith('check: {http: "http://127.0.0.1:8080/health"}')).process;
  assert.deepEqual(asked?.check, { kind: 'http', url: 'http://127.0.0.1:8080/health' });
});

test('a sidecar that weir does not run has no process, and a group alone is enough', () => {
  const { process, user, group } = sidecar(sidecarOf('group: 990\nadmin: "http://127.0.0.1:15000"'));
  assert.deepEqual(
    [process, user, group],
    [undefined, undefined, { kind: 'id', id: 990, position: { line: 4, column: 12 } }],
  );
});

test('a sidecar may have another readiness path', () => {
  assert.equal(sidecar(sidecarWith('ready: /healthz')).readyPath, '/healthz');
});

test('apps may be left out, and both maps keep the order of the file', () => {
  assert.equal(parse(withSidecar('')).apps.size, 0);
  const names = ['z', '10', 'a', '2'];
  const entries = names.map((name) => `${name}: {select: {user: u${name}}, sidecar: main}`).join('\n');
  assert.deepEqual([...parse(appsOf(entries)).apps.keys()], names);
});

test('anchors and aliases repeat a value', () => {
  const { apps } = parse(
    appsOf(
      'a: {select: {user: a}, sidecar: main, outbound: &s {ports: [80]}}\npay: {select: {user: b}, sidecar: main, outbound: *s}',
    ),
  );
  assert.deepEqual(apps.get('pay')?.outbound, apps.get('a')?.outbound);
});

test('what older YAML took for something else is read as YAML 1.2', () => {
  const { sidecars } = parse(`%YAML 1.1\n---\n${sidecarOf('user: yes\ngroup: 0755\nadmin: "http://127.0.0.1:15000"')}`);
  const { user, group } = sidecars.get('main') ?? {};
  assert.deepEqual([user?.kind === 'name' && user.name, group?.kind === 'id' && group.id], ['yes', 755]);
});

test('admin interfaces of different addresses may have one port, and apps ports beside each other', () => {
  parse(withSidecar('  other: {user: envoy2, admin: "http://127.0.0.2:15000"}\n'));
  parse(
    appsOf(
      'a: {select: {user: a}, sidecar: main, inbound: {ports: [80-89]}}\nb: {select: {user: b}, sidecar: main, inbound: {ports: [90-99]}}',
    ),
  );
});

test('two apps may have one inbound port from different networks', () => {
  const two = (first: string, second: string) =>
    appsOf(
      `a: {select: {user: a}, sidecar: main, inbound: ${first}}\nb: {select: {user: b}, sidecar: main, inbound: ${second}}`,
    );
  parse(two('{ports: [80], cidrs: [10.0.0.0/8]}', '{ports: [80], cidrs: [192.168.0.0/16, "fd00::/8"]}'));
  parse(two('{ports: [80], exclude: {cidrs: [10.0.0.0/8]}}', '{ports: [80], cidrs: [10.1.0.0/16]}'));
  parse(two('{exclude: {ports: [80]}}', '{ports: [80]}'));
});

test("every inbound port does not mean the sidecars' own", () => {
  parse(appWith('inbound: {}'));
  parse(appWith('inbound: {ports: [15000-16000], exclude: {ports: [15000-15006]}}'));
});

test('beside an app that selects every process others may select their own', () => {
  parse(
    appsOf(
      'a: {select: {all: true}, sidecar: main}\nb: {select: {user: b}, sidecar: main}\nc: {select: {slice: c.slice}, sidecar: main}',
    ),
  );
});
