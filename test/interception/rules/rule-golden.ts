/** Policies with golden files. */
import { diffRulesets } from '../../../src/interception/rules/diff.ts';
import { compileIptables } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import { printIptablesOperations } from '../../../src/interception/rules/iptables/print-operations.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import { printNftRuleset } from '../../../src/interception/rules/nft/print-ruleset.ts';
import type { InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import { ALL_TRAFFIC, appOf, policyOf } from './apps.ts';

const PAYMENT = appOf('payment', {
  outbound: {
    ports: [{ from: 20_880, to: 20_880 }],
    cidrs: [],
    exclude: { ports: [{ from: 9092, to: 9092 }], cidrs: [{ family: 4, text: '10.0.0.0/8' }] },
  },
});

/** Policies whose rules are worth reading, by the name of their golden file. */
export const GOLDEN_POLICIES: Readonly<Record<string, InterceptPolicy>> = {
  'one-user': policyOf(PAYMENT),
  'both-directions-ipv4-only': policyOf(
    appOf('web', {
      inbound: {
        ...ALL_TRAFFIC,
        ports: [
          { from: 80, to: 80 },
          { from: 8000, to: 8009 },
        ],
      },
      families: { ipv4: true, ipv6: false },
    }),
  ),
  'slices-and-everybody': policyOf(
    appOf('batch', { select: { kind: 'slice', path: 'batch.slice' } }),
    appOf('night', { slot: 2, select: { kind: 'slice', path: 'batch.slice/night.service' } }),
    appOf('rest', { slot: 3, select: { kind: 'all' }, outboundPort: 15_011 }),
  ),
  'networks-and-unconfirmed': {
    ...policyOf(
      appOf('payment', {
        select: { kind: 'group', gid: 2001 },
        outbound: {
          ports: [{ from: 443, to: 443 }],
          cidrs: [
            { family: 4, text: '192.0.2.0/24' },
            { family: 4, text: '198.51.100.0/24' },
            { family: 6, text: '2001:db8::/32' },
          ],
          exclude: { ports: [], cidrs: [] },
        },
        deadline: { timeoutMs: 60_000, epochSeconds: 1_893_456_000 },
      }),
    ),
    sshPeers: [{ family: 4, text: '203.0.113.7/32' }],
  },
  'keeper-alone': policyOf(),
};

/** Where the golden file of a policy is. */
export function ruleGoldenUrl(name: string): URL {
  return new URL(`../../fixtures/rules/${name}.golden`, import.meta.url);
}

/** The whole state of all back ends under a policy. */
export function ruleGoldenText(policy: InterceptPolicy): string {
  const iptables = ([4, 6] as const).map((family) => {
    const wanted = compileIptables(policy, { family, madeTable: false });
    const operations = diffRulesets({ scope: wanted.scope, tables: [] }, wanted);
    return `## ${wanted.scope === 'ip' ? 'iptables' : 'ip6tables'}-restore --noflush\n${printIptablesOperations(operations)}`;
  });
  return [`## nft list ruleset\n${printNftRuleset(compileNft(policy))}`, ...iptables].join('\n');
}
