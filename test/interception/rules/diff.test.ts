/** Differences between rulesets, and their undo. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffRulesets, rulesetChange } from '../../../src/interception/rules/diff.ts';
import { compileIptables } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import type { SwitchClearing } from '../../../src/interception/rules/keep-switches.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import { switchOffOperations } from '../../../src/interception/rules/off-switches.ts';
import type { Operation } from '../../../src/interception/rules/operations.ts';
import type { InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { MapElement, Ruleset, RulesetScope } from '../../../src/interception/rules/ruleset.ts';
import { arbitraryPolicy } from '../../fakes/arbitrary-policy.ts';
import { FakeFirewall } from '../../fakes/fake-firewall.ts';
import { appOf, policyOf } from './apps.ts';
import { arbitraryIptablesRuleset, arbitraryNftRuleset } from './arbitrary-ruleset.ts';
import { rulesetLines } from './ruleset-text.ts';

const EXACT: SwitchClearing = { clearSwitches: 'all' };
const LOWERINGS = [
  ['nft', compileNft],
  ['iptables', (policy: InterceptPolicy) => compileIptables(policy, { family: 4, madeTable: true })],
] as const;

/** What a firewall holds after transactions on an empty one; a step that a kernel would refuse throws. */
async function commitAll(scope: RulesetScope, ...transactions: readonly (readonly Operation[])[]): Promise<Ruleset> {
  const firewall = new FakeFirewall(scope === 'inet' ? 'nft' : 'iptables-nft', () => 0);
  for (const operations of transactions) await firewall.commit([{ scope, operations, undo: [] }]);
  const { rulesets } = await firewall.read();
  return rulesets.find((ruleset) => ruleset.scope === scope) ?? { scope, tables: [] };
}

function empty(scope: RulesetScope): Ruleset {
  return { scope, tables: [] };
}

for (const [name, scope, arbitrary] of [
  ['nft', 'inet', arbitraryNftRuleset({ cgroups: ['a.slice', 'a.slice/b.service', 'c\\x2dd.slice'] })],
  ['iptables', 'ip', arbitraryIptablesRuleset('ip')],
  ['ip6tables', 'ip6', arbitraryIptablesRuleset('ip6')],
] as const) {
  test(`${name}: the difference turns any ruleset into any other, and its undo turns it back`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, arbitrary, async (a, b) => {
        const install = diffRulesets(empty(scope), a, EXACT);
        const change = rulesetChange(a, b, EXACT);
        assert.deepEqual(rulesetLines(await commitAll(scope, install, change.operations)), rulesetLines(b));
        const undone = await commitAll(scope, install, change.operations, change.undo);
        assert.deepEqual(rulesetLines(undone), rulesetLines(a));
      }),
      { numRuns: 150 },
    );
  });

  test(`${name}: a ruleset does not differ from itself`, () => {
    fc.assert(fc.property(arbitrary, (a) => assert.deepEqual(diffRulesets(a, structuredClone(a), EXACT), [])));
  });
}

test('a policy always compiles to the same rules', () => {
  fc.assert(
    fc.property(arbitraryPolicy, (policy) => {
      for (const [, compile] of LOWERINGS) {
        assert.deepEqual(compile(structuredClone(policy)), compile(policy));
        const shuffled = { ...policy, apps: policy.apps.toReversed() };
        assert.deepEqual(rulesetLines(compileNft(shuffled)), rulesetLines(compileNft(policy)));
      }
    }),
  );
});

test('counted packets and time that is left are no difference', () => {
  const wanted = compileNft(
    policyOf(appOf('payment', { deadline: { timeoutMs: 60_500, epochSeconds: 1_900_000_000 } })),
  );
  const found = mapElements(wanted, (element) =>
    element.timeoutMs === null ? element : { ...element, timeoutMs: 60_000, expiresMs: 17_000 },
  );
  assert.deepEqual(diffRulesets(found, wanted), []);
});

test('an element that changes goes and comes in the same transaction, all others stay', () => {
  const both = policyOf(appOf('payment'), appOf('web', { slot: 2, select: { kind: 'users', uids: [2001] } }));
  const changed = {
    ...both,
    apps: both.apps.map((app) =>
      app.name === 'web' ? { ...app, deadline: { timeoutMs: 5000, epochSeconds: 1 } } : app,
    ),
  };
  const operations = diffRulesets(compileNft(both), compileNft(changed));
  assert.deepEqual(
    operations.map((one) => [one.op, 'map' in one ? one.map : null]),
    [
      ['delete-element', 'out_uid_app'],
      ['add-element', 'out_uid_app'],
    ],
  );
  assert.ok(operations.every((one) => ('key' in one ? one.key === 2001 : true)));
});

