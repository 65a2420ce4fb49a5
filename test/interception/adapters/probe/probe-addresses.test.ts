/** Choice of the addresses for probes. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import { isDocumentationAddress, probeAddresses } from '../../../../src/interception/adapters/probe/probe-addresses.ts';
import type { runTool } from '../../../../src/platform/exec.ts';

const INTERFACES = {
  lo: [{ ...named('127.0.0.1', 'IPv4', 8), internal: true }],
  eth0: [named('10.77.0.1', 'IPv4', 30), named('169.254.7.1', 'IPv4', 16)],
  eth1: [named('fd77::1', 'IPv6', 64), named('fe80::1', 'IPv6', 64)],
};

function named(address: string, family: 'IPv4' | 'IPv6', length: number): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', internal: false, cidr: `${address}/${length}` };
  return family === 'IPv4' ? { address, family, ...rest } : { address, family, scopeid: 0, ...rest };
}

/** A host with the links above, whose routing table holds what `isRouted` takes. */
function hostWith(isRouted: (address: string) => boolean): typeof runTool {
  return async (argv, options) => {
    assert.ok(argv.includes('-batch'), argv.join(' '));
    const asked = [...(options.input ?? '').matchAll(/route get (\S+)/g)].map(([, address]) => address ?? '');
    const answers = asked.filter(isRouted).map((dst) => JSON.stringify([{ dst, dev: 'eth0', flags: [] }]));
    return { stdout: answers.join('\n'), stderr: '', exitCode: 1, ms: 1 };
  };
}

const run = hostWith(() => true);

/** The candidates of one scope. */
async function candidates(
  allowed: (address: string) => boolean,
  family: 4 | 6,
  { included = [], run: tool = run }: { included?: string[]; run?: typeof runTool } = {},
): Promise<string[]> {
  const [addresses = []] = await probeAddresses([{ allowed, included }], family, tool, INTERFACES);
  return addresses;
}

const isIn = (address: string, network: string) => ipaddr.parse(address).match(ipaddr.parseCIDR(network));

test("nobody's networks come first, then those that the host is connected to", async () => {
  const four = await candidates(() => true, 4);
  const networks = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '10.77.0.0/30'];
  assert.equal(four.length, networks.length);
  for (const [index, network] of networks.entries()) assert.ok(isIn(four[index] ?? '', network), four[index]);
  // A /30 has two hosts, and the other one is this host.
  assert.equal(four[3], '10.77.0.2');
  const [documentation, connected, ...rest] = await candidates(() => true, 6);
  assert.ok(isIn(documentation ?? '', '2001:db8::/32') && isIn(connected ?? '', 'fd77::/64'));
  assert.deepEqual(rest, []);
});

test('addresses without a route come last', async () => {
  const addresses = await candidates(() => true, 4, { run: hostWith((one) => one.startsWith('10.77.')) });
  assert.equal(addresses[0], '10.77.0.2');
  assert.equal(addresses.length, 4);
  assert.equal((await candidates(() => true, 6, { run: hostWith(() => false) })).length, 2);
});

test('only what the application diverts is a candidate, and hosts of the included networks are', async () => {
  assert.deepEqual(await candidates((address) => address.startsWith('10.9.'), 4), []);
  const included = ['10.9.8.0/24', '10.9.1.1/32', 'fd00::/8', 'nonsense'];
  const addresses = await candidates((address) => address.startsWith('10.9.'), 4, { included });
  assert.ok(isIn(addresses[0] ?? '', '10.9.8.0/24'), addresses[0]);
  assert.equal(addresses[1], '10.9.1.1');
  assert.equal(addresses.length, 2);
});

test("a network's own address and its broadcast address are never drawn", async () => {
  for (let round = 0; round < 60; round += 1) {
    const addresses = await candidates((one) => one.startsWith('10.9.'), 4, { included: ['10.9.8.4/30'] });
    assert.ok(['10.9.8.5', '10.9.8.6'].includes(addresses[0] ?? ''), addresses[0]);
  }
});

test('documentation networks are told from all others', () => {
  for (const address of ['192.0.2.1', '203.0.113.255', '2001:db8:1::1'])
    assert.equal(isDocumentationAddress(address), true);
  for (const address of ['192.0.3.1', '10.0.0.1', '2001:db9::1', 'fd77::2'])
    assert.equal(isDocumentationAddress(address), false);
});

test('scopes that are alike get the same addresses, and the host is asked once for all of them', async () => {
  let calls = 0;
  const counted: typeof runTool = (argv, options) => {
    calls += 1;
    return run(argv, options);
  };
  const anywhere = { allowed: () => true, included: [] };
  const inside = { allowed: (one: string) => one.startsWith('10.9.'), included: ['10.9.8.0/24'] };
  const [one, two, three] = await probeAddresses([anywhere, anywhere, inside], 4, counted, INTERFACES);
  assert.deepEqual(one, two);
  assert.ok(three?.length === 1 && isIn(three[0] ?? '', '10.9.8.0/24'));
  assert.equal(calls, 1);
});
