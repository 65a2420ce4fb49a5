/** The judgement whether a process listens on all its addresses, from a look at its sockets. */
import type { BootstrapFacts } from './bootstrap-facts.ts';
import { coversAddress } from './listener-addresses.ts';

/** A socket that listens in the network namespace of the process. */
interface Endpoint {
  readonly address: string;
  readonly inode: string;
}

/** The observed facts. */
export interface ListenersSeen {
  readonly facts: Pick<BootstrapFacts, 'listeners' | 'sources'>;
  /** The ports that mesh.yaml names as those of this sidecar. */
  readonly ports: readonly number[];
  /** The admin's own port, which is no listener; null for a unix socket. */
  readonly adminPort: number | null;
  readonly endpoints: readonly Endpoint[];
  /** The sockets of the process; null when it may not be looked into. */
  readonly inodes: ReadonlySet<string> | null;
}

/** The missing addresses. `isCurable`: the bootstrap itself names them, so a process started anew listens there. */
export interface ListenerLook {
  readonly missing: readonly string[];
  readonly isCurable: boolean;
}

/**
 * The addresses that the process should listen on and does not. Its bootstrap names them, or mesh.yaml where a control
 * plane sends listeners. Null when it cannot be told: somebody listens there, but the socket's owner is not readable.
 */
export function judgeListeners({ facts, ports, adminPort, endpoints, inodes }: ListenersSeen): ListenerLook | null {
  const own = inodes === null ? endpoints : endpoints.filter(({ inode }) => inodes.has(inode));
  const isAdmin = (address: string) => adminPort !== null && portOf(address) === adminPort;
  const held = own.map(({ address }) => address).filter((address) => !isAdmin(address));
  const lost = facts.listeners.bound.filter((wanted) => !held.some((address) => coversAddress(address, wanted)));
  const unsent = facts.sources.hasDynamicListeners ? notSent(ports, held) : [];
  const missing = [...lost, ...unsent];
  if (missing.length === 0 && inodes === null && facts.listeners.bound.length + ports.length > 0) return null;
  return { missing, isCurable: lost.length > 0 };
}

function notSent(ports: readonly number[], held: readonly string[]): string[] {
  if (ports.length === 0) return held.some((address) => !address.startsWith('unix:')) ? [] : ['any address'];
  return ports.filter((port) => !held.some((address) => portOf(address) === port)).map((port) => `port ${port}`);
}

function portOf(address: string): number | null {
  const port = /^[^u].*:(\d+)$/.exec(address)?.[1];
  return port === undefined ? null : Number(port);
}
