/** What `weir check discovery` says of registries and agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFailedChecks } from '../../src/readiness/run-checks.ts';
import { check, checkCase, findings, goodConfig, troubles } from './check-case.ts';

function discoveryCase() {
  const host = checkCase();
  host.config = goodConfig(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}, center: {zookeeper: ["10.0.0.1:2181"]}}
discovery: {registries: [hz, center]}
sidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock"}}
apps: {shop: {select: {user: 20001}, sidecar: main, consumes: {apps: [pay]}}}
`);
  return host;
}

test('without discovery in mesh.yaml there is nothing to check', async () => {
  const found = await findings(checkCase(), 'discovery');
  assert.deepEqual(
    found.map(({ result, what }) => `${result}: ${what}`),
    ['ok: no discovery is asked for'],
  );
});

test('registries that answer and an agent that serves are in order', async () => {
  const found = await findings(discoveryCase(), 'discovery');
  assert.deepEqual(
    found.map(({ result, what }) => `${result}: ${what}`),
    ['ok: hz answers', 'ok: center answers', 'ok: the agent serves'],
  );
});

test('a sidecar that weir replaces without telling its consumers of Dubbo is a warning with both ways out', async () => {
  const host = discoveryCase();
  const runs = (more: string) => {
    host.config = goodConfig(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}}
discovery: {registries: [hz]}
sidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock", binary: /e, bootstrap: /b${more}}}
apps: {shop: {select: {user: 20001}, sidecar: main, consumes: {apps: [pay]}}}
`);
  };
  runs('');
  assert.deepEqual(await troubles(host, 'discovery'), [
    'warning: consumers behind main lose calls when its Envoy is replaced',
  ]);
  runs(', notify: {consumer: {dubboQos: 22222}}');
  assert.deepEqual(await troubles(host, 'discovery'), []);
});

test('a password that others may read is a warning', async () => {
  const host = discoveryCase();
  host.config = goodConfig(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"], auth: {file: /etc/zk}}}
discovery: {registries: [hz]}
sidecars: {}
apps: {}
`);
  host.facts.authFileProblems.set('/etc/zk', '/etc/zk may be read by others');
  assert.deepEqual(await troubles(host, 'discovery'), ['warning: /etc/zk may be read by others']);
});

test('a password of which nobody can tell who may read it is unknown, beside what is known of its registry', async () => {
  const host = discoveryCase();
  host.config = goodConfig(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"], auth: {file: /etc/zk}}}
discovery: {registries: [hz]}
sidecars: {}
apps: {}
`);
  host.facts.authFileProblems.set('/etc/zk', new Error("EACCES: permission denied, stat '/etc/zk'"));
  const [registry, secret] = await findings(host, 'discovery');
  assert.deepEqual(
    [registry?.result, secret?.result, secret?.what, secret?.evidence],
    ['ok', 'unknown', 'whether others may read /etc/zk is not known', "EACCES: permission denied, stat '/etc/zk'"],
  );
});

test('a registry that does not answer is an error with what it said; no agent is a warning', async () => {
  const host = discoveryCase();
  host.facts.registryProblems.set('center', 'ECONNREFUSED');
  host.facts.agentFacts = null;
  const found = await findings(host, 'discovery');
  assert.deepEqual(
    found.map(({ result, evidence }) => [result, evidence]),
    [
      ['ok', null],
      ['error', 'ECONNREFUSED'],
      ['warning', null],
    ],
  );
  assert.ok(hasFailedChecks(await check(host, 'discovery')));
});

test('an agent that takes requests and answers none is an error, and not told as one that does not run', async () => {
  const host = discoveryCase();
  host.facts.agentFacts = 'silent';
  assert.deepEqual(await troubles(host, 'discovery'), ['error: the discovery agent does not answer']);
});

test('an agent that answers nobody, held lists, refused resources, lost sessions and refusals are each told', async () => {
  const host = discoveryCase();
  host.facts.agentFacts = {
    ...{ serving: false, lost: ['hz'], held: [{ app: 'pay', reason: 'empty', wouldRemove: 4 }] },
    nacked: [{ node: 'weir-main', what: 'Listener outbound', error: 'cannot bind' }],
    refused: [{ registry: 'center', total: 3, first: 'service pay: no right' }],
  };
  assert.deepEqual(await troubles(host, 'discovery'), [
    'error: the agent runs and answers no Envoy',
    'warning: the agent has no session with hz: what it last said counts',
    'warning: center refuses to show 3 places: what it last said of them counts',
    'warning: pay is held (empty): 4 endpoints would go',
    'error: weir-main refuses Listener outbound',
  ]);
});
