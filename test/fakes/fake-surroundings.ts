/** Surroundings in which nothing stands in the way, to be put out of order by a test. */
import type { ForeignTable } from '../../src/interception/surroundings/foreign-rules.ts';
import type {
  ForeignUserNamespace,
  KernelLimits,
  Neighbour,
  ProcessAccount,
  ProcessFact,
  RoutingFacts,
  Surroundings,
  WantedProcesses,
} from '../../src/interception/surroundings/ports.ts';
import type { Seen } from '../../src/interception/surroundings/seen.ts';

/** A host of one interface, without rules of others. */
export class FakeSurroundings implements Surroundings {
  rules: Seen<readonly ForeignTable[]> = { seen: [] };
  processList: Seen<readonly ProcessFact[]> = { seen: [] };
  accounts = new Map<number, ProcessAccount>();
  routes: Seen<RoutingFacts> = {
    seen: {
      rulesBeforeLocal: [],
      interfaces: [
        {
          name: 'lo',
          isLoopback: true,
          addresses: [],
          has: { ipv4: false, ipv6: false },
          carries: { ipv4: false, ipv6: false },
        },
        {
          name: 'eth0',
          isLoopback: false,
          addresses: ['10.77.0.1', 'fd77::1'],
          has: { ipv4: true, ipv6: true },
          carries: { ipv4: true, ipv6: true },
        },
      ],
    },
  };
  userNamespace: Seen<ForeignUserNamespace | null> = { seen: null };
  kernel: Seen<KernelLimits> = {
    seen: {
      establishedTimeoutS: 432_000,
      keepaliveS: 7200,
      localPorts: { from: 32_768, to: 60_999 },
      reservedPorts: [],
    },
  };

  async foreignRules(): Promise<Seen<readonly ForeignTable[]>> {
    return this.rules;
  }
  async processes({ has }: WantedProcesses): Promise<Seen<readonly ProcessFact[]>> {
    const { processList } = this;
    return 'seen' in processList ? { seen: processList.seen.filter((one) => has(one, one.cgroup)) } : processList;
  }
  async accountsOf(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessAccount>> {
    return new Map([...this.accounts].filter(([pid]) => pids.includes(pid)));
  }
  async routing(): Promise<Seen<RoutingFacts>> {
    return this.routes;
  }
  async foreignUserNamespace(): Promise<Seen<ForeignUserNamespace | null>> {
    return this.userNamespace;
  }
  neighbour: Seen<Neighbour> = { unseen: 'there is none' };
  async openNeighbour(): Promise<Seen<Neighbour>> {
    return this.neighbour;
  }
  async limits(): Promise<Seen<KernelLimits>> {
    return this.kernel;
  }
}
