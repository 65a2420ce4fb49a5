/** Opens the folders, journal and host of one sidecar. */
import { join } from 'node:path';
import { containerVersion } from '../container-role.ts';
import type { SidecarHost, SidecarSpec } from '../ports.ts';
import { isAlive } from './process-identity.ts';
import { runAsAccount } from './run-as.ts';
import { readSettled, type SettledNote } from './settled-file.ts';
import { openSidecarHost, type PeerProcesses } from './sidecar-host.ts';

/** The folders of weir, from the global flags. */
export interface WeirFolders {
  readonly runDir: string;
  readonly stateDir: string;
}

/**
 * The folder of the keepers' files. Two containers that take turns share RUN/NAME, but a process number means nothing
 * in the other container. So each has a folder of its own there, named by the version that OpenKruise gave it.
 */
export function keptFolder(runDir: string, name: string, version: string | null): string {
  return version === null ? join(runDir, name) : join(runDir, name, `c${version}`);
}

/** The socket over which a container that has stepped down lets the other one look at its processes. */
export function peerSocketPath(runDir: string, name: string): string {
  return join(runDir, name, 'peer.sock');
}

/** Reads what the supervisor of this container says from now on about its start. */
export function settledNotes(runDir: string, name: string): () => Promise<SettledNote | null> {
  const kept = keptFolder(runDir, name, containerVersion(process.env));
  const startedMs = Date.now();
  return async () => {
    const note = await readSettled(kept);
    // An older note is from an earlier run, unless the process that wrote it still runs.
    return note !== null && (note.atMs >= startedMs || (await isAlive(note.by))) ? note : null;
  };
}

/** The journal of a sidecar. */
export function sidecarJournalPath(stateDir: string, name: string): string {
  return join(stateDir, 'sidecars', name, 'journal.jsonl');
}

/** Opens the host side of a sidecar that weir runs; `peer`: the container that serves until this one has taken over. */
export function openSidecar(folders: WeirFolders, spec: SidecarSpec, peer: PeerProcesses | null = null): SidecarHost {
  const place = {
    name: spec.name,
    run: join(folders.runDir, spec.name),
    kept: keptFolder(folders.runDir, spec.name, containerVersion(process.env)),
    state: join(folders.stateDir, 'sidecars', spec.name),
    as: runAsAccount(spec.uid, spec.gid),
    gid: spec.gid,
    adminSocket: spec.admin.kind === 'unix' ? spec.admin.path : null,
  };
  return openSidecarHost(place, peer);
}
