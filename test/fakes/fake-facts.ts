/** Facts about a fake host. */
import type { RegistryConfig } from '../../src/mesh/discovery-config.ts';
import type { FolderFact, RightsFacts } from '../../src/platform/facts/rights-facts.ts';
import type {
  ClockFacts,
  ConntrackRoom,
  DiscoveryAgentFacts,
  DubboRouterFacts,
  GroovyFacts,
  HostFacts,
  KernelFacts,
  RuleTool,
  RuleTrial,
  ToolFact,
} from '../../src/readiness/ports.ts';

/** Facts of a host that is in order; tests change what they are about. */
export class FakeFacts implements HostFacts {
  kernelFacts: KernelFacts = { release: '6.1.0-18-amd64', hasIpv6: true, canAbortSockets: true };
  installed = new Map(
    ['nft', 'iptables-nft', 'iptables-legacy', 'conntrack', 'ss', 'ip', 'setpriv', 'flock', 'perl', 'nsenter'].map(
      (name): [string, string] => [name, `${name} 1.0`],
    ),
  );
  trials = new Map<RuleTool, RuleTrial>();
  natRuleCounts = { nft: 0, legacy: 0 };
  rightsFacts: RightsFacts = {
    uid: 0,
    capabilities: new Set(['NET_ADMIN', 'SYS_ADMIN', 'SETUID', 'SETGID', 'DAC_OVERRIDE']),
  };
  folders = new Map<string, Partial<FolderFact>>();
  room: ConntrackRoom | null = { count: 100, max: 1000 };
  mounts: readonly string[] = ['/sys/fs/cgroup'];
  clockFacts: Omit<ClockFacts, 'nowMs'> = { isSynchronised: true, by: 'chrony' };
  groovyFacts: GroovyFacts = {
    wanted: '2.4.21',
    jar: { path: '/jars/groovy-all-2.4.21.jar', state: 'found', why: null, version: '2.4.21' },
    java: { version: '17.0.13', isJdk: true },
  };
  registryProblems = new Map<string, string>();
  agentFacts: DiscoveryAgentFacts | 'silent' | null = { serving: true, held: [], nacked: [], lost: [], refused: [] };
  files: readonly string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  kernel = async () => this.kernelFacts;
  tools = async (names: readonly string[]): Promise<ReadonlyMap<string, ToolFact>> =>
    new Map(
      names.flatMap((name) => {
        const version = this.installed.get(name);
        return version === undefined ? [] : [[name, { version }] as const];
      }),
    );
  tryRules = async (tool: RuleTool) => this.trials.get(tool) ?? ({ outcome: 'tried', failures: [] } as const);
  natRules = async () => this.natRuleCounts;
  rights = async () => this.rightsFacts;
  folder = async (path: string): Promise<FolderFact> => {
    return { path, state: 'writable', freeBytes: 1e9, ...this.folders.get(path) };
  };
  conntrackRoom = async () => this.room;
  cgroupMounts = async () => this.mounts;
  clock = async (): Promise<ClockFacts> => ({ nowMs: this.#nowMs(), ...this.clockFacts });
  groovy = async () => this.groovyFacts;
  routerFacts: readonly DubboRouterFacts[] = [{ release: '3.2.16', why: null }];
  dubboRouters = async () => this.routerFacts;
  authFileProblems = new Map<string, string | Error>();
  authFileProblem = async (file: string) => {
    const problem = this.authFileProblems.get(file) ?? null;
    if (problem instanceof Error) throw problem;
    return problem;
  };
  registryProblem = async ({ name }: RegistryConfig) => this.registryProblems.get(name) ?? null;
  discoveryAgent = async () => this.agentFacts;
  filesIn = async () => this.files;
}
