/** Answers interception's questions about the sidecars that weir runs, from their sockets and processes. */
import type { ManagedSidecars } from '../interception/managed-sidecars.ts';
import { hasSupervisor } from '../platform/control-socket.ts';
import { controlSocketPath } from './adapters/control-path.ts';
import type { WeirFolders } from './adapters/open-sidecar.ts';

/** The sidecars of one run directory. */
export function managedSidecars(folders: WeirFolders): ManagedSidecars {
  return {
    isSupervised: (sidecar) => hasSupervisor(controlSocketPath(folders.runDir, sidecar)),
    async status(name, configured) {
      // Loaded late: a supervisor asks only whether it is supervised, and must stay small.
      const { readManagedStatus } = await import('./adapters/read-sidecar-status.ts');
      return readManagedStatus(folders, name, configured);
    },
  };
}
