/** What the discovery agent says of itself, as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../../../src/cli/paint.ts';
import type { AgentStatus, ConsumerRoute } from '../../../src/discovery/records/agent-protocol.ts';
import { routesText } from '../../../src/discovery/text/routes-text.ts';
import { statusText } from '../../../src/discovery/text/status-text.ts';

const PAINT = paintFor('stdout');

test('routes stand a line each, and the members of each outcome below them', () => {
  const plain: ConsumerRoute = {
    ...{ interface: 'com.acme.Stock', rule: null, match: 'every call', outcome: 'stock' },
    ...{ members: ['10.0.0.1:20880'], source: null, group: '', version: '', test: null },
  };
  const ruled = { ...plain, rule: 'gray', outcome: 'stock gray', members: [], source: { file: 'r.yaml', line: 7 } };
  const lines = routesText([plain, ruled], PAINT).split('\n');
  assert.match(lines[0] ?? '', /^INTERFACE +MATCH +RULE +OUTCOME +MEMBERS +SOURCE$/);
  assert.match(lines[1] ?? '', /^com\.acme\.Stock +every call +- +stock +1 member +-$/);
  assert.match(lines[2] ?? '', /gray +stock gray +0 members +r\.yaml:7$/);
  assert.deepEqual(lines.slice(-2), ['stock: 10.0.0.1:20880', 'stock gray: nobody']);
  assert.equal(routesText([], PAINT), 'no routes: every call goes to the address that its consumer picked');
});

test('a status tells what is held, who refuses, and that nobody is answered yet', () => {
  const quiet: AgentStatus = {
    ...{ serving: true, pid: 7, sockets: ['/run/a.sock'], streams: [], unit: null },
    sidecars: [{ name: 'main', resources: 5, hash: 'aa11' }],
    registries: [{ name: 'hz', kind: 'zookeeper', state: 'synced', lastEventAt: null }],
    apps: [{ name: 'stock', layouts: ['application'], endpoints: { total: 2, byUnit: {} }, held: null }],
  };
  const text = statusText(quiet, PAINT);
  assert.match(text, /^hz +zookeeper +synced +-$/m);
  assert.match(text, /^stock +2 +- +application$/m);
  assert.match(text, /^main +5 +aa11$/m);
  assert.match(text, /no Envoy is connected$/);
  const held = { since: '2026-01-01T00:00:00Z', reason: 'shrunk', wouldRemove: 40 };
  const loud = statusText(
    {
      ...quiet,
      serving: false,
      apps: [{ name: 'stock', layouts: [], endpoints: { total: 2, byUnit: { hz: 1, sh: 1 } }, held }],
      streams: [{ node: 'n1', sidecar: 'main', acked: 3, nacked: [{ type: 'EDS', name: 'stock', error: 'too big' }] }],
    },
    PAINT,
  );
  assert.match(loud, /^Envoys are not answered yet: the registries were not heard in full$/m);
  assert.match(loud, /hz 1, sh 1 +- +held \(shrunk\): 40 would go, since 2026-01-01T00:00:00Z$/m);
  assert.match(loud, /^n1 +main +3 +EDS stock$/m);
  assert.match(loud, /n1 refuses EDS stock: too big$/);
});
