/** A list in a condition is never empty: tools refuse one, or take it for everything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileIptables } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import type { InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { Match, Ruleset } from '../../../src/interception/rules/ruleset.ts';
import { arbitraryPolicy } from '../../fakes/arbitrary-policy.ts';
import { appOf, policyOf } from './apps.ts';

function emptyLists({ tables }: Ruleset): string[] {
  const rules = tables.flatMap(({ chains }) => chains).flatMap((chain) => chain.rules);
  const matches = rules.flatMap((rule): readonly Match[] => (rule.kind === 'known' ? rule.matches : []));
  return matches
    .filter((match) => Object.values(match).some((part) => Array.isArray(part) && part.length === 0))
    .map(({ on }) => on);
}

const compiled = (policy: InterceptPolicy): Ruleset[] => [
  compileNft(policy),
  ...([4, 6] as const).map((family) => compileIptables(policy, { family, madeTable: false })),
];

test('a policy that guards nobody and excludes nothing has no empty condition', () => {
  const policy = {
    ...policyOf(appOf('payment'), appOf('report', { slot: 2 })),
    guard: { uids: [], gids: [] },
    reservedPorts: [],
  };
  for (const open of [policy, { ...policy, sshPorts: [] }]) {
    for (const ruleset of compiled(open)) assert.deepEqual(emptyLists(ruleset), []);
  }
});

test('no policy has an empty condition', () => {
  fc.assert(
    fc.property(arbitraryPolicy, (policy) => {
      for (const ruleset of compiled(policy)) assert.deepEqual(emptyLists(ruleset), []);
    }),
    { numRuns: 50 },
  );
});
