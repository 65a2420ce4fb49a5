/** How many connections an Envoy has, for reports that have more to say than that. */
import type { SidecarHost, SidecarSpec } from './ports.ts';

/** The system's codes for "you may not look": weir without CAP_SYS_PTRACE, beside an Envoy of another account. */
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/** Null: this process may not look at the sockets of that Envoy. Rejects with every other error. */
export async function connectionsSeen(
  host: Pick<SidecarHost, 'activeConnections'>,
  spec: SidecarSpec,
  id: number,
): Promise<number | null> {
  try {
    return await host.activeConnections(spec, id);
  } catch (error) {
    if (error instanceof Error && FORBIDDEN.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
