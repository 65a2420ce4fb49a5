/** Connections of one application: proxied ones, direct ones, and how they are cut. */
import { unreachable } from '../errors/unreachable.ts';
import { cidrHoldsAddress } from '../mesh/cidr.ts';
import type { AppPolicy } from './build-policy.ts';
import type { InterceptHost } from './host.ts';
import type { TcpEndpoint, TcpSocket, TrackedFlow } from './ports.ts';
import { SSH_PORT } from './rules/app-policy.ts';
import { DIRECT_DESTINATIONS, DIRECT_SOURCES } from './rules/local-networks.ts';
import { decodeMark, encodeMark, MARK_APP_MASK } from './rules/mark.ts';
import type { StoredGuard } from './stored-state.ts';

/**
 * Conntrack states in which data can still flow. A half-closed connection is in FIN_WAIT or CLOSE_WAIT for as long as
 * the other half goes on (nf_conntrack_proto_tcp.c), so these two count as open.
 */
const OPEN_STATES = new Set(['SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT']);

/** The proxied connections of one application that are still open. */
export function openFlows(flows: readonly TrackedFlow[], slot: number): TrackedFlow[] {
  return flows.filter((flow) => decodeMark(flow.mark)?.slot === slot && OPEN_STATES.has(flow.state));
}

/** Connections of one application that were proxied and have ended; the kernel still lists them for a while. */
export function endedFlows(flows: readonly TrackedFlow[], slot: number): TrackedFlow[] {
  return flows.filter((flow) => decodeMark(flow.mark)?.slot === slot && !OPEN_STATES.has(flow.state));
}

/** The proxied connections of one application that are established, as status counts them. */
export function establishedFlows(flows: readonly TrackedFlow[], slot: number): TrackedFlow[] {
  return flows.filter((flow) => decodeMark(flow.mark)?.slot === slot && flow.state === 'ESTABLISHED');
}

