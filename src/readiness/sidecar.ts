/** The checks of `weir check sidecar`: readiness, listeners, ports. */

import type { WeirError } from '../errors/weir-error.ts';
import { listeningFamilies } from '../interception/listening.ts';
import type { TcpSocket } from '../interception/ports.ts';
import { sidecarReadiness } from '../interception/sidecar-readiness.ts';
import { pidsText } from '../interception/surroundings/judge-accounts.ts';
import { wantedProcesses } from '../interception/surroundings/meant-processes.ts';
import { isOnlyUnknown } from '../mesh/load-mesh.ts';
import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../mesh/mesh-config.ts';
import type { Readiness } from '../platform/readiness.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import type { CheckConfig, CheckHost } from './check-host.ts';

/** How long a sidecar may take to answer; longer counts as frozen. */
const READY_TIMEOUT_MS = 2000;

const WHY = 'connections that are diverted to a sidecar fail while it does not answer';

const FAMILY_WHY = 'a family is diverted only where the sidecar listens on it';

const CRASH_WHY =
  'an Envoy that keeps ending loses what it has in flight each time, and a start that fails serves nobody';
/** A crash is worth a warning for a day. */
const RECENT_MS = 24 * 3_600_000;

/** Whether each sidecar of mesh.yaml can take traffic. */
export const SIDECAR_CHECKS: readonly Check[] = [
  {
    about: 'readiness of sidecars',
    why: WHY,
    run: (host) =>
      withMesh(host.config, (mesh) => Promise.all([...mesh.sidecars.values()].map((one) => askOne(host, one)))),
  },
  {
    about: 'listeners of sidecars',
    why: WHY,
    run: async (host) => (host.config.state === 'good' ? judgeListeners(host, host.config.mesh) : []),
  },
  {
    about: 'crashes of sidecars that weir runs',
    why: CRASH_WHY,
    async run(host) {
      if (host.config.state !== 'good') return [];
      const own = [...host.config.mesh.sidecars.values()].filter((sidecar) => sidecar.process !== undefined);
      return (await Promise.all(own.map((sidecar) => judgeCrash(host, sidecar)))).flat();
    },
  },
  {
    about: 'ports of sidecars among those of outgoing connections',
    why: WHY,
    run: (host) => judgePorts(host),
  },
];

/** A sidecar that does not run and listens nowhere is one fault, not one more for each of its ports. */
async function judgeListeners(host: CheckHost, { apps, sidecars }: ResolvedMeshConfig): Promise<CheckFinding[]> {
  const [listeners, { hasIpv4, hasIpv6 }] = await Promise.all([
    host.intercept.connections.sockets('listening'),
    host.intercept.network(),
  ]);
  const found = [...sidecars.values()].map(async (sidecar) => {
    const users = [...apps.values()].filter((app) => app.sidecar === sidecar.name);
    const ports = (['outbound', 'inbound'] as const).map((direction) =>
      judgeListener(sidecar, direction, { listeners, hasIpv4, hasIpv6, apps: users }),
    );
    if (ports.some(({ isHeard }) => isHeard)) return ports.flatMap((port) => port.found);
    if ((await readinessOf(host, sidecar)).state === 'dead') return [];
    const away = await judgeElsewhere(host, sidecar, 'whether it listens');
    return away === null ? ports.flatMap((port) => port.found) : [away];
  });
  return (await Promise.all(found)).flat();
}

/**
 * What to say of a sidecar that is not heard here while processes of its account run, none of them in this network
 * namespace as far as is seen; null when that is not so. Its ports are there, so that nothing here tells of them.
 */
async function judgeElsewhere(
  { intercept }: CheckHost,
  { name, user, group }: SidecarConfig<AccountId>,
  question: string,
): Promise<CheckFinding | null> {
  const users = user === undefined ? [] : [{ kind: 'users', uids: [user.id] } as const];
  const groups = group === undefined || user !== undefined ? [] : [{ kind: 'group', gid: group.id } as const];
  const processes = await intercept.surroundings.processes(wantedProcesses([...users, ...groups], false));
  if ('unseen' in processes || processes.seen.length === 0) return null;
  if (processes.seen.some(({ isHere }) => isHere === true)) return null;
  const [first] = processes.seen;
  const isAway = processes.seen.every(({ isHere }) => isHere === false);
  return finding(
    'skipped',
    `${name}: ${question} is not known: its processes are ${isAway ? 'in another network namespace' : 'in a network namespace that cannot be read'}`,
    'ports belong to a network namespace, and what is seen here says nothing of those there',
    { hint: `look there: \`weir check --netns ${first?.pid}\``, evidence: pidsText(processes.seen) },
  );
}

