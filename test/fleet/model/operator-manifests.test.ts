/** The manifests of the operator: whole, and with no right that nobody needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayDocuments } from '../../../src/fleet/model/gateway/gateway-documents.ts';
import { hostRules, installManifests, operatorRules } from '../../../src/fleet/model/operator-manifests.ts';

test('the manifests have the kinds, two accounts, and the operator under its own', () => {
  const documents = installManifests({
    ...{ namespace: 'ns', region: 'west', image: 'weir:1' },
    replicas: 2,
    podNamespaces: ['prod'],
  });
  const names = documents.map((one) => `${one.kind}/${(one.metadata as { name: string }).name}`);
  assert.equal(names.filter((name) => name.startsWith('CustomResourceDefinition/')).length, 7);
  assert.deepEqual(names.slice(8), [
    ...['ServiceAccount/weir-operator', 'ServiceAccount/weir-host', 'Role/weir-operator', 'RoleBinding/weir-operator'],
    ...['Role/weir-host', 'RoleBinding/weir-host', 'ClusterRole/weir-operator', 'ClusterRoleBinding/weir-operator'],
    ...['ConfigMap/weir-fleet', 'Deployment/weir-operator'],
  ]);
  assert.match(JSON.stringify(documents), /system:serviceaccounts:prod/);
});

test('no rule has a wildcard or a Secret, and hosts write only what they say of themselves', () => {
  const { inNamespace, inCluster } = operatorRules();
  for (const { apiGroups, resources, verbs } of [...inNamespace, ...inCluster, ...hostRules()]) {
    assert.ok(![...apiGroups, ...resources, ...verbs].includes('*'));
    assert.ok(!resources.includes('secrets'));
  }
  const written = hostRules().flatMap(({ resources, verbs }) => (verbs.includes('update') ? resources : []));
  assert.deepEqual(written, ['hosts', 'hoststatuses', 'leases']);
});

test('a gateway is a Deployment and a Service with its ports and secrets', () => {
  const listeners = [{ name: 'HTTPS_main', port: 8443, hosts: ['a'], tls: { secret: 'cert' } }];
  const gateway = {
    ...{ apiVersion: 'weir.dev/v1' as const, kind: 'Gateway' as const, metadata: { name: 'Edge' } },
    spec: { listeners, routes: ['r.yaml'], replicas: 3 },
  };
  const [deployment, service] = gatewayDocuments(gateway, { namespace: 'ns', image: 'weir:1' }) as readonly [
    { metadata: { name: string }; spec: { replicas: number; template: { spec: { volumes: { name: string }[] } } } },
    { spec: { ports: unknown[] } },
  ];
  assert.deepEqual([deployment.metadata.name, deployment.spec.replicas], ['weir-gateway-edge', 3]);
  assert.ok(deployment.spec.template.spec.volumes.some(({ name }) => name === 'tls-cert'));
  assert.deepEqual(service.spec.ports, [{ name: 'https-main', port: 8443, targetPort: 8443 }]);
});
