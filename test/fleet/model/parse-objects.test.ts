/** Files of fleet objects, right and wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parseFleetConfig } from '../../../src/fleet/model/fleet-config.ts';
import { fleetSchemas } from '../../../src/fleet/model/json-schemas.ts';
import { parseObjects, readStoredObject } from '../../../src/fleet/model/parse-objects.ts';

const GOOD = `apiVersion: weir.dev/v1
kind: MeshPolicy
metadata: {name: payment, resourceVersion: "12"}
spec:
  apps: [payment]
  rules:
    - state: on
    - {state: off, hosts: {percent: 30}, until: "2030-01-01T00:00:00Z", reason: trial}
---
apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: envoy-1-40}
spec:
  sidecar: main
  hosts: {labels: {unit: u1}}
  version: {name: 1.40.0, binary: /opt/envoy/1.40.0/envoy, sha256: "${'ab'.repeat(32)}"}
  waves: [{labels: {wave: a}}, {percent: 50}, {percent: 100}]
  gates:
    - {type: hosts, maxFailed: 3%}
    - {type: prometheus, url: "http://prometheus:9090", query: weir_error_ratio, max: 0.01, for: 60s}
  budget: {maxUnavailable: 1}
  timeout: 10m
---
apiVersion: weir.dev/v1
kind: Gateway
metadata: {name: edge}
spec: {listeners: [{name: https, port: 8443, hosts: [shop.example], tls: {secret: edge-cert}}], routes: [virtualservice.yaml], replicas: 2}
`;

test('the objects of the contract are read, each with its place, and the JSON Schema accepts them', () => {
  const parsed = parseObjects(GOOD, 'fleet.yaml');
  assert.ok('objects' in parsed, JSON.stringify(parsed));
  assert.deepEqual(
    parsed.objects.map(({ object, position }) => [object.kind, position.line]),
    [
      ['MeshPolicy', 1],
      ['SidecarRelease', 10],
      ['Gateway', 24],
    ],
  );
  const validate = new Ajv2020({ strict: false }).compile(fleetSchemas());
  for (const text of GOOD.split('---\n')) assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
  assert.equal(validate({ ...parse(GOOD.split('---\n')[0] ?? ''), extra: 1 }), false);
});

const WRONG: readonly [what: string, text: string, line: number, says: RegExp][] = [
  ['a newer version', GOOD.replace('weir.dev/v1', 'weir.dev/v9'), 1, /not read by this weir/],
  ['another kind', GOOD.replace('MeshPolicy', 'MeshPolice'), 2, /not a kind of weir/],
  ['an unknown key', GOOD.replace('rules:', 'roles:'), 6, /roles.*not a key|rules is missing/],
  ['a state that is none', GOOD.replace('state: on', 'state: onn'), 7, /not accepted/],
  ['a share above 100', GOOD.replace('percent: 30', 'percent: 130'), 8, /not accepted/],
  ['a time without offset', GOOD.replace('2030-01-01T00:00:00Z', '2030-01-01'), 8, /not a time/],
  ['a version that is a number', GOOD.replace('"12"', '12'), 3, /not a version/],
  ['a hash that is too short', GOOD.replace('abab"', '"'), 16, /not a SHA-256/],
  ['a gate without its limit', GOOD.replace(', max: 0.01', ''), 20, /min and max are missing/],
  ['broken YAML in the second document', GOOD.replace('sidecar: main', 'sidecar: [main'), 14, /./],
];

for (const [what, text, line, says] of WRONG) {
  test(`${what} is told with its line, and no object of the file counts`, () => {
    const parsed = parseObjects(text, 'fleet.yaml');
    assert.ok('errors' in parsed);
    assert.match(parsed.errors.map((error) => error.what).join('\n'), says);
    assert.ok(
      parsed.errors.some((error) => Math.abs(error.line - line) <= 1),
      JSON.stringify(parsed.errors),
    );
  });
}

test('a file without an object is no empty success', () => {
  for (const text of ['', '---\n', '# nothing\n', '[]', '3']) assert.ok('errors' in parseObjects(text, 'f.yaml'), text);
});

test('what a store holds under a key is the object of that key, or a reason', () => {
  const [policy = ''] = GOOD.split('---\n');
  const json = JSON.stringify(parse(policy));
  assert.ok('object' in readStoredObject('MeshPolicy', 'payment', json));
  assert.deepEqual(readStoredObject('MeshPolicy', 'other', json), { error: 'metadata.name is payment, not other' });
  assert.match(JSON.stringify(readStoredObject('MeshPolicy', 'payment', json.slice(0, 40))), /no JSON/);
  assert.match(JSON.stringify(readStoredObject('Gateway', 'payment', json)), /kind/);
});

test('fleet.yaml: regions with one store each, and a host of one of them', () => {
  const good = `apiVersion: weir.dev/v1
regions:
  east: {etcd: {endpoints: ["http://10.0.0.1:2379"]}}
  west: {kubernetes: {context: west}}
host: {region: east, labels: {unit: u1}}
`;
  const parsed = parseFleetConfig(good, 'fleet.yaml');
  assert.ok('config' in parsed, JSON.stringify(parsed));
  assert.deepEqual(parsed.config.host, { region: 'east', name: null, labels: { unit: 'u1' }, status: { ttl: 15_000 } });
  assert.deepEqual(
    parsed.config.regions.map(({ name, kind }) => [name, kind]),
    [
      ['east', 'etcd'],
      ['west', 'kubernetes'],
    ],
  );
  for (const wrong of [
    good.replace('region: east', 'region: north'),
    good.replace('etcd:', 'etc:'),
    good.replace('{kubernetes: {context: west}}', '{}'),
    good.replace('http://10.0.0.1:2379', '10.0.0.1:2379'),
    good.replace('weir.dev/v1', 'weir.dev/v2'),
    'apiVersion: weir.dev/v1\nregions: {}\n',
  ]) {
    assert.ok('errors' in parseFleetConfig(wrong, 'fleet.yaml'), wrong);
  }
});
