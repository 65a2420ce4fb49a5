/** A gateway in a cluster: the Deployment and the Service that the operator writes. Pure. */
import { MANAGED_LABEL } from '../cluster-objects.ts';
import type { Gateway } from '../object-schemas.ts';
import type { GatewayPlace } from './gateway-bootstrap.ts';

/** The name of everything that belongs to a gateway; its bootstrap is in the ConfigMap of this name. */
export function gatewayName(gateway: string): string {
  return `weir-gateway-${gateway}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
}

/** Where the Secrets of a gateway are mounted. */
const SECRET_FOLDER = '/etc/weir-tls';

/** Where the files of a gateway are in its pods. */
export const GATEWAY_POD: GatewayPlace = {
  config: '/etc/weir',
  secrets: SECRET_FOLDER,
  runDir: '/run/weir',
  binary: '/usr/local/bin/envoy',
  user: 65532,
};

/** The ConfigMap with the files of a gateway. */
export function gatewayConfigMap(gateway: Gateway, namespace: string, files: Readonly<Record<string, string>>) {
  const name = gatewayName(gateway.metadata.name);
  const metadata = { name, namespace, labels: { [MANAGED_LABEL]: 'weir', 'app.kubernetes.io/name': name } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: files };
}

/** The Deployment and the Service. The ConfigMap with mesh.yaml and bootstrap comes from `weir fleet render`. */
export function gatewayDocuments(
  gateway: Gateway,
  { namespace, image }: { readonly namespace: string; readonly image: string },
): readonly Readonly<Record<string, unknown>>[] {
  const name = gatewayName(gateway.metadata.name);
  const selector = { 'app.kubernetes.io/name': name };
  const metadata = { name, namespace, labels: { [MANAGED_LABEL]: 'weir', ...selector } };
  const { listeners, replicas } = gateway.spec;
  const secrets = [...new Set(listeners.flatMap(({ tls }) => (tls === undefined ? [] : [tls.secret])))];
  // Listeners may share a port; the port of a Service or a container is there once.
  const ports = [...Map.groupBy(listeners, ({ port }) => port)].map(([port, [first]]) => ({
    name: portName(first?.name ?? '', port),
    port,
  }));
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: { [MANAGED_LABEL]: 'weir', ...selector } },
          spec: {
            // Longer than the drain of a sidecar.
            terminationGracePeriodSeconds: 60,
            automountServiceAccountToken: false,
            containers: [
              {
                name: 'gateway',
                image,
                command: ['weir', 'sidecar', 'run', 'gateway'],
                ports: ports.map(({ name: portOf, port }) => ({ name: portOf, containerPort: port })),
                readinessProbe: {
                  exec: { command: ['weir', 'sidecar', 'status', 'gateway', '--wait', '--timeout', '1s'] },
                },
                volumeMounts: [
                  { name: 'config', mountPath: '/etc/weir', readOnly: true },
                  { name: 'run', mountPath: '/run/weir' },
                  { name: 'state', mountPath: '/var/lib/weir' },
                  ...secrets.map((secret) => ({
                    name: `tls-${secret}`,
                    mountPath: `${SECRET_FOLDER}/${secret}`,
                    readOnly: true,
                  })),
                ],
                resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
              },
            ],
            volumes: [
              { name: 'config', configMap: { name } },
              { name: 'run', emptyDir: { medium: 'Memory' } },
              { name: 'state', emptyDir: {} },
              ...secrets.map((secret) => ({ name: `tls-${secret}`, secret: { secretName: secret } })),
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector,
        ports: ports.map(({ name: portOf, port }) => ({ name: portOf, port, targetPort: port })),
      },
    },
  ];
}

/** Names of ports are at most 15 characters (RFC 6335 5.1), and unique: the number tells two with one beginning apart. */
function portName(listener: string, port: number): string {
  const end = `-${port}`;
  const words = listener.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const plain = words.replace(/^-|-$/g, '');
  if (plain.length <= 15 && /[a-z]/.test(plain)) return plain;
  return `${/[a-z]/.test(plain) ? plain.slice(0, 15 - end.length).replace(/-$/, '') : 'port'}${end}`;
}
