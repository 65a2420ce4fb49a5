/** Built-in chains that iptables-nft makes for weir: when they are marked, and when they go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  markMadeBuiltIns,
  removeMadeBuiltIns,
  removesMadeTable,
} from '../../../../src/interception/adapters/firewall/built-in-chains.ts';
import { parseIptablesSave } from '../../../../src/interception/rules/iptables/parse-save.ts';
import type { Operation } from '../../../../src/interception/rules/operations.ts';
import type { Hook } from '../../../../src/interception/rules/ruleset.ts';

const OUTPUT: Hook = { at: 'output', type: 'nat', priority: -100, position: 'last' };
const add = (chain: string, hook: Hook | null = OUTPUT): Operation => ({ op: 'add-chain', table: 'nat', chain, hook });
const remove = (chain: string, hook: Hook | null = OUTPUT): Operation => {
  return { op: 'delete-chain', table: 'nat', chain, hook };
};
const chains = (...names: string[]) => names.map((chain) => ({ family: 'ip', table: 'nat', chain }));
const saved = (...lines: string[]) => parseIptablesSave(`*nat\n${lines.join('\n')}\nCOMMIT\n`, 'ip');
const JUMP = '-A OUTPUT -m comment --comment "weir/v1 app=*" -j WEIR_OUTPUT';
const OURS = [':OUTPUT ACCEPT [0:0]', ':WEIR_OUTPUT - [0:0]', ':WEIR_MADE_OUTPUT - [0:0]', JUMP];

describe('a built-in chain that comes with a jump', () => {
  it('is marked when it was not there', () => {
    assert.deepEqual(markMadeBuiltIns([add('WEIR_OUTPUT')], 'ip', chains('POSTROUTING')), [
      ':WEIR_MADE_OUTPUT - [0:0]',
    ]);
    assert.deepEqual(markMadeBuiltIns([add('WEIR_OUTPUT')], 'ip', chains('OUTPUT')), []);
    assert.deepEqual(markMadeBuiltIns([add('WEIR_A', null)], 'ip', []), []);
  });

  it('of the other family is another chain', () => {
    assert.equal(markMadeBuiltIns([add('WEIR_OUTPUT')], 'ip6', chains('OUTPUT')).length, 1);
  });

  it('needs no mark in a table that is marked as a whole', () => {
    assert.deepEqual(markMadeBuiltIns([add('WEIR_OUTPUT')], 'ip', chains('WEIR_MADE_TABLE')), []);
    assert.deepEqual(markMadeBuiltIns([add('WEIR_MADE_TABLE', null), add('WEIR_OUTPUT')], 'ip', []), []);
  });
});

describe('a built-in chain whose jump leaves', () => {
  it('goes with its mark when nothing else is in it', () => {
    assert.deepEqual(removeMadeBuiltIns([remove('WEIR_OUTPUT')], 'ip', saved(...OURS), chains('OUTPUT')), [
      '-X OUTPUT',
      '-X WEIR_MADE_OUTPUT',
    ]);
  });

  it('stays, without its mark, while a rule of somebody is in it', () => {
    const shared = saved(...OURS, '-A OUTPUT -p tcp -j ACCEPT');
    assert.deepEqual(removeMadeBuiltIns([remove('WEIR_OUTPUT')], 'ip', shared, chains('OUTPUT')), [
      '-X WEIR_MADE_OUTPUT',
    ]);
  });

  it('stays when it was there before weir, or gets another jump', () => {
    const unmarked = saved(...OURS.filter((line) => !line.includes('MADE')));
    assert.deepEqual(removeMadeBuiltIns([remove('WEIR_OUTPUT')], 'ip', unmarked, chains('OUTPUT')), []);
    const swapped = [remove('WEIR_OUTPUT'), add('WEIR_OUTPUT')];
    assert.deepEqual(removeMadeBuiltIns(swapped, 'ip', saved(...OURS), chains('OUTPUT')), []);
  });

  it('goes with the whole table when that was made for weir', () => {
    const operations = [remove('WEIR_OUTPUT'), remove('WEIR_MADE_TABLE', null)];
    assert.equal(removesMadeTable(operations), true);
    assert.equal(removesMadeTable([remove('WEIR_OUTPUT')]), false);
    assert.deepEqual(removeMadeBuiltIns(operations, 'ip', saved(...OURS), chains('OUTPUT', 'INPUT')), [
      '-X INPUT',
      '-X OUTPUT',
      '-X WEIR_MADE_OUTPUT',
    ]);
  });
});
