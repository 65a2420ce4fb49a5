/** Other meshes and firewalls, recognised by the names of their chains and tables. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectForeign } from '../../../../src/interception/adapters/firewall/foreign.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

function chains(...places: readonly string[]): string {
  const nftables = places.map((place) => {
    const [family, table, name] = place.split(' ');
    return { chain: { family, table, name } };
  });
  return JSON.stringify({ nftables });
}

const found = async (answers: Record<string, ToolAnswer>, proc: Record<string, string> = {}) => {
  const { run, calls } = fakeTools(answers, proc);
  const all = await detectForeign(run);
  return { texts: all.map(({ name, kind, backend, evidence }) => `${name} ${kind} ${backend}: ${evidence}`), calls };
};

describe('rules of somebody else', () => {
  it('are told by the chains that iptables-nft keeps, and by the tables of nft', async () => {
    const { texts } = await found({
      'nft -j list chains': chains('ip nat ISTIO_OUTPUT', 'ip filter DOCKER-USER', 'inet firewalld filter_INPUT'),
    });
    assert.deepEqual(texts, [
      'istio mesh iptables-nft: chain ISTIO_OUTPUT in ip nat',
      'docker firewall iptables-nft: chain DOCKER-USER in ip filter',
      'firewalld firewall nft: table inet firewalld',
    ]);
  });

  it('are one entry a program and back end, by what was seen first', async () => {
    const { texts } = await found({
      'nft -j list chains': chains('ip nat KUBE-SERVICES', 'ip filter KUBE-FORWARD', 'ip kube-proxy services'),
    });
    assert.deepEqual(texts, [
      'kube-proxy firewall iptables-nft: chain KUBE-SERVICES in ip nat',
      'kube-proxy firewall nft: table ip kube-proxy',
    ]);
  });

  it('are not weir’s own, and not what only looks alike', async () => {
    const names = [
      'inet weir out',
      'ip nat WEIR_OUTPUT',
      'ip nat MY_ISTIO_OUTPUT',
      'ip nat OUTPUT',
      'ip filter DOCKERS',
    ];
    assert.deepEqual((await found({ 'nft -j list chains': chains(...names) })).texts, []);
  });

  it('are looked for in legacy tables that exist, and in no other', async () => {
    const { texts, calls } = await found(
      {
        'iptables-legacy-restore --version': 'iptables-restore v1.8.9 (legacy)',
        'iptables-legacy-save -t nat': '*nat\n:OUTPUT ACCEPT [0:0]\n:CONSUL_PROXY_OUTPUT - [0:0]\nCOMMIT\n',
      },
      { '/proc/self/net/ip_tables_names': 'nat\n' },
    );
    assert.deepEqual(texts, ['consul mesh iptables-legacy: chain CONSUL_PROXY_OUTPUT in ip nat']);
    assert.deepEqual(
      calls.map(({ command }) => command).filter((command) => command.includes('save')),
      ['iptables-legacy-save -t nat'],
    );
  });

  it('pass over tools that are not installed, and no other failure', async () => {
    assert.deepEqual((await found({}, { '/proc/self/net/ip_tables_names': 'nat\n' })).texts, []);
    const broken = { 'nft -j list chains': { exitCode: 1, stderr: 'Operation not permitted' } };
    await assert.rejects(found(broken), { code: 'WEIR2003' });
  });
});
