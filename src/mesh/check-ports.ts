/** The check that no two sidecars claim the same port or socket. */
import { formatAdminAddress } from './admin-address.ts';
import type { SidecarConfig } from './mesh-config.ts';
import type { ConfigPath } from './yaml/config-problem.ts';
import type { ProblemList } from './yaml/problem-list.ts';

/** Who took a port first. */
interface PortOwner {
  readonly path: ConfigPath;
  readonly line: number;
}

/** What listens on one port: a listener of a sidecar takes it on every address, an admin interface on one. */
interface PortUse {
  listener?: PortOwner;
  readonly admins: Map<string, PortOwner>;
}

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** Whether no two listeners or admin interfaces of the sidecars want the same port or socket of the host. */
export function checkSidecarPorts(sidecars: Iterable<SidecarConfig>, problems: ProblemList): void {
  const uses = new Map<number, PortUse>();
  const sockets = new Map<string, PortOwner>();
  for (const sidecar of sidecars) {
    for (const direction of ['outbound', 'inbound'] as const) {
      const port = sidecar[direction];
      if (port !== undefined) takePort(uses, port, null, ['sidecars', sidecar.name, direction], problems);
    }
    const { admin } = sidecar;
    const path = ['sidecars', sidecar.name, 'admin'];
    if (admin.kind === 'http') {
      takePort(uses, admin.port, admin.host, path, problems);
      continue;
    }
    const owner = sockets.get(admin.path);
    if (owner === undefined) sockets.set(admin.path, { path, line: problems.positionOf(path).line });
    else reportTaken(`the socket ${formatAdminAddress(admin)}`, owner, path, problems);
  }
}

/**
 * Notes who takes a port, or reports who has it. `host` is null for a listener: Envoy's listeners of redirected
 * connections bind to every address, so they clash with an admin interface on any.
 */
function takePort(
  uses: Map<number, PortUse>,
  port: number,
  host: string | null,
  path: ConfigPath,
  problems: ProblemList,
): void {
  const use: PortUse = uses.get(port) ?? { admins: new Map() };
  uses.set(port, use);
  const wild = host === null || WILDCARDS.includes(host);
  const owner = use.listener ?? (wild ? use.admins.values().next().value : adminOn(use, host));
  if (owner !== undefined) {
    reportTaken(`port ${port}`, owner, path, problems);
    return;
  }
  const self = { path, line: problems.positionOf(path).line };
  if (host === null) use.listener = self;
  else use.admins.set(host, self);
}

/** An admin interface clashes with one on the same address, or on all. */
function adminOn(use: PortUse, host: string): PortOwner | undefined {
  return [host, ...WILDCARDS].map((one) => use.admins.get(one)).find((owner) => owner !== undefined);
}

function reportTaken(thing: string, owner: PortOwner, path: ConfigPath, problems: ProblemList): void {
  problems.atValue(path, {
    what: `${thing} is taken by ${owner.path.join('.')} (line ${owner.line})`,
    why: 'only one of them could listen there',
    hint: 'give each its own',
  });
}
