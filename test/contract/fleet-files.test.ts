/** `weir fleet render` and `lint` as they are called: what they print, and how they end. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runWeirBin } from '../run-weir.ts';

const RELEASE = `apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: mesh}
spec:
  sidecar: main
  pods: {selector: {mesh: "on"}}
  version: {name: "1", image: "a:1", emptyImage: "e:1"}
  waves: [{percent: 30}, {percent: 100}]
`;

test('a release is rendered at its wave, and refused without an empty image; its traps end lint with 1', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-render-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [good, bad, gateway] = ['good.yaml', 'bad.yaml', 'gateway.yaml'].map((name) => join(folder, name));
  writeFileSync(good ?? '', RELEASE);
  writeFileSync(bad ?? '', RELEASE.replace(', emptyImage: "e:1"', ''));
  writeFileSync(
    gateway ?? '',
    'apiVersion: weir.dev/v1\nkind: Gateway\nmetadata: {name: e}\nspec: {listeners: [{name: a, port: 80}], routes: [r.yaml]}\n',
  );
  writeFileSync(
    join(folder, 'r.yaml'),
    'kind: VirtualService\nmetadata: {name: v}\nspec: {hosts: ["*"], http: [{directResponse: {status: 204}}]}\n',
  );
  const [wave0, wave1, refused, clean, trapped, written] = await Promise.all([
    runWeirBin(['fleet', 'render', good ?? '', '--json']),
    runWeirBin(['fleet', 'render', good ?? '', '--wave', '1', '--json']),
    runWeirBin(['fleet', 'render', bad ?? '']),
    runWeirBin(['fleet', 'lint', good ?? '', '--json']),
    runWeirBin(['fleet', 'lint', bad ?? '', '--json']),
    runWeirBin(['fleet', 'render', gateway ?? '', '--out', join(folder, 'out')]),
  ]);
  const partition = (stdout: string) => JSON.parse(stdout).result.documents[0].spec.updateStrategy.partition;
  assert.deepEqual([partition(wave0.stdout), partition(wave1.stdout), refused.code, clean.code], ['100%', '70%', 2, 0]);
  assert.equal(trapped.code, 1);
  assert.equal(JSON.parse(trapped.stdout).result.files[0].diagnostics[0].code, 'WF001');
  assert.equal(written.code, 0, written.stderr);
  assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['bootstrap.json', 'mesh.yaml']);
});

test('lint of a gateway reads its routes as render does, and render says what is not there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-gateway-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const tls = 'tls: {secret: s}';
  writeFileSync(
    file,
    `apiVersion: weir.dev/v1\nkind: Gateway\nmetadata: {name: e}\nspec: {listeners: [{name: a, port: 80, hosts: [a.example], ${tls}}], routes: [r.yaml]}\n`,
  );
  const routes = (host: string) =>
    writeFileSync(
      join(folder, 'r.yaml'),
      `kind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [${host}], http: [{directResponse: {status: 204}}]}\n`,
    );
  routes('b.example');
  const refused = await runWeirBin(['fleet', 'lint', file]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /r\.yaml:3:16: spec\.hosts\[0\]: no listener serves b\.example/);
  routes('a.example');
  const [clean, written] = await Promise.all([
    runWeirBin(['fleet', 'lint', file]),
    runWeirBin(['fleet', 'render', file, '--out', join(folder, 'out'), '--tls', folder, '--binary', process.execPath]),
  ]);
  assert.deepEqual([clean.code, written.code], [0, 0], clean.stderr + written.stderr);
  assert.deepEqual(written.stderr.match(/\S+ is not there/g), [
    `${folder}/s/tls.crt is not there`,
    `${folder}/s/tls.key is not there`,
  ]);
});