function readinessOf({ intercept }: CheckHost, sidecar: SidecarConfig<AccountId>): Promise<Readiness> {
  return sidecarReadiness(intercept, sidecar, sidecar, READY_TIMEOUT_MS);
}

/** The kernel may give such a port to any outgoing connection; the sidecar then cannot listen on it again. */
async function judgePorts({ config, intercept }: CheckHost): Promise<CheckFinding[]> {
  if (config.state !== 'good') return [];
  const limits = await intercept.surroundings.limits();
  if ('unseen' in limits) return [finding('skipped', 'ports of outgoing connections: not known', limits.unseen)];
  const { localPorts, reservedPorts } = limits.seen;
  if (localPorts === null) return [];
  const isGiven = (port: number): boolean =>
    port >= localPorts.from &&
    port <= localPorts.to &&
    !reservedPorts.some(({ from, to }) => port >= from && port <= to);
  return [...config.mesh.sidecars.values()].flatMap(({ name, outbound, inbound, admin }) => {
    const own = [outbound, inbound, admin.kind === 'http' ? admin.port : undefined];
    const ports = own.filter((port) => port !== undefined && isGiven(port));
    if (ports.length === 0) return [];
    return [
      finding(
        'warning',
        `${name}: port ${ports.join(', ')} lies among those that outgoing connections are given (${localPorts.from}-${localPorts.to})`,
        'a connection of any program can hold the port when the sidecar starts again: it could not listen then (EADDRINUSE)',
        {
          hint: `reserve it: \`sysctl -w net.ipv4.ip_local_reserved_ports=${ports.join(',')}\` (with those that are reserved already)`,
        },
      ),
    ];
  });
}

/** Without a mesh.yaml there is nothing to look at, which is no fault: weir may not be set up yet. */
async function withMesh(
  config: CheckConfig,
  look: (mesh: ResolvedMeshConfig) => Promise<CheckFinding[]>,
): Promise<CheckFinding[]> {
  switch (config.state) {
    case 'good':
      return look(config.mesh);
    case 'missing':
      return [
        finding('skipped', `there is no ${config.file}: no sidecar to look at`, WHY, {
          hint: 'name another with --config; `weir config schema` tells what it holds',
        }),
      ];
    case 'broken':
      return [
        hasAnswer(config.error)
          ? finding('error', `mesh.yaml cannot be used: ${config.error.what}`, config.error.why, {
              hint: config.error.hint,
              evidence: config.error.code,
            })
          : finding('unknown', `whether mesh.yaml can be used is not known: ${config.error.what}`, WHY, {
              hint: config.error.hint,
              evidence: `${config.error.why} (${config.error.code})`,
            }),
      ];
  }
}

/** Whether an error says that something is wrong with mesh.yaml, and not that a program or the system gave no answer. */
function hasAnswer(error: WeirError): boolean {
  return error.exit === 2 && !isOnlyUnknown(error);
}

/** A crash loop has its cause in the journal; the admin of such a sidecar only refuses connections. */
async function judgeCrash({ intercept }: CheckHost, sidecar: SidecarConfig<AccountId>): Promise<CheckFinding[]> {
  const { name } = sidecar;
  const managed = await intercept.sidecarStatus(name, sidecar);
  if (managed === null) return [];
  const { crash, state } = managed;
  if (crash === null) return [finding('ok', `${name}: no crash is on record`, CRASH_WHY)];
  const times = crash.inARow > 1 ? `, ${crash.inARow} times in a row` : '';
  const evidence = `last at ${crash.at}`;
  const hint = `\`weir sidecar history ${name}\` has every crash; \`weir sidecar rollback ${name}\` goes to the former pair`;
  const what = `Envoy ended${times}: ${crash.detail}`;
  if (state === 'failed' || state === 'starting')
    return [finding('error', `${name} does not come up: ${what}`, CRASH_WHY, { hint, evidence })];
  if (intercept.clock.now() - Date.parse(crash.at) > RECENT_MS)
    return [finding('ok', `${name}: no crash within a day`, CRASH_WHY, { evidence })];
  return [finding('warning', `${name}: ${what}`, CRASH_WHY, { hint, evidence })];
}

