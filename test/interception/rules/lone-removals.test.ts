/** Removals that leave all other rules as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rulesetChange } from '../../../src/interception/rules/diff.ts';
import { loneRemovals } from '../../../src/interception/rules/lone-removals.ts';
import { encodeMark } from '../../../src/interception/rules/mark.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import type { InterceptedApp, InterceptPolicy, ResolvedSelector } from '../../../src/interception/rules/policy.ts';
import type { MapElement, Ruleset } from '../../../src/interception/rules/ruleset.ts';
import type { OffCause } from '../../../src/interception/rules/tag.ts';
import { ALL_TRAFFIC, appOf, policyOf } from './apps.ts';

const select = (...uids: number[]): ResolvedSelector => ({ kind: 'users', uids });
const payment = appOf('payment', { slot: 1, select: select(1001) });
const report = appOf('report', { slot: 2, select: select(1002, 1003) });
const billing = appOf('billing', { slot: 3, select: select(1004), outboundPort: 15_002 });

/** Some applications of few forms, so that many share a chain. */
const policies = fc
  .array(
    fc.record({
      outboundPort: fc.constantFrom(15_001, 15_001, 15_002),
      leaseSeconds: fc.constantFrom(null, null, 5),
      accounts: fc.constantFrom(1, 1, 2),
      kind: fc.constantFrom('users' as const, 'users' as const, 'group' as const),
      inbound: fc.constantFrom(null, null, ALL_TRAFFIC, { ...ALL_TRAFFIC, ports: [{ from: 7000, to: 7001 }] }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((forms): InterceptPolicy => {
    const apps = forms.map(({ accounts, kind, inbound, ...parts }, index): InterceptedApp => {
      const id = 2000 + 10 * index;
      const selector = kind === 'group' ? { kind, gid: id } : select(...[id, id + 1].slice(0, accounts));
      const scope = inbound === null || index > 1 ? null : { ...inbound, ports: inbound.ports.map(shifted(index)) };
      return appOf(`app${index}`, { slot: index + 1, select: selector, inbound: scope, ...parts });
    });
    return policyOf(...apps);
  });

test('what is deleted is what the difference of both whole rulesets deletes, switches included', () => {
  let alone = 0;
  const causes = fc.constantFrom<OffCause>('operator', 'off.sh', 'bypass');
  fc.assert(
    fc.property(policies, fc.nat(), causes, (policy, pick, cause) => {
      const app = policy.apps[pick % policy.apps.length];
      if (app === undefined) return;
      const found = withSwitch(compileNft(policy), app, cause);
      const operations = loneRemovals(found, [app.name]);
      if (operations === null) return;
      alone += 1;
      const wanted = compileNft({ ...policy, apps: policy.apps.filter((one) => one !== app) });
      const change = rulesetChange(found, wanted, { clearSwitches: [app.name] });
      assert.deepEqual(texts(operations), texts(change.operations));
    }),
    { numRuns: 300 },
  );
  assert.ok(alone > 30, `${alone} of the cases had nothing but elements to delete`);
});

test('the switches of the others stay, and so do their elements', () => {
  const found = withSwitch(withSwitch(compileNft(policyOf(payment, report)), payment, 'operator'), report, 'off.sh');
  const keys = loneRemovals(found, ['payment'])?.map((one) => (one.op === 'delete-element' ? one.key : one.op));
  const mark = encodeMark({ slot: 1, direction: 'outbound' });
  assert.deepEqual(keys, [1001, 1001, mark]);
});

test('where a chain, a map or the table loses its last application, the whole is compared', () => {
  const cases: Record<string, [Ruleset, string[]]> = {
    'the last application': [compileNft(policyOf(payment)), ['payment']],
    'all of them': [compileNft(policyOf(payment, report)), ['payment', 'report']],
    'the last of its chain': [compileNft(policyOf(payment, report, billing)), ['billing']],
    'one without rules': [compileNft(policyOf(payment, report)), ['billing']],
    'inbound ports': [
      compileNft(
        policyOf(
          { ...payment, inbound: { ...ALL_TRAFFIC, ports: [{ from: 80, to: 80 }] } },
          { ...report, inbound: { ...ALL_TRAFFIC, ports: [{ from: 81, to: 81 }] } },
        ),
      ),
      ['payment'],
    ],
    'transparent proxying beside it': [
      compileNft(policyOf(payment, report, { ...billing, mode: 'tproxy' })),
      ['payment'],
    ],
    'half of its entries gone': [withoutEntry(compileNft(policyOf(payment, report)), 1001), ['payment']],
    'another back end': [{ scope: 'ip', tables: [] }, ['payment']],
  };
  for (const [name, [ruleset, apps]] of Object.entries(cases)) assert.equal(loneRemovals(ruleset, apps), null, name);
});

function shifted(index: number): (range: { from: number; to: number }) => { from: number; to: number } {
  return ({ from, to }) => ({ from: from + 10 * index, to: to + 10 * index });
}

/** The rules without the entry of an account in the map that leads to its chain. */
function withoutEntry(ruleset: Ruleset, key: number): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) =>
      map.value === 'verdict' ? { ...map, elements: map.elements.filter((one) => one.key !== key) } : map,
    ),
  }));
  return { ...ruleset, tables };
}

/** The rules with a switch of an application, in the set that its cause belongs to. */
function withSwitch(ruleset: Ruleset, { name, slot }: InterceptedApp, by: OffCause): Ruleset {
  const key = encodeMark({ slot, direction: 'outbound' });
  const element: MapElement = { key, value: null, timeoutMs: null, tag: { app: name, hash: null, by } };
  const set = by === 'bypass' ? 'bypass' : 'off';
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) => (map.name === set ? { ...map, elements: [...map.elements, element] } : map)),
  }));
  return { ...ruleset, tables };
}

function texts(operations: readonly unknown[]): string[] {
  return operations.map((one) => JSON.stringify(one)).sort();
}
