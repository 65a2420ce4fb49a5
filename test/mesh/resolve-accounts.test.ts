/** Names of accounts replaced by numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { type AccountLookup, accountNames, resolveAccounts } from '../../src/mesh/resolve-accounts.ts';
import { appSelecting, appsOf, sidecarOf } from './mistakes/documents.ts';

const USERS: Readonly<Record<string, number>> = { envoy: 990, pay: 1001, shop: 1002, root: 0, alias: 1001 };
const GROUPS: Readonly<Record<string, number>> = { envoy: 990, pay: 2001 };
const LOOKUP: AccountLookup = { user: (name) => USERS[name], group: (name) => GROUPS[name] };

function resolve(yaml: string, lookup = LOOKUP) {
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  assert.ok('config' in parsed);
  return resolveAccounts(parsed.config, lookup, yaml);
}

function problemsOf(yaml: string, lookup = LOOKUP): string[] {
  const resolved = resolve(yaml, lookup);
  if ('config' in resolved) return [];
  return resolved.errors.map(({ line, column, length, what }) => `${line}:${column}+${length} ${what}`);
}

test('names become numbers and keep their name and place', () => {
  const resolved = resolve(appSelecting('{users: [pay, 1005, root]}'));
  assert.ok('config' in resolved);
  const { select } = resolved.config.apps.get('pay') ?? {};
  assert.deepEqual(select, {
    kind: 'users',
    users: [
      { kind: 'id', id: 1001, name: 'pay', position: { line: 6, column: 22 } },
      { kind: 'id', id: 1005, position: { line: 6, column: 27 } },
      { kind: 'id', id: 0, name: 'root', position: { line: 6, column: 33 } },
    ],
  });
  assert.equal(resolved.config.sidecars.get('main')?.user?.id, 990);
});

test('groups are looked up as groups, and slices stay', () => {
  const resolved = resolve(
    appsOf('a: {select: {group: pay}, sidecar: main}\nb: {select: {slice: b.slice}, sidecar: main}'),
  );
  assert.ok('config' in resolved);
  const selects = [...resolved.config.apps.values()].map(({ select }) => select);
  assert.deepEqual(selects, [
    { kind: 'group', group: { kind: 'id', id: 2001, name: 'pay', position: { line: 5, column: 23 } } },
    { kind: 'slice', slice: 'b.slice' },
  ]);
});

test('numbers need no host: nothing is looked up', () => {
  const never: AccountLookup = { user: () => assert.fail('looked up'), group: () => assert.fail('looked up') };
  const yaml = `${sidecarOf('user: 5\ngroup: 6\nadmin: "unix:/a"\noutbound: 15001')}apps:\n  a: {select: {users: [7, 8]}, sidecar: main}\n`;
  assert.deepEqual(problemsOf(yaml, never), []);
});

test('every unknown name is told with its place, its line and what to do', () => {
  const yaml = appsOf(
    'a: {select: {users: [pay, nobody9]}, sidecar: main}\nb: {select: {group: staff9}, sidecar: main}',
  );
  const resolved = resolve(yaml);
  assert.ok('errors' in resolved);
  assert.deepEqual(resolved.errors, [
    {
      file: 'mesh.yaml',
      line: 5,
      column: 29,
      length: 7,
      source: '  a: {select: {users: [pay, nobody9]}, sidecar: main}',
      path: 'apps.a.select',
      what: 'apps.a.select: there is no user nobody9 on this host',
      why: 'neither /etc/passwd nor the name service knows it',
      hint: 'create it, or write its number: a uid needs no name',
    },
    {
      file: 'mesh.yaml',
      line: 6,
      column: 23,
      length: 6,
      source: '  b: {select: {group: staff9}, sidecar: main}',
      path: 'apps.b.select',
      what: 'apps.b.select: there is no group staff9 on this host',
      why: 'neither /etc/group nor the name service knows it',
      hint: 'create it, or write its number: a gid needs no name',
    },
  ]);
});

test('an unknown user and group of a sidecar are told too', () => {
  assert.deepEqual(problemsOf(sidecarOf('user: ghost\ngroup: ghosts\nadmin: "unix:/a"')), [
    '4:11+5 sidecars.main.user: there is no user ghost on this host',
    '5:12+6 sidecars.main.group: there is no group ghosts on this host',
  ]);
});

test('without an answer of the name service it is not said that there is no such account', () => {
  const resolved = resolve(appSelecting('{user: ldap-user}'), {
    ...LOOKUP,
    incomplete: 'the name service did not answer within 2 s',
  });
  assert.ok('errors' in resolved);
  const [first] = resolved.errors;
  assert.equal(first?.what, 'apps.pay.select: whether there is a user ldap-user on this host cannot be told');
  assert.deepEqual([first?.why, first?.isUnknown], ['the name service did not answer within 2 s', true]);
});

test('one user by name and by number in two apps is a clash', () => {
  assert.deepEqual(
    problemsOf(appsOf('a: {select: {user: pay}, sidecar: main}\nb: {select: {user: 1001}, sidecar: main}')),
    ['6:22+4 apps.b.select: user 1001 belongs to apps.a already (line 5)'],
  );
});

test('two names of one user in two apps are a clash, in one app they are one user', () => {
  assert.deepEqual(
    problemsOf(appsOf('a: {select: {user: pay}, sidecar: main}\nb: {select: {user: alias}, sidecar: main}')),
    ['6:22+5 apps.b.select: user alias (1001) belongs to apps.a already (line 5)'],
  );
  const resolved = resolve(appSelecting('{users: [pay, alias, 1001]}'));
  assert.ok('config' in resolved);
  const { select } = resolved.config.apps.get('pay') ?? {};
  assert.deepEqual(select?.kind === 'users' && select.users.map(({ id }) => id), [1001]);
});

test("an app that selects the sidecar's user by its number is refused, and a group of that number is another thing", () => {
  assert.deepEqual(problemsOf(appSelecting('{user: 990}')), [
    '6:20+3 apps.pay.select: user 990 is the one that sidecar main runs as',
  ]);
  assert.deepEqual(problemsOf(appSelecting('{group: 990}')), []);
});

test('root by name and uid 0 are the same user', () => {
  const yaml = `${sidecarOf('user: 0\nadmin: "unix:/a"\noutbound: 15001')}apps:\n  a: {select: {user: root}, sidecar: main}\n`;
  assert.deepEqual(problemsOf(yaml), ['8:22+4 apps.a.select: user root (0) is the one that sidecar main runs as']);
});

test('the names to look up are those of the file, once each', () => {
  const yaml = appsOf(
    'a: {select: {users: [pay, 5, envoy2]}, sidecar: main}\nb: {select: {group: pay}, sidecar: main}\nc: {select: {users: [shop, x]}, sidecar: main}',
  );
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  assert.ok('config' in parsed);
  assert.deepEqual(accountNames(parsed.config), { users: ['envoy', 'pay', 'envoy2', 'shop', 'x'], groups: ['pay'] });
});
