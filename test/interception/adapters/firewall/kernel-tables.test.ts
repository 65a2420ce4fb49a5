/** Which tables there are, without a look that would make one; and the names of chains, by nft. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasIpv6, legacyTables, nftChainNames } from '../../../../src/interception/adapters/firewall/kernel-tables.ts';
import { fakeTools } from '../../../fakes/fake-tools.ts';

// nft 1.0.6.
const CHAINS = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
    { chain: { family: 'ip', table: 'nat', name: 'DOCKER', handle: 4 } },
    { chain: { family: 'inet', table: 'weir', name: 'out', handle: 1, type: 'nat', hook: 'output', prio: -110 } },
  ],
});

describe('the legacy tables of a family', () => {
  it('are those that the kernel lists', async () => {
    const { run, calls } = fakeTools({}, { '/proc/self/net/ip_tables_names': 'nat\nfilter\n' });
    assert.deepEqual(await legacyTables('ip', run), ['nat', 'filter']);
    assert.equal(await legacyTables('ip6', run), null);
    assert.equal(calls.length, 0);
  });

  it('are none where the kernel has loaded it and nothing is there', async () => {
    assert.deepEqual(await legacyTables('ip6', fakeTools({}, { '/proc/self/net/ip6_tables_names': '' }).run), []);
  });

  it('are unknown when the list may not be read', async () => {
    const { run } = fakeTools({});
    run.readProc = async () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    };
    await assert.rejects(legacyTables('ip', run), { code: 'WEIR2003', why: 'EACCES: permission denied' });
  });
});

describe('IPv6 of the namespace', () => {
  it('is there with the kernel’s list, used or not', async () => {
    const list = '/proc/self/net/if_inet6';
    assert.equal(await hasIpv6(fakeTools({}, { [list]: '' }).run), true);
    assert.equal(
      await hasIpv6(fakeTools({}, { [list]: '00000000000000000000000000000001 01 80 10 80 lo\n' }).run),
      true,
    );
    assert.equal(await hasIpv6(fakeTools({}).run), false);
  });
});

describe('the chains of nf_tables', () => {
  it('are named with family and table; other objects are left out', async () => {
    assert.deepEqual(await nftChainNames(fakeTools({ 'nft -j list chains': CHAINS }).run), [
      { family: 'ip', table: 'nat', chain: 'DOCKER' },
      { family: 'inet', table: 'weir', chain: 'out', hook: 'output' },
    ]);
  });

  it('are unknown without nft, which is not the same as none', async () => {
    assert.equal(await nftChainNames(fakeTools({}).run), null);
    assert.deepEqual(await nftChainNames(fakeTools({ 'nft -j list chains': '{"nftables":[]}' }).run), []);
  });

  it('are listed once for all who ask while the listing is under way, and anew afterwards', async () => {
    const { run, calls } = fakeTools({ 'nft -j list chains': CHAINS });
    const [one, two] = await Promise.all([nftChainNames(run), nftChainNames(run)]);
    assert.deepEqual([one, calls.length], [two, 1]);
    await nftChainNames(run);
    assert.equal(calls.length, 2);
  });

  it('throw when nft fails', async () => {
    const { run } = fakeTools({ 'nft -j list chains': { exitCode: 1, stderr: 'Operation not permitted' } });
    await assert.rejects(nftChainNames(run), { code: 'WEIR2003' });
  });
});
