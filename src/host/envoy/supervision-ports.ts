import { join } from 'node:path';
import { containerVersion } from '../../upgrade/container-role.ts';
import type { SidecarSpec } from '../../usecases/ports/sidecar.ts';
import type { SupervisionPorts } from '../../usecases/ports/supervision.ts';
import { askControlSocket, serveControlSocket } from '../control-socket.ts';
import { controlSocketPath } from './control-path.ts';
import { keptFolder, openSidecar, peerSocketPath, type WeirFolders } from './open-sidecar.ts';
import { leaveToPeer, openOwnProcesses } from './own-processes.ts';
import { openPeerDoor } from './peer-door.ts';
import { openPeer } from './peer-processes.ts';
import { forgetSettled, noteSettled } from './settled-file.ts';

/** What the command adds. `signal` aborts when this process is to end. */
export interface SupervisionSurroundings {
  readonly signal: AbortSignal;
  readonly readSpec: () => Promise<SidecarSpec>;
  readonly firstPair: () => Promise<string>;
}

/** The real surroundings of a supervisor: sockets, signals, the files of its container. */
export async function openSupervisionPorts(
  folders: WeirFolders,
  spec: SidecarSpec,
  { signal, readSpec, firstPair }: SupervisionSurroundings,
): Promise<SupervisionPorts> {
  const { runDir } = folders;
  const { name } = spec;
  const control = controlSocketPath(runDir, name);
  const door = peerSocketPath(runDir, name);
  const version = containerVersion(process.env);
  const kept = keptFolder(runDir, name, version);
  const own = openOwnProcesses(join(runDir, name), kept, spec);
  if (version !== null) await forgetSettled(kept);
  return {
    host: openSidecar(folders, spec),
    readSpec,
    firstPair,
    serveControl: (handle) => serveControlSocket(control, handle),
    askControl: (request) => askControlSocket(control, request),
    async openPeer() {
      const peer = await openPeer(door);
      return peer === null ? null : { ...peer, host: openSidecar(folders, spec, peer.processes) };
    },
    openDoor: () => openPeerDoor(door, own),
    leave: () => leaveToPeer(own, kept),
    async note(upgrade, problem) {
      if (version !== null) await noteSettled(kept, { upgrade, problem });
    },
    isToldToStop: () => signal.aborted,
    onSignals({ upgrade, reopen, stop }) {
      process.on('SIGHUP', upgrade).on('SIGUSR1', reopen);
      signal.addEventListener('abort', stop);
      return () => {
        process.off('SIGHUP', upgrade).off('SIGUSR1', reopen);
        signal.removeEventListener('abort', stop);
      };
    },
  };
}
