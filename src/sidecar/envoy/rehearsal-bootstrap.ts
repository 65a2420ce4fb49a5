/** The bootstrap of a rehearsal: a start apart from the traffic, in a network namespace that has nothing but loopback. */
import { protoField, protoList, protoMessages, protoNumber, protoPath } from './proto-json.ts';

/** A Unix socket in the rehearsal's folder in place of a TCP address that its namespace cannot reach. */
export interface RehearsalForward {
  readonly socket: string;
  readonly host: string;
  readonly port: number;
}

/** The rewritten bootstrap. `problem`: why a start with it would touch what serves, or prove nothing. */
export type RehearsalBootstrap =
  | { readonly content: object; readonly forwards: readonly RehearsalForward[] }
  | { readonly problem: string };

type Message = Record<string, unknown>;

/** Parts of a bootstrap that speak for the node to others: they would count or report a process that never serves. */
const SILENCED = ['stats_sinks', 'hds_config'];

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Both spellings of a field are removed, so that the written one is the only one. */
function put(message: Message, name: string, value: unknown): void {
  const camelCase = name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  delete message[camelCase];
  if (value === undefined) delete message[name];
  else message[name] = value;
}

function child(message: unknown, name: string): Message | null {
  const found = protoField(message, name);
  return isMessage(found) ? found : null;
}

function pipe(path: string): object {
  return { pipe: { path } };
}

function isDns(cluster: Message): boolean {
  const type = protoField(cluster, 'type');
  const custom = String(protoPath(cluster, 'cluster_type', 'name') ?? '');
  return type === 'STRICT_DNS' || type === 'LOGICAL_DNS' || custom === 'envoy.clusters.dns';
}

function isRewritable(cluster: Message): boolean {
  const type = protoField(cluster, 'type');
  const isStatic = type === 'STATIC' || (type === undefined && protoField(cluster, 'cluster_type') === undefined);
  return isStatic || isDns(cluster);
}

/** The endpoints of a static cluster become Unix sockets; a cluster of names becomes a static one, for names end at weir. */
function rewriteCluster(cluster: Message, forwardTo: (host: string, port: number) => string): void {
  if (!isRewritable(cluster)) return;
  const isNamed = isDns(cluster);
  const localities = protoList(protoField(cluster, 'load_assignment'), 'endpoints');
  const hosts = localities
    .flatMap((locality) => protoList(locality, 'lb_endpoints'))
    .map((one) => child(one, 'endpoint'))
    .filter((one) => one !== null);
  for (const endpoint of hosts) {
    const socket = child(protoField(endpoint, 'address'), 'socket_address');
    const host = protoField(socket, 'address');
    const port = protoNumber(protoField(socket, 'port_value'));
    if (typeof host !== 'string' || port === null || protoField(socket, 'protocol') === 'UDP') continue;
    put(endpoint, 'address', pipe(forwardTo(host, port)));
    put(endpoint, 'additional_addresses', undefined);
    // A port has no meaning for a Unix socket, and Envoy refuses it.
    put(endpoint, 'health_check_config', undefined);
    if (isNamed && protoField(endpoint, 'hostname') === undefined) put(endpoint, 'hostname', host);
  }
  put(cluster, 'upstream_bind_config', undefined);
  if (!isNamed) return;
  put(cluster, 'cluster_type', undefined);
  put(cluster, 'type', 'STATIC');
}

function problemOf(root: unknown): string | null {
  const messages = [...protoMessages(root)];
  if (messages.some((one) => protoField(one, 'network_namespace_filepath') !== undefined))
    return 'a listener of the bootstrap is in a network namespace of its own';
  if (messages.some((one) => protoField(one, 'google_grpc') !== undefined))
    return 'the bootstrap reaches a server by google_grpc, and not by a cluster';
  return null;
}

/**
 * Rewrites a parsed bootstrap for a rehearsal whose files lie in `folder`. Listeners keep their addresses, which the
 * namespace has to itself; Unix sockets, which it shares, get paths of their own. The input is left as it is.
 */
export function rehearsalBootstrap(root: unknown, folder: string): RehearsalBootstrap {
  if (!isMessage(root)) return { problem: 'the bootstrap is not YAML or JSON' };
  const problem = problemOf(root);
  if (problem !== null) return { problem };
  const content = structuredClone(root);
  for (const name of SILENCED) put(content, name, undefined);
  const manager = child(content, 'cluster_manager');
  if (manager !== null) put(manager, 'load_stats_config', undefined);
  put(content, 'admin', { address: pipe(`${folder}/admin.sock`) });
  const resources = child(content, 'static_resources');
  let sockets = 0;
  for (const listener of protoList(resources, 'listeners')) {
    const more = protoList(listener, 'additional_addresses');
    for (const holder of [listener, ...more]) {
      if (isMessage(holder) && protoPath(holder, 'address', 'pipe') !== undefined)
        put(holder, 'address', pipe(`${folder}/in${sockets++}.sock`));
    }
  }
  const forwards = new Map<string, RehearsalForward>();
  const forwardTo = (host: string, port: number): string => {
    const key = `${host} ${port}`;
    const known = forwards.get(key) ?? { socket: `${folder}/out${forwards.size}.sock`, host, port };
    forwards.set(key, known);
    return known.socket;
  };
  for (const cluster of protoList(resources, 'clusters')) if (isMessage(cluster)) rewriteCluster(cluster, forwardTo);
  return { content, forwards: [...forwards.values()] };
}
