/** Opens the surroundings of a supervisor: control socket, peer, signals. */
import { join } from 'node:path';
import { answerLine } from '../../platform/agent/protocol.ts';
import { systemClock } from '../../platform/clock.ts';
import { serveControlSocket } from '../../platform/control-socket.ts';
import { containerVersion } from '../container-role.ts';
import type { SidecarSpec } from '../ports.ts';
import { CONTROL_PROTOCOL } from '../records/control-protocol.ts';
import type { SupervisorPorts } from '../supervisor-ports.ts';
import { controlSocketPath } from './control-path.ts';
import { keptFolder, openSidecar, peerSocketPath, type WeirFolders } from './open-sidecar.ts';
import { leaveToPeer, openOwnProcesses } from './own-processes.ts';
import { openPeerDoor } from './peer-door.ts';
import { openPeer } from './peer-processes.ts';
import { forgetSettled, noteSettled } from './settled-file.ts';
import { askSupervisorOf } from './supervisor-line.ts';

/** The command's own part of the surroundings. */
export interface SupervisorSurroundings {
  readonly signals: Pick<SupervisorPorts, 'isToldToStop' | 'onSignals'>;
  readonly process: SupervisorPorts['process'];
  readonly readSpec: () => Promise<SidecarSpec>;
  readonly firstPair: () => Promise<string>;
}

/** The real surroundings of a supervisor: sockets, signals, the files of its container. */
export async function openSupervisorPorts(
  folders: WeirFolders,
  spec: SidecarSpec,
  { signals, process: self, readSpec, firstPair }: SupervisorSurroundings,
): Promise<SupervisorPorts> {
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
    clock: systemClock,
    pid: process.pid,
    readSpec,
    firstPair,
    serveControl: (handlers) =>
      serveControlSocket(control, (line, write, gone) => answerLine(CONTROL_PROTOCOL, handlers, line, write, gone)),
    askToHandOver: () => askSupervisorOf<'hand-over'>(runDir, name, { command: 'hand-over' }),
    async openPeer() {
      const peer = await openPeer(door);
      return peer === null ? null : { ...peer, host: openSidecar(folders, spec, peer.processes) };
    },
    openDoor: () => openPeerDoor(door, own),
    leave: () => leaveToPeer(own, kept),
    async note(upgrade, problem) {
      if (version !== null) await noteSettled(kept, { upgrade, problem });
    },
    process: self,
    ...signals,
  };
}
