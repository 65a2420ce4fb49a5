/** The nft back end on a real kernel. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { WeirError } from '../../src/errors/weir-error.ts';
import { createNftFirewall } from '../../src/interception/adapters/firewall/nft.ts';
import { diffRulesets, rulesetChange } from '../../src/interception/rules/diff.ts';
import { compileNft } from '../../src/interception/rules/nft/compile-nft.ts';
import { printNftRuleset } from '../../src/interception/rules/nft/print-ruleset.ts';
import { describeInstalled, switchOffOperations } from '../../src/interception/rules/off-switches.ts';
import type { Ruleset } from '../../src/interception/rules/ruleset.ts';
import { cgroupMount } from '../../src/platform/cgroups.ts';
import { ALL_TRAFFIC, appOf, policyOf } from '../interception/rules/apps.ts';
import { arbitraryNftRuleset } from '../interception/rules/arbitrary-ruleset.ts';
import { rulesetLines } from '../interception/rules/ruleset-text.ts';
import { makeNamespace } from './lab/network-namespace.ts';

const EMPTY: Ruleset = { scope: 'inet', tables: [] };
const EXACT = { clearSwitches: 'all' } as const;

const namespace = await makeNamespace('nft');
after(() => namespace.remove());
const firewall = createNftFirewall(namespace.tool);

async function read(): Promise<Ruleset> {
  const { rulesets } = await firewall.read();
  return rulesets[0] ?? EMPTY;
}

/** Makes the kernel hold exactly these rules, from whatever it holds. */
async function become(wanted: Ruleset): Promise<void> {
  await firewall.commit([rulesetChange(await read(), wanted, EXACT)]);
}

const mount = (await cgroupMount()) ?? '/sys/fs/cgroup';
const CGROUPS = ['a.slice', 'a.slice/b.service', 'c\\x2dd.slice'].map((path) => `weir-nft-${process.pid}-${path}`);

test('the kernel takes any ruleset from any other, and lists it as it was written', async () => {
  for (const path of CGROUPS) mkdirSync(`${mount}/${path}`);
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryNftRuleset({ cgroups: CGROUPS }), { minLength: 6, maxLength: 6 }),
        async (steps) => {
          await become(EMPTY);
          for (const wanted of steps) {
            await become(wanted);
            assert.deepEqual(rulesetLines(await read()), rulesetLines(wanted));
          }
        },
      ),
      { numRuns: 6, interruptAfterTimeLimit: 60_000 },
    );
    await become(EMPTY);
  } finally {
    for (const path of CGROUPS.toReversed()) rmdirSync(`${mount}/${path}`);
  }
});

test('the readable text of a ruleset is one that nft takes', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryNftRuleset({ cgroups: [] }), async (wanted) => {
      await become(EMPTY);
      await namespace.sh('nft -f -', printNftRuleset(wanted));
      assert.deepEqual(rulesetLines(await read()), rulesetLines(wanted));
    }),
    { numRuns: 5, interruptAfterTimeLimit: 30_000 },
  );
  await become(EMPTY);
});

test('what is not there reads as no tables, and foreign tables are neither read nor touched', async () => {
  await namespace.sh('nft -f -', 'table inet other {\n chain weir {\n  accept\n }\n}\n');
  assert.deepEqual(await firewall.read(), { rulesets: [EMPTY], tableExists: new Map([['inet', false]]) });
  await become(compileNft(policyOf(appOf('payment'))));
  assert.equal((await firewall.read()).tableExists.get('inet'), true);
  await become(EMPTY);
  const { stdout } = await namespace.sh('nft list ruleset');
  assert.equal(stdout, 'table inet other {\n\tchain weir {\n\t\taccept\n\t}\n}\n');
  await namespace.sh('nft delete table inet other');
});

test('an element that nft cannot delete goes all the same', async () => {
  const web = (from: number) =>
    compileNft(policyOf(appOf('web', { outbound: null, inbound: { ...ALL_TRAFFIC, ports: [{ from, to: from }] } })));
  await become(web(65_535));
  await become(web(80));
  assert.deepEqual(rulesetLines(await read()), rulesetLines(web(80)));
  await become(EMPTY);
});

