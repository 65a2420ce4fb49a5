import { chmod, chown, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { envoyArguments, sidecarBaseId } from '../../upgrade/envoy-arguments.ts';
import type { FoundEnvoy, LaunchRecord, SidecarHost, SidecarSpec } from '../../usecases/ports/sidecar.ts';
import { makeFolder } from '../make-folder.ts';
import { markAccessLogs } from './access-log-mark.ts';
import { bindSink, releaseSink } from './datagram-sink.ts';
import { trackConnections } from './drain-tracker.ts';
import { askAdmin, askServerInfo } from './envoy-admin.ts';
import type { RunAs } from './envoy-binary.ts';
import { type EnvoyProcesses, openEnvoyProcesses, recordedGenerations } from './envoy-processes.ts';
import { collectPreflightFacts } from './preflight-facts.ts';
import { sendNotices } from './sdk-notices.ts';
import { clearInitializingFlag, removeSharedMemory } from './shared-memory-flag.ts';
import { journalProblem, openSidecarJournal } from './sidecar-journal.ts';
import { acceptedConnections, listeningSockets, readTcpTable } from './tcp-table.ts';
import { openPairStore } from './versions-store.ts';

/** Where the files of one sidecar live. */
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

  /** Whoever can look at this process. */
  async function holderOf(id: number): Promise<EnvoyProcesses> {
    return peer === null || (await own.knows(id)) ? own : peer;
  }

  /** Whose network namespace to look at: containers of a pod share ours. */
  async function networkOf(id: number): Promise<number | 'self'> {
    return (await own.launchOf(id))?.pid ?? 'self';
  }

  async function recorded() {
    const folders = (await readdir(run).catch(() => [])).filter((file) => /^c\d+$/.test(file));
    return recordedGenerations([run, ...folders.map((folder) => join(run, folder))]);
  }

  // The nonce file lies in the folder of the container that started the process.
  function isNonceOf(nonce: string, id: number): boolean {
    return nonce.startsWith(`${run}/`) && nonce.endsWith(`/g${id}.admin`);
  }

  function adminPorts(spec: SidecarSpec): ReadonlySet<number> {
    return new Set(spec.admin.kind === 'http' ? [spec.admin.port] : []);
  }

  async function accepting(spec: SidecarSpec, id: number) {
    const inodes = await (await holderOf(id)).inodes(id);
    return inodes.length === 0 ? [] : listeningSockets(await networkOf(id), new Set(inodes), adminPorts(spec));
  }

  const host: SidecarHost = {
    nowMs: () => performance.timeOrigin + performance.now(),
    pairs,
    journal: openSidecarJournal(journalFile),

    async prepare(spec) {
      await makeFolder(run);
      await makeFolder(kept);
      await makeFolder(state);
      // Made, never opened when it is there: with fs.protected_regular not even root may open for creation what belongs to
      // somebody else in a sticky folder, which this one becomes below.
      await writeFile(logFile, '', { flag: 'wx', mode: 0o640 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
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
      });
      return own.start({ generation, concurrency, drainMs }, [...as, pair.binary, ...args]);
    },

    launchOf: async (id) => (await holderOf(id)).launchOf(id),

    async findProcesses(spec) {
      const [ours, theirs, generations] = await Promise.all([own.living(), peer?.living() ?? [], recorded()]);
      const launches: LaunchRecord[] = [...ours, ...theirs].sort((a, b) => a.generation.id - b.generation.id);
      const found: FoundEnvoy[] = [];
      for (const launch of launches) {
        const { id, variant } = launch.generation;
        const hadSuccessor = generations.some((later) => later.variant === variant && later.id > id);
        found.push({ launch, listening: (await accepting(spec, id)).length > 0, hadSuccessor });
      }
      return { found, nextId: Math.max(0, ...generations.map(({ id }) => id)) + 1 };
    },

    signal: async (id, signal) => (await holderOf(id)).signal(id, signal),
    isAlive: async (id) => (await holderOf(id)).isAlive(id),
    isStopped: async (id) => (await holderOf(id)).isStopped(id),
    exitDetail: async (id) => (await holderOf(id)).exitDetail(id),
    onMaybeExit: (callback) => own.onMaybeExit(callback),

    async info(spec, id, timeoutMs) {
      const info = await askServerInfo(spec.admin, timeoutMs);
      if (info === null || !isNonceOf(info.nonce, id)) return null;
      return { state: info.state, version: info.version };
    },

    async ready(spec, id, hasAdmin) {
      if (hasAdmin) return (await askAdmin(spec.admin, spec.readyPath, { timeoutMs: 1000 }))?.status === 200;
      if (await host.isStopped(id)) return false;
      const [first] = await accepting(spec, id);
      return first !== undefined && canConnect(first.local, 1000);
    },

    async postAdmin(spec, path) {
      await askAdmin(spec.admin, path, { method: 'POST', timeoutMs: 1000 });
    },

    async listeners(spec, id) {
      return [...new Set((await accepting(spec, id)).map(({ local }) => local))].sort();
    },

    async trackDrain(spec, old, serving) {
      const listeners = await accepting(spec, serving ?? old);
      // It may have been killed a moment ago: no listener is then no sign that the old one has no connection.
      if (listeners.length === 0 && serving !== null) return null;
      const owned = new Set(await (await holderOf(old)).inodes(old));
      return trackConnections(await networkOf(old), owned, new Set(listeners.map(({ localPort }) => localPort)));
    },

    async activeConnections(spec, id) {
      const ports = new Set((await accepting(spec, id)).map(({ localPort }) => localPort));
      return ports.size === 0 ? 0 : acceptedConnections((await readTcpTable(await networkOf(id))) ?? [], ports).length;
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

    async preflightFacts(spec, pair, serving) {
      const launch = await host.launchOf(serving.id);
      if (launch === null) throw new Error(`nothing is known of process ${serving.id}`);
      const holder = await holderOf(serving.id);
      const [inodes, servingBytes] = await Promise.all([holder.inodes(serving.id), holder.residentBytes(serving.id)]);
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

    markAccessLogs: (pair) => markAccessLogs(pair.bootstrap),
    notify: (spec, body, budgetMs) => sendNotices(spec.notify, body, budgetMs),

    async cleanUp(keepVariant) {
      for (const variant of [0, 1] as const) {
        if (variant === keepVariant) continue;
        for (const epoch of [0, 1, 2]) await host.releaseSinks(variant, epoch);
        await removeSharedMemory(baseId(variant));
      }
      if (keepVariant === null && place.adminSocket !== null) await rm(place.adminSocket, { force: true });
      const ids = await own.ids();
      const newest = ids.at(-1);
      for (const id of ids) {
        // The newest number is kept while the sidecar lives, so that no number is used twice.
        if (keepVariant !== null && id === newest) continue;
        if (!(await own.isAlive(id))) await own.forget(id);
      }
    },
  };
  return host;
}

function canConnect(local: string, timeoutMs: number): Promise<boolean> {
  const host = local.slice(0, local.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return new Promise((resolve) => {
    const socket = connect(Number(local.slice(local.lastIndexOf(':') + 1)), target);
    const done = (answer: boolean) => {
      // Reset, not closed: an ORIGINAL_DST listener would otherwise try to connect to itself.
      socket.resetAndDestroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.on('connect', () => done(true));
    socket.on('error', () => done(false));
  });
}
