/** mesh.yaml as a supervisor reads it: in a process of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSpecApart } from '../../../src/sidecar/adapters/read-spec-apart.ts';

function meshFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-spec-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'mesh.yaml'), text);
  return join(folder, 'mesh.yaml');
}

const MESH = `apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock", binary: /opt/envoy, bootstrap: /etc/envoy.json, drain: 7s}
apps:
  payment: {select: {user: 20001}, sidecar: main}
`;

test('the sidecar and its applications are those of mesh.yaml', async (t) => {
  const { spec, apps } = await readSpecApart(meshFile(t, MESH), 'main');
  assert.deepEqual([spec.name, spec.binary, spec.drainMs, apps], ['main', '/opt/envoy', 7000, ['payment']]);
});

test('what is wrong with mesh.yaml is the error that reading it here would have been', async (t) => {
  await assert.rejects(readSpecApart(meshFile(t, MESH), 'other'), { name: 'WeirError', exit: 2 });
  await assert.rejects(readSpecApart(meshFile(t, 'apiVersion: ['), 'main'), { name: 'WeirError', exit: 2 });
  await assert.rejects(readSpecApart('/none/mesh.yaml', 'main'), { name: 'WeirError', exit: 2 });
});
