/** The summary of mesh.yaml as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeConfig } from '../../../src/mesh/config-summary.ts';
import { parseMeshConfig } from '../../../src/mesh/parse-mesh.ts';
import { formatConfigSummary } from '../../../src/mesh/text/config-summary-text.ts';
import { PLAIN_PAINT } from '../mistakes/mistake-golden.ts';

const MESH = `apiVersion: weir.dev/v1
sidecars:
  main: {user: envoy, outbound: 15001, inbound: 15006, admin: "http://[::1]:15000", binary: /b, bootstrap: /c}
  edge: {group: 990, outbound: 15101, admin: unix:/run/edge.sock}
apps:
  pay:
    select: {users: [pay, 1001]}
    sidecar: main
    outbound: {ports: [20880, 8000-9000], cidrs: [10.0.0.0/8], exclude: {ports: [8080], cidrs: [10.9.0.0/16]}}
    inbound: {ports: [20880]}
    onFailure: deny
    lease: 3s
  rest: {select: {all: true}, sidecar: edge}
  staff: {select: {group: staff}, sidecar: main, outbound: false, inbound: {cidrs: ["fd00::/8"]}}
  batch: {select: {slice: batch.slice}, sidecar: edge, outbound: {exclude: {cidrs: [10.0.0.0/8]}}}
`.replace('inbound: {cidrs:', 'inbound: {exclude: {ports: [20880]}, cidrs:');

function summary() {
  const parsed = parseMeshConfig(MESH, 'mesh.yaml');
  assert.ok('config' in parsed, JSON.stringify(parsed));
  return summarizeConfig(parsed.config);
}

test('a summary says in words what the file means', () => {
  assert.equal(
    formatConfigSummary(summary(), PLAIN_PAINT),
    `mesh.yaml is valid: 2 sidecars, 4 apps

sidecar main
  user envoy, outbound 15001, inbound 15006, admin http://[::1]:15000, run by weir

sidecar edge
  group 990, outbound 15101, admin unix:/run/edge.sock, not run by weir

app pay: user pay, 1001, through sidecar main
  outbound:  ports 8000-9000, 20880 to 10.0.0.0/8, but not ports 8080 nor to 10.9.0.0/16
  inbound:   ports 20880
  sidecar down: new connections are refused, lease 3s

app rest: every process, through sidecar edge
  outbound:  every port
  inbound:   none
  sidecar down: new connections fail until it is back, since weir does not run it

app staff: group staff, through sidecar main
  outbound:  none
  inbound:   every port from fd00::/8, but not ports 20880
  sidecar down: new connections are made directly

app batch: slice batch.slice, through sidecar edge
  outbound:  every port, but not to 10.0.0.0/8
  inbound:   none
  sidecar down: new connections fail until it is back, since weir does not run it`,
  );
});

test('a summary is plain data that JSON keeps as it is', () => {
  const plain = summary();
  assert.deepEqual(JSON.parse(JSON.stringify(plain)), plain);
  assert.deepEqual(plain.apps[0], {
    name: 'pay',
    select: {
      kind: 'users',
      users: [
        { name: 'pay', id: null },
        { name: null, id: 1001 },
      ],
    },
    sidecar: 'main',
    outbound: {
      ports: ['8000-9000', '20880'],
      cidrs: ['10.0.0.0/8'],
      exclude: { ports: ['8080'], cidrs: ['10.9.0.0/16'] },
    },
    inbound: { ports: ['20880'], cidrs: [], exclude: { ports: [], cidrs: [] } },
    onFailure: 'deny',
    leaseMs: 3_000,
  });
  const { user, group, managed } = plain.sidecars[1] ?? {};
  assert.deepEqual({ user, group, managed }, { user: null, group: { name: null, id: 990 }, managed: false });
});
