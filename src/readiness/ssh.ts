/** The checks of `weir check ssh`. */
import { hostCidr } from '../interception/build-policy.ts';
import type { SshFacts } from '../interception/ports.ts';
import { SSH_PORT } from '../interception/rules/app-policy.ts';
import type { AppConfig, PortRange } from '../mesh/mesh-config.ts';
import { selectsEverybody } from '../mesh/selector-kinds.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';

const WHY = 'an operator who loses the ssh session while switching cannot switch back';

/** Whether a switch could lock the operator out. */
export const SSH_CHECKS: readonly Check[] = [
  {
    about: 'ssh listeners and sessions',
    why: WHY,
    async run(host) {
      const { ports, peers } = await host.intercept.ssh();
      if (ports.length === 0 && peers.length === 0)
        return [finding('ok', 'no ssh listener and no ssh session in this network namespace', WHY)];
      const seen = [
        ...(ports.length > 0 ? [`port ${ports.join(', ')}`] : []),
        ...(peers.length > 0 ? [`peer ${peers.join(', ')}`] : []),
      ];
      return [
        finding('ok', 'ssh is left alone: these ports inbound, port 22 outbound', WHY, { evidence: seen.join('; ') }),
      ];
    },
  },
  // Warnings, not errors: the operator may accept the risk, and nothing is lost before `weir on`.
  {
    about: 'applications that name ssh',
    why: WHY,
    async run(host) {
      if (host.config.state !== 'good') return [];
      const [ssh, network] = await Promise.all([host.intercept.ssh(), host.intercept.network()]);
      return [...host.config.mesh.apps.values()].flatMap((app): CheckFinding[] => [
        ...namedBy(app, ssh),
        ...(selectsEverybody(app.select) && network.isHostNamespace ? [selectsHost(app)] : []),
      ]);
    },
  },
];

/** The same judgement as `weir on` makes: naming the port or the peer outright overrides that ssh is left alone. */
function namedBy(app: AppConfig, { ports, peers }: SshFacts): CheckFinding[] {
  const scopes = [app.outbound, app.inbound].filter((scope) => scope !== null);
  const names = (scope: typeof app.outbound, port: number): boolean =>
    scope?.ports.some((range) => holds(range, port)) ?? false;
  const namedPorts = ports.filter(
    (port) => names(app.inbound, port) || (port === SSH_PORT && names(app.outbound, port)),
  );
  const namedPeers = peers.filter((peer) =>
    scopes.some((scope) => scope.cidrs.some(({ text }) => text === hostCidr(peer).text)),
  );
  const named = [...namedPorts.map((port) => `port ${port}`), ...namedPeers];
  if (named.length === 0) return [];
  return [
    finding('warning', `${app.name} names ssh (${named.join(', ')}): \`weir on\` will refuse`, WHY, {
      hint: `leave it out of mesh.yaml, or say \`weir on ${app.name} --accept-risk lose-ssh\``,
    }),
  ];
}

/** Selects everybody's connections in the host's own namespace, so the operator's, too. */
function selectsHost(app: AppConfig): CheckFinding {
  return finding('warning', `${app.name} selects every program of the host: \`weir on\` will refuse`, WHY, {
    hint: `select users, a group or a slice, or say \`weir on ${app.name} --accept-risk host-namespace\``,
  });
}

function holds(range: PortRange, port: number): boolean {
  return port >= range.from && port <= range.to;
}