test('the element of a cgroup that was removed and made again is renewed', async () => {
  const path = `weir-nft-${process.pid}.slice`;
  const wanted = compileNft(policyOf(appOf('batch', { select: { kind: 'slice', path } })));
  mkdirSync(`${mount}/${path}`);
  try {
    await become(wanted);
    assert.deepEqual(rulesetLines(await read()), rulesetLines(wanted));
    rmdirSync(`${mount}/${path}`);
    const [stale] = describeInstalled([await read()]);
    assert.equal(stale?.app, 'batch');
    mkdirSync(`${mount}/${path}`);
    assert.notDeepEqual(rulesetLines(await read()), rulesetLines(wanted));
    await become(wanted);
    assert.deepEqual(rulesetLines(await read()), rulesetLines(wanted));
  } finally {
    rmdirSync(`${mount}/${path}`);
  }
  await become(EMPTY);
});

test('rules and chains that somebody changed are put right', async () => {
  const wanted = compileNft(policyOf(appOf('payment')));
  for (const tampering of [
    'insert rule inet weir output accept',
    'flush chain inet weir output',
    'add rule inet weir output tcp dport 53 drop comment "mine"',
    'add chain inet weir extra\nadd rule inet weir extra counter',
    'add set inet weir addresses { type ipv4_addr; }',
    'delete element inet weir out_uid_mark { 1001 }',
    'flush map inet weir out_uid_app\nadd element inet weir out_uid_app { 1001 : drop }',
    'flush chain inet weir output\ndelete chain inet weir output\nadd chain inet weir output',
    'add chain inet weir output { type nat hook output priority -101; policy drop; }',
    'flush chain inet weir output\ndelete chain inet weir output\nadd chain inet weir output { type filter hook input priority 5; }',
    'delete table inet weir_keep',
    'flush ruleset',
  ]) {
    await become(wanted);
    await namespace.sh('nft -f -', `${tampering}\n`);
    const found = await read();
    const isNoDifference = tampering.includes('ipv4_addr');
    assert.equal(diffRulesets(found, wanted).length === 0, isNoDifference, tampering);
    await become(wanted);
    assert.deepEqual(rulesetLines(await read()), rulesetLines(wanted), tampering);
  }
  await become(EMPTY);
});

test('a timeout is read with the time that is left, and renewed in one transaction', async () => {
  const unconfirmed = (timeoutMs: number) =>
    compileNft(policyOf(appOf('payment', { deadline: { timeoutMs, epochSeconds: 1_900_000_000 } })));
  await become(unconfirmed(60_000));
  const left = describeInstalled([await read()])[0]?.expiresMs ?? 0;
  assert.ok(left > 50_000 && left <= 60_000, `${left} ms`);
  await become(unconfirmed(90_000));
  assert.ok((describeInstalled([await read()])[0]?.expiresMs ?? 0) > 80_000);
  await become(compileNft(policyOf(appOf('payment'))));
  assert.equal(describeInstalled([await read()])[0]?.expiresMs, null);
  await become(EMPTY);
});

test('the fast path is one element, and adding it again is no error', async () => {
  const wanted = compileNft(policyOf(appOf('payment')));
  await become(wanted);
  const operations = switchOffOperations(wanted, ['payment'], 'operator');
  for (let time = 0; time < 2; time += 1) await firewall.commit([{ scope: 'inet', operations, undo: [] }]);
  assert.deepEqual(describeInstalled([await read()])[0]?.off, ['operator']);
  assert.deepEqual(diffRulesets(await read(), wanted), []);
  await become(EMPTY);
});

test('a refused transaction leaves nothing behind, and the error says what nft said', async () => {
  const bad = diffRulesets(
    EMPTY,
    compileNft(policyOf(appOf('batch', { select: { kind: 'slice', path: 'no-such.slice' } }))),
  );
  for (const attempt of [firewall.commit, firewall.test]) {
    await assert.rejects(
      attempt([{ scope: 'inet', operations: bad, undo: [] }]),
      (error) => error instanceof WeirError && error.code === 'WEIR3020' && /cgroupv2 path/.test(error.why),
    );
  }
  assert.deepEqual(await read(), EMPTY);
});

test('a test changes nothing', async () => {
  await firewall.test([rulesetChange(EMPTY, compileNft(policyOf(appOf('payment'))))]);
  assert.deepEqual(await read(), EMPTY);
});

test('without rights reading and writing say so', async () => {
  const nobody = createNftFirewall((argv, options) =>
    namespace.tool(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...argv], options),
  );
  await assert.rejects(nobody.read(), (error) => error instanceof WeirError && /root|CAP_NET_ADMIN/.test(error.hint));
  const change = rulesetChange(EMPTY, compileNft(policyOf(appOf('payment'))));
  await assert.rejects(nobody.commit([change]), (error) => error instanceof WeirError && error.code === 'WEIR3020');
});
