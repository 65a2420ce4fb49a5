/** The check that Envoy will run under the account that mesh.yaml names. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarSpec } from '../ports.ts';

/**
 * Throws WEIR4014 when weir is neither root nor the sidecar's account. Envoy would run under weir's own account, while
 * the rules spare the connections of another one.
 */
export function requireOwnAccount({ name, uid }: SidecarSpec, own = process.getuid?.()): void {
  if (own === undefined || own === 0 || uid === null || uid === own) return;
  throw new WeirError('WEIR4014', {
    what: `${name} cannot be started`,
    why: `mesh.yaml has it run as uid ${uid}, and weir runs as uid ${own}, which may not become another`,
    hint: `run weir as root or as uid ${uid}, or name its own account in mesh.yaml`,
  });
}
