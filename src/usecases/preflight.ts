import type { AccountId, AppConfig, PortRange, SidecarConfig } from '../config/mesh-config.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { Families } from '../intercept/policy.ts';
import { hostCidr } from './build-policy.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { listeningFamilies } from './listening.ts';
import type { SshFacts, TcpSocket } from './ports.ts';

/** How long a sidecar may take to answer its readiness request before it counts as frozen. */
const READY_TIMEOUT_MS = 2000;

/** Risks that an operator can accept with `--accept-risk ID`. */
export const RISKS = ['host-namespace', 'lose-ssh'] as const;
/** One of RISKS. */
export type Risk = (typeof RISKS)[number];

/** What preflight found out about one application. */
export interface PreflightResult {
  readonly families: Families;
  readonly warnings: readonly string[];
}

/** Facts that all applications of one command share. */
export interface PreflightFacts {
  readonly network: NetworkFacts;
  readonly ssh: SshFacts;
  readonly listeners: readonly TcpSocket[];
  readonly accepted: readonly Risk[];
}

/** Refuses beside another mesh: both would redirect the same packets. */
export async function refuseForeignMesh(host: InterceptHost): Promise<void> {
  const mesh = (await host.foreign()).find((foreign) => foreign.kind === 'mesh');
  if (mesh === undefined) return;
  throw new WeirError('WEIR3003', {
    what: `rules of another mesh are installed: ${mesh.name} (${mesh.evidence}, ${mesh.backend})`,
    why: 'two meshes that redirect the same connections send them through each other; nothing was changed',
    hint: `remove ${mesh.name}'s rules with its own tool, then run the command again; \`weir check foreign\` lists all of them`,
  });
}

/**
 * Finds what can be found before anything is changed: risks, the slice, the sidecar's answer, and the families on
 * which it listens.
 * @throws WeirError (exit 3, nothing changed)
 */
export async function preflightApp(
  host: InterceptHost,
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
  facts: PreflightFacts,
): Promise<PreflightResult> {
  refuseRisks(app, facts);
  await refuseMissingSlice(host, app);
  await refuseUnready(host, app, sidecar);
  return answeredFamilies(app, sidecar, facts);
}

function refuseRisks(app: AppConfig<AccountId>, facts: PreflightFacts): void {
  if (app.select.kind === 'all' && facts.network.isHostNamespace && !facts.accepted.includes('host-namespace')) {
    throw new WeirError('WEIR3004', {
      what: `${app.name} selects every connection of the host's own network namespace`,
      why: '`select: {all: true}` is meant for namespaces of their own; here it takes every program on the host, and nothing was changed',
      hint: 'name users, a group or a slice, use --netns, or say that you mean it: --accept-risk host-namespace',
      details: { risk: 'host-namespace' },
    });
  }
  const named = namedSsh(app, facts.ssh);
  if (named !== null && !facts.accepted.includes('lose-ssh')) {
    throw new WeirError('WEIR3004', {
      what: `${app.name} names ${named}`,
      why: 'diverting it could end the session that you would need to undo this; nothing was changed',
      hint: 'leave it out of mesh.yaml (ssh is left alone by itself then), or say that you mean it: --accept-risk lose-ssh',
      details: { risk: 'lose-ssh' },
    });
  }
}

/** The ssh port or peer that a rule of the application names outright, null when none does. */
function namedSsh(app: AppConfig<AccountId>, ssh: SshFacts): string | null {
  for (const direction of ['outbound', 'inbound'] as const) {
    const scope = app[direction];
    if (scope === null) continue;
    const port = ssh.ports.find((candidate) => scope.ports.some((range) => holdsPort(range, candidate)));
    if (port !== undefined) return `port ${port} of an ssh listener in ${direction}.ports`;
    const peer = ssh.peers.find((candidate) => scope.cidrs.some((cidr) => cidr.text === hostCidr(candidate).text));
    if (peer !== undefined) return `the live ssh peer ${peer} in ${direction}.cidrs`;
  }
  return null;
}

function holdsPort(range: PortRange, port: number): boolean {
  return port >= range.from && port <= range.to;
}

async function refuseMissingSlice(host: InterceptHost, app: AppConfig<AccountId>): Promise<void> {
  if (app.select.kind !== 'slice') return;
  const { exists, mount } = await host.slices.slice(app.select.slice);
  if (exists) return;
  throw new WeirError('WEIR3011', {
    what: `${app.name}: there is no cgroup ${app.select.slice}`,
    why:
      mount === null
        ? 'no cgroup v2 hierarchy is mounted on this host, and a slice can only be matched there'
        : `the kernel matches a cgroup that exists, and ${mount}/${app.select.slice} does not; nothing was changed`,
    hint: 'start the slice first (`systemctl start NAME.slice`), or select the application by user',
  });
}

async function refuseUnready(
  host: InterceptHost,
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
): Promise<void> {
  const readiness = await host.askReadiness(sidecar.admin, sidecar.readyPath, READY_TIMEOUT_MS);
  if (readiness.state === 'ready') return;
  const state = { 'not-ready': 'is not ready', dead: 'does not run', frozen: 'does not answer' }[readiness.state];
  throw new WeirError('WEIR3001', {
    what: `${app.name}: sidecar ${sidecar.name} ${state}`,
    why: `${readiness.detail}; connections diverted to it would fail, so nothing was changed`,
    hint: `start the sidecar, see why with \`weir check sidecar\`, then run the command again`,
  });
}

function answeredFamilies(
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
  facts: PreflightFacts,
): PreflightResult {
  const ports = [
    ...(app.outbound === null || sidecar.outbound === undefined
      ? []
      : [{ port: sidecar.outbound, direction: 'outbound' as const }]),
    ...(app.inbound === null || sidecar.inbound === undefined
      ? []
      : [{ port: sidecar.inbound, direction: 'inbound' as const }]),
  ];
  const answers = ports.map(({ port, direction }) => listeningFamilies(facts.listeners, port, direction));
  const ipv4 = answers.every((answer) => answer.ipv4);
  const ipv6 = answers.every((answer) => answer.ipv6);
  const list = ports.map(({ port, direction }) => `${port} (${direction})`).join(' and ');
  if (!ipv4 && !ipv6) {
    throw new WeirError('WEIR3001', {
      what: `${app.name}: sidecar ${sidecar.name} is ready but listens on no family at ${list}`,
      why: 'redirected connections arrive at 127.0.0.1 and ::1 (outbound) or at any address of the host (inbound), and would be refused; nothing was changed',
      hint: 'compare the listeners in its bootstrap with `outbound` and `inbound` in mesh.yaml',
    });
  }
  if (ipv4 && (ipv6 || !facts.network.hasIpv6)) return { families: { ipv4, ipv6 }, warnings: [] };
  const missing = ipv4 ? 'IPv6' : 'IPv4';
  if (app.onFailure === 'deny') {
    throw new WeirError('WEIR3002', {
      what: `${app.name}: sidecar ${sidecar.name} does not answer on ${missing} at ${list}`,
      why: `onFailure is deny, so ${missing} connections may not go direct, and redirecting them would lead nowhere; nothing was changed`,
      hint: `let the sidecar listen on ${ipv4 ? '::1' : '127.0.0.1'} as well, or set onFailure: direct`,
    });
  }
  const warning = `${app.name}: sidecar ${sidecar.name} does not listen on ${missing} at ${list}; ${missing} connections stay direct`;
  return { families: { ipv4, ipv6 }, warnings: [warning] };
}
