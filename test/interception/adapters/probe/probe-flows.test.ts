/** Conntrack lookups for probes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conntrackNarrowing } from '../../../../src/interception/adapters/connections/run-conntrack.ts';
import { forgetFlows, lookUpFlows, probeKey } from '../../../../src/interception/adapters/probe/probe-flows.ts';
import type { SentProbe } from '../../../../src/interception/adapters/probe/probe-trial.ts';
import type { runTool } from '../../../../src/platform/exec.ts';

const sent = (port: number, address = '192.0.2.9'): SentProbe => ({
  source: { address: address.includes(':') ? 'fd77::1' : '10.77.0.1', port },
  destination: { address, port: 80 },
});
const line = ({ source, destination }: SentProbe, answeredBy = destination.address): string =>
  `tcp 6 119 SYN_SENT src=${source.address} dst=${destination.address} sport=${source.port} dport=80 src=${answeredBy} dst=${source.address} sport=15001 dport=${source.port} mark=5 use=1`;

/** Takes down what was called with, and answers every call alike; files of commands are read. */
function tool(answer: { stdout?: string; exitCode?: number } = {}): { run: typeof runTool; calls: string[] } {
  const calls: string[] = [];
  const run: typeof runTool = async (argv) => {
    const file = argv[1] === '-R' ? `\n${readFileSync(argv[2] ?? '', 'utf8').trim()}` : '';
    calls.push(argv[1] === '-R' ? `-R${file}` : argv.slice(1).join(' '));
    return { stdout: '', stderr: '', exitCode: 0, ms: 1, ...answer };
  };
  return { run, calls };
}

test('a hundred probes of a family take one listing, and a foreign entry to the same place is nobody of them', async () => {
  const probes = Array.from({ length: 100 }, (_, index) => sent(40_000 + index));
  const { run, calls } = tool({ stdout: [...probes, sent(50_000)].map((one) => line(one)).join('\n') });
  const flows = await lookUpFlows(run, probes);
  assert.deepEqual(
    calls.filter((call) => !call.includes('-m ')),
    ['-L -p tcp -f ipv4 --orig-dst 192.0.2.9 --orig-port-dst 80'],
  );
  assert.equal(flows.size, 100);
  assert.equal(flows.get(probeKey(sent(40_007)))?.mark, 5);
  assert.equal(flows.get(probeKey(sent(50_000))), undefined);
});

test('conntrack is narrowed to the network that all places share', () => {
  const narrow = (...addresses: string[]) =>
    conntrackNarrowing(addresses.map((address) => ({ address, port: 80 }))).slice(4, -2);
  assert.deepEqual(narrow('192.0.2.9', '192.0.2.9'), ['--orig-dst', '192.0.2.9']);
  assert.deepEqual(narrow('192.0.2.9', '192.0.2.14'), ['--orig-dst', '192.0.2.8/29']);
  assert.deepEqual(narrow('192.0.2.9', '198.51.100.7', '203.0.113.3'), ['--orig-dst', '192.0.0.0/4']);
  assert.deepEqual(narrow('10.0.0.1', '192.0.2.9'), []);
  assert.deepEqual(narrow('2001:db8::1', '2001:db8::ff00:1'), ['--orig-dst', '2001:db8::/96']);
  const ports = [80, 81].map((port) => ({ address: '2001:db8::1', port }));
  assert.deepEqual(conntrackNarrowing(ports), ['-p', 'tcp', '-f', 'ipv6', '--orig-dst', '2001:db8::1']);
});

test('what was sent to nobody is forgotten by its destination, everything else by its source and mark as well', async () => {
  const { run, calls } = tool();
  const own = { ...sent(7, '52.1.2.3'), mark: 0x57000710 };
  await forgetFlows(run, [{ ...sent(1), mark: null }, { ...sent(2), mark: 9 }, own, { ...own, mark: null }]);
  const somebody = '-D -p tcp -f ipv4 --orig-dst 52.1.2.3 --orig-port-dst 80 --orig-src 10.77.0.1 --orig-port-src 7';
  assert.deepEqual(calls, [
    '-D -p tcp -f ipv4 --orig-dst 192.0.2.9 --orig-port-dst 80',
    `${somebody} -m ${0x57000710}/4294967295`,
    somebody,
  ]);
});

test('many are forgotten by one process, and one by one where conntrack takes no file', async () => {
  const probes = Array.from({ length: 9 }, (_, index) => ({ ...sent(index + 1, `52.1.2.${index + 1}`), mark: null }));
  const batch = tool();
  await forgetFlows(batch.run, probes);
  assert.equal(batch.calls.length, 1);
  assert.equal(batch.calls[0]?.split('\n').length, 10);
  const old = tool({ exitCode: 2 });
  await forgetFlows(old.run, probes);
  assert.equal(old.calls.filter((call) => call.startsWith('-D')).length, 9);
});
