/** Messages about mistakes in mesh.yaml, beside their golden files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { appOf, sidecarOf, withSidecar } from './mistakes/documents.ts';
import { MISTAKE_GROUPS, mistakeGoldenUrl, mistakeSection } from './mistakes/mistake-golden.ts';

for (const [group, mistakes] of Object.entries(MISTAKE_GROUPS)) {
  const golden = readFileSync(mistakeGoldenUrl(group), 'utf8');
  const sections = golden.split(/\n(?=## )/);

  for (const [index, mistake] of mistakes.entries()) {
    test(`${group}: ${mistake.name} is told with its place, reason and next step`, () => {
      assert.equal(mistakeSection(mistake), `${sections[index]?.trimEnd()}\n`);
    });
  }

  test(`${group}: the golden file has no section without its mistake`, () => {
    assert.equal(sections.length, mistakes.length);
    assert.ok(golden.split('\n').every((line) => line === line.trimEnd()));
  });
}

/** The places and words of all problems of a text. */
function problemsOf(yaml: string): string[] {
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  return 'errors' in parsed ? parsed.errors.map(({ line, column, what }) => `${line}:${column} ${what}`) : [];
}

test('all mistakes of a file are told at once, in the order of the file', () => {
  const yaml = withSidecar(`  two: {user: 0x, admin: unix:a, outbound: 15001}
  three: {group: 5, outbound: 15001, admin: "http://127.0.0.1:15002"}
apps:
  a: {select: {user: envoy}, sidecar: three, lease: 1h}
  b: {select: {group: "5"}, sidecar: for}
  c: {select: {user: 7}, sidecar: two, inbound: {ports: [0, 1, x]}}
extra: 1
`);
  assert.deepEqual(problemsOf(yaml), [
    '4:26 sidecars.two.admin: "unix:a" is not an admin address',
    '5:31 sidecars.three.outbound: port 15001 is taken by sidecars.main.outbound (line 3)',
    '7:22 apps.a.select: user envoy is the one that sidecar main runs as',
    '7:53 apps.a.lease: "1h" is not a duration here',
    '8:23 apps.b.select: group 5 is the one that sidecar three runs as',
    '8:38 apps.b.sidecar: there is no sidecar "for"',
    '9:58 apps.c.inbound.ports[0]: 0 is not a port or a range of ports',
    '9:64 apps.c.inbound.ports[2]: "x" is not a port or a range of ports',
    '10:1 "extra" is not a key here',
  ]);
});

test('an app that refers to a sidecar with a mistake is not told that there is none', () => {
  const yaml = `${sidecarOf('user: envoy')}apps:\n  a: {select: {user: a}, sidecar: main}\n`;
  assert.deepEqual(problemsOf(yaml), ['3:3 sidecars.main: admin is missing']);
});

test('a mistake in an aliased value is shown where the value stands', () => {
  const yaml = withSidecar(`apps:
  a: {select: {user: a}, sidecar: main, outbound: &scope {ports: [0]}}
  b: {select: {user: b}, sidecar: main, outbound: *scope}
`);
  assert.deepEqual(problemsOf(yaml), [
    '5:67 apps.a.outbound.ports[0]: 0 is not a port or a range of ports',
    '5:67 apps.b.outbound.ports[0]: 0 is not a port or a range of ports',
  ]);
});

test('columns count UTF-16 units, and a byte order mark or Windows line ends do not shift them', () => {
  const yaml = appOf('"💥": 1\nselect: {user: "é", users: [é]}\nsidecar: main');
  const expected = ['6:5 apps.pay: "💥" is not a key here', '7:25 apps.pay.select: user and users are given'];
  assert.deepEqual(problemsOf(yaml), expected);
  assert.deepEqual(problemsOf(`\uFEFF${yaml.replaceAll('\n', '\r\n')}`), expected);
});

test('what would move the terminal is shown without its control characters, wherever it stands', () => {
  const texts = [
    appOf('"\\u001b[2J\\u202e": 1\nselect: {user: a}\nsidecar: main'),
    appOf('select: {user: "a\\u009b\\u2066"}\nsidecar: "\\u001b\\u202e"'),
    'a: *b\u202e\n',
    '"\\u202e": 1\n"\\u202e": 2\n',
  ];
  for (const yaml of texts) {
    const parsed = parseMeshConfig(yaml, 'mesh.yaml');
    assert.ok('errors' in parsed, yaml);
    for (const { path, what, why, hint } of parsed.errors) {
      assert.doesNotMatch(`${path}${what}${why}${hint}`, /[\p{Cc}\p{Bidi_Control}]/u);
    }
  }
});

test('of two apps on one line that claim a port, the second one is told', () => {
  const scope = 'sidecar: main, inbound: {ports: [80]}';
  const yaml = withSidecar(`apps: {b: {select: {user: b}, ${scope}}, a: {select: {user: a}, ${scope}}}\n`);
  assert.deepEqual(
    problemsOf(yaml).map((problem) => problem.replace(/^\S+ /, '')),
    ['apps.a.inbound.ports: port 80 is inbound of apps.b too (line 4)'],
  );
});
