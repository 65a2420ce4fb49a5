/** What `weir operator install` prints: kinds, accounts with least rights, and the operator itself. Pure. */
import { MANAGED_LABEL } from './cluster-objects.ts';
import { CRD_GROUP, fleetCrds } from './crds.ts';

/** What the manifests depend on. */
export interface InstallOptions {
  readonly namespace: string;
  readonly region: string;
  readonly image: string;
  readonly replicas: number;
  /** Namespaces whose pods follow the region (`weir host run --pod`), under whatever account. */
  readonly podNamespaces: readonly string[];
}

type Document = Readonly<Record<string, unknown>>;
type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** The service account of the operator. */
export const OPERATOR_ACCOUNT = 'weir-operator';
/** The service account of the host daemons in pods. */
export const HOST_ACCOUNT = 'weir-host';

const RBAC = 'rbac.authorization.k8s.io';
const labels = { [MANAGED_LABEL]: 'weir' };

const rule = (
  apiGroups: string,
  resources: readonly string[],
  verbs: readonly string[],
  resourceNames?: readonly string[],
): Rule => ({
  ...{ apiGroups: [apiGroups], resources, verbs },
  ...(resourceNames !== undefined && { resourceNames }),
});

const READ = ['get', 'list', 'watch'] as const;

/**
 * In its namespace: objects of people are read, and the state of releases and gateways written; records of hosts are read
 * and removed with their hosts. Outside: SidecarSets of its own making, and looks at pods. Nothing reads Secrets.
 */
export function operatorRules(): { readonly inNamespace: readonly Rule[]; readonly inCluster: readonly Rule[] } {
  return {
    inNamespace: [
      rule(CRD_GROUP, ['meshpolicies', 'sidecarreleases', 'gateways', 'acceptances'], READ),
      rule(CRD_GROUP, ['sidecarreleases', 'gateways'], ['patch', 'update']),
      rule(CRD_GROUP, ['sidecarreleases/status', 'gateways/status'], ['get', 'patch', 'update']),
      rule(CRD_GROUP, ['hosts', 'hoststatuses'], [...READ, 'delete']),
      rule(CRD_GROUP, ['historyentries'], ['create', 'get', 'list']),
      rule('coordination.k8s.io', ['leases'], ['create', 'get', 'list', 'update', 'patch', 'delete']),
      rule('apps', ['deployments'], [...READ, 'create', 'update', 'patch', 'delete']),
      rule('', ['services', 'configmaps'], [...READ, 'create', 'update', 'patch', 'delete']),
      rule('events.k8s.io', ['events'], ['create']),
      rule('', ['namespaces'], ['get']),
    ],
    inCluster: [
      rule('apps.kruise.io', ['sidecarsets'], [...READ, 'create', 'update', 'patch', 'delete']),
      rule('', ['pods'], ['get', 'list']),
      rule('apps', ['controllerrevisions'], ['get', 'list']),
    ],
  };
}

/** A host or a pod that follows the region: it reads what people want and writes only how it is itself. */
export function hostRules(): readonly Rule[] {
  return [
    rule(CRD_GROUP, ['meshpolicies', 'sidecarreleases', 'gateways', 'acceptances'], READ),
    rule(CRD_GROUP, ['hosts', 'hoststatuses'], ['create', 'get', 'update', 'delete']),
    rule('coordination.k8s.io', ['leases'], ['create', 'get', 'update', 'patch', 'delete']),
    rule('', ['namespaces'], ['get']),
  ];
}

/** All documents, ready for `kubectl apply`. */
export function installManifests(options: InstallOptions): readonly Document[] {
  const { namespace, region, podNamespaces } = options;
  const metadata = (name: string) => ({ name, namespace, labels });
  const { inNamespace, inCluster } = operatorRules();
  const account = (name: string): Document => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(name) });
  const role = (name: string, rules: readonly Rule[]): Document => ({
    ...{ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: metadata(name), rules },
  });
  const binding = (name: string, subjects: readonly Document[]): Document => ({
    ...{ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: metadata(name) },
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects,
  });
  const operator = { kind: 'ServiceAccount', name: OPERATOR_ACCOUNT, namespace };
  // A sidecar asks under the account of its pod: the group of all accounts of a namespace.
  const groups = podNamespaces.map((one) => ({ kind: 'Group', apiGroup: RBAC, name: `system:serviceaccounts:${one}` }));
  const hosts = [{ kind: 'ServiceAccount', name: HOST_ACCOUNT, namespace }, ...groups];
  const fleetYaml = `apiVersion: weir.dev/v1\nregions:\n  ${region}:\n    kubernetes: {namespace: ${namespace}, timeout: 5s}\n`;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    ...fleetCrds(),
    account(OPERATOR_ACCOUNT),
    account(HOST_ACCOUNT),
    role(OPERATOR_ACCOUNT, inNamespace),
    binding(OPERATOR_ACCOUNT, [operator]),
    role(HOST_ACCOUNT, hostRules()),
    binding(HOST_ACCOUNT, hosts),
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: OPERATOR_ACCOUNT, labels }, rules: inCluster },
    {
      ...{ apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name: OPERATOR_ACCOUNT, labels } },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: OPERATOR_ACCOUNT },
      subjects: [operator],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('weir-fleet'), data: { 'fleet.yaml': fleetYaml } },
    deployment(options),
  ];
}

function deployment({ namespace, region, image, replicas }: InstallOptions): Document {
  const selector = { 'app.kubernetes.io/name': OPERATOR_ACCOUNT };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: OPERATOR_ACCOUNT, namespace, labels: { ...labels, ...selector } },
    spec: {
      replicas,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: { ...labels, ...selector } },
        spec: {
          serviceAccountName: OPERATOR_ACCOUNT,
          securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'operator',
              image,
              command: ['weir', 'operator', 'run', '--region', region],
              // Gateways run the same image.
              env: [{ name: 'WEIR_GATEWAY_IMAGE', value: image }],
              volumeMounts: [{ name: 'fleet', mountPath: '/etc/weir', readOnly: true }],
              resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '256Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
          volumes: [{ name: 'fleet', configMap: { name: 'weir-fleet' } }],
        },
      },
    },
  };
}
