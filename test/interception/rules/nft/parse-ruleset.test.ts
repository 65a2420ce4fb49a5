/** Reading of nft's JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNftRule } from '../../../../src/interception/rules/nft/parse-rule.ts';
import { parseNftTables } from '../../../../src/interception/rules/nft/parse-ruleset.ts';
import { printNftRule } from '../../../../src/interception/rules/nft/print-rule.ts';

const COMMENT = 'weir/v1 app=* h=01234567';
const MARK = { ct: { key: 'mark' } };

function listing(...objects: object[]): string {
  return JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, { table: { name: 'weir' } }, ...objects] });
}

function match(left: object, right: unknown, op = '=='): object {
  return { match: { op, left, right } };
}

/** The rule with these expressions as nft text, `unknown` when it is none of ours. */
function textOf(...expr: object[]): string {
  const parsed = parseNftRule({ comment: COMMENT, expr });
  return parsed.kind === 'unknown' ? 'unknown' : printNftRule(parsed).replace(` comment "${COMMENT}"`, '');
}

test('conditions as nft 1.0.6 lists them read as they were written', () => {
  const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
  const flags = { '&': [payload('tcp', 'flags'), ['fin', 'syn', 'rst', 'ack']] };
  const cases: [object, string][] = [
    [match({ meta: { key: 'l4proto' } }, 'tcp', '!='), 'meta l4proto != tcp'],
    // Without /etc/protocols.
    [match({ meta: { key: 'l4proto' } }, 6, '!='), 'meta l4proto != tcp'],
    [match(flags, 'syn', '!='), 'tcp flags & (fin|syn|rst|ack) != syn'],
    [match({ meta: { key: 'nfproto' } }, 'ipv6'), 'meta nfproto ipv6'],
    [match({ meta: { key: 'skuid' } }, { set: [1, 4_294_967_294] }), 'meta skuid { 1, 4294967294 }'],
    [match(payload('ip', 'daddr'), { prefix: { addr: '127.0.0.0', len: 8 } }), 'ip daddr 127.0.0.0/8'],
    [match(payload('ip6', 'saddr'), '::1', '!='), 'ip6 saddr != ::1'],
    [
      match(payload('ip', 'daddr'), { set: [{ range: ['10.0.0.0', '10.191.255.255'] }, '192.0.2.1'] }),
      'ip daddr { 10.0.0.0/9, 10.128.0.0/10, 192.0.2.1 }',
    ],
    [match(payload('tcp', 'dport'), { set: [22, { range: [80, 90] }] }, '!='), 'tcp dport != { 22, 80-90 }'],
    [match({ meta: { key: 'iifname' } }, 'lo'), 'iifname "lo"'],
    [match({ fib: { result: 'type', flags: ['daddr'] } }, 'local', '!='), 'fib daddr type != local'],
    [match(MARK, { prefix: { addr: 0x57000000, len: 8 } }), 'ct mark & 0xff000000 == 0x57000000'],
    [match({ '&': [MARK, 0xff0000ff] }, 0x57000010), 'ct mark & 0xff0000ff == 0x57000010'],
    [match(MARK, '@lease', '!='), 'ct mark != @lease'],
    [match({ meta: { key: 'time' } }, '2030-01-01 00:00:00', '<'), `meta time < ${Date.UTC(2030, 0, 1) / 1000}`],
    [match({ socket: { key: 'cgroupv2' } }, 'a.slice/b'), 'socket cgroupv2 level 2 "a.slice/b"'],
  ];
  for (const [expression, text] of cases) assert.equal(textOf(expression, { return: null }), `${text} return`);
});

test('flags as other versions nest them read the same', () => {
  const nested = { '|': [{ '|': [{ '|': ['fin', 'syn'] }, 'rst'] }, 'ack'] };
  const left = { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, nested] };
  assert.equal(textOf(match(left, 'syn'), { return: null }), 'tcp flags & (fin|syn|rst|ack) == syn return');
});

