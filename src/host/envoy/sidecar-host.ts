import { type FSWatcher, watch } from 'node:fs';
import { chmod, chown, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
import { envoyComplaint, type RunAs } from './envoy-binary.ts';
import { readKept, readKeptExit, startKept } from './keeper.ts';
import { collectPreflightFacts } from './preflight-facts.ts';
import { isAlive, isStopped, type ProcessIdentity, signalProcess } from './process-identity.ts';
import { sendNotices } from './sdk-notices.ts';
import { clearInitializingFlag, removeSharedMemory } from './shared-memory-flag.ts';
import { journalProblem, openSidecarJournal } from './sidecar-journal.ts';
import { acceptedConnections, listeningSockets, readTcpTable } from './tcp-table.ts';
import { openPairStore } from './versions-store.ts';

/** Where the files of one sidecar live. */
export interface SidecarPlace {
  readonly name: string;
  /** RUN/NAME: sockets, logs and the files of the keepers. */
  readonly run: string;
  /** STATE/sidecars/NAME: versions, pointers, journal. */
  readonly state: string;
  /** How Envoy is run under the sidecar's account. */
  readonly as: RunAs;
  readonly gid: number | null;
  /** The admin's unix socket; null for a TCP port. Envoy leaves it behind. */
  readonly adminSocket: string | null;
}

interface LaunchFile extends Omit<LaunchRecord, 'pid'> {
  readonly logOffset: number;
}

const HALF_SECOND = 500;

/** The real host of one sidecar's supervisor. */
export function openSidecarHost(place: SidecarPlace): SidecarHost {
  const { name, run, state, as } = place;
  const journalFile = join(state, 'journal.jsonl');
  const logFile = join(run, 'envoy.log');
  const fileOf = (id: number) => `g${id}`;
  const nonceOf = (id: number) => join(run, `g${id}.admin`);
  const baseId = (variant: 0 | 1) => sidecarBaseId(name, run, variant);
  const identities = new Map<number, ProcessIdentity>();
  const pairs = openPairStore(state, as, place.gid);

  async function identityOf(id: number): Promise<ProcessIdentity | null> {
    const known = identities.get(id);
    if (known !== undefined) return known;
    const kept = await readKept(run, fileOf(id));
    if (kept !== null) identities.set(id, kept.identity);
    return kept?.identity ?? null;
  }

  async function readLaunch(id: number): Promise<LaunchFile | null> {
    const text = await readFile(join(run, `g${id}.launch`), 'utf8').catch(() => null);
    return text === null ? null : JSON.parse(text);
  }

  async function launchIds(): Promise<number[]> {
    const names = await readdir(run).catch(() => []);
    const ids = names.map((file) => Number(/^g(\d+)\.launch$/.exec(file)?.[1] ?? Number.NaN));
    return ids.filter(Number.isInteger).sort((a, b) => a - b);
  }

  function adminPorts(spec: SidecarSpec): ReadonlySet<number> {
    return new Set(spec.admin.kind === 'http' ? [spec.admin.port] : []);
  }

  async function accepting(spec: SidecarSpec, id: number) {
    const identity = await identityOf(id);
    if (identity === null || !(await isAlive(identity))) return [];
    return listeningSockets(identity.pid, adminPorts(spec));
  }

  async function removeFiles(id: number): Promise<void> {
    identities.delete(id);
    const kinds = ['pid', 'exit', 'out', 'launch', 'admin'];
    await Promise.all(kinds.map((kind) => rm(join(run, `g${id}.${kind}`), { force: true })));
  }

  const host: SidecarHost = {
    nowMs: () => performance.timeOrigin + performance.now(),
    pairs,
    journal: openSidecarJournal(journalFile),

    async prepare(spec) {
      await makeFolder(run);
      await makeFolder(state);
      await (await open(logFile, 'a', 0o640)).close();
      if (process.getuid?.() !== 0) return;
      const gid = place.gid ?? 0;
      // Envoy makes its admin socket here, and must not be able to replace ours: a sticky folder of root's.
      await chown(run, 0, gid);
      await chmod(run, 0o1775);
      if (spec.uid !== null) await chown(logFile, spec.uid, gid);
    },

    async spawn(spec, pair, generation, drainMs) {
      await removeFiles(generation.id);
      const file = await open(logFile, 'r').catch(() => null);
      const logOffset = (await file?.stat())?.size ?? 0;
      await file?.close();
      const launch: LaunchFile = { generation, concurrency: spec.concurrency, drainMs, logOffset };
      // Renamed into place: a supervisor killed in between must not leave half a record.
      const record = join(run, `g${generation.id}.launch`);
      await writeFile(`${record}.new`, JSON.stringify(launch));
      await rename(`${record}.new`, record);
      const args = envoyArguments({
        bootstrap: pair.bootstrap,
        baseId: baseId(generation.variant),
        generation,
        concurrency: spec.concurrency,
        drainMs,
        nonceFile: nonceOf(generation.id),
        logFile,
      });
      const kept = await startKept(run, fileOf(generation.id), [...as, pair.binary, ...args]);
      identities.set(generation.id, kept.identity);
      return { generation, concurrency: spec.concurrency, drainMs, pid: kept.identity.pid };
    },

    async launchOf(id) {
      const [launch, identity] = await Promise.all([readLaunch(id), identityOf(id)]);
      if (launch === null || identity === null) return null;
      const { generation, concurrency, drainMs } = launch;
      return { generation, concurrency, drainMs, pid: identity.pid };
    },

    async findProcesses(spec) {
      const ids = await launchIds();
      const launches = new Map<number, LaunchRecord>();
      for (const id of ids) {
        const launch = await host.launchOf(id);
        if (launch !== null) launches.set(id, launch);
      }
      const found: FoundEnvoy[] = [];
      for (const [id, launch] of launches) {
        if (!(await host.isAlive(id))) continue;
        const { variant } = launch.generation;
        const hadSuccessor = [...launches.values()].some(
          ({ generation }) => generation.variant === variant && generation.id > id,
        );
        found.push({ launch, listening: (await accepting(spec, id)).length > 0, hadSuccessor });
      }
      return { found, nextId: (ids.at(-1) ?? 0) + 1 };
    },

    async signal(id, signal) {
      const identity = await identityOf(id);
      return identity !== null && signalProcess(identity, signal);
    },

    async isAlive(id) {
      const identity = await identityOf(id);
      return identity !== null && isAlive(identity);
    },

    async isStopped(id) {
      const identity = await identityOf(id);
      return identity !== null && isStopped(identity);
    },

    async exitDetail(id) {
      const [exit, launch, out] = await Promise.all([
        readKeptExit(run, fileOf(id)),
        readLaunch(id),
        readFile(join(run, `g${id}.out`), 'utf8').catch(() => ''),
      ]);
      const log = launch === null ? '' : await readFrom(logFile, launch.logOffset);
      const said = exit === null || /signal|code 0$/.test(exit) ? null : envoyComplaint(`${log}\n${out}`);
      return `${exit ?? 'ended'}${said === null ? '' : `, ${said}`}`;
    },

    onMaybeExit(callback) {
      let watcher: FSWatcher | null = null;
      try {
        watcher = watch(run, (_event, file) => {
          if (file?.endsWith('.exit')) callback();
        });
        watcher.on('error', () => {});
      } catch {
        // The poll below is enough; the watch only makes it quicker.
      }
      const timer = setInterval(callback, HALF_SECOND);
      return () => {
        watcher?.close();
        clearInterval(timer);
      };
    },

    async info(spec, id, timeoutMs) {
      const info = await askServerInfo(spec.admin, timeoutMs);
      if (info === null || info.nonce !== nonceOf(id)) return null;
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
      const identity = await identityOf(old);
      const source = serving ?? old;
      const ports = new Set((await accepting(spec, source)).map(({ localPort }) => localPort));
      return trackConnections(identity?.pid ?? 0, ports);
    },

    async activeConnections(spec, id) {
      const identity = await identityOf(id);
      if (identity === null) return 0;
      const ports = new Set((await accepting(spec, id)).map(({ localPort }) => localPort));
      return acceptedConnections(await readTcpTable(identity.pid), ports).length;
    },

    bindSink: (role, { variant, epoch }, seconds, isFree) =>
      bindSink(run, { role, baseId: baseId(variant), epoch }, seconds, isFree),

    async releaseSinks(variant, epoch) {
      for (const role of ['parent', 'child'] as const) await releaseSink(run, { role, baseId: baseId(variant), epoch });
    },

    clearFlag: (variant) => clearInitializingFlag(baseId(variant)),

    async preflightFacts(spec, pair, serving) {
      const launch = await host.launchOf(serving.id);
      if (launch === null) throw new Error(`nothing is known of process ${serving.id}`);
      return collectPreflightFacts({
        spec,
        pair,
        serving: launch,
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
      const ids = await launchIds();
      const newest = ids.at(-1);
      for (const id of ids) {
        // The newest number is kept while the sidecar lives, so that no number is used twice.
        if (keepVariant !== null && id === newest) continue;
        if (!(await host.isAlive(id))) await removeFiles(id);
      }
    },
  };
  return host;
}

async function readFrom(file: string, offset: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const start = size < offset ? 0 : offset;
    const bytes = Buffer.alloc(Math.min(size - start, 256 * 1024));
    await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await handle.close();
  }
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
