/** The proxied connections of a host, whichever way they were brought to their sidecars. */
import { unreachable } from '../errors/unreachable.ts';
import { compareBreadth, needsProcesses } from '../mesh/selector-kinds.ts';
import type { AppPolicy } from './build-policy.ts';
import type { InterceptHost } from './host.ts';
import type { KnownApp } from './known-apps.ts';
import type { RememberedFlow, TcpSocket, TrackedFlow } from './ports.ts';
import { encodeMark } from './rules/mark.ts';
import type { StoredApp } from './stored-state.ts';

/** An application whose connections are asked for. */
type FlowOwner = Pick<KnownApp, 'name' | 'stored' | 'kernel'>;

/** The applications whose connections are asked for. */
export type FlowOwners = ReadonlyMap<string, FlowOwner>;

/** Remembered applications as the listing takes them, where the kernel has not been read. */
export function ownersOf(apps: readonly StoredApp[]): FlowOwners {
  return new Map(apps.map((stored) => [stored.name, { name: stored.name, stored, kernel: null }]));
}

/**
 * Connections with a mark of weir in conntrack, and those that the rules of transparent proxying remember and that have
 * a socket. Conntrack is not asked where every known application does without it.
 */
export async function listProxied(host: InterceptHost, apps: FlowOwners): Promise<TrackedFlow[]> {
  const known = [...apps.values()];
  const isTransparent = known.some((app) => isInMode(app, 'tproxy'));
  const isTracked = known.length === 0 || known.some((app) => isInMode(app, 'redirect'));
  const [tracked, transparent] = await Promise.all([
    isTracked ? host.connections.tracked() : [],
    isTransparent ? listTransparent(host, known) : [],
  ]);
  return [...tracked, ...transparent];
}

/** Remembered so, or installed so: an application may have changed its mode while connections are open. */
function isInMode({ stored, kernel }: FlowOwner, mode: AppPolicy['mode']): boolean {
  return stored?.policy.mode === mode || kernel?.modes.includes(mode) === true;
}

async function listTransparent(host: InterceptHost, known: readonly FlowOwner[]): Promise<TrackedFlow[]> {
  const remembered = (await host.firewall('nft').flows()).filter(({ state }) => state !== 'ended');
  if (remembered.length === 0) return [];
  const policies = known.flatMap(({ stored }) => (stored?.policy.mode === 'tproxy' ? [stored.policy] : []));
  const withProcesses = policies.some(({ select }) => needsProcesses(select));
  const connected = await host.connections.sockets('connected', { processes: withProcesses });
  const pids = withProcesses ? [...new Set(connected.flatMap(({ processes }) => processes.map(({ pid }) => pid)))] : [];
  const groups = pids.length > 0 ? await host.connections.groupsOf(pids) : new Map<number, number>();
  const sockets = new Map(connected.map((socket) => [pairKey(socket.local, socket.peer), socket]));
  const unowned = known.find((app) => app.stored === null && isInMode(app, 'tproxy')) ?? known[0];
  return remembered.flatMap((flow): TrackedFlow[] => {
    const near = sockets.get(pairKey(flow.source, flow.destination));
    const far = sockets.get(pairKey(flow.destination, flow.source));
    // The socket of the caller is here for an outbound connection, that of the sidecar alone for an inbound one.
    const socket = near ?? far;
    const state = socket === undefined ? null : conntrackWord(socket.state);
    // Of one that has ended only the kernel's last words are left.
    if (socket === undefined || state === null) return [];
    const owner =
      near === undefined ? ownerOfPort(policies, flow.destination.port) : ownerOfSocket(policies, near, groups);
    const slot = owner?.slot ?? unowned?.kernel?.slot ?? unowned?.stored?.slot;
    if (slot === undefined) return [];
    const mark = flow.mark ?? encodeMark({ slot, direction: near === undefined ? 'inbound' : 'outbound' });
    return [
      {
        mode: 'tproxy',
        mark,
        state,
        source: flow.source,
        originalDestination: flow.destination,
        answeredBy: flow.destination,
      },
    ];
  });
}

/** The application whose selector takes a socket; the narrowest one, as the rules look them up. */
function ownerOfSocket(
  policies: readonly AppPolicy[],
  socket: TcpSocket,
  groups: ReadonlyMap<number, number>,
): AppPolicy | undefined {
  const taking = policies.filter(({ outbound, select }) => {
    if (outbound === null) return false;
    switch (select.kind) {
      case 'users':
        return select.uids.includes(socket.uid);
      case 'group':
        return socket.processes.some(({ pid }) => groups.get(pid) === select.gid);
      case 'slice':
        return socket.cgroup === select.path || socket.cgroup?.startsWith(`${select.path}/`) === true;
      case 'all':
        return true;
      default:
        return unreachable(select);
    }
  });
  return taking.toSorted((a, b) => compareBreadth(a.select, b.select) || depth(b) - depth(a))[0];
}

/** The deepest slice is the most specific one. */
function depth({ select }: AppPolicy): number {
  return select.kind === 'slice' ? select.path.split('/').length : 0;
}

function ownerOfPort(policies: readonly AppPolicy[], port: number): AppPolicy | undefined {
  const inbound = policies.filter((policy) => policy.inbound !== null);
  const named = inbound.find(({ inbound: scope }) => scope?.ports.some(({ from, to }) => from <= port && port <= to));
  return named ?? inbound.find(({ inbound: scope }) => scope?.ports.length === 0);
}

/** The state of a socket in the words of conntrack, which weir counts by; null when no data can flow any more. */
function conntrackWord(state: string): string | null {
  switch (state) {
    case 'ESTAB':
      return 'ESTABLISHED';
    case 'SYN-SENT':
      return 'SYN_SENT';
    case 'SYN-RECV':
      return 'SYN_RECV';
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
      return 'FIN_WAIT';
    case 'CLOSE-WAIT':
      return 'CLOSE_WAIT';
    default:
      return null;
  }
}

function pairKey(local: RememberedFlow['source'], peer: RememberedFlow['source']): string {
  return `${local.address}|${local.port}>${peer.address}|${peer.port}`;
}
