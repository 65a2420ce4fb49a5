import type {
  ClockFacts,
  ConntrackRoom,
  FolderFact,
  HostFacts,
  KernelFacts,
  RightsFacts,
  RuleTool,
  RuleTrial,
} from '../../src/usecases/ports/host-facts.ts';

/** Facts of a host that is in order; tests change what they are about. */
export class FakeFacts implements HostFacts {
  kernelFacts: KernelFacts = { release: '6.1.0-18-amd64', hasIpv6: true, canAbortSockets: true };
  installed = new Map(
    ['nft', 'iptables-nft', 'iptables-legacy', 'conntrack', 'ss', 'ip', 'setpriv', 'nsenter'].map(
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
  files: readonly string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  kernel = async () => this.kernelFacts;
  tools = async (names: readonly string[]) =>
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
  filesIn = async () => this.files;
}
