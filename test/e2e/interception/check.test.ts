/** `weir check` on real hosts, good and bad. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { CheckFinding } from '../../../src/readiness/check-finding.ts';
import { WEIR_BIN } from '../../run-weir.ts';
import { WITHOUT_RIGHTS } from '../lab/without-rights.ts';
import { type Stage, setStage } from './stage.ts';

// Rules as these programs write them, cut down to a few.
const ISTIO = `*nat
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`;
const DOCKER = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
COMMIT
`;
const FIREWALLD = `table inet firewalld {
	chain nat_PREROUTING { type nat hook prerouting priority -90; policy accept; }
	chain filter_INPUT { type filter hook input priority 10; policy accept; ct state established,related accept; }
}
`;

test('a host in order is ready, and looking changes nothing in its firewall', async (context) => {
  const stage = await setStage('check-good', { test: context });
  const before = await everything(stage);
  const { code, json } = await stage.weir.json(['check']);
  assert.deepEqual(json.result.counts.error, 0, JSON.stringify(json.result));
  assert.equal(code, 0);
  const found = findingsOf(json.result);
  for (const what of ['main is ready', 'main (outbound, port 15001): answers on IPv4 and IPv6']) {
    assert.equal(found.find((one) => one.what === what)?.result, 'ok', what);
  }
  assert.equal(await everything(stage), before);
});

test('beside another mesh weir will refuse, beside firewalls it says what that means', async (context) => {
  const stage = await setStage('check-foreign', { test: context });
  const { client } = stage.lab;
  await client.sh('iptables-nft-restore --noflush', DOCKER);
  await client.sh('nft -f -', FIREWALLD);
  const firewalls = await stage.weir.json(['check', 'foreign']);
  assert.equal(firewalls.code, 0);
  const named = findingsOf(firewalls.json.result).map(({ result, what }) => `${result} ${what.split(':')[0]}`);
  assert.deepEqual(named.toSorted(), ['ok docker is here', 'ok firewalld is here', 'ok no other mesh redirects here']);
  await client.sh('iptables-legacy-restore --noflush', ISTIO);
  const before = await everything(stage);
  const { code, json } = await stage.weir.json(['check', 'foreign', 'backend']);
  assert.equal(code, 1);
  const bad = findingsOf(json.result).filter(({ result }) => result !== 'ok');
  assert.deepEqual(
    bad.map(({ result, what }) => [result, what]),
    [
      ['warning', 'nat rules are both in nft and in iptables-legacy'],
      ['error', 'istio redirects here: `weir on` will refuse'],
    ],
  );
  assert.match(bad[1]?.evidence ?? '', /ISTIO_OUTPUT in ip nat \(iptables-legacy\)/);
  assert.equal(await everything(stage), before);
});

test('a sidecar on one family, a frozen one and a dead one are told apart', async (context) => {
  const stage = await setStage('check-sidecar', { test: context, sidecar: { families: [4] } });
  const one = await stage.weir.json(['check', 'sidecar']);
  assert.equal(one.code, 0);
  assert.match(warnings(one.json.result), /not on IPv6: IPv6 connections will stay direct/);
  stage.sidecar.process.signal('SIGSTOP');
  const frozen = await stage.weir.json(['check', 'sidecar']);
  assert.equal(frozen.code, 1);
  assert.equal(frozen.json.result.counts.timeout, 1);
  await stage.sidecar.process.stop();
  const dead = await stage.weir.json(['check', 'sidecar']);
  assert.equal(dead.code, 1);
  assert.match(warnings(dead.json.result), /main does not run/);
  assert.doesNotMatch(warnings(dead.json.result), /port 15001\): nobody listens/);
});

test('rules without memory, memory without rules: leftovers say which, and uninstall ends it', async (context) => {
  const stage = await setStage('check-left', { test: context });
  const look = async (): Promise<string> => warnings((await stage.weir.json(['check', 'leftovers'])).json.result);
  await stage.weir.run(['on', 'payment']);
  assert.equal(await look(), '');
  await stage.lab.client.sh('nft flush ruleset');
  assert.match(await look(), /payment should be on, and the kernel has no rules for it/);
  await stage.weir.run(['on', 'payment']);
  rmSync(stage.weir.stateDir, { recursive: true });
  assert.match(await look(), /error rules for payment, which weir does not remember/);
  assert.equal((await stage.weir.run(['uninstall', '--existing', 'cut'])).code, 0);
  assert.equal(await look(), '');
});

test('a process without capabilities says what it cannot see', async (context) => {
  const stage = await setStage('check-rights', { test: context });
  const argv = [...WITHOUT_RIGHTS, process.execPath, WEIR_BIN, 'check', '--json'];
  const dirs = ['--run-dir', stage.weir.runDir, '--state-dir', stage.weir.stateDir, '--config', stage.weir.config];
  const checking = stage.lab.start(stage.lab.client, [...argv, ...dirs]);
  const { code } = await checking.ended;
  assert.equal(code, 1);
  const { result } = JSON.parse(checking.output());
  const all = findingsOf(result);
  assert.ok(all.some(({ what }) => what === 'root here may not change firewall rules and look at connections'));
  assert.ok(all.filter(({ result: one, what }) => one === 'skipped' && /without root/.test(what)).length >= 5);
});

function findingsOf(result: { categories: { checks: CheckFinding[] }[] }): CheckFinding[] {
  return result.categories.flatMap(({ checks }) => checks);
}

function warnings(result: { categories: { checks: CheckFinding[] }[] }): string {
  const bad = findingsOf(result).filter((one) => one.result !== 'ok');
  return bad.map((one) => `${one.result} ${one.what}`).join('\n');
}

/** All rules, and the legacy tables that exist: asking for one of them makes it. */
async function everything(stage: Stage): Promise<string> {
  const { client } = stage.lab;
  const tables = await client.sh('cat /proc/net/ip_tables_names /proc/net/ip6_tables_names');
  const rules = await client.sh('nft -s list ruleset');
  return `${tables.stdout}\n${rules.stdout}`;
}
