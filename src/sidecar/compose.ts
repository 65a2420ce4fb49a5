/** Composition of the commands about sidecars: their ports by mesh.yaml, sockets and files of this host. */
import { join, resolve } from 'node:path';
import { loadMeshConfig } from '../mesh/compose.ts';
import { systemClock } from '../platform/clock.ts';
import { weirArgv } from '../platform/process/programs.ts';
import { requireFile } from './adapters/absolute-file.ts';
import { envoySource, publishedSha256 } from './adapters/envoy-source.ts';
import { openBinaryStore } from './adapters/fetched-binaries.ts';
import { openSidecar, settledNotes, sidecarJournalPath } from './adapters/open-sidecar.ts';
import { readManagedStatus, readSidecarStatus } from './adapters/read-sidecar-status.ts';
import { primaryGroup, runAsAccount } from './adapters/run-as.ts';
import { openSidecarJournal } from './adapters/sidecar-journal.ts';
import { supervisedNames, supervisorLine } from './adapters/supervisor-line.ts';
import { weirBuild } from './adapters/weir-build.ts';
import { whoAsks } from './adapters/who-asks.ts';
import type { OtherWeir } from './usecases/hand-off.ts';
import type { SidecarMesh, SidecarPorts } from './usecases/ports.ts';

/** The folders of weir's files, by the global flags. */
export interface SidecarPlaces {
  readonly config: string;
  readonly runDir: string;
  readonly stateDir: string;
}

/** mesh.yaml of this host, read anew at each call: a supervisor runs longer than the file stays the same. */
export function sidecarMesh(config: string): SidecarMesh {
  return { file: config, load: () => loadMeshConfig(config), primaryGroup };
}

/** The ports of the commands about sidecars. `say` is told why an answer is long in coming. */
export function openSidecarPorts(
  { config, runDir, stateDir }: SidecarPlaces,
  say: (text: string) => void = () => {},
): SidecarPorts {
  const folders = { runDir, stateDir };
  return {
    mesh: sidecarMesh(config),
    supervisorOf: (name) => supervisorLine(folders, name, say),
    statusOf: (sidecar) => readSidecarStatus(folders, sidecar),
    supervisedStatus: (name) => readManagedStatus(folders, name, null),
    supervisedNames: () => supervisedNames(runDir),
    journalOf: (name) => openSidecarJournal(sidecarJournalPath(stateDir, name)).read(),
    startNotesOf: (name) => settledNotes(runDir, name),
    requireFile,
    actor: () => whoAsks(),
    binariesOf: (spec) => openBinaryStore(join(stateDir, 'sidecars', spec.name), runAsAccount(spec.uid, spec.gid)),
    envoySource,
    publishedSha256,
    prepare: (spec) => openSidecar(folders, spec).prepare(spec),
    accessLogOf: (name) => resolve(join(runDir, name, 'access.log')),
    async writeBootstrap(...bootstrap) {
      const { writeBootstrap } = await import('./adapters/write-bootstrap.ts');
      return await writeBootstrap(...bootstrap);
    },
    clock: systemClock,
  };
}

/** The weir of this command, for a supervisor that shall become it. */
export async function thisWeir(version: string): Promise<OtherWeir> {
  const build = await weirBuild(version);
  return { build, program: weirArgv([]) };
}