test('nft: the switch and the lease of an application that stays are kept, also when its rules change', () => {
  const installed = withSwitches(compileNft(policyOf(appOf('payment'))), [
    ['off', 0x57000110, 'payment'],
    ['bypass', 0x57000110, 'payment'],
    ['lease', 0x57000110, null],
  ]);
  const wanted = compileNft(policyOf(appOf('payment', { outboundPort: 15_999 })));
  const operations = diffRulesets(installed, wanted);
  assert.ok(operations.length > 0);
  assert.deepEqual(setsTouched(operations), []);
});

test('nft: a switch goes with its application, and when its mark was given to another one', () => {
  const installed = withSwitches(compileNft(policyOf(appOf('payment'), appOf('web', { slot: 2 }))), [
    ['off', 0x57000110, 'payment'],
    ['bypass', 0x57000210, 'web'],
    ['off', 0x57000910, 'long-gone'],
  ]);
  const wanted = compileNft(policyOf(appOf('other')));
  assert.deepEqual(setsTouched(diffRulesets(installed, wanted)), [
    'bypass 1459618320',
    'off 1459618064',
    'off 1459620112',
  ]);
});

test('nft: only the switches of the applications and causes that are named are cleared', () => {
  const policy = policyOf(appOf('payment'), appOf('web', { slot: 2, select: { kind: 'users', uids: [2001] } }));
  const installed = withSwitches(compileNft(policy), [
    ['off', 0x57000110, 'payment'],
    ['bypass', 0x57000110, 'payment'],
    ['off', 0x57000210, 'web'],
  ]);
  const wanted = compileNft(policy);
  assert.deepEqual(setsTouched(diffRulesets(installed, wanted, { clearSwitches: ['payment'] })), [
    'bypass 1459618064',
    'off 1459618064',
  ]);
  assert.deepEqual(
    setsTouched(diffRulesets(installed, wanted, { clearSwitches: ['payment'], clearCauses: ['bypass'] })),
    ['bypass 1459618064'],
  );
});

test('iptables: a chain that has only got a switch is not touched', () => {
  const wanted = compileIptables(policyOf(appOf('payment'), appOf('web', { slot: 2 })), {
    family: 4,
    madeTable: false,
  });
  const installed = withHeads(wanted, 'payment', ['off.sh', 'off.sh', 'bypass']);
  assert.deepEqual(diffRulesets(installed, wanted), []);
  assert.deepEqual(diffRulesets(installed, wanted, { clearSwitches: ['web'] }), []);
});

test('iptables: a chain that is refilled gets the switches back that were not cleared', () => {
  const policy = policyOf(appOf('payment'));
  const old = compileIptables(policy, { family: 4, madeTable: false });
  const wanted = compileIptables(policyOf(appOf('payment', { outboundPort: 15_999 })), { family: 4, madeTable: false });
  const installed = withHeads(old, 'payment', ['operator', 'bypass']);
  const heads = (clearing: SwitchClearing) =>
    diffRulesets(installed, wanted, clearing).flatMap((one) =>
      one.op === 'add-rule' && one.rule.kind === 'known' && one.rule.tag?.by ? [one.rule.tag.by] : [],
    );
  assert.deepEqual(heads({}), ['bypass', 'operator']);
  assert.deepEqual(heads({ clearSwitches: ['payment'], clearCauses: ['bypass'] }), ['operator']);
  assert.deepEqual(heads({ clearSwitches: ['payment'] }), []);
});

test('a roll-back to rules with a switch puts the switch back', async () => {
  for (const [, compile] of LOWERINGS) {
    const wanted = compile(policyOf(appOf('payment')));
    const install = diffRulesets(empty(wanted.scope), wanted);
    const before = await commitAll(wanted.scope, install, switchOffOperations(wanted, 'all', 'operator'));
    const on = diffRulesets(before, wanted, { clearSwitches: ['payment'] });
    const after = await commitAll(wanted.scope, diffRulesets(empty(wanted.scope), before, EXACT), on);
    assert.deepEqual(rulesetLines(after), rulesetLines(wanted));
    const back = await commitAll(wanted.scope, install, diffRulesets(after, before));
    assert.deepEqual(rulesetLines(back), rulesetLines(before));
  }
});

