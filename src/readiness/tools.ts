/** The checks of `weir check tools`. */
import { type Check, type CheckFinding, type CheckResult, finding } from './check-finding.ts';
import type { ToolFact } from './ports.ts';

/** A program, what weir does with it, and the Debian package that holds it. */
interface NeededTool {
  readonly name: string;
  readonly use: string;
  readonly inPackage: string;
}

/** One of these is enough. */
const FIREWALL_TOOLS: readonly NeededTool[] = [
  { name: 'nft', use: 'holds the rules (preferred)', inPackage: 'nftables' },
  { name: 'iptables-nft', use: 'holds the rules', inPackage: 'iptables' },
  { name: 'iptables-legacy', use: 'holds the rules on old hosts', inPackage: 'iptables' },
];

/** Without a needed one a command of weir fails half-way; the others serve a single flag. */
const OTHER_TOOLS: readonly (NeededTool & { readonly isNeeded: boolean })[] = [
  { name: 'conntrack', use: 'counts, drains and cuts proxied connections', inPackage: 'conntrack', isNeeded: true },
  { name: 'ss', use: 'lists the sockets of applications and sidecars', inPackage: 'iproute2', isNeeded: true },
  { name: 'ip', use: 'finds routes for the proof', inPackage: 'iproute2', isNeeded: true },
  {
    name: 'setpriv',
    use: 'acts as the account of an application in the proof',
    inPackage: 'util-linux',
    isNeeded: true,
  },
  { name: 'flock', use: 'lets one command at a time change the rules', inPackage: 'util-linux', isNeeded: true },
  {
    name: 'perl',
    use: 'lets an upgrade of a sidecar end the old Envoy as soon as it is drained',
    inPackage: 'perl-base',
    isNeeded: false,
  },
  { name: 'nsenter', use: 'enters the namespace of --netns', inPackage: 'util-linux', isNeeded: false },
];

const WHY = 'weir calls the programs of the system and cannot work without them';

/** The programs that weir calls. */
export const TOOL_CHECKS: readonly Check[] = [
  {
    about: 'a firewall tool',
    why: WHY,
    async run(host) {
      const found = await host.facts.tools(FIREWALL_TOOLS.map(({ name }) => name));
      const present = FIREWALL_TOOLS.filter(({ name }) => found.has(name));
      if (present.length === 0)
        return [
          finding('error', 'neither nft nor iptables is there', WHY, {
            hint: 'install one: `apt-get install nftables` (or iptables)',
          }),
        ];
      // One that works is enough: what cannot be told of the others is only mentioned then.
      const isAnySure = present.some(({ name }) => found.get(name)?.unknown === undefined);
      return present.map(({ name, use }): CheckFinding => {
        const tool = found.get(name);
        if (tool?.unknown !== undefined) return unsure(name, use, tool.unknown, isAnySure ? 'skipped' : 'unknown');
        return finding('ok', `${name} ${use}`, WHY, { evidence: tool?.version ?? null });
      });
    },
  },
  {
    about: 'the other tools',
    why: WHY,
    async run(host) {
      const found = await host.facts.tools(OTHER_TOOLS.map(({ name }) => name));
      return OTHER_TOOLS.map(({ name, use, inPackage, isNeeded }): CheckFinding => {
        const tool = found.get(name);
        if (tool?.unknown !== undefined) return unsure(name, use, tool.unknown, 'unknown');
        if (tool !== undefined) return finding('ok', `${name} ${use}`, WHY, { evidence: tool.version });
        return finding(isNeeded ? 'error' : 'warning', `${name} is missing: it ${use}`, WHY, {
          hint: `install the package ${inPackage}`,
        });
      });
    },
  },
];

/** A program that is there and gave no answer: it may work in a moment, or never. */
function unsure(
  name: string,
  use: string,
  { why, hint }: NonNullable<ToolFact['unknown']>,
  result: CheckResult,
): CheckFinding {
  return finding(result, `${name}: whether it works cannot be told; it ${use}`, WHY, { hint, evidence: why });
}
