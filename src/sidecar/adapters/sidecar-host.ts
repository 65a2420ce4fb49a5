/** The SidecarHost port on a real machine. */
import { chmod, chown, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfForbidden, nullIfMissing } from '../../platform/null-if-missing.ts';
import { askReadiness } from '../../platform/readiness.ts';
import { type BootstrapFacts, readBootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { controlPlanePatienceMs } from '../envoy/control-plane-sources.ts';
import { envoyArguments, sidecarBaseId } from '../envoy/envoy-arguments.ts';
import { judgeListeners } from '../envoy/judge-listeners.ts';
import type { DrainTracker, FoundEnvoy, LaunchRecord, SidecarHost, SidecarSpec, StoredPair } from '../ports.ts';
import { markAccessLogs } from './access-log-mark.ts';
import { countAnswers } from './answer-counts.ts';
import { busyAddresses, whoListens } from './busy-addresses.ts';
import { bindSink, releaseSink } from './datagram-sink.ts';
import { trackConnections } from './drain-tracker.ts';
import { askAdmin, askServerInfo } from './envoy-admin.ts';
import type { RunAs } from './envoy-binary.ts';
import { type EnvoyProcesses, openEnvoyProcesses, recordedStarts } from './envoy-processes.ts';
import { readEndpoints } from './held-endpoints.ts';
import { askInitProgress } from './init-progress.ts';
import { launchPrefix } from './launch-prefix.ts';
import { outputFile, withOwnOutput } from './own-output.ts';
import { collectPreflightFacts } from './preflight-facts.ts';
import { rehearsePair, removeRehearsals } from './rehearsal.ts';
import { runCheck } from './run-check.ts';
import { sendNotices } from './sdk-notices.ts';
import { clearInitializingFlag, removeSharedMemory } from './shared-memory-flag.ts';
import { makeRunFolders, makeStateFolder } from './sidecar-folders.ts';
import { journalProblem, openSidecarJournal } from './sidecar-journal.ts';
import { listeningSockets, readTcpTable, type TcpRow } from './tcp-table.ts';
import { openPairStore } from './versions-store.ts';

/** How long a question about readiness may take. */
const READY_MS = 1000;

/** Envoy's own limit of connections that wait to be accepted (`tcp_backlog_size`); more are refused. */
const FULL_QUEUE = 128;

/** Bootstraps whose facts are remembered: a supervisor may see any number of versions. */
const KEPT_FACTS = 8;

/** The folders of one sidecar. */
export interface SidecarPlace {
  readonly name: string;
  /** RUN/NAME: sockets and logs. */
  readonly run: string;
  /** The files of the keepers: `run` itself, or a folder in it for each of two containers that share it. */
  readonly kept: string;
  /** STATE/sidecars/NAME: versions, pointers, journal. */
  readonly state: string;
  /** How Envoy is run under the sidecar's account. */
  readonly as: RunAs;
  readonly gid: number | null;
  /** The admin's unix socket; null for a TCP port. Envoy leaves it behind. */
  readonly adminSocket: string | null;
}

/** The Envoys of the other container, and what else it holds of the hot restart. */
export interface PeerProcesses extends EnvoyProcesses {
  /** Ends the sinks that the other container keeps on these names. */
  releaseSinks(variant: 0 | 1, epoch: number): Promise<void>;
}

/** The real host of one sidecar's supervisor; with `peer` the processes of another container count as well. */
export function openSidecarHost(place: SidecarPlace, peer: PeerProcesses | null = null): SidecarHost {
  const { name, run, kept, state, as } = place;
  const journalFile = join(state, 'journal.jsonl');
  const logFile = join(run, 'envoy.log');
  const baseId = (variant: 0 | 1) => sidecarBaseId(name, run, variant);
  const own = openEnvoyProcesses(kept, logFile);
  const pairs = openPairStore(state, as, place.gid);

  /** The process namespace in which this process is visible: this container's or the other one's. */
  async function holderOf(id: number): Promise<EnvoyProcesses> {
    return peer === null || (await own.knows(id)) ? own : peer;
  }

  /** The process whose network namespace is read: containers of a pod share ours. */
  async function networkOf(id: number): Promise<number | 'self'> {
    return (await own.launchOf(id))?.pid ?? 'self';
  }

  async function recorded() {
    const folders = ((await readdir(run).catch(nullIfMissing)) ?? []).filter((file) => /^c\d+$/.test(file));
    return recordedStarts([run, ...folders.map((folder) => join(run, folder))]);
  }

  // The nonce file lies in the folder of the container that started the process.
  function isNonceOf(nonce: string, id: number): boolean {
    return nonce.startsWith(`${run}/`) && nonce.endsWith(`/g${id}.admin`);
  }

  /** Whether another process than this one answers on the admin address. */
  async function isOfAnother(spec: SidecarSpec, id: number): Promise<boolean> {
    const info = await askServerInfo(spec.admin, READY_MS);
    return info !== null && !isNonceOf(info.nonce, id);
  }

  function adminPorts(spec: SidecarSpec): ReadonlySet<number> {
    return new Set(spec.admin.kind === 'http' ? [spec.admin.port] : []);
  }

  /** Inode numbers of the sockets of a process; empty when it is gone. */
  async function socketsOf(id: number): Promise<ReadonlySet<string>> {
    return new Set(await (await holderOf(id)).inodes(id));
  }

  async function accepting(spec: SidecarSpec, id: number) {
    const inodes = await socketsOf(id);
    return inodes.size === 0 ? [] : listeningSockets(await networkOf(id), inodes, adminPorts(spec));
  }

  const factsOf = new Map<string, Promise<BootstrapFacts | null>>();

  /**
   * The facts of a stored bootstrap. It never changes, so it is read once. Null: it is neither YAML nor JSON, or gone.
   */
  function bootstrapOf(pair: StoredPair): Promise<BootstrapFacts | null> {
    const known = factsOf.get(pair.id);
    if (known !== undefined) return known;
    const facts = readFile(pair.bootstrap, 'utf8').then(readBootstrapFacts, () => null);
    factsOf.set(pair.id, facts);
    const [oldest] = factsOf.keys();
    if (factsOf.size > KEPT_FACTS && oldest !== undefined) factsOf.delete(oldest);
    return facts;
  }

  async function factsOfLaunch(id: number): Promise<BootstrapFacts | null> {
    const launch = await host.launchOf(id);
    if (launch === null) return null;
    const known = factsOf.get(launch.generation.pair);
    if (known !== undefined) return known;
    const pair = await pairs.read(launch.generation.pair);
    return pair === null ? null : bootstrapOf(pair);
  }

  /** Counts the connections of a process on its own addresses, some of which it may have closed, and on `listeners`. */
  async function connectionsOf(id: number, listeners: readonly TcpRow[]): Promise<DrainTracker> {
    const owned = await socketsOf(id);
    // One that drains has closed its listeners, and its successor may have fewer.
    const bound = (await factsOfLaunch(id))?.listeners.bound ?? [];
    const ports = bound.map((address) => Number(/:(\d+)$/.exec(address)?.[1] ?? 0));
    const all = new Set([...listeners.map(({ localPort }) => localPort), ...ports]);
    const paths = bound.flatMap((address) => (address.startsWith('unix:') ? [address.slice(5)] : []));
    return trackConnections(await networkOf(id), owned, all, new Set(paths));
  }

  /** The listening sockets that were seen with the last process that was looked at. */
  let listenersSeen: { readonly id: number; readonly inodes: readonly string[] } = { id: 0, inodes: [] };

  const host: SidecarHost = {
    pairs,
    journal: openSidecarJournal(journalFile),

    async prepare(spec) {
      await makeRunFolders([run, kept], logFile);
      await makeStateFolder(state, journalFile);
      if (process.getuid?.() !== 0) return;
      const gid = place.gid ?? 0;
      // Envoy makes its admin socket here, and must not be able to replace ours: a sticky folder of root's.
      for (const folder of new Set([run, kept])) {
        await chown(folder, 0, gid);
        await chmod(folder, 0o1775);
      }
      if (spec.uid !== null) await chown(logFile, spec.uid, gid);
    },

    async spawn(spec, pair, generation, drainMs) {
      const { concurrency } = spec;
      const args = envoyArguments({
        bootstrap: pair.bootstrap,
        baseId: baseId(generation.variant),
        generation,
        concurrency,
        drainMs,
        nonceFile: own.nonceFile(generation.id),
        logFile,
        more: spec.args,
      });
      const output = withOwnOutput(outputFile(kept, generation.id));
      await own.tidy();
      return own.start({ generation, concurrency, drainMs, spec }, [
        ...launchPrefix(spec),
        ...output,
        pair.binary,
        ...args,
      ]);
    },

    launchOf: async (id) => (await holderOf(id)).launchOf(id),

    async findProcesses(spec) {
      const [ours, theirs, starts] = await Promise.all([own.living(), peer?.living() ?? [], recorded()]);
      const launches: LaunchRecord[] = [...ours, ...theirs].sort((a, b) => a.generation.id - b.generation.id);
      const found: FoundEnvoy[] = [];
      for (const launch of launches) {
        const { id, variant } = launch.generation;
        const hadSuccessor = starts.some((later) => later.id > id && (later.variant ?? variant) === variant);
        const accepted = await accepting(launch.spec ?? spec, id).catch(nullIfForbidden);
        const listening = accepted === null ? null : accepted.length > 0;
        found.push({ launch, listening, hadSuccessor });
      }
      return { found, nextId: Math.max(0, ...starts.map(({ id }) => id)) + 1 };
    },

    signal: async (id, signal) => (await holderOf(id)).signal(id, signal),
    isAlive: async (id) => (await holderOf(id)).isAlive(id),
    isStopped: async (id) => (await holderOf(id)).isStopped(id),
    setExpendable: (id, isExpendable) => own.setExpendable(id, isExpendable),
    exitDetail: async (id) => (await holderOf(id)).exitDetail(id),
    anonymousBytes: async (id) => (await holderOf(id)).anonymousBytes(id),
    onMaybeExit: (callback) => own.onMaybeExit(callback),

    async info(spec, id, timeoutMs) {
      const info = await askServerInfo(spec.admin, timeoutMs);
      if (info === null || !isNonceOf(info.nonce, id)) return null;
      const { state, version } = info;
      const facts = state === 'LIVE' ? null : await factsOfLaunch(id);
      if (facts === null || facts.sources.count === 0) return { state, version, start: null, patienceMs: null };
      const start = await askInitProgress(spec.admin, timeoutMs);
      return { state, version, start, patienceMs: controlPlanePatienceMs(facts.sources, start?.hasBegun ?? false) };
    },

    async ready(spec, id, hasAdmin) {
      if (hasAdmin) {
        const answer = await askReadiness(spec.admin, spec.readyPath, READY_MS);
        if (answer.state === 'ready') return answer;
        // A hot-restart child takes the admin address over before it is ready, and before anybody has noticed.
        if (answer.state === 'not-ready' && !(await isOfAnother(spec, id))) return answer;
        if (answer.state === 'frozen' && !(await host.isStopped(id))) return answer;
      }
      if (await host.isStopped(id)) return { state: 'frozen', detail: 'its process is stopped (SIGSTOP)' };
      // Nobody connects to find out: a listener that goes by the original destination would connect to itself, in a circle.
      const listeners = await accepting(spec, id);
      if (listeners.length === 0) return { state: 'dead', detail: 'it listens nowhere' };
      const full = listeners.find(({ waiting }) => waiting >= FULL_QUEUE);
      if (full === undefined) return { state: 'ready' };
      return { state: 'frozen', detail: `${full.waiting} connections wait to be accepted on ${full.local}` };
    },

    async postAdmin(spec, path) {
      await askAdmin(spec.admin, path, { method: 'POST', timeoutMs: 1000 });
    },

    async lookAtListeners(spec, id) {
      const [facts, holder, network] = await Promise.all([factsOfLaunch(id), holderOf(id), networkOf(id)]);
      const [inodes, endpoints] = await Promise.all([holder.inodes(id).catch(nullIfForbidden), readEndpoints(network)]);
      if (facts === null || endpoints === null) return null;
      listenersSeen = {
        id,
        inodes: endpoints.flatMap(({ inode }) => (inodes?.includes(inode) === true ? [inode] : [])),
      };
      return judgeListeners({
        facts,
        ports: spec.ports,
        adminPort: spec.admin.kind === 'http' ? spec.admin.port : null,
        endpoints,
        inodes: inodes === null ? null : new Set(inodes),
      });
    },

    hasClosedListener: (id) => (listenersSeen.id === id ? own.hasClosed(id, listenersSeen.inodes) : null),

    async listeners(spec, id) {
      return [...new Set((await accepting(spec, id)).map(({ local }) => local))].sort();
    },

    async trackDrain(spec, old, serving) {
      const listeners = await accepting(spec, serving ?? old);
      // The new process may have been killed a moment ago. Its missing listeners then prove nothing about the old one's
      // connections.
      if (listeners.length === 0 && serving !== null) return null;
      return connectionsOf(old, listeners);
    },

    async activeConnections(spec, id) {
      return (await connectionsOf(id, await accepting(spec, id))).atStart;
    },

    async bindSink(role, { variant, epoch }, seconds, isFree) {
      await peer?.releaseSinks(variant, epoch);
      await bindSink(kept, { role, baseId: baseId(variant), epoch }, seconds, isFree);
    },

    async releaseSinks(variant, epoch) {
      await peer?.releaseSinks(variant, epoch);
      for (const role of ['parent', 'child'] as const)
        await releaseSink(kept, { role, baseId: baseId(variant), epoch });
    },

    clearFlag: (variant) => clearInitializingFlag(baseId(variant)),

    async foreignListeners(pair) {
      const [facts, rows] = await Promise.all([bootstrapOf(pair), readTcpTable('self')]);
      if (rows === null) throw new Error('this process has no table of TCP sockets in /proc');
      const busy = busyAddresses(facts, rows);
      return Promise.all(busy.map(async (address) => `${address}: ${(await whoListens(address, rows)) ?? 'unknown'}`));
    },

    async preflightFacts(spec, pair, serving) {
      const launch = await host.launchOf(serving.id);
      if (launch === null) throw new Error(`nothing is known of process ${serving.id}`);
      const holder = await holderOf(serving.id);
      const [inodes, servingBytes] = await Promise.all([holder.inodes(serving.id), holder.anonymousBytes(serving.id)]);
      return collectPreflightFacts({
        spec,
        pair,
        serving: launch,
        inodes: new Set(inodes),
        servingBytes,
        servingPair: await pairs.read(serving.pair),
        baseId: baseId(serving.variant),
        as,
        storageProblem: (await journalProblem(journalFile)) ?? (await journalProblem(join(run, 'preflight'))),
      });
    },

    rehearse: (spec, pair, plan) => rehearsePair({ run, gid: place.gid }, spec, pair, plan),
    runCheck,
    countAnswers: (spec) => countAnswers(spec.admin, 2000),
    markAccessLogs: (pair) => markAccessLogs(pair.bootstrap),
    notify: (spec, body, budgetMs) => sendNotices(spec.notify, body, budgetMs),

    async cleanUp(keepVariant) {
      for (const variant of [0, 1] as const) {
        if (variant === keepVariant) continue;
        for (const epoch of [0, 1, 2]) await host.releaseSinks(variant, epoch);
        await removeSharedMemory(baseId(variant));
      }
      if (keepVariant === null) await removeRehearsals(run);
      if (keepVariant === null && place.adminSocket !== null) await rm(place.adminSocket, { force: true });
      const ids = await own.ids();
      const newest = ids.at(-1);
      for (const id of ids) {
        // The newest number is kept while the sidecar lives, so that no number is used twice.
        if (keepVariant !== null && id === newest) continue;
        // While the sidecar lives, somebody may still want to know how a process ended.
        if (keepVariant === null ? !(await own.isAlive(id)) : await own.isOver(id)) await own.forget(id);
      }
    },
  };
  return host;
}
