/** The path of a supervisor's control socket. */
import { join } from 'node:path';

/** The control socket of a sidecar's supervisor. */
export function controlSocketPath(runDir: string, name: string): string {
  return join(runDir, name, 'control.sock');
}
