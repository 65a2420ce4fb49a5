import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../../config/mesh-config.ts';
import { listeningFamilies } from '../listening.ts';
import type { TcpSocket } from '../ports.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import type { CheckConfig, CheckHost } from './check-host.ts';

/** How long a sidecar may take to answer; longer counts as frozen. */
const READY_TIMEOUT_MS = 2000;

const WHY = 'connections are diverted to the sidecar: one that does not answer makes them fail';

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
    async run(host) {
      if (host.config.state !== 'good') return [];
      const { mesh } = host.config;
      const [listeners, { hasIpv6 }] = await Promise.all([
        host.intercept.connections.sockets('listening', { processes: true }),
        host.intercept.network(),
      ]);
      return [...mesh.sidecars.values()].flatMap((sidecar) => {
        const apps = [...mesh.apps.values()].filter((app) => app.sidecar === sidecar.name);
        return (['outbound', 'inbound'] as const).flatMap((direction) =>
          judgeListener(sidecar, direction, { listeners, hasIpv6, apps }),
        );
      });
    },
  },
];

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
        finding('error', `mesh.yaml cannot be used: ${config.error.what}`, config.error.why, {
          hint: config.error.hint,
          evidence: config.error.code,
        }),
      ];
  }
}

/** A sidecar that accepts and says nothing is worse than a dead one: connections to it hang instead of failing. */
async function askOne(host: CheckHost, sidecar: SidecarConfig<AccountId>): Promise<CheckFinding> {
  const { name, admin, readyPath } = sidecar;
  const evidence =
    admin.kind === 'unix' ? `${admin.path}${readyPath}` : `http://${admin.host}:${admin.port}${readyPath}`;
  const readiness = await host.intercept.askReadiness(admin, readyPath, READY_TIMEOUT_MS);
  switch (readiness.state) {
    case 'ready':
      return finding('ok', `${name} is ready`, WHY, { evidence });
    case 'not-ready':
      return finding('error', `${name} is not ready: ${readiness.detail}`, WHY, {
        hint: "look at the sidecar's own log",
        evidence,
      });
    case 'dead':
      return finding('error', `${name} does not run: ${readiness.detail}`, WHY, {
        hint: `start it; mesh.yaml names its admin endpoint in sidecars.${name}.admin`,
        evidence,
      });
    case 'frozen':
      return finding('timeout', `${name} accepts and does not answer within ${READY_TIMEOUT_MS} ms`, WHY, {
        hint: 'it hangs or is overloaded: restart it before anything is diverted to it',
        evidence,
      });
  }
}

/** What the judgement of one listener needs. */
interface ListenerFacts {
  readonly listeners: readonly TcpSocket[];
  readonly hasIpv6: boolean;
  readonly apps: readonly AppConfig<AccountId>[];
}

/**
 * Whether a port that redirected connections will arrive at is listened on, in both families. Only ports that some
 * application uses matter.
 */
function judgeListener(
  sidecar: SidecarConfig<AccountId>,
  direction: 'outbound' | 'inbound',
  { listeners, hasIpv6, apps }: ListenerFacts,
): CheckFinding[] {
  const port = sidecar[direction];
  const users = apps.filter((app) => app[direction] !== null);
  if (port === undefined || users.length === 0) return [];
  const where = `${sidecar.name} (${direction}, port ${port})`;
  const { ipv4, ipv6 } = listeningFamilies(listeners, port, direction);
  const evidence = users.map((app) => app.name).join(', ');
  const strangers = foreignOwner(
    sidecar,
    listeners.filter((socket) => socket.local.port === port),
  );
  if (!ipv4 && !ipv6)
    return [
      finding('error', `${where}: nobody listens`, WHY, {
        hint: 'compare the listeners in its bootstrap with mesh.yaml',
        evidence: `used by ${evidence}`,
      }),
    ];
  if (ipv4 && (ipv6 || !hasIpv6))
    return [
      finding('ok', `${where}: ${ipv6 ? 'answers on IPv4 and IPv6' : 'answers on IPv4, and there is no IPv6'}`, WHY),
      ...strangers,
    ];
  const missing = ipv4 ? 'IPv6' : 'IPv4';
  const denying = users.filter((app) => app.onFailure === 'deny').map((app) => app.name);
  const listen = direction === 'inbound' ? 'on the wildcard address (::)' : `on ${ipv4 ? '::1' : '127.0.0.1'}`;
  const hint = `let it listen ${listen} as well`;
  const what =
    denying.length > 0
      ? `${where}: not on ${missing}, and ${denying.join(', ')} may not go direct: \`weir on\` will refuse`
      : `${where}: not on ${missing}: ${missing} connections will stay direct`;
  return [
    finding(denying.length > 0 ? 'error' : 'warning', what, WHY, { hint, evidence: `used by ${evidence}` }),
    ...strangers,
  ];
}

/** A listener of another account than mesh.yaml says: that account is not excluded, and its traffic would loop. */
function foreignOwner(sidecar: SidecarConfig<AccountId>, listeners: readonly TcpSocket[]): CheckFinding[] {
  const wanted = sidecar.user?.id;
  const [stranger] = listeners.filter((socket) => wanted !== undefined && socket.uid !== wanted);
  if (stranger === undefined) return [];
  return [
    finding(
      'warning',
      `${sidecar.name}: port ${stranger.local.port} belongs to uid ${stranger.uid}, mesh.yaml says ${wanted}`,
      'only the account in mesh.yaml is never diverted: the traffic of another one would run in a loop',
      {
        hint: `set sidecars.${sidecar.name}.user to the account it runs as`,
        evidence: stranger.processes.map((process) => `${process.name} (${process.pid})`).join(', ') || null,
      },
    ),
  ];
}
