/** Which back ends can be used, by passive commands alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../../src/errors/weir-error.ts';
import { detectBackends } from '../../../../src/interception/adapters/firewall/detect.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

const NFT = {
  'nft --version': 'nftables v1.0.6 (Lester Gooch #5)\n',
  'nft -j list chains': '{"nftables":[]}',
};
const IPTABLES_NFT = {
  'iptables-nft-restore --version': 'iptables-nft-restore v1.8.9 (nf_tables)\n',
  'ip6tables-nft-restore --version': 'ip6tables-nft-restore v1.8.9 (nf_tables)\n',
  'iptables-nft-save -t nat': '',
};

async function detected(answers: Record<string, ToolAnswer>) {
  const { run, calls } = fakeTools(answers);
  const [nft, iptables] = await detectBackends(run);
  return { nft, iptables, commands: calls.map(({ command }) => command) };
}

describe('the back ends of a host', () => {
  it('are told with the version that was found', async () => {
    const { nft, iptables } = await detected({ ...NFT, ...IPTABLES_NFT });
    assert.deepEqual(nft, { backend: 'nft', usable: true, detail: 'nftables v1.0.6 (Lester Gooch #5)' });
    assert.deepEqual(iptables, { backend: 'iptables-nft', usable: true, detail: 'iptables-nft v1.8.9 (nf_tables)' });
  });

  it('are missing with the package that holds them', async () => {
    const { nft, iptables } = await detected({});
    assert.deepEqual([nft?.usable, nft?.detail], [false, 'nft is missing: install nft']);
    assert.deepEqual(
      [iptables?.usable, iptables?.detail],
      [false, 'iptables-nft is missing: install the package iptables'],
    );
  });

  it('are of no use when the tool may not read, or has no JSON', async () => {
    const { nft } = await detected({
      ...NFT,
      'nft -j list chains': { exitCode: 1, stderr: 'Error: JSON support\nnot compiled-in\n' },
    });
    assert.deepEqual(nft, { backend: 'nft', usable: false, detail: 'Error: JSON support; not compiled-in' });
  });

  it('are not known where the tool lacks something to look, or cannot be run', async () => {
    for (const [command, answer] of [
      ['nft -j list chains', { exitCode: 1, stderr: 'netlink: Error: Too many open files\n' }],
      ['nft -j list chains', { exitCode: 1, stderr: 'netlink: Error: No buffer space available\n' }],
      ['nft --version', { exitCode: 127, stderr: 'nft: error while loading shared libraries\n' }],
    ] as const) {
      const { nft } = await detected({ ...NFT, [command]: answer });
      assert.deepEqual([nft?.usable, nft?.isUnknown], [false, true], JSON.stringify(answer));
    }
    for (const tool of ['iptables-nft', 'ip6tables-nft']) {
      const answer = { exitCode: 127, stderr: 'error while loading shared libraries\n' };
      const { iptables } = await detected({ ...NFT, ...IPTABLES_NFT, [`${tool}-restore --version`]: answer });
      assert.deepEqual([iptables?.usable, iptables?.isUnknown], [false, true], tool);
    }
  });

  it('need both families of iptables', async () => {
    const { 'ip6tables-nft-restore --version': _, ...only4 } = IPTABLES_NFT;
    const { iptables } = await detected(only4);
    assert.deepEqual(
      [iptables?.usable, iptables?.detail],
      [false, 'ip6tables-nft is missing: install the package iptables'],
    );
  });

  it('are looked at without a command that makes or changes anything', async () => {
    const { commands } = await detected({
      ...NFT,
      ...IPTABLES_NFT,
      'iptables-legacy-restore --version': 'iptables-restore v1.8.9 (legacy)',
      'ip6tables-legacy-restore --version': 'ip6tables-restore v1.8.9 (legacy)',
    });
    for (const command of commands) assert.match(command, /--version$|^nft -j list chains$|^iptables-nft-save -t nat$/);
  });

  it('pass a fault of weir on', async () => {
    const run = async () => {
      throw new TypeError('of weir');
    };
    await assert.rejects(detectBackends(run), TypeError);
    const full = new WeirError('WEIR2010', { what: 'nft was not started', why: 'EMFILE', hint: 'raise that limit' });
    const [nft] = await detectBackends(fakeTools(() => full).run);
    assert.deepEqual(nft, { backend: 'nft', usable: false, isUnknown: true, detail: 'nft was not started: EMFILE' });
  });
});
