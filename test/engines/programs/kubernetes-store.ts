/** A real API server keeps the contract of a store; rights of the accounts that `weir operator install` makes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeRefusal } from '../../../src/fleet/adapters/kubernetes/kube-client.ts';
import { STORE_CASES } from '../../fleet/store-contract.ts';
import { KubernetesLab } from '../kubernetes-lab.ts';

let lab: KubernetesLab;

before(async () => {
  lab = await KubernetesLab.open();
  await lab.install();
});

after(() => lab?.close());

for (const [index, [name, run]] of STORE_CASES.entries()) {
  test(`API server: ${name}`, { timeout: 180_000 }, async () => {
    const namespace = `case-${index}`;
    await lab.client.ask('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await run({ store: lab.store('case', namespace), pass: (ms) => sleep(ms), compact: () => lab.compact() }, 'case');
  });
}

test('the accounts can do what they need and nothing else', { timeout: 120_000 }, async () => {
  const denied: string[] = [];
  const may = async (
    account: string,
    method: 'GET' | 'POST' | 'DELETE' | 'PATCH',
    path: string,
    body?: unknown,
  ): Promise<boolean> => {
    try {
      await lab
        .clientFor(account)
        .ask(method, path, body, method === 'PATCH' ? 'application/merge-patch+json' : undefined);
      return true;
    } catch (error) {
      assert.ok(error instanceof KubeRefusal, String(error));
      if (error.status !== 403) return true;
      denied.push(`${account}: ${method} ${path}`);
      return false;
    }
  };
  for (const account of ['weir-operator', 'weir-host']) lab.kubeconfig(account, await lab.tokenOf(account));
  const own = '/apis/weir.dev/v1/namespaces/weir-system';
  const both = [
    `${own}/meshpolicies`,
    `${own}/sidecarreleases`,
    `${own}/acceptances`,
    '/api/v1/namespaces/weir-system',
  ];
  for (const path of both)
    for (const account of ['weir-operator', 'weir-host'])
      assert.ok(await may(account, 'GET', path), `${account} ${path}`);
  assert.ok(await may('weir-operator', 'GET', '/api/v1/pods'));
  assert.ok(await may('weir-operator', 'GET', '/apis/coordination.k8s.io/v1/namespaces/weir-system/leases'));
  assert.ok(await may('weir-host', 'GET', `${own}/hosts/x`));
  const policy = {
    apiVersion: 'weir.dev/v1',
    kind: 'MeshPolicy',
    metadata: { name: 'evil' },
    spec: { apps: ['*'], rules: [] },
  };
  const forbidden: readonly (readonly [string, 'GET' | 'POST' | 'DELETE' | 'PATCH', string, unknown?])[] = [
    ['weir-operator', 'POST', `${own}/meshpolicies`, policy],
    ['weir-operator', 'DELETE', `${own}/sidecarreleases/x`],
    ['weir-operator', 'GET', '/api/v1/namespaces/weir-system/secrets'],
    ['weir-operator', 'GET', '/api/v1/secrets'],
    ['weir-operator', 'DELETE', '/api/v1/namespaces/default/pods/x'],
    ['weir-operator', 'POST', '/api/v1/namespaces/default/pods', {}],
    ['weir-operator', 'GET', '/apis/apps/v1/namespaces/default/deployments'],
    ['weir-operator', 'PATCH', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.weir.dev', {}],
    ['weir-operator', 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {}],
    ['weir-host', 'POST', `${own}/meshpolicies`, policy],
    ['weir-host', 'PATCH', `${own}/sidecarreleases/x`, {}],
    ['weir-host', 'PATCH', `${own}/sidecarreleases/x/status`, {}],
    ['weir-host', 'GET', `${own}/historyentries`],
    ['weir-host', 'POST', `${own}/acceptances`, {}],
    ['weir-host', 'GET', '/api/v1/pods'],
    ['weir-host', 'GET', '/api/v1/namespaces/weir-system/secrets'],
    ['weir-host', 'GET', '/apis/weir.dev/v1/namespaces/default/meshpolicies'],
    ['weir-host', 'GET', '/apis/weir.dev/v1/meshpolicies'],
  ];
  for (const [account, method, path, body] of forbidden)
    assert.equal(await may(account, method, path, body), false, `${account} ${method} ${path}`);
  process.stdout.write(`denied, as it should be: ${denied.length} requests\n`);
});