/** A sidecar that accepts and says nothing is worse than a dead one: connections to it hang instead of failing. */
async function askOne(host: CheckHost, sidecar: SidecarConfig<AccountId>): Promise<CheckFinding> {
  const { name, admin, readyPath, process } = sidecar;
  const evidence =
    admin.kind === 'unix' ? `${admin.path}${readyPath}` : `http://${admin.host}:${admin.port}${readyPath}`;
  const readiness = await readinessOf(host, sidecar);
  switch (readiness.state) {
    case 'ready':
      return finding('ok', `${name} is ready`, WHY, { evidence });
    case 'not-ready':
      return finding('error', `${name} is not ready: ${readiness.detail}`, WHY, {
        hint: "look at the sidecar's own log",
        evidence,
      });
    case 'dead':
      // A Unix socket is the same one everywhere.
      if (admin.kind === 'http') {
        const away = await judgeElsewhere(host, sidecar, 'whether it is ready');
        if (away !== null) return away;
      }
      return finding('error', `${name} does not run: ${readiness.detail}`, WHY, {
        hint:
          process === undefined
            ? `start it; mesh.yaml names its admin endpoint in sidecars.${name}.admin`
            : `start it: \`weir sidecar run ${name}\``,
        evidence,
      });
    case 'unknown': {
      // An ordinary user may not ask each sidecar, which is no fault of the host.
      const isOrdinary = (await host.facts.rights()).uid !== 0;
      return finding(
        isOrdinary ? 'skipped' : 'unknown',
        `${name}: whether it is ready is not known: ${readiness.detail}`,
        WHY,
        {
          hint: isOrdinary ? 'run it with sudo' : 'mend what keeps weir from asking it, then run it again',
          evidence,
        },
      );
    }
    case 'frozen':
      return finding('timeout', `${name} accepts and does not answer within ${READY_TIMEOUT_MS} ms`, WHY, {
        hint: 'it hangs or is overloaded: restart it before anything is diverted to it',
        evidence,
      });
  }
}

/** The facts for the judgement of one listener. */
interface ListenerFacts {
  readonly listeners: readonly TcpSocket[];
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
  readonly apps: readonly AppConfig<AccountId>[];
}

/**
 * Judges whether a process listens on the port of redirected connections, in both families. Only ports that some
 * application uses matter.
 */
function judgeListener(
  sidecar: SidecarConfig<AccountId>,
  direction: 'outbound' | 'inbound',
  { listeners, hasIpv4, hasIpv6, apps }: ListenerFacts,
): { readonly isHeard: boolean; readonly found: readonly CheckFinding[] } {
  const port = sidecar[direction];
  const users = apps.filter((app) => app[direction] !== null);
  if (port === undefined || users.length === 0) return { isHeard: false, found: [] };
  const where = `${sidecar.name} (${direction}, port ${port})`;
  const { ipv4, ipv6 } = listeningFamilies(listeners, port, direction);
  const evidence = users.map((app) => app.name).join(', ');
  const heard = (found: CheckFinding) => ({ isHeard: ipv4 || ipv6, found: [found] });
  if (!ipv4 && !ipv6)
    return heard(
      finding('error', `${where}: nobody listens`, WHY, {
        hint: 'compare the listeners in its bootstrap with mesh.yaml',
        evidence: `used by ${evidence}`,
      }),
    );
  if (ipv6 && !ipv4 && !hasIpv4)
    return heard(finding('ok', `${where}: answers on IPv6, and there is no IPv4`, FAMILY_WHY));
  if (ipv4 && (ipv6 || !hasIpv6))
    return heard(
      finding(
        'ok',
        `${where}: ${ipv6 ? 'answers on IPv4 and IPv6' : 'answers on IPv4, and there is no IPv6'}`,
        FAMILY_WHY,
      ),
    );
  const missing = ipv4 ? 'IPv6' : 'IPv4';
  const denying = users.filter((app) => app.onFailure === 'deny').map((app) => app.name);
  const listen = direction === 'inbound' ? 'on the wildcard address (::)' : `on ${ipv4 ? '::1' : '127.0.0.1'}`;
  const hint = `let it listen ${listen} as well`;
  const what =
    denying.length > 0
      ? `${where}: not on ${missing}, and ${denying.join(', ')} may not go direct: \`weir on\` will refuse`
      : `${where}: not on ${missing}: ${missing} connections will stay direct`;
  return heard(
    finding(denying.length > 0 ? 'error' : 'warning', what, FAMILY_WHY, { hint, evidence: `used by ${evidence}` }),
  );
}
