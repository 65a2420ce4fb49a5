/** The checks of `weir on` before any change. */
import { WeirError } from '../errors/weir-error.ts';
import type { AccountId, AppConfig, PortRange, SidecarConfig } from '../mesh/mesh-config.ts';
import { selectedSlice, selectsEverybody } from '../mesh/selector-kinds.ts';
import { hostCidr } from './build-policy.ts';
import type { ForeignFirewall } from './detection.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { neededListeners, sidecarFamilies } from './listening.ts';
import type { SshFacts, TcpSocket } from './ports.ts';
import { SSH_PORT } from './rules/app-policy.ts';
import type { Families } from './rules/policy.ts';
import { sidecarReadiness } from './sidecar-readiness.ts';
import { HAZARD_IDS } from './surroundings/hazard.ts';

/** How long a sidecar may take to answer its readiness request before it counts as frozen. */
const READY_TIMEOUT_MS = 2000;

/** Risks that an operator can accept with `--accept-risk ID`. */
export const RISKS = ['host-namespace', 'lose-ssh', ...HAZARD_IDS] as const;
/** One of RISKS. */
export type Risk = (typeof RISKS)[number];

/** The result of preflight for one application. */
export interface PreflightResult {
  readonly families: Families;
  readonly warnings: readonly string[];
}

/** Facts that all applications of one command share. */
export interface SwitchFacts {
  readonly network: NetworkFacts;
  readonly ssh: SshFacts;
  readonly listeners: readonly TcpSocket[];
  readonly accepted: readonly Risk[];
}

/** Refuses beside another mesh: both would redirect the same packets. */
export function refuseForeignMesh(found: readonly ForeignFirewall[]): void {
  const mesh = found.find(({ kind }) => kind === 'mesh');
  if (mesh === undefined) return;
  throw new WeirError('WEIR3003', {
    what: `rules of another mesh are installed: ${mesh.name} (${mesh.evidence}, ${mesh.backend})`,
    why: 'two meshes that redirect the same connections send them through each other; nothing was changed',
    hint: `remove ${mesh.name}'s rules with its own tool, then run the command again; \`weir check foreign\` lists all of them`,
  });
}

/**
 * Finds every fault that shows before a change: risks, the slice, the sidecar's answer, and the families on which it
 * listens.
 * @throws WeirError (exit 3, nothing changed)
 */
export async function preflightApp(
  host: InterceptHost,
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
  facts: SwitchFacts,
): Promise<PreflightResult> {
  refuseRisks(app, facts);
  await refuseMissingSlice(host, app);
  await refuseUnready(host, app, sidecar);
  return answeredFamilies(app, sidecar, facts);
}

function refuseRisks(app: AppConfig<AccountId>, facts: SwitchFacts): void {
  if (selectsEverybody(app.select) && facts.network.isHostNamespace && !facts.accepted.includes('host-namespace')) {
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
    // Another host's 443 is no ssh, even where an ssh server of this host listens on 443.
    const ports = direction === 'inbound' ? ssh.ports : ssh.ports.filter((one) => one === SSH_PORT);
    const port = ports.find((candidate) => scope.ports.some((range) => holdsPort(range, candidate)));
    if (port !== undefined) return `port ${port} of ssh in ${direction}.ports`;
    const peer = ssh.peers.find((candidate) => scope.cidrs.some((cidr) => cidr.text === hostCidr(candidate).text));
    if (peer !== undefined) return `the live ssh peer ${peer} in ${direction}.cidrs`;
  }
  return null;
}

function holdsPort(range: PortRange, port: number): boolean {
  return port >= range.from && port <= range.to;
}

async function refuseMissingSlice(host: InterceptHost, app: AppConfig<AccountId>): Promise<void> {
  const slice = selectedSlice(app.select);
  if (slice === null) return;
  const { exists, mount } = await host.slices.slice(slice);
  if (exists) return;
  throw new WeirError('WEIR3011', {
    what: `${app.name}: there is no cgroup ${slice}`,
    why:
      mount === null
        ? 'no cgroup v2 hierarchy is mounted on this host, and a slice can only be matched there'
        : `the kernel matches a cgroup that exists, and ${mount}/${slice} does not; nothing was changed`,
    hint: 'start the slice first (`systemctl start NAME.slice`), or select the application by user',
  });
}

async function refuseUnready(
  host: InterceptHost,
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
): Promise<void> {
  const readiness = await sidecarReadiness(host, sidecar, sidecar, READY_TIMEOUT_MS);
  if (readiness.state === 'ready') return;
  if (readiness.state === 'unknown')
    throw new WeirError('WEIR3001', {
      what: `${app.name}: whether sidecar ${sidecar.name} is ready cannot be told`,
      why: `${readiness.detail}; nothing was changed`,
      hint: 'run weir as root; for EMFILE raise the limit of open files, for EADDRNOTAVAIL or ENETUNREACH see its admin address and `ip addr`; then run the command again',
    });
  const state = { 'not-ready': 'is not ready', dead: 'does not run', frozen: 'does not answer' }[readiness.state];
  throw new WeirError('WEIR3001', {
    what: `${app.name}: sidecar ${sidecar.name} ${state}`,
    why: `${readiness.detail}; connections diverted to it would fail, so nothing was changed`,
    hint: `${startText(sidecar)}, see why with \`weir check sidecar\`, then run the command again`,
  });
}

/** The command that starts a sidecar, where weir runs it. */
function startText({ name, process }: SidecarConfig<AccountId>): string {
  return process === undefined ? 'start the sidecar' : `start the sidecar with \`weir sidecar run ${name}\``;
}

function answeredFamilies(
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
  facts: SwitchFacts,
): PreflightResult {
  const { ipv4, ipv6 } = sidecarFamilies({ app, sidecar }, facts.listeners);
  const ports = neededListeners({ app, sidecar });
  const list = ports.map(({ port, direction }) => `${port} (${direction})`).join(' and ');
  if (!ipv4 && !ipv6) {
    throw new WeirError('WEIR3001', {
      what: `${app.name}: sidecar ${sidecar.name} is ready but listens on no family at ${list}`,
      why: 'nobody would accept a redirected connection: outbound ones arrive at 127.0.0.1 and ::1, inbound ones at any address of the host; nothing was changed',
      hint: 'see with `weir check sidecar` whether it runs in another network namespace; else compare the listeners in its bootstrap with `outbound` and `inbound` in mesh.yaml',
    });
  }
  if (ipv4 && (ipv6 || !facts.network.hasIpv6)) return { families: { ipv4, ipv6 }, warnings: [] };
  if (ipv6 && !ipv4 && !facts.network.hasIpv4) return { families: { ipv4, ipv6 }, warnings: [] };
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
