/** The commands of the nft back end: the tables that it lists, its input to nft, and its errors. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNftFirewall } from '../../../../src/interception/adapters/firewall/nft.ts';
import type { Operation } from '../../../../src/interception/rules/operations.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

const LIST = 'nft -j list table inet weir';
const CHAINS = 'nft -j list chains';
const KEEP = 'nft -j list table inet weir_keep';
const TPROXY = 'nft -j list table inet weir_tproxy';
const GONE = { exitCode: 1, stderr: 'Error: No such file or directory\nlist table inet weir\n' };
const DENIED = { exitCode: 1, stderr: 'Operation not permitted (you must be root)\n' };
const TABLE = JSON.stringify({
  nftables: [{ metainfo: { version: '1.0.6' } }, { table: { family: 'inet', name: 'weir', handle: 7 } }],
});
const OPERATIONS: Operation[] = [{ op: 'add-table', table: 'weir' }];
const CHANGES = [{ scope: 'inet' as const, operations: OPERATIONS, undo: [] }];
const LEASE = { app: 'payment', mode: 'redirect' as const, slot: 1, marks: [0x57000110, 0x57000111], seconds: 30 };

function firewall(answers: Record<string, ToolAnswer>) {
  const { run, calls } = fakeTools(answers);
  return { nft: createNftFirewall(run), calls };
}

describe('reading by nft', () => {
  it('tells a table that is there from one that is not', async () => {
    const there = await firewall({ [LIST]: TABLE, [KEEP]: GONE, [TPROXY]: GONE }).nft.read();
    assert.deepEqual(
      there.rulesets[0]?.tables.map(({ name }) => name),
      ['weir'],
    );
    assert.equal(there.tableExists.get('inet'), true);
    const gone = await firewall({ [LIST]: GONE, [KEEP]: GONE, [TPROXY]: GONE }).nft.read();
    assert.deepEqual(gone.rulesets[0]?.tables, []);
    assert.equal(gone.tableExists.get('inet'), false);
  });

  it('lists no table of anybody else', async () => {
    const { nft, calls } = firewall({ [LIST]: GONE, [KEEP]: GONE, [TPROXY]: GONE });
    await nft.read();
    assert.deepEqual(calls.map(({ command }) => command).sort(), [LIST, KEEP, TPROXY].sort());
  });

  it('looks at the names of chains first where nothing is expected, and lists the tables all the same when there are some', async () => {
    const chains = (table: string): string =>
      JSON.stringify({ nftables: [{ chain: { family: 'inet', table, name: 'out', hook: 'output' } }] });
    const empty = firewall({ [CHAINS]: chains('filter'), [LIST]: TABLE, [KEEP]: GONE, [TPROXY]: GONE });
    const { rulesets, tableExists } = await empty.nft.read('nothing');
    assert.deepEqual([rulesets, tableExists.get('inet')], [[{ scope: 'inet', tables: [] }], false]);
    assert.deepEqual(
      empty.calls.map(({ command }) => command),
      [CHAINS],
    );
    for (const table of ['weir', 'weir_tproxy', 'weir_keep']) {
      const held = await firewall({ [CHAINS]: chains(table), [LIST]: TABLE, [KEEP]: GONE, [TPROXY]: GONE }).nft.read(
        'nothing',
      );
      assert.equal(held.rulesets[0]?.tables.length, 1);
    }
    await assert.rejects(firewall({ [CHAINS]: DENIED }).nft.read('nothing'), { code: 'WEIR2003' });
    await assert.rejects(firewall({}).nft.read('nothing'), { code: 'WEIR2001' });
  });

  it('reads counters again without the elements of maps, which it takes from the reading before', async () => {
    const again = 'nft -j -t list table inet weir';
    const chain = (packets: number) => [
      { chain: { family: 'inet', table: 'weir', name: 'out_uid_1', handle: 1 } },
      {
        rule: {
          ...{ family: 'inet', table: 'weir', chain: 'out_uid_1', handle: 2, comment: 'weir/v1 app=* h=24e5136c' },
          expr: [{ counter: { packets, bytes: 0 } }, { redirect: { port: 15_001 } }],
        },
      },
    ];
    const map = {
      ...{ family: 'inet', name: 'out_uid_app', table: 'weir', type: 'uid', handle: 7, map: 'verdict' },
      ...{ flags: ['timeout'], elem: [[1001, { goto: { target: 'out_uid_1' } }]] },
    };
    const listing = (parts: readonly unknown[]): string =>
      JSON.stringify({ nftables: [{ table: { family: 'inet', name: 'weir', handle: 7 } }, ...parts] });
    const keep = JSON.stringify({ nftables: [{ table: { family: 'inet', name: 'weir_keep', handle: 8 } }] });
    const { nft, calls } = firewall({
      ...{ [LIST]: listing([{ map }, ...chain(3)]), [KEEP]: keep, [TPROXY]: GONE },
      [again]: listing([{ map: { ...map, elem: undefined } }, ...chain(5)]),
    });
    const { rulesets } = await nft.read();
    calls.length = 0;
    const [counted] = await nft.recount(rulesets);
    assert.deepEqual(
      calls.map(({ command }) => command),
      [again],
    );
    const [before, after] = [rulesets[0]?.tables[0], counted?.tables[0]];
    assert.equal(before?.maps[0]?.elements.length, 1);
    assert.deepEqual(after?.maps, before.maps);
    const packets = (table: typeof after) => table?.chains[0]?.rules.map((one) => one.kind === 'known' && one.packets);
    assert.deepEqual([packets(before), packets(after)], [[3], [5]]);
    const gone = firewall({ [again]: GONE }).nft;
    assert.deepEqual((await gone.recount(rulesets))[0]?.tables, []);
    await assert.rejects(firewall({ [again]: DENIED }).nft.recount(rulesets), { code: 'WEIR2003' });
  });

  it('does not take a failure for an empty host', async () => {
    await assert.rejects(firewall({ [LIST]: DENIED, [KEEP]: GONE, [TPROXY]: GONE }).nft.read(), { code: 'WEIR2003' });
    await assert.rejects(firewall({ [LIST]: 'no JSON', [KEEP]: GONE, [TPROXY]: GONE }).nft.read(), {
      code: 'WEIR3023',
    });
  });
});

describe('committing by nft', () => {
  it('feeds all changes as one text, and nothing when there is none', async () => {
    const { nft, calls } = firewall({ 'nft -f -': '' });
    assert.deepEqual(await nft.commit([{ ...CHANGES[0], scope: 'inet', operations: [], undo: [] }]), { ms: 0 });
    assert.equal(calls.length, 0);
    await nft.commit([...CHANGES, ...CHANGES]);
    assert.deepEqual(calls, [{ command: 'nft -f -', input: 'add table inet weir\nadd table inet weir\n' }]);
  });

  it('tests the same text without doing it', async () => {
    const { nft, calls } = firewall({ 'nft -c -f -': '' });
    await nft.test(CHANGES);
    assert.deepEqual(calls, [{ command: 'nft -c -f -', input: 'add table inet weir\n' }]);
  });

  it('says what nft refused', async () => {
    const refusing = firewall({ 'nft -f -': DENIED, 'nft -c -f -': DENIED }).nft;
    await assert.rejects(refusing.commit(CHANGES), { code: 'WEIR3020', hint: /CAP_NET_ADMIN/ });
    await assert.rejects(refusing.test(CHANGES), { code: 'WEIR3020' });
  });

  it('is shown as a command that a person could run', () => {
    const { nft } = firewall({});
    assert.equal(nft.render(CHANGES), '# nft -f -\nadd table inet weir\n');
    assert.equal(nft.render([]), '');
  });
});

describe('leases by nft', () => {
  const SET = 'nft list set inet weir lease';
  it('are renewed in one transaction; none is asked for without an application', async () => {
    const { nft, calls } = firewall({ 'nft -f -': '' });
    assert.deepEqual(await nft.renewLeases([]), []);
    assert.equal(calls.length, 0);
    assert.deepEqual(await nft.renewLeases([LEASE]), []);
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.input.match(/^add element inet weir lease/gm)?.length, 2);
    assert.match(calls[0]?.input ?? '', /0x57000111 timeout 30s/);
  });

  it('that have no set belong to applications that are not on; another refusal is an error', async () => {
    assert.deepEqual(await firewall({ 'nft -f -': GONE }).nft.renewLeases([LEASE]), ['payment']);
    await assert.rejects(firewall({ 'nft -f -': DENIED }).nft.renewLeases([LEASE]), { code: 'WEIR3020' });
  });

  it('have the time of the mark that lapses first', async () => {
    const elements = '0x57000110 timeout 30s expires 12s500ms, 0x57000111 timeout 30s expires 9s';
    const set = `table inet weir {\n\tset lease {\n\t\telements = { ${elements} }\n\t}\n}\n`;
    assert.deepEqual(await firewall({ [SET]: set }).nft.remainingLeases([LEASE]), new Map([['payment', 9000]]));
    const half = set.replace(/, 0x57000111.*(?= })/, '');
    assert.deepEqual(await firewall({ [SET]: half }).nft.remainingLeases([LEASE]), new Map([['payment', 0]]));
    assert.deepEqual(await firewall({ [SET]: GONE }).nft.remainingLeases([LEASE]), new Map([['payment', 0]]));
    await assert.rejects(firewall({ [SET]: DENIED }).nft.remainingLeases([LEASE]), { code: 'WEIR2003' });
    assert.deepEqual(await firewall({}).nft.remainingLeases([]), new Map());
  });
});
