/** The checks of `weir check traffic`: the hazards by which `weir on` refuses or warns. */
import { type AppPolicy, buildAppPolicy, buildGuard } from '../interception/build-policy.ts';
import { judgePolicies } from '../interception/judge-policies.ts';
import { listeningFamilies } from '../interception/listening.ts';
import { namesText, shareHazards, unseenLines } from '../interception/meet-hazards.ts';
import type { TcpSocket } from '../interception/ports.ts';
import type { ResolvedMeshConfig } from '../mesh/mesh-config.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';

const WHY = 'the proof of `weir on` is a connection of its own; an application may go another way';

/** The refusals and warnings that `weir on` would give for every application of mesh.yaml. */
export const TRAFFIC_CHECKS: readonly Check[] = [
  {
    about: 'what applications would see',
    why: WHY,
    needs: 'NET_ADMIN',
    async run(host) {
      if (host.config.state !== 'good')
        return [
          finding('skipped', 'no mesh.yaml that can be used: no application to look at', WHY, {
            hint: 'see `weir check sidecar`',
          }),
        ];
      const { mesh } = host.config;
      const [listeners, ssh] = await Promise.all([
        host.intercept.connections.sockets('listening', { processes: true }),
        host.intercept.ssh(),
      ]);
      const policies = policiesOf(mesh, listeners);
      const judged = await judgePolicies(host.intercept, policies, buildGuard(mesh, ssh, null), listeners);
      const found = shareHazards(judged).map(({ hazard, apps }): CheckFinding => {
        const refuses = hazard.severity === 'refuse' ? ': `weir on` will refuse' : '';
        return finding(
          hazard.severity === 'refuse' ? 'error' : 'warning',
          `${namesText(apps)}: ${hazard.what}${refuses}`,
          hazard.why,
          { hint: hazard.hint, evidence: hazard.id },
        );
      });
      const unseen = unseenLines(judged).map((line) => finding('skipped', line, WHY));
      if (found.length === 0 && unseen.length === 0)
        return [finding('ok', 'nothing here makes applications see anything else than the proof', WHY)];
      return [...found, ...unseen];
    },
  },
];

/** Each application on the families that its sidecar listens on now; on both where it does not run yet. */
function policiesOf(mesh: ResolvedMeshConfig, listeners: readonly TcpSocket[]): AppPolicy[] {
  return [...mesh.apps.values()].flatMap((app, index) => {
    const sidecar = mesh.sidecars.get(app.sidecar);
    if (sidecar === undefined) return [];
    const answers = (['outbound', 'inbound'] as const).flatMap((direction) => {
      const port = app[direction] === null ? undefined : sidecar[direction];
      return port === undefined ? [] : [listeningFamilies(listeners, port, direction)];
    });
    const isDown = answers.every(({ ipv4, ipv6 }) => !ipv4 && !ipv6);
    const families = {
      ipv4: isDown || answers.every(({ ipv4 }) => ipv4),
      ipv6: isDown || answers.every(({ ipv6 }) => ipv6),
    };
    return [buildAppPolicy(app, sidecar, { slot: index + 1, families, acceptsSshRisk: false, leaseSeconds: null })];
  });
}
