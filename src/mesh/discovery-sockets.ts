/** Which sidecar asks the discovery agent on which socket. */

/** One socket and the account that may connect to it; null: that of the agent. */
export interface DiscoverySocket {
  readonly path: string;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** A sidecar as far as its socket goes. */
export interface SocketUser {
  readonly name: string;
  readonly uid: number | null;
  readonly gid: number | null;
}

/**
 * The socket of each sidecar. A socket belongs to one account: sidecars of the first account share the one of mesh.yaml,
 * each other sidecar has one beside it with its name.
 */
export function discoverySockets(path: string, sidecars: readonly SocketUser[]): ReadonlyMap<string, DiscoverySocket> {
  const [first] = sidecars;
  return new Map(
    sidecars.map(({ name, uid, gid }) => {
      const isFirst = uid === first?.uid && gid === first.gid;
      return [name, { path: isFirst ? path : `${path}.${name}`, uid, gid }];
    }),
  );
}
