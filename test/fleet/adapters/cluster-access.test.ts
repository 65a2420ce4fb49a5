/** Where an API server is and with which rights it is asked: kubeconfigs, service accounts, programs. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openCluster } from '../../../src/fleet/adapters/kubernetes/cluster-access.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-kubeconfig-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const config = (kubeconfig: string, context?: string) => ({
  ...{ name: 'west', kind: 'kubernetes' as const, namespace: 'weir-system', timeout: 1_000, kubeconfig },
  ...(context !== undefined && { context }),
});

test('a kubeconfig names a server, its certificates and a token; paths are beside the file', async (t) => {
  const at = folder(t);
  writeFileSync(join(at, 'ca.pem'), 'CA');
  writeFileSync(join(at, 'token'), 'secret\n');
  const file = join(at, 'config');
  writeFileSync(
    file,
    `current-context: a
clusters:
- {name: one, cluster: {server: "https://[::1]:6443/k8s/x/", certificate-authority: ca.pem, tls-server-name: api}}
- {name: two, cluster: {server: "http://127.0.0.1:8080"}}
users:
- {name: u, user: {tokenFile: token, client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}}}
- {name: v, user: {token: direct}}
contexts:
- {name: a, context: {cluster: one, user: u}}
- {name: b, context: {cluster: two, user: v}}
- {name: c, context: {cluster: three}}
`,
  );
  const first = await openCluster(config(file));
  assert.deepEqual(first.place, {
    ...{ kind: 'https', host: '::1', port: 6443 },
    tls: { ca: Buffer.from('CA'), cert: Buffer.from('CERT'), key: Buffer.from('KEY'), servername: 'api' },
  });
  assert.deepEqual([first.basePath, await first.authorization()], ['/k8s/x', 'Bearer secret']);
  const second = await openCluster(config(file, 'b'));
  assert.deepEqual(
    [second.place, await second.authorization()],
    [{ kind: 'http', host: '127.0.0.1', port: 8080 }, 'Bearer direct'],
  );
  await assert.rejects(openCluster(config(file, 'c')), /has no cluster three, only one, two/);
  await assert.rejects(openCluster(config(file, 'd')), /has no context d, only a, b, c/);
  await assert.rejects(openCluster(config(join(at, 'none'))), /none cannot be read/);
});

test('a program of the kubeconfig brings a token, once until it ends', async (t) => {
  const at = folder(t);
  const program = join(at, 'login');
  writeFileSync(
    program,
    `#!/bin/sh\necho x >> ${at}/calls\necho '{"status":{"token":"'$1-$WHO'","expirationTimestamp":"2999-01-01T00:00:00Z"}}'\n`,
  );
  chmodSync(program, 0o755);
  const file = join(at, 'config');
  const user = { exec: { command: './login', args: ['t'], env: [{ name: 'WHO', value: 'me' }] } };
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': 'a',
      clusters: [{ name: 'one', cluster: { server: 'https://api:6443' } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'a', context: { cluster: 'one', user: 'u' } }],
    }),
  );
  const { authorization } = await openCluster(config(file));
  assert.deepEqual([await authorization(), await authorization()], ['Bearer t-me', 'Bearer t-me']);
  rmSync(program);
  assert.equal(await authorization(), 'Bearer t-me');
  await assert.rejects((await openCluster(config(file))).authorization(), /login of .* brought no token/);
});
