/** The checks of `weir check foreign`: other meshes and firewalls. */
import type { ForeignFirewall } from '../interception/detection.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';

const WHY_MESH = 'two meshes that redirect the same connections send them through each other';
const WHY_FIREWALL = 'what another firewall does on a reload decides whether traffic goes direct for a while';

/** The effect of another firewall on the same host, by its name. */
const BESIDE: Readonly<Record<string, string>> = {
  docker:
    "weir stands before docker's rules and leaves them alone; forwarded traffic of containers is not an application's traffic here",
  firewalld:
    'a reload of firewalld may flush rules that are not its own: traffic goes direct then, `weir status` shows drift, `weir on` mends it',
  ufw: 'ufw filters and does not redirect; a reload leaves tables and chains of weir alone',
  'kube-proxy':
    'a service address is rewritten after weir has diverted the connection: the sidecar sees the service, not the pod',
  cilium: 'it may handle connections before any rule of netfilter: see with `weir verify` whether packets arrive',
  calico: 'it filters, and its rules follow after those of weir',
};

/** Other programs' rules. */
export const FOREIGN_CHECKS: readonly Check[] = [
  {
    about: 'rules of other meshes and firewalls',
    why: WHY_MESH,
    needs: 'NET_ADMIN',
    async run(host) {
      const foreign = await host.intercept.foreign();
      const meshes = foreign.filter(({ kind }) => kind === 'mesh').map(describeMesh);
      const firewalls = foreign.filter(({ kind }) => kind === 'firewall').map(describeFirewall);
      if (meshes.length === 0) return [finding('ok', 'no other mesh redirects here', WHY_MESH), ...firewalls];
      return [...meshes, ...firewalls];
    },
  },
];

/** An error, because `weir on` refuses beside another mesh. */
function describeMesh({ name, evidence, backend }: ForeignFirewall): CheckFinding {
  return finding('error', `${name} redirects here: \`weir on\` will refuse`, WHY_MESH, {
    hint: `remove its rules with ${name}'s own tool, or work in another network namespace (--netns)`,
    evidence: `${evidence} (${backend})`,
  });
}

/** No fault: the finding says what to expect beside this firewall. */
function describeFirewall({ name, evidence, backend }: ForeignFirewall): CheckFinding {
  return finding('ok', `${name} is here: ${BESIDE[name] ?? 'weir leaves its rules alone'}`, WHY_FIREWALL, {
    evidence: `${evidence} (${backend})`,
  });
}
