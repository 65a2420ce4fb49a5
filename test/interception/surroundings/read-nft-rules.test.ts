/** Rules of foreign tables as `nft -j` 1.0.6 lists them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readNftRules } from '../../../src/interception/surroundings/read-nft-rules.ts';

const PLACE = { family: 'ip', table: 'fw' };
const CHAIN = { chain: { ...PLACE, name: 'out', handle: 1, type: 'filter', hook: 'output', prio: -5, policy: 'drop' } };

function listing(...objects: object[]): string {
  return JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'ip', name: 'fw', handle: 1 } },
      CHAIN,
      ...objects,
    ],
  });
}
const ruleOf = (...expr: object[]) => ({ rule: { ...PLACE, chain: 'out', handle: 9, expr } });
const rulesOf = (...objects: object[]) => readNftRules([listing(...objects)])[0]?.chains[0]?.rules ?? [];
const conditionsOf = (left: object, right: unknown, op = '==') =>
  rulesOf(ruleOf({ match: { op, left, right } }))[0]?.conditions;
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const meta = (key: string) => ({ meta: { key } });

describe('tables of nft', () => {
  it('are those of the families that TCP meets', () => {
    const listed = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'].map((family) => {
      return JSON.stringify({ nftables: [{ table: { family, name: 'x' } }] });
    });
    assert.deepEqual(
      readNftRules(listed).map(({ family }) => family),
      ['ip', 'ip6', 'inet'],
    );
    assert.throws(() => readNftRules(['']), SyntaxError);
  });

  it('have chains with their hook and policy, and rules by their handle', () => {
    const helper = { chain: { ...PLACE, name: 'helper', handle: 2 } };
    const other = { rule: { family: 'ip', table: 'other', chain: 'out', handle: 3, expr: [{ drop: null }] } };
    const [table] = readNftRules([listing(helper, ruleOf({ accept: null }), other)]);
    assert.deepEqual(table?.chains[0]?.hook, { at: 'output', type: 'filter', priority: -5 });
    assert.deepEqual([table?.chains[0]?.policy, table?.chains[1]?.policy], ['drop', 'accept']);
    assert.equal(table?.chains[1]?.hook, null);
    assert.deepEqual(table?.chains[0]?.rules, [
      { conditions: [], effects: [], verdict: { to: 'accept' }, text: 'ip fw out, handle 9' },
    ]);
  });
});

describe('the conditions of a rule', () => {
  it('are ports, addresses, protocols, accounts, interfaces and states', () => {
    const family = { on: 'family', family: 4 };
    const cases: [object, unknown, object[]][] = [
      [payload('tcp', 'dport'), 80, [{ on: 'dport', ports: [{ from: 80, to: 80 }], negate: false }]],
      [
        payload('th', 'dport'),
        { set: [22, { range: [80, 90] }] },
        [
          {
            on: 'dport',
            ports: [
              { from: 22, to: 22 },
              { from: 80, to: 90 },
            ],
            negate: false,
          },
        ],
      ],
      [payload('ip', 'daddr'), '10.0.0.1', [family, { on: 'daddr', cidrs: ['10.0.0.1/32'], negate: false }]],
      [
        payload('ip6', 'daddr'),
        { prefix: { addr: 'fd00::', len: 8 } },
        [
          { on: 'family', family: 6 },
          { on: 'daddr', cidrs: ['fd00::/8'], negate: false },
        ],
      ],
      [payload('ip', 'protocol'), 'tcp', [family, { on: 'protocol', protocols: ['tcp'], negate: false }]],
      [payload('udp', 'dport'), 53, [{ on: 'protocol', protocols: ['udp'], negate: false }]],
      [meta('l4proto'), { set: ['tcp', 'udp'] }, [{ on: 'protocol', protocols: ['tcp', 'udp'], negate: false }]],
      [meta('nfproto'), 'ipv6', [{ on: 'family', family: 6 }]],
      [meta('oifname'), 'eth0', [{ on: 'interface', names: ['eth0'], negate: false }]],
      [meta('skuid'), { range: [1000, 1999] }, [{ on: 'uid', ids: [{ from: 1000, to: 1999 }], negate: false }]],
      [meta('skgid'), 5, [{ on: 'gid', ids: [{ from: 5, to: 5 }], negate: false }]],
      [{ ct: { key: 'state' } }, ['new', 'related'], [{ on: 'state', states: ['new', 'related'], negate: false }]],
    ];
    for (const [left, right, expected] of cases) assert.deepEqual(conditionsOf(left, right), expected);
  });

  it('keep their negation', () => {
    assert.deepEqual(conditionsOf(payload('tcp', 'dport'), 80, '!='), [
      { on: 'dport', ports: [{ from: 80, to: 80 }], negate: true },
    ]);
  });

  it('are unknown where they cannot be read, never left out', () => {
    const unreadable: [object, unknown, string?][] = [
      [meta('skuid'), 'root'],
      [meta('nfproto'), 'ipv4', '!='],
      [{ fib: { result: 'type', flags: ['daddr'] } }, 'local'],
      [payload('tcp', 'dport'), '@missing'],
    ];
    for (const [left, right, op] of unreadable) assert.equal(conditionsOf(left, right, op)?.at(-1)?.on, 'unknown');
    const named = conditionsOf(payload('ip', 'daddr'), '@missing');
    assert.deepEqual(
      named?.map(({ on }) => on),
      ['family', 'unknown'],
    );
    assert.deepEqual(rulesOf(ruleOf({ xt: { type: 'match', name: 'string' } }))[0]?.conditions[0]?.on, 'unknown');
  });

  it('ask for the first packet, which every connection has', () => {
    const flags = { '&': [payload('tcp', 'flags'), ['syn', 'ack']] };
    assert.deepEqual(conditionsOf(flags, 'syn'), []);
    assert.equal(conditionsOf(flags, 'syn', '!=')?.[0]?.on, 'unknown');
    assert.equal(conditionsOf(flags, 'ack')?.[0]?.on, 'unknown');
  });

  it('compare with the elements of a named set, with timeouts and without', () => {
    const set = { set: { ...PLACE, name: 'ports', elem: [80, { elem: { val: 443, expires: 9 } }] } };
    const rules = rulesOf(set, ruleOf({ match: { op: '==', left: payload('tcp', 'dport'), right: '@ports' } }));
    assert.deepEqual(rules[0]?.conditions, [
      {
        on: 'dport',
        ports: [
          { from: 80, to: 80 },
          { from: 443, to: 443 },
        ],
        negate: false,
      },
    ]);
  });
});

describe('the rest of a rule', () => {
  it('is its verdict', () => {
    const verdictOf = (statement: object) => rulesOf(ruleOf(statement))[0]?.verdict;
    assert.deepEqual(verdictOf({ drop: null }), { to: 'drop' });
    assert.deepEqual(verdictOf({ reject: { type: 'tcp reset' } }), { to: 'drop' });
    assert.deepEqual(verdictOf({ queue: { num: 1 } }), { to: 'accept' });
    assert.deepEqual(verdictOf({ jump: { target: 'helper' } }), { to: 'jump', chain: 'helper' });
    assert.deepEqual(verdictOf({ goto: { target: 'helper' } }), { to: 'goto', chain: 'helper' });
    assert.deepEqual(verdictOf({ counter: { packets: 1, bytes: 60 } }), { to: 'continue' });
  });

  it('is its effects on the connection', () => {
    const effectsOf = (statement: object) => rulesOf(ruleOf(statement))[0]?.effects;
    const mangle = (key: object, value: unknown) => effectsOf({ mangle: { key, value } });
    assert.deepEqual(effectsOf({ notrack: null }), ['untracked']);
    for (const kind of ['dnat', 'redirect', 'tproxy'])
      assert.deepEqual(effectsOf({ [kind]: { port: 1 } }), ['forwards']);
    assert.deepEqual(mangle({ ct: { key: 'mark' } }, 1), ['sets-connection-mark']);
    assert.deepEqual(mangle({ ct: { key: 'zone' } }, 1), ['zone']);
    assert.deepEqual(mangle(meta('mark'), 1), ['sets-packet-mark']);
    assert.deepEqual(mangle(meta('mark'), { ct: { key: 'mark' } }), ['restores-connection-mark']);
    assert.deepEqual(mangle(meta('priority'), 1), []);
  });

  it('is one rule for each element of a verdict map', () => {
    const set = [
      [80, { accept: null }],
      [81, { jump: { target: 'helper' } }],
    ];
    const rules = rulesOf(ruleOf({ vmap: { key: payload('tcp', 'dport'), data: { set } } }));
    assert.deepEqual(
      rules.map(({ conditions, verdict }) => [conditions, verdict]),
      [
        [[{ on: 'dport', ports: [{ from: 80, to: 80 }], negate: false }], { to: 'accept' }],
        [[{ on: 'dport', ports: [{ from: 81, to: 81 }], negate: false }], { to: 'jump', chain: 'helper' }],
      ],
    );
  });
});
