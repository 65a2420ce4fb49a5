/** Gathers the facts for the preflight of an upgrade. */
import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AdminAddress } from '../../mesh/mesh-config.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { readBootstrapFacts } from '../envoy/bootstrap-facts.ts';
import type { PreflightFacts } from '../machine/judge-preflight.ts';
import type { LaunchRecord, SidecarSpec, StoredPair } from '../ports.ts';
import { busyAddresses } from './busy-addresses.ts';
import { judgeOldProcess } from './early-end.ts';
import { type RunAs, readEnvoyBinary, validateBootstrap } from './envoy-binary.ts';
import { launchPrefix } from './launch-prefix.ts';
import { memoryHeadroom } from './memory-headroom.ts';
import { readSharedMemory, sharedMemoryPath } from './shared-memory-flag.ts';
import { listenersOnPort, readTcpTable, type TcpRow } from './tcp-table.ts';

/** The subject of a preflight. */
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

/** Collects the facts for `judgePreflight`; changes nothing. */
export async function collectPreflightFacts(subject: PreflightSubject): Promise<PreflightFacts> {
  const { spec, pair, serving, servingPair, as } = subject;
  const [binary, validateProblem, text, servingText, rows] = await Promise.all([
    readEnvoyBinary(pair.binary, as),
    validateBootstrap(pair.binary, pair.bootstrap, launchPrefix(spec), 30_000, spec.args).catch(
      (error: Error) => error.message,
    ),
    readFile(pair.bootstrap, 'utf8'),
    servingPair === null ? null : readFile(servingPair.bootstrap, 'utf8').catch(nullIfMissing),
    readTcpTable('self'),
  ]);
  const bootstrap = await readBootstrapFacts(text);
  const servingBootstrap = servingText === null ? null : await readBootstrapFacts(servingText);
  if (rows === null) throw new Error('this process has no table of TCP sockets in /proc');
  const foreign = rows.filter((row) => !subject.inodes.has(row.inode));
  return {
    binaryProblem: binary.problem,
    version: binary.version,
    hotRestartVersion: binary.hotRestartVersion,
    servingHotRestartVersion: servingPair?.hotRestartVersion ?? null,
    validateProblem,
    bootstrap,
    servingBootstrap,
    admin: adminText(spec.admin),
    concurrency: spec.concurrency,
    servingConcurrency: serving.concurrency,
    drainMs: spec.drainMs,
    servingDrainMs: serving.drainMs,
    busyAddresses: busyAddresses(bootstrap, foreign),
    adminProblem: await adminProblem(spec.admin, foreign),
    sharedMemoryProblem: await sharedMemoryProblem(subject.baseId, spec.uid),
    availableBytes: await memoryHeadroom(),
    ...(await judgeOldProcess(spec.admin, servingBootstrap)),
    servingBytes: subject.servingBytes,
    isDubboUntold: servingBootstrap?.sources.asksDiscovery === true && (spec.notify?.consumer ?? null) === null,
    storageProblem: subject.storageProblem,
  };
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
  const there = await stat(admin.path).catch(nullIfMissing);
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
