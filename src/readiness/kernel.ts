/** The checks of `weir check kernel`. */
import { type Check, type CheckFinding, type CheckResult, finding } from './check-finding.ts';
import type { CheckHost } from './check-host.ts';
import type { FeatureFailure, RuleTool, RuleTrial } from './ports.ts';

/** The tools that must support every feature before a back end counts as complete. */
const BACKEND_TOOLS = {
  nft: ['nft'],
  'iptables-nft': ['iptables-nft', 'ip6tables-nft'],
  'iptables-legacy': ['iptables-legacy', 'ip6tables-legacy'],
} as const satisfies Record<string, readonly RuleTool[]>;

/** nft: inet nat chains came with 5.2, `socket cgroupv2` with 5.13 (kernel changelogs). */
const INET_NAT: readonly [number, number] = [5, 2];
const NFT_CGROUP: readonly [number, number] = [5, 13];

const WHY_FEATURES = 'a rule that the kernel cannot hold is refused when an application is switched on';

/** What the running kernel can do. */
export const KERNEL_CHECKS: readonly Check[] = [
  {
    about: 'kernel version',
    why: 'older kernels lack parts of nftables that weir prefers',
    async run(host) {
      const { release } = await host.facts.kernel();
      if (isOlder(release, INET_NAT))
        return [
          finding('warning', `kernel ${release}: no nat in inet tables`, this.why, {
            hint: 'take iptables: `weir on --backend iptables-nft`',
          }),
        ];
      if (isOlder(release, NFT_CGROUP))
        return [
          finding('warning', `kernel ${release}: nft cannot match slices`, this.why, {
            hint: 'select applications by user or group, or take iptables: `weir on --backend iptables-nft`',
          }),
        ];
      return [finding('ok', `kernel ${release}`, this.why)];
    },
  },
  { about: 'rules that the kernel can hold', why: WHY_FEATURES, run: tryAllRules },
  {
    about: 'IPv6',
    why: 'IPv6 connections of an application are diverted like those of IPv4, if there are any',
    async run(host) {
      const { hasIpv6 } = await host.facts.kernel();
      return [finding('ok', hasIpv6 ? 'IPv6 is there' : 'no IPv6 in this network namespace', this.why)];
    },
  },
  {
    about: 'aborting connections',
    why: '`--existing cut` aborts connections at both ends; without it a program that only reads does not notice',
    async run(host) {
      const { canAbortSockets } = await host.facts.kernel();
      if (canAbortSockets === null)
        return [finding('skipped', "this kernel's configuration is not published, or may not be read", this.why)];
      if (canAbortSockets) return [finding('ok', 'the kernel can abort connections', this.why)];
      return [
        finding('warning', 'this kernel cannot abort connections', this.why, {
          hint: 'let connections drain, or take a kernel with CONFIG_INET_DIAG_DESTROY',
          evidence: 'CONFIG_INET_DIAG_DESTROY is not set',
        }),
      ];
    },
  },
];

/**
 * Tries every tool, because another tool may support what one does not. A missing feature is an error only when no back
 * end supports everything.
 */
async function tryAllRules(host: CheckHost): Promise<CheckFinding[]> {
  const tools = Object.values(BACKEND_TOOLS).flat();
  const tried = await Promise.all(tools.map(async (tool) => [tool, await host.facts.tryRules(tool)] as const));
  const trials = new Map<RuleTool, RuleTrial>(tried);
  const isComplete = Object.values(BACKEND_TOOLS).some((needed) =>
    needed.every((tool) => isFlawless(trials.get(tool))),
  );
  return tried.flatMap(([tool, trial]) => {
    if (trial.outcome === 'impossible')
      return [finding('skipped', `${tool}: not tried`, WHY_FEATURES, { evidence: trial.why })];
    if (trial.failures.length === 0) return [finding('ok', `${tool}: all that weir's rules need`, WHY_FEATURES)];
    return trial.failures.map((failure) => describeFailure(tool, failure, isComplete ? 'warning' : 'error'));
  });
}

/** The hint names the module: distributions ship some in a package of their own, or forbid loading them. */
function describeFailure(
  tool: RuleTool,
  { feature, module, error }: FeatureFailure,
  result: CheckResult,
): CheckFinding {
  return finding(result, `${tool}: no ${feature}`, WHY_FEATURES, {
    hint: `load the module (\`modprobe ${module}\`), or take a kernel that has it`,
    evidence: error,
  });
}

/** A tool that could not be tried proves nothing. */
function isFlawless(trial: RuleTrial | undefined): boolean {
  return trial?.outcome === 'tried' && trial.failures.length === 0;
}

/** Compares the first two numbers of a release such as `6.1.0-18-amd64`; what cannot be read counts as new. */
function isOlder(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, a, b] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (a === undefined || b === undefined) return false;
  return Number(a) < major || (Number(a) === major && Number(b) < minor);
}
