/** Reading of the flows that packets left in nft's sets, as nft 1.0.6 lists them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNftFlows } from '../../../../src/interception/rules/nft/parse-flows.ts';

const PAYMENT = 0x5701_0001;
const ORDERS = 0x5702_0001;

function set(name: string, ...elements: readonly (readonly unknown[])[]): object {
  const elem = elements.map((concat) => ({ elem: { val: { concat }, expires: 29 } }));
  return {
    set: { family: 'inet', name, table: 'weir_tproxy', flags: ['timeout'], ...(elem.length > 0 ? { elem } : {}) },
  };
}

function listenerChain(name: string, port: number): object {
  const expr = [{ match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } }, { tproxy: { port } }];
  return { rule: { family: 'inet', table: 'weir_tproxy', chain: name, handle: 9, expr } };
}

function flowsOf(...objects: readonly object[]): readonly string[] {
  const flows = parseNftFlows(JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...objects] }));
  return flows.map(({ source, destination, state, mark, isTaken, port }) => {
    const ends = [source, destination].map((end) => `${end.address} ${end.port}`).join(' > ');
    return `${ends} ${state} ${mark ?? '-'} ${isTaken ? 'taken' : 'not taken'} ${port ?? '-'}`;
  });
}

const RULES = [
  {
    map: {
      name: 'listener',
      elem: [
        [PAYMENT, { goto: { target: 'a' } }],
        [ORDERS, { goto: { target: 'b' } }],
      ],
    },
  },
  { map: { name: 'other', elem: [[PAYMENT, { goto: { target: 'b' } }]] } },
  listenerChain('a', 15_001),
  listenerChain('b', 15_002),
];

test('a flow has the state of the set that it is in, the mark of its first packet and the port of that mark', () => {
  const flows = flowsOf(
    ...RULES,
    set('flow4', ['10.0.0.1', 40_001, '10.0.0.9', 80]),
    set('closing4', ['10.0.0.1', 40_002, '10.0.0.9', 80]),
    set(
      'origin4',
      [PAYMENT, '10.0.0.1', 40_001, '10.0.0.9', 80],
      [ORDERS, '10.0.0.1', 40_002, '10.0.0.9', 80],
      [ORDERS, '10.0.0.1', 40_003, '10.0.0.9', 443],
    ),
    set('taken4', ['10.0.0.1', 40_001, '10.0.0.9', 80]),
  );
  assert.deepEqual(flows, [
    `10.0.0.1 40001 > 10.0.0.9 80 open ${PAYMENT} taken 15001`,
    `10.0.0.1 40002 > 10.0.0.9 80 closing ${ORDERS} not taken 15002`,
    `10.0.0.1 40003 > 10.0.0.9 443 ended ${ORDERS} not taken 15002`,
  ]);
});

test('a flow whose beginning is forgotten has no mark and no port', () => {
  const flows = flowsOf(...RULES, set('flow6', ['2001:db8:0::1', 40_004, '2001:db8::9', 80]), set('origin6'));
  assert.deepEqual(flows, ['2001:db8::1 40004 > 2001:db8::9 80 open - not taken -']);
});

test('the port stays unknown without the entry in the map, and without a chain that gives to a listener', () => {
  const flow = set('flow4', ['10.0.0.1', 40_001, '10.0.0.9', 80]);
  const origin = set('origin4', [PAYMENT, '10.0.0.1', 40_001, '10.0.0.9', 80]);
  const unknown = [`10.0.0.1 40001 > 10.0.0.9 80 open ${PAYMENT} not taken -`];
  assert.deepEqual(flowsOf(flow, origin, listenerChain('a', 15_001)), unknown);
  assert.deepEqual(flowsOf(flow, origin, RULES[0] ?? {}), unknown);
});

test('sets of others and elements of another shape are no flows', () => {
  const flows = flowsOf(
    set('foreign', ['10.0.0.1', 40_001, '10.0.0.9', 80]),
    set(
      'flow4',
      ['10.0.0.1', 40_001, '10.0.0.9'],
      ['10.0.0.1', 'x', '10.0.0.9', 80],
      ['no address', 1, '10.0.0.9', 80],
    ),
  );
  assert.deepEqual(flows, []);
});

test('elements of the map that carry a counter or a comment are read as well', () => {
  const map = {
    map: { name: 'listener', elem: [[{ elem: { val: PAYMENT, comment: 'x' } }, { goto: { target: 'a' } }]] },
  };
  const flow = set('flow4', ['10.0.0.1', 40_001, '10.0.0.9', 80]);
  const origin = set('origin4', [PAYMENT, '10.0.0.1', 40_001, '10.0.0.9', 80]);
  assert.deepEqual(flowsOf(map, listenerChain('a', 15_001), flow, origin), [
    `10.0.0.1 40001 > 10.0.0.9 80 open ${PAYMENT} not taken 15001`,
  ]);
});
