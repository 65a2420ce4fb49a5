/** What the discovery agent says of itself, as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../../../src/cli/paint.ts';
import type { AgentStatus, ConsumerRoute } from '../../../src/discovery/records/agent-protocol.ts';
import { endpointsText } from '../../../src/discovery/text/endpoints-text.ts';
import { findingsText } from '../../../src/discovery/text/findings-text.ts';
import { explainedText, routesText } from '../../../src/discovery/text/routes-text.ts';
import { statusText } from '../../../src/discovery/text/status-text.ts';

const PAINT = paintFor('stdout');
const NOTHING = { total: 0, first: [] };

test('routes stand below their services, the first that fits deciding, and clusters with their members at the end', () => {
  const plain: ConsumerRoute = {
    ...{ interface: 'com.acme.Stock', rule: null, match: 'every call', outcome: 'stock' },
    ...{ members: ['10.0.0.1:20880'], source: null, group: '', version: '', test: null },
  };
  const source = { file: 'r.yaml', line: 7 };
  const long = Array.from({ length: 12 }, (_, index) => `value-${index}`);
  const ruled = (name: string, version: string): ConsumerRoute[] => [
    { ...plain, interface: name, version, rule: 'r1', source, test: { attachment: 'tag', text: { in: long } } },
    { ...plain, interface: name, version, rule: 'r2', source, outcome: 'gray', members: [], test: null },
  ];
  const lines = routesText([plain, ...ruled('com.acme.A', ''), ...ruled('com.acme.B', '2.0')], PAINT).split('\n');
  assert.deepEqual(lines.slice(0, 3), [
    'com.acme.Stock',
    '  RULE  GOES TO       SOURCE  CALLS',
    '  -     1 member [1]  -       every call',
  ]);
  assert.deepEqual(lines.slice(4, 7), [
    'com.acme.A',
    'com.acme.B, version 2.0',
    '  RULE  GOES TO                 SOURCE    CALLS',
  ]);
  assert.match(lines[7] ?? '', /^ {2}r1 +1 member \[1\] +r\.yaml:7 +tag is /);
  assert.match(lines.at(-3) ?? '', /^ {2}r2 +nobody: the call fails +r\.yaml:7 +every other call$/);
  assert.equal(lines.at(-1), '[1] stock: 10.0.0.1:20880');
  assert.equal(lines.join('\n').match(/value-\d+/g)?.length, 12);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal(routesText([], PAINT), 'no routes: every call goes to the address that its consumer picked');
});

test('what a registry holds does not move the cursor of who reads it', () => {
  const evil = '\u001b[2J\u202eevil\n';
  const route = { interface: 'A', group: evil, version: evil, rule: null, match: '', test: null, outcome: evil };
  const listed = { app: evil, address: '10.0.0.1', port: 1, protocol: evil, unit: evil, weight: 1, labels: {} };
  const status = { serving: true, pid: 1, sockets: [], streams: [], unit: null, mappingsSince: null, sidecars: [] };
  const texts = [
    routesText([{ ...route, members: ['10.0.0.1:1'], source: null }], PAINT),
    explainedText({ rule: evil, providers: [], keepsAddress: false, source: null }),
    endpointsText([{ ...listed, layouts: ['application'], registries: [], straight: evil, disabled: [] }], PAINT),
    findingsText([{ code: 'c', place: evil, what: 'x', repair: evil }], { none: '', noun: 'finding' }, PAINT),
    statusText(
      {
        ...status,
        registries: [{ name: evil, kind: 'zookeeper', state: 'lost', lastEventAt: null, refused: NOTHING }],
        apps: [{ name: evil, layouts: [], endpoints: { total: 1, byUnit: { [evil]: 1 } }, held: null }],
      },
      PAINT,
    ),
  ];
  for (const text of texts) {
    assert.match(text, /\?\[2J\?evil\?/);
    for (const letter of ['\u001b', '\u202e']) assert.ok(!text.includes(letter));
  }
});

test('a status tells what is held, who refuses, and that nobody is answered yet', () => {
  const quiet: AgentStatus = {
    ...{ serving: true, pid: 7, sockets: ['/run/a.sock'], streams: [], unit: null, mappingsSince: null },
    sidecars: [{ name: 'main', resources: 5, hash: 'aa11' }],
    registries: [{ name: 'hz', kind: 'zookeeper', state: 'synced', lastEventAt: null, refused: NOTHING }],
    apps: [{ name: 'stock', layouts: ['application'], endpoints: { total: 2, byUnit: {} }, held: null }],
  };
  const text = statusText(quiet, PAINT);
  assert.match(text, /^hz +zookeeper +synced +-$/m);
  assert.match(text, /^stock +2 +- +application$/m);
  assert.match(text, /^main +5 +aa11$/m);
  assert.match(text, /no Envoy is connected$/);
  const nothing = [{ name: 'stock', layouts: [], endpoints: { total: 0, byUnit: {} }, held: null }];
  assert.match(statusText({ ...quiet, apps: nothing }, PAINT), /^stock +0 /m);
  assert.match(statusText({ ...quiet, apps: nothing, serving: false }, PAINT), /^stock +not known /m);
  assert.doesNotMatch(text, /mapping/);
  assert.doesNotMatch(text, /refuses/);
  const first = ['/a', '/b', '/c', '/d'].map((place) => ({ place, reason: 'weir may not read it' }));
  const [registry] = quiet.registries;
  const refusing = registry === undefined ? [] : [{ ...registry, refused: { total: 30, first } }];
  assert.match(
    statusText({ ...quiet, registries: refusing }, PAINT).replaceAll('\n', ' '),
    /hz refuses to show \/a \(weir may not read it\), .*\/c \(.*\) and 27 more: what it last said of that counts/,
  );
  const mapped = statusText({ ...quiet, mappingsSince: '2026-01-01T00:00:00Z' }, PAINT).replaceAll('\n', ' ');
  assert.match(mapped, /remembered since 2026-01-01T00:00:00Z: calls to an application that lost its mapping before/);
  const held = { since: '2026-01-01T00:00:00Z', reason: 'shrink', wouldRemove: 40 };
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
  assert.match(loud, /hz 1, sh 1 +- +held$/m);
  const flat = loud.replaceAll('\n', ' ');
  assert.match(
    flat,
    /stock is held since 2026-01-01T00:00:00Z: its list shrank, and 40 would go; `weir discovery confirm stock`/,
  );
  for (const line of loud.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(loud, /^n1 +main +3 +EDS stock$/m);
  assert.match(loud, /n1 refuses EDS stock: too big$/);
});