test('iptables: a jump that another program pushed down is moved up, and nothing else is done', () => {
  const wanted = compileIptables(policyOf(appOf('payment')), { family: 4, madeTable: false });
  const pushed = mapChains(wanted, (chain) =>
    chain.hook === null ? chain : { ...chain, hook: { ...chain.hook, position: 3 } },
  );
  assert.deepEqual(
    diffRulesets(pushed, wanted).map((one) => [one.op, 'chain' in one ? one.chain : null]),
    [['move-hook', 'WEIR_OUTPUT']],
    'the keeper may stand anywhere, and what comes in is looked at after everybody else',
  );
});

test('iptables: a chain whose jump was removed gets it back', async () => {
  const wanted = compileIptables(policyOf(appOf('payment')), { family: 4, madeTable: false });
  const found = mapChains(wanted, (chain) => ({ ...chain, hook: null }));
  const install = diffRulesets(empty('ip'), found, EXACT);
  assert.deepEqual(rulesetLines(await commitAll('ip', install, diffRulesets(found, wanted))), rulesetLines(wanted));
});

test('nft: a map with an element that nft cannot delete is made anew', () => {
  const port = (from: number) => compileNft(policyOf(appOf('web', { outbound: null, inbound: inboundAt(from) })));
  const operations = diffRulesets(port(65_535), port(80));
  assert.ok(operations.some((one) => one.op === 'delete-map' && one.map === 'in_port_app'));
  assert.ok(!diffRulesets(port(81), port(80)).some((one) => one.op === 'delete-map'));
  const sliced = (path: string) => compileNft(policyOf(appOf('web', { select: { kind: 'slice', path } })));
  const stale = diffRulesets(sliced('4711'), sliced('web.slice'));
  assert.ok(stale.some((one) => one.op === 'delete-map' && one.map === 'out_cgroup1_app'));
  assert.ok(!stale.some((one) => one.op === 'delete-element' && one.map.startsWith('out_cgroup')));
});

function inboundAt(from: number) {
  return { ports: [{ from, to: from }], cidrs: [], exclude: { ports: [], cidrs: [] } };
}

/** Elements of switch sets that operations add or delete, sorted: `off 1459618064`. */
function setsTouched(operations: readonly Operation[]): string[] {
  return operations
    .flatMap((one) => {
      if (one.op === 'delete-element') return [`${one.map} ${one.key}`];
      return one.op === 'add-element' ? [`${one.map} ${one.element.key}`] : [];
    })
    .filter((text) => /^(off|bypass|lease) /.test(text))
    .sort();
}

function withSwitches(ruleset: Ruleset, switches: readonly [string, number, string | null][]): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      maps: table.maps.map((map) => {
        const added = switches.filter(([set]) => set === map.name);
        const by = map.name === 'bypass' ? ('bypass' as const) : ('operator' as const);
        const elements = added.map(
          ([set, key, app]): MapElement => ({
            key,
            value: null,
            timeoutMs: set === 'lease' ? 3000 : null,
            tag: app === null ? null : { app, hash: null, by },
          }),
        );
        return { ...map, elements: [...map.elements, ...elements] };
      }),
    })),
  };
}

function withHeads(ruleset: Ruleset, app: string, causes: readonly ('operator' | 'off.sh' | 'bypass')[]): Ruleset {
  const heads = causes.map((by) => ({
    kind: 'known' as const,
    matches: [],
    actions: [],
    verdict: { to: 'return' as const },
    counter: true,
    packets: 7,
    tag: { app, hash: null, by },
  }));
  return mapChains(ruleset, (chain) =>
    chain.name === 'WEIR_O_0001' ? { ...chain, rules: [...heads.toReversed(), ...chain.rules] } : chain,
  );
}

type ChainOf = Ruleset['tables'][number]['chains'][number];

function mapChains(ruleset: Ruleset, change: (chain: ChainOf) => ChainOf): Ruleset {
  return { ...ruleset, tables: ruleset.tables.map((table) => ({ ...table, chains: table.chains.map(change) })) };
}

function mapElements(ruleset: Ruleset, change: (element: MapElement) => MapElement): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) => ({ ...map, elements: map.elements.map(change) })),
  }));
  return { ...ruleset, tables };
}
