/** Builds the InterceptHost of this machine out of all adapters. */
import { messageOf } from '../../errors/message-of.ts';
import { sliceProbe } from '../../platform/cgroups.ts';
import { systemClock } from '../../platform/clock.ts';
import { commandLock } from '../../platform/command-lock.ts';
import { runTool } from '../../platform/exec.ts';
import { readNetworkFacts } from '../../platform/namespace.ts';
import { ownNamespaceCookie } from '../../platform/namespace-cookie.ts';
import { findNamespaceFile } from '../../platform/namespace-id.ts';
import type { Backend } from '../backend.ts';
import type { InterceptHost } from '../host.ts';
import type { ManagedSidecars } from '../managed-sidecars.ts';
import type { Firewall, Prober } from '../ports.ts';
import type { SeenState } from '../stored-state.ts';
import type { Surroundings } from '../surroundings/ports.ts';
import { createConnections } from './connections/connections.ts';
import { openEventLog } from './event-log.ts';
import { createIptablesFirewall } from './firewall/iptables.ts';
import { createNftFirewall } from './firewall/nft.ts';
import { RECENT_LISTS } from './firewall/recent-lists.ts';
import { standbyTools, type ToolRunner } from './firewall/standby-tools.ts';
import { createPanicFile } from './panic-file.ts';
import { createMarkRoutes } from './routing/mark-routes.ts';
import { createStateStore, STATE_FILE } from './state-store.ts';

/** The folders of a command line, and the namespace that it works in. */
export interface InterceptHostOptions {
  readonly runDir: string;
  readonly stateDir: string;
  /** The `--netns` value, '' without one. The process is inside already. */
  readonly netns: string;
  /**
   * The process runs for long and must be quick: firewall tools are started ahead (`Firewall.standBy`). Default false.
   */
  readonly standBy?: boolean;
  /** The state file as this process has parsed it already. */
  readonly seen?: SeenState;
  readonly sidecars: ManagedSidecars;
  readonly surroundings: Surroundings;
  /** Gets a sentence about each thing that failed, and about what was done instead. */
  readonly warn: (text: string) => void;
}

/** The real host: every port by its adapter, in the network namespace of this process. */
export function createInterceptHost(options: InterceptHostOptions): InterceptHost {
  const { runDir, stateDir, netns, sidecars, surroundings, warn } = options;
  const run: ToolRunner = options.standBy === true ? standbyTools() : runTool;
  // By the time that a text needs them, the files of another weir may be in the place of this one's.
  if (options.standBy === true) void Promise.all([STATE_FILE.schema(), import('./event-schema.ts')]).catch(() => {});
  const firewalls = new Map<Backend, Firewall>();
  const journal = openEventLog(stateDir);
  const connections = createConnections({ warn });
  let prober: Promise<Prober> | undefined;
  const loadProber = (): Promise<Prober> => {
    prober ??= import('./probe/prober.ts').then(({ createProber }) => createProber());
    return prober;
  };
  return {
    firewall(backend) {
      const firewall = firewalls.get(backend) ?? createFirewall(backend, run, warn);
      firewalls.set(backend, firewall);
      return firewall;
    },
    // Loaded when they are needed: `off` needs none of them, and its first line waits for no code.
    backend: async (backend) => (await import('./firewall/detect.ts')).detectBackend(backend),
    backends: once(async () => (await import('./firewall/detect.ts')).detectBackends()),
    foreign: once(async () => (await import('./firewall/foreign.ts')).detectForeign()),
    connections,
    markRoutes: createMarkRoutes(),
    askReadiness: async (...asked) => (await import('../../platform/readiness.ts')).askReadiness(...asked),
    prober: {
      prepare() {
        // One that cannot be prepared fails again, and is reported, when it is to probe.
        loadProber().then(
          (one) => one.prepare(),
          () => undefined,
        );
      },
      async probe(requests) {
        return (await loadProber()).probe(requests);
      },
    },
    probeAddresses: async (...asked) => (await import('./probe/probe-addresses.ts')).probeAddresses(...asked),
    slices: sliceProbe,
    surroundings,
    store: createStateStore(stateDir, undefined, options.seen),
    journal: (entry) =>
      journal.append(entry).catch((error: unknown) => warn(`the event log could not be written: ${String(error)}`)),
    readJournal: () =>
      journal.read().catch((error: unknown) => {
        warn(`the event log could not be read: ${messageOf(error)}`);
        return [];
      }),
    takeLock: commandLock(runDir),
    panicFile: createPanicFile(runDir),
    isSupervised: (sidecar) => sidecars.isSupervised(sidecar),
    sidecarStatus: (name, configured) => sidecars.status(name, configured),
    ssh: async () => (await import('./ssh/ssh-facts.ts')).readSshFacts({ sockets: connections.sockets, warn }),
    network: () => readNetworkFacts(netns),
    namespaceCookie: () => ownNamespaceCookie(run),
    findNamespace: findNamespaceFile,
    clock: systemClock,
    release: async () => run.release?.(),
  };
}

function createFirewall(backend: Backend, run: ToolRunner, warn: (text: string) => void): Firewall {
  if (backend === 'nft') return createNftFirewall(run);
  return createIptablesFirewall(backend === 'iptables-nft' ? 'nft' : 'legacy', run, RECENT_LISTS, warn);
}

/** The installed programs of a host do not change while one command runs. */
function once<T>(look: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= look();
    return answer;
  };
}
