/** Detection of the firewall tools on a host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectBackends } from '../../src/interception/adapters/firewall/detect.ts';
import { detectForeign } from '../../src/interception/adapters/firewall/foreign.ts';
import { runTool } from '../../src/platform/exec.ts';
import { makeNamespace } from './lab/network-namespace.ts';

test('back ends are found in order of preference, with their versions, and nothing is made by looking', async (context) => {
  const namespace = await makeNamespace('detect');
  context.after(() => namespace.remove());
  const found = await detectBackends(namespace.tool);
  assert.deepEqual(
    found.map(({ backend, usable }) => [backend, usable]),
    [
      ['nft', true],
      ['iptables-nft', true],
      ['iptables-legacy', true],
    ],
  );
  assert.match(found[0]?.detail ?? '', /^nftables v\d/);
  assert.match(found[1]?.detail ?? '', /^iptables\S* v\d\S* \(nf_tables\)$/);
  assert.match(found[2]?.detail ?? '', /^iptables\S* v\d\S* \(legacy\)$/);
  assert.equal((await namespace.sh('nft list ruleset')).stdout, '');
  assert.equal((await namespace.sh('cat /proc/net/ip_tables_names /proc/net/ip6_tables_names')).stdout, '');
});

test('a tool that is missing or of another kind makes its back end unusable, with the package that holds it', async (context) => {
  const namespace = await makeNamespace('detect-missing');
  context.after(() => namespace.remove());
  const missing = ['nft', 'iptables-nft-restore', 'ip6tables-nft-restore', 'iptables-legacy-restore'];
  const tool: typeof runTool = (argv, options) =>
    missing.includes(argv[0]) ? runTool(['/nonexistent/tool'], options) : namespace.tool(argv, options);
  const found = await detectBackends(tool);
  assert.equal(found[0]?.usable, false);
  assert.match(found[0]?.detail ?? '', /missing/);
  // The plain name is of the nf_tables kind on this host, so it stands in for one and not for the other.
  assert.deepEqual(found.map(({ usable }) => usable).slice(1), [true, false]);
});

test('without rights no back end is usable, and the reason is told', async (context) => {
  const namespace = await makeNamespace('detect-rights');
  context.after(() => namespace.remove());
  const found = await detectBackends((argv, options) =>
    namespace.tool(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...argv], options),
  );
  for (const { backend, usable, detail } of found.slice(0, 2)) {
    assert.equal(usable, false, backend);
    assert.match(detail, /not permitted|Permission denied|must be root/);
  }
});

test('meshes and firewalls are told by their chains and tables, in whichever back end they are', async (context) => {
  const namespace = await makeNamespace('detect-foreign');
  context.after(() => namespace.remove());
  assert.deepEqual(await detectForeign(namespace.tool), []);
  const chains = (...names: string[]) => `*nat\n${names.map((name) => `:${name} - [0:0]\n`).join('')}COMMIT\n`;
  await namespace.sh(
    'iptables-nft-restore --noflush',
    chains('ISTIO_OUTPUT', 'ISTIO_REDIRECT', 'DOCKER', 'WEIR_OUTPUT'),
  );
  await namespace.sh('ip6tables-nft-restore --noflush', chains('KUBE-SERVICES', 'cali-PREROUTING'));
  await namespace.sh('iptables-legacy-restore --noflush', chains('PROXY_INIT_OUTPUT', 'KUMA_MESH_OUTBOUND'));
  await namespace.sh(
    'ip6tables-legacy-restore --noflush',
    chains('CONSUL_PROXY_OUTPUT', 'OSM_PROXY_OUTBOUND', 'ufw6-user'),
  );
  const nft = ['istio-proxy-nat', 'firewalld', 'weir', 'mine'].map(
    (table) => `table inet ${table} {\n chain c {\n }\n}\n`,
  );
  await namespace.sh('nft -f -', nft.join(''));
  const found = await detectForeign(namespace.tool);
  assert.deepEqual(found.map(({ name, kind, evidence, backend }) => `${backend} ${kind} ${name}: ${evidence}`).sort(), [
    'iptables-legacy firewall ufw: chain ufw6-user in ip6 nat',
    'iptables-legacy mesh consul: chain CONSUL_PROXY_OUTPUT in ip6 nat',
    'iptables-legacy mesh kuma: chain KUMA_MESH_OUTBOUND in ip nat',
    'iptables-legacy mesh linkerd: chain PROXY_INIT_OUTPUT in ip nat',
    'iptables-legacy mesh osm: chain OSM_PROXY_OUTBOUND in ip6 nat',
    'iptables-nft firewall calico: chain cali-PREROUTING in ip6 nat',
    'iptables-nft firewall docker: chain DOCKER in ip nat',
    'iptables-nft firewall kube-proxy: chain KUBE-SERVICES in ip6 nat',
    'iptables-nft mesh istio: chain ISTIO_OUTPUT in ip nat',
    'nft firewall firewalld: table inet firewalld',
    'nft mesh istio: table inet istio-proxy-nat',
  ]);
});
