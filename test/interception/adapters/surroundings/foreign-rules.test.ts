/** Foreign tables: the tool that reads each, and the cases in which weir cannot tell. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readForeignRules } from '../../../../src/interception/adapters/surroundings/foreign-rules.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

function chains(...places: readonly string[]): string {
  const nftables = places.map((place) => {
    const [family, table, name, hook] = place.split(' ');
    return { chain: { family, table, name, hook } };
  });
  return JSON.stringify({ nftables });
}
const table = (family: string, name: string) => JSON.stringify({ nftables: [{ table: { family, name, handle: 1 } }] });
const NFT_VERSION = {
  'iptables-nft-restore --version': 'v1.8.9 (nf_tables)',
  'ip6tables-nft-restore --version': 'v1.8.9 (nf_tables)',
};
const LEGACY_VERSION = { 'iptables-legacy-restore --version': 'v1.8.9 (legacy)' };
const NAT = '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j ACCEPT\nCOMMIT\n';

async function read(answers: Record<string, ToolAnswer>, proc: Record<string, string> = {}) {
  const { run, calls } = fakeTools(answers, proc);
  return { found: await readForeignRules(run), commands: calls.map(({ command }) => command) };
}

async function names(answers: Record<string, ToolAnswer>, proc: Record<string, string> = {}) {
  const { found } = await read(answers, proc);
  assert.ok('seen' in found, JSON.stringify(found));
  return found.seen.map(({ family, name, by }) => `${family} ${name} ${by}`);
}

describe('the rules of other programs', () => {
  it('are read by the tool that wrote them', async () => {
    assert.deepEqual(
      await names({
        ...NFT_VERSION,
        'nft -j list chains': chains('ip nat OUTPUT output', 'inet firewall in input'),
        'iptables-nft-save': NAT,
        'nft -j list table inet firewall': table('inet', 'firewall'),
      }),
      ['ip nat iptables-nft', 'inet firewall nft'],
    );
  });

  it('are not weir’s own, nor tables that no connection enters', async () => {
    const { commands } = await read({
      'nft -j list chains': chains(
        'inet weir out output',
        'inet weir_keep a output',
        'inet sets helper',
        'ip f x forward',
      ),
    });
    assert.deepEqual(commands, ['nft -j list chains']);
    const listed = await read({
      'nft -j list chains': chains('inet weird out output'),
      'nft -j list table inet weird': table('inet', 'weird'),
    });
    assert.equal(listed.commands.length, 2);
  });

  it('of a table that has a name of iptables and was written by nft are read by nft', async () => {
    assert.deepEqual(
      await names({
        ...NFT_VERSION,
        'nft -j list chains': chains('ip filter in input'),
        'iptables-nft-save': '# Table `filter` is incompatible, use nft tool.\n',
        'nft -j list table ip filter': table('ip', 'filter'),
      }),
      ['ip filter nft'],
    );
  });

  it('can only be those of iptables-nft where nft is not installed', async () => {
    assert.deepEqual(await names({ ...NFT_VERSION, 'iptables-nft-save': NAT, 'ip6tables-nft-save': '' }), [
      'ip nat iptables-nft',
    ]);
  });

  it('of iptables-legacy are read only where the kernel has tables of it', async () => {
    const answers = { ...LEGACY_VERSION, 'nft -j list chains': chains(), 'iptables-legacy-save': NAT };
    assert.deepEqual(await names(answers), []);
    assert.deepEqual(await names(answers, { '/proc/self/net/ip_tables_names': 'nat\n' }), ['ip nat iptables-legacy']);
  });

  it('are unseen when any tool fails: half of the rules are no answer', async () => {
    const { found } = await read({
      'nft -j list chains': chains('inet firewall in input', 'inet other in input'),
      'nft -j list table inet firewall': table('inet', 'firewall'),
      'nft -j list table inet other': { exitCode: 1, stderr: 'Killed' },
    });
    assert.deepEqual(found, { unseen: 'nft -j list table inet other failed: exit code 1: Killed' });
  });
});
