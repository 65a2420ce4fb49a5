/** The world of the discovery bench, and what an arm gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { exchangeHttp } from '../../../src/platform/http-exchange.ts';

/** How large the world is. */
export interface BenchWorld {
  readonly apps: number;
  readonly interfaces: number;
  /** Of each application. */
  readonly instances: number;
  readonly joins: number;
}

/** What one joining instance cost in an arm. */
export interface ArmResult {
  readonly arm: 'weir' | 'delta' | 'three-in-one';
  readonly clusters: number;
  readonly endpoints: number;
  /** Processor time and bytes of a join, above those of as long a time at rest. */
  readonly serverMs: number;
  readonly envoyMs: number;
  readonly bytes: number;
  /** Processor time of server and Envoy at rest, in ms a second. */
  readonly restMs: number;
  /** Resident memory of the server, and what Envoy has allocated. */
  readonly serverMb: number;
  readonly envoyMb: number;
}

/** The address of an instance. */
export function addressOf(app: number, instance: number): string {
  return `10.${app >> 8}.${app & 255}.${instance + 1}`;
}

/** One instance joins after so long a time. */
export const JOIN_EVERY_MS = 250;

/** What received bytes are counted as in Envoy. */
export const RECEIVED = 'cluster.weir-discovery.upstream_cx_rx_bytes_total';

/** Who is measured: a server and its Envoy. */
interface Measured {
  readonly server: number;
  readonly envoy: number;
  readonly admin: string;
}

/**
 * What joins cost, above what server and Envoy cost at rest. The first listing leaves work behind, as the collection of its
 * garbage, that no join has made: it is waited for. Nobody asks the admin meanwhile: with 2,000 clusters that costs more than
 * a join.
 */
export async function costOfJoins(
  { joins }: BenchWorld,
  { server, envoy, admin }: Measured,
  join: (number: number) => Promise<void>,
): Promise<Pick<ArmResult, 'serverMs' | 'envoyMs' | 'bytes' | 'restMs'>> {
  const spent = async (act: () => Promise<unknown>) => {
    const [own, of, from] = [cpuMs(server), cpuMs(envoy), performance.now()];
    await act();
    return { server: cpuMs(server) - own, envoy: cpuMs(envoy) - of, ms: performance.now() - from };
  };
  await atRest(() => spent(() => sleep(2_000)));
  const bytes = await stat(admin, RECEIVED);
  await sleep(500);
  const rest = await spent(() => sleep(joins * JOIN_EVERY_MS));
  const busy = await spent(async () => {
    for (let number = 0; number < joins; number += 1) await join(number);
  });
  const scale = busy.ms / rest.ms;
  return {
    serverMs: (busy.server - rest.server * scale) / joins,
    envoyMs: (busy.envoy - rest.envoy * scale) / joins,
    bytes: ((await stat(admin, RECEIVED)) - bytes) / joins,
    restMs: ((rest.server + rest.envoy) / rest.ms) * 1_000,
  };
}

/** Resolves once neither has worked for some seconds. */
async function atRest(look: () => Promise<{ readonly server: number; readonly envoy: number; readonly ms: number }>) {
  let quiet = 0;
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; ) {
    const { server, envoy, ms } = await look();
    // The largest Envoy has 9 ms a second at rest.
    quiet = server + envoy < ms * 0.02 ? quiet + 1 : 0;
    if (quiet === 4) return;
  }
  throw new Error('server and Envoy did not come to rest');
}

/** Milliseconds of CPU that all threads of a process have had, by the scheduler's own count. */
export function cpuMs(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return sum / 1e6;
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Asks Envoy's admin. */
export async function askAdmin(socket: string, path: string): Promise<string> {
  const limits = { timeoutMs: 20_000, maxBytes: 64 * 1024 * 1024 };
  const outcome = await exchangeHttp({ kind: 'unix', path: socket }, { method: 'GET', path, ...limits });
  return outcome.kind === 'answered' ? outcome.body : '';
}

/** A number of Envoy's statistics. */
export async function stat(socket: string, name: string): Promise<number> {
  const text = await askAdmin(socket, `/stats?filter=^${name.replaceAll('.', '\\.')}$`);
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

/** Resolves once Envoy has received something and then no more for some seconds: it has all that there is. */
export async function untilFilled(socket: string, counter: string): Promise<void> {
  const quietMs = 3_000;
  let [seen, since] = [0, performance.now()];
  for (const deadline = since + 120_000; performance.now() < deadline; await sleep(200)) {
    const now = await stat(socket, counter);
    // Pings of HTTP/2 have 17 bytes; an endpoint, some thousand with those beside it.
    if (now - seen > 500) [seen, since] = [now, performance.now()];
    if (seen > 0 && performance.now() - since > quietMs) return;
  }
  throw new Error('Envoy went on receiving');
}

/** What Envoy has allocated, in MB. */
export async function allocatedMb(socket: string): Promise<number> {
  return Number(JSON.parse(await askAdmin(socket, '/memory')).allocated) / 1024 / 1024;
}

/** The members of a cluster as bytes. */
export function assignmentBytes(name: string, addresses: readonly string[]): Buffer {
  return encodeMessage('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: addresses.map((address) => ({
          endpoint: { address: { socket_address: { address, port_value: 20_880 } } },
          load_balancing_weight: 100,
        })),
      },
    ],
  });
}
