import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AdminAddress } from '../../config/mesh-config.ts';
import type { PreflightFacts } from '../../upgrade/judge-preflight.ts';
import type { LaunchRecord, SidecarSpec, StoredPair } from '../../usecases/ports/sidecar.ts';
import { type RunAs, readEnvoyBinary, validateBootstrap } from './envoy-binary.ts';
import { readSharedMemory, sharedMemoryPath } from './shared-memory-flag.ts';
import { listenersOnPort, readTcpTable, type TcpRow } from './tcp-table.ts';

/** What preflight looks at. */
export interface PreflightSubject {
  readonly spec: SidecarSpec;
  readonly pair: StoredPair;
  readonly serving: LaunchRecord;
  /** Inode numbers of the sockets of the process that serves, and its resident memory. */
  readonly inodes: ReadonlySet<string>;
  readonly servingBytes: number;
  readonly servingPair: StoredPair | null;
  readonly baseId: number;
  readonly as: RunAs;
  /** Why the state directory cannot be written; null when it can. */
  readonly storageProblem: string | null;
}

/** The address in the form of `BootstrapFacts.admin`. */
export function adminText(admin: AdminAddress): string {
  if (admin.kind === 'unix') return `unix:${admin.path}`;
  return `http://${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
}

/** Collects what `judgePreflight` judges; changes nothing. */
export async function collectPreflightFacts(subject: PreflightSubject): Promise<PreflightFacts> {
  const { spec, pair, serving, servingPair, as } = subject;
  const [binary, validateProblem, text, servingText, rows] = await Promise.all([
    readEnvoyBinary(pair.binary, as),
    validateBootstrap(pair.binary, pair.bootstrap, as, 30_000).catch((error: Error) => error.message),
    readFile(pair.bootstrap, 'utf8'),
    servingPair === null ? null : readFile(servingPair.bootstrap, 'utf8').catch(() => null),
    readTcpTable('self'),
  ]);
  // Loaded when it is needed: a parser of YAML is in there.
  const { readBootstrapFacts } = await import('../../upgrade/bootstrap-facts.ts');
  const bootstrap = readBootstrapFacts(text);
  const foreign = (rows ?? []).filter((row) => !subject.inodes.has(row.inode));
  return {
    binaryProblem: binary.problem,
    version: binary.version,
    hotRestartVersion: binary.hotRestartVersion,
    servingHotRestartVersion: servingPair?.hotRestartVersion ?? null,
    validateProblem,
    bootstrap,
    servingBootstrap: servingText === null ? null : readBootstrapFacts(servingText),
    admin: adminText(spec.admin),
    concurrency: spec.concurrency,
    servingConcurrency: serving.concurrency,
    drainMs: spec.drainMs,
    servingDrainMs: serving.drainMs,
    busyAddresses: (bootstrap?.listeners ?? []).filter((address) => isBusy(address, foreign)),
    adminProblem: await adminProblem(spec.admin, foreign),
    sharedMemoryProblem: await sharedMemoryProblem(subject.baseId, spec.uid),
    availableBytes: await availableBytes(),
    servingBytes: subject.servingBytes,
    storageProblem: subject.storageProblem,
  };
}

function isBusy(address: string, foreign: readonly TcpRow[]): boolean {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const isWildcard = (local: string) => /^(0\.0\.0\.0|\[::\]):/.test(local);
  const v6 = (local: string) => local.startsWith('[');
  return listenersOnPort(foreign, port).some(
    ({ local }) => local === address || (v6(local) === v6(address) && (isWildcard(local) || isWildcard(address))),
  );
}

async function adminProblem(admin: AdminAddress, foreign: readonly TcpRow[]): Promise<string | null> {
  if (admin.kind === 'http') {
    const busy = listenersOnPort(foreign, admin.port).length > 0;
    return busy ? `another process listens on the admin port ${admin.port}` : null;
  }
  const folder = dirname(admin.path);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    return `the folder of the admin socket cannot be written: ${(error as Error).message}`;
  }
  const there = await stat(admin.path).catch(() => null);
  return there === null || there.isSocket() ? null : `${admin.path} exists and is no socket`;
}

async function sharedMemoryProblem(baseId: number, uid: number | null): Promise<string | null> {
  const path = sharedMemoryPath(baseId);
  const state = await readSharedMemory(baseId);
  if (state.kind === 'missing') return `${path} is gone: the new process could not join the serving one`;
  if (state.kind === 'unknown-layout') return `${path} has a layout that weir does not know (${state.detail})`;
  const expected = uid ?? process.getuid?.() ?? state.uid;
  if (state.uid !== expected) return `${path} belongs to uid ${state.uid}, the sidecar runs as ${expected}`;
  try {
    await (await open(path, constants.O_RDWR)).close();
    return null;
  } catch (error) {
    return `${path} cannot be written: ${(error as Error).message}`;
  }
}

async function availableBytes(): Promise<number> {
  const meminfo = await readFile('/proc/meminfo', 'latin1').catch(() => '');
  const free = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? Number.MAX_SAFE_INTEGER / 1024) * 1024;
  const cgroup = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'latin1').catch(() => ''))?.[1];
  if (cgroup === undefined) return free;
  const [max, current] = await Promise.all(
    ['memory.max', 'memory.current'].map((name) =>
      readFile(`/sys/fs/cgroup${cgroup}/${name}`, 'latin1').catch(() => ''),
    ),
  );
  const room = Number(max) - Number(current);
  // `max` is the word "max" where there is no limit: NaN.
  return Number.isFinite(room) && max !== '' ? Math.min(free, room) : free;
}