test('actions, counters and verdicts are read in the order in which weir writes them', () => {
  const counter = { counter: { packets: 3, bytes: 180 } };
  const setMark = { mangle: { key: MARK, value: 0 } };
  assert.equal(
    textOf(match(MARK, '@off'), setMark, counter, { return: null }),
    'ct mark @off ct mark set 0x00000000 counter return',
  );
  const fromMap = { mangle: { key: MARK, value: { map: { key: { meta: { key: 'skuid' } }, data: '@out_uid_mark' } } } };
  assert.equal(textOf(fromMap), 'ct mark set meta skuid map @out_uid_mark');
  const slice = { vmap: { key: { socket: { key: 'cgroupv2' } }, data: '@out_cgroup2_app' } };
  assert.equal(textOf(slice), 'socket cgroupv2 level 2 vmap @out_cgroup2_app');
  assert.equal(textOf(counter, { redirect: { port: 15_001 } }), 'counter redirect to :15001');
  assert.equal(textOf({ continue: null }), 'continue');
  assert.equal(textOf(counter, setMark, { return: null }), 'unknown');
  assert.equal(textOf({ return: null }, { return: null }), 'unknown');
});

test('a rule that weir would not write is unknown, with all that it says as text', () => {
  for (const expression of [
    { accept: null },
    { jump: { target: 'c' } },
    { redirect: { port: 15_001, flags: 'random' } },
    match({ meta: { key: 'skuid' } }, 1, '!='),
    match({ meta: { key: 'oifname' } }, 'lo'),
    match({ payload: { protocol: 'udp', field: 'dport' } }, 53),
    { vmap: { key: { meta: { key: 'skuid' } }, data: { set: [[1, { drop: null }]] } } },
  ]) {
    assert.deepEqual(parseNftRule({ expr: [expression] }), { kind: 'unknown', text: JSON.stringify([expression]) });
  }
  const commented = parseNftRule({ comment: 'mine', expr: [{ return: null }] });
  assert.deepEqual(commented, { kind: 'unknown', text: '[{"return":null}] comment "mine"' });
});

test('elements keep their key, value, timeout, time that is left and tag', () => {
  const elem = [
    [{ elem: { val: 1000, timeout: 60, expires: 17, comment: COMMENT } }, { goto: { target: 'c' } }],
    [{ elem: { val: { range: [80, 90] }, comment: 'mine' } }, { drop: null }],
    [443, { goto: { target: 'c' } }],
  ];
  const map = {
    map: {
      table: 'weir',
      name: 'in_port_app',
      type: 'inet_service',
      map: 'verdict',
      flags: ['interval', 'timeout'],
      elem,
    },
  };
  const set = { set: { table: 'weir', name: 'off', type: 'mark', elem: [7, { elem: { val: 8 } }] } };
  const { ruleset, strange } = parseNftTables([listing(map, set)]);
  const tag = { app: null, hash: '01234567', by: null };
  assert.deepEqual(strange, []);
  assert.deepEqual(ruleset.tables[0]?.maps, [
    {
      name: 'in_port_app',
      key: { by: 'dport' },
      value: 'verdict',
      timeout: true,
      elements: [
        { key: { from: 1000, to: 1000 }, value: { goto: 'c' }, timeoutMs: 60_000, expiresMs: 17_000, tag },
        { key: { from: 80, to: 90 }, value: { goto: '{"drop":null}' }, timeoutMs: null, tag: null },
        { key: { from: 443, to: 443 }, value: { goto: 'c' }, timeoutMs: null, tag: null },
      ],
    },
    {
      name: 'off',
      key: { by: 'mark' },
      value: 'none',
      timeout: false,
      elements: [
        { key: 7, value: null, timeoutMs: null, tag: null },
        { key: 8, value: null, timeoutMs: null, tag: null },
      ],
    },
  ]);
});

test('what has no place in our terms is reported', () => {
  const chain = { table: 'weir', type: 'nat', hook: 'output', prio: -101 };
  const { ruleset, strange } = parseNftTables([
    listing(
      { set: { table: 'weir', name: 'addresses', type: 'ipv4_addr' } },
      { counter: { table: 'weir', name: 'c' } },
      { chain: { ...chain, name: 'a', policy: 'drop' } },
      { chain: { ...chain, name: 'b', hook: 'input' } },
      { chain: { ...chain, name: 'c', policy: 'accept' } },
      { rule: { table: 'weir', chain: 'c', expr: [{ return: null }] } },
      { rule: { table: 'other', chain: 'c', expr: [{ return: null }] } },
    ),
  ]);
  assert.equal(strange.length, 4);
  assert.deepEqual(
    ruleset.tables[0]?.chains.map(({ name, hook, rules }) => [name, hook !== null, rules.length]),
    [
      ['a', false, 0],
      ['b', false, 0],
      ['c', true, 1],
    ],
  );
});

test('no listings are no tables, and what is no JSON is an error', () => {
  assert.deepEqual(parseNftTables([]).ruleset, { scope: 'inet', tables: [] });
  assert.throws(() => parseNftTables(['table inet weir {']), SyntaxError);
});