/** How many there are of each application, by slot. */
export function establishedBySlot(flows: readonly TrackedFlow[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { mark, state } of flows) {
    const slot = state === 'ESTABLISHED' ? decodeMark(mark)?.slot : undefined;
    if (slot !== undefined) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  return counts;
}

/** One connection's identity: a client endpoint and where it wanted to go. */
export function flowKey(flow: TrackedFlow): string {
  return `${endpointKey(flow.source)}>${endpointKey(flow.originalDestination)}`;
}

/** Aborts flows at every end that is on this host and makes conntrack forget the application's mappings. */
export async function cutFlows(host: InterceptHost, flows: readonly TrackedFlow[], slot: number): Promise<number> {
  if (flows.length === 0) return 0;
  // Sockets are aborted first: the kernel's reset travels through the mapping that is deleted afterwards.
  await host.connections.abort(
    flows.flatMap((flow) => [
      { local: flow.source, peer: flow.originalDestination },
      { local: flow.answeredBy, peer: flow.source },
    ]),
  );
  const [transparent, tracked] = [flows.filter(({ mode }) => mode === 'tproxy'), flows.filter(({ mode }) => !mode)];
  if (tracked.length > 0)
    await host.connections.forget({ mark: encodeMark({ slot, direction: 'outbound' }), mask: MARK_APP_MASK });
  const remembered = transparent.map((flow) => ({ source: flow.source, destination: flow.originalDestination }));
  if (remembered.length > 0) await host.firewall('nft').forgetFlows(remembered);
  return flows.length;
}

/** All sockets of the namespace, with the facts that show their owners. */
export interface SocketTable {
  readonly connected: readonly TcpSocket[];
  readonly listening: readonly TcpSocket[];
  readonly listeningPorts: ReadonlySet<number>;
  readonly groupOf: ReadonlyMap<number, number>;
  /** Keys of the flows that carry a mark of weir. */
  readonly proxied: ReadonlySet<string>;
}

/** Reads sockets and marks once for all applications; process groups only when some application needs them. */
export async function readSocketTable(
  host: InterceptHost,
  flows: readonly TrackedFlow[],
  withGroups: boolean,
): Promise<SocketTable> {
  const [connected, listening] = await Promise.all([
    host.connections.sockets('connected', { processes: withGroups }),
    host.connections.sockets('listening'),
  ]);
  const pids = withGroups
    ? [...new Set(connected.flatMap((socket) => socket.processes.map((process) => process.pid)))]
    : [];
  return {
    connected: connected.filter((socket) => socket.state === 'ESTAB'),
    listening,
    listeningPorts: new Set(listening.map((socket) => socket.local.port)),
    groupOf: pids.length > 0 ? await host.connections.groupsOf(pids) : new Map(),
    proxied: new Set(
      flows.flatMap((flow) => [flowKey(flow), `${endpointKey(flow.answeredBy)}>${endpointKey(flow.source)}`]),
    ),
  };
}

/** Established outbound connections of the application's accounts that do not go through its sidecar. */
export function directSockets(table: SocketTable, policy: AppPolicy, guard: StoredGuard): TcpSocket[] {
  return table.connected.filter(
    (socket) =>
      selects(table, policy, guard, socket) &&
      !isLoopback(socket.peer.address) &&
      !table.listeningPorts.has(socket.local.port) &&
      !table.proxied.has(socketKey(socket)),
  );
}

/** Direct connections that would have been diverted, had they been opened now; `on --existing cut` ends these. */
export function divertibleSockets(table: SocketTable, policy: AppPolicy, guard: StoredGuard): TcpSocket[] {
  const outbound =
    policy.outbound === null
      ? []
      : directSockets(table, policy, guard).filter((socket) => inScope(policy, 'outbound', socket, guard));
  const inbound =
    policy.inbound === null
      ? []
      : table.connected.filter(
          (socket) =>
            table.listeningPorts.has(socket.local.port) &&
            !isLoopback(socket.peer.address) &&
            !guard.uids.includes(socket.uid) &&
            !table.proxied.has(socketKey(socket)) &&
            inScope(policy, 'inbound', socket, guard),
        );
  return [...outbound, ...inbound];
}

function selects(table: SocketTable, policy: AppPolicy, guard: StoredGuard, socket: TcpSocket): boolean {
  if (guard.uids.includes(socket.uid)) return false;
  const select = policy.select;
  switch (select.kind) {
    case 'users':
      return select.uids.includes(socket.uid);
    case 'group':
      return socket.processes.some(({ pid }) => table.groupOf.get(pid) === select.gid);
    case 'slice':
      return socket.cgroup === select.path || (socket.cgroup?.startsWith(`${select.path}/`) ?? false);
    case 'all':
      return true;
    default:
      return unreachable(select);
  }
}

function inScope(policy: AppPolicy, direction: 'outbound' | 'inbound', socket: TcpSocket, guard: StoredGuard): boolean {
  const scope = policy[direction];
  if (scope === null) return false;
  const port = direction === 'outbound' ? socket.peer.port : socket.local.port;
  const holds = (range: { from: number; to: number }): boolean => port >= range.from && port <= range.to;
  if (scope.exclude.ports.some(holds) || guard.reservedPorts.includes(port)) return false;
  // ssh is left alone, whatever the scope says; nobody is cut off by `--existing cut`.
  const isSsh = direction === 'outbound' ? port === SSH_PORT : guard.sshPorts.includes(port);
  if (isSsh || guard.sshPeers.includes(socket.peer.address)) return false;
  const direct = direction === 'outbound' ? DIRECT_DESTINATIONS : DIRECT_SOURCES;
  if (direct.some((cidr) => cidrHoldsAddress(cidr, socket.peer.address))) return false;
  if (scope.ports.length > 0 && !scope.ports.some(holds)) return false;
  const other = socket.peer.address;
  if (scope.exclude.cidrs.some((cidr) => cidrHoldsAddress(cidr, other))) return false;
  return scope.cidrs.length === 0 || scope.cidrs.some((cidr) => cidrHoldsAddress(cidr, other));
}

function socketKey(socket: TcpSocket): string {
  return `${endpointKey(socket.local)}>${endpointKey(socket.peer)}`;
}

function endpointKey(endpoint: TcpEndpoint): string {
  return `${endpoint.address}|${endpoint.port}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/**
 * Aborts the direct connections of applications that were just switched on, so that they come back through the sidecar.
 * Resolves to how many were aborted, by application.
 */
export async function cutDirectConnections(
  host: InterceptHost,
  table: SocketTable,
  apps: readonly { readonly name: string; readonly policy: AppPolicy }[],
  guard: StoredGuard,
): Promise<Map<string, number>> {
  const cuts = new Map<string, number>();
  for (const app of apps) {
    const sockets = divertibleSockets(table, app.policy, guard);
    if (sockets.length > 0) await host.connections.abort(sockets.map(({ local, peer }) => ({ local, peer })));
    cuts.set(app.name, sockets.length);
  }
  return cuts;
}
