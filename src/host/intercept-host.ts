import type { InterceptHost } from '../usecases/host.ts';
import type { Backend, Firewall } from '../usecases/ports.ts';
import { sliceProbe } from './cgroups.ts';
import { systemClock } from './clock.ts';
import { commandLock } from './command-lock.ts';
import { createConnections } from './connections.ts';
import { hasSupervisor } from './control-socket.ts';
import { controlSocketPath } from './envoy/control-path.ts';
import { runTool } from './exec.ts';
import { detectBackends } from './firewall/detect.ts';
import { detectForeign } from './firewall/foreign.ts';
import { createIptablesFirewall } from './firewall/iptables.ts';
import { createNftFirewall } from './firewall/nft.ts';
import { createJournalFile } from './journal-file.ts';
import { readNetworkFacts } from './namespace.ts';
import { createPanicFile } from './panic-file.ts';
import { probeAddresses } from './probe-addresses.ts';
import { createProber } from './prober.ts';
import { readSshFacts } from './ssh-facts.ts';
import { standbyTools, type ToolRunner } from './standby-tools.ts';
import { createStateStore } from './state-store.ts';

/** Where a command line lets weir keep its things, and the namespace that it works in. */
export interface InterceptHostOptions {
  readonly runDir: string;
  readonly stateDir: string;
  /** The `--netns` value, '' without one. The process is inside already. */
  readonly netns: string;
  /** The process lives on and has to be quick: firewall tools are started ahead (`Firewall.standBy`). Default false. */
  readonly standBy?: boolean;
  /** Told what could not be done and what was done instead. */
  readonly warn: (text: string) => void;
}

/** The real host: every port by its adapter, in the network namespace of this process. */
export function createInterceptHost(options: InterceptHostOptions): InterceptHost {
  const { runDir, stateDir, netns, warn } = options;
  const run: ToolRunner = options.standBy === true ? standbyTools() : runTool;
  const firewalls = new Map<Backend, Firewall>();
  const journal = createJournalFile(stateDir);
  const connections = createConnections({ warn });
  return {
    firewall(backend) {
      const firewall = firewalls.get(backend) ?? createFirewall(backend, run);
      firewalls.set(backend, firewall);
      return firewall;
    },
    backends: once(detectBackends),
    foreign: once(detectForeign),
    connections,
    // Loaded when it is needed: node:http alone takes 14 MB, which a supervisor has no use for.
    askReadiness: async (...asked) => (await import('./readiness.ts')).askReadiness(...asked),
    prober: createProber(),
    probeAddresses,
    slices: sliceProbe,
    store: createStateStore(stateDir),
    journal: (entry) =>
      journal.append(entry).catch((error: unknown) => warn(`the event log could not be written: ${String(error)}`)),
    readJournal: () => journal.read().catch(() => []),
    takeLock: commandLock(runDir),
    panicFile: createPanicFile(runDir),
    isSupervised: (sidecar) => hasSupervisor(controlSocketPath(runDir, sidecar)),
    async sidecarStatus(name, configured) {
      const { readManagedStatus } = await import('./envoy/read-sidecar-status.ts');
      return readManagedStatus({ runDir, stateDir }, name, configured);
    },
    ssh: () => readSshFacts({ sockets: connections.sockets }),
    network: () => readNetworkFacts(netns),
    clock: systemClock,
  };
}

function createFirewall(backend: Backend, run: ToolRunner): Firewall {
  if (backend === 'nft') return createNftFirewall(run);
  return createIptablesFirewall(backend === 'iptables-nft' ? 'nft' : 'legacy', run);
}

/** What a host has installed does not change while one command runs. */
function once<T>(look: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= look();
    return answer;
  };
}
