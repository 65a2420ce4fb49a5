/** The images of containers: the same bytes twice, read by skopeo, and run by runc as a sidecar and as an operator. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { ENVOY_VERSIONS } from '../../scripts/setup/envoy.ts';
import { EtcdLab } from '../e2e/fleet/etcd-lab.ts';
import { sidecarBootstrap } from '../e2e/sidecar/sidecar-bootstrap.ts';
import { PROJECT_ROOT } from '../run-weir.ts';
import { ImageContainer } from './image-container.ts';

const [ENVOY = ''] = ENVOY_VERSIONS.toReversed();
const VERSION = '0.1.0';
const [PORT, UPSTREAM] = [15_001, 18_000] as const;
/** A request takes so long: the drain of the sidecar is longer. */
const REQUEST_MS = 4_000;

const folder = mkdtempSync(join(tmpdir(), 'weir-images-'));
const layout = (name: string) => join(folder, name);

function script(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: PROJECT_ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

before(() => {
  const packages = join(folder, 'packages');
  script('scripts/package.ts', '--version', VERSION, '--out', packages);
  const deb = join(packages, `weir_${VERSION}_${process.arch === 'x64' ? 'amd64' : 'arm64'}.deb`);
  for (const name of ['first', 'again']) script('scripts/image.ts', '--deb', deb, '--out', layout(name));
});
after(() => rmSync(folder, { recursive: true, force: true }));

it('two builds give the same images', () => {
  const [first, again] = ['first', 'again'].map((name) => readFileSync(join(layout(name), 'index.json'), 'utf8'));
  assert.equal(again, first);
});

it('skopeo reads both, with the layer of Debian and weir in common', () => {
  const [plain, whole] = [VERSION, `${VERSION}-envoy-${ENVOY}`].map((tag) => {
    const { status, stdout, stderr } = spawnSync('skopeo', ['inspect', `oci:${layout('first')}:${tag}`], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  });
  assert.equal(plain.Layers.length, 1);
  assert.deepEqual(whole.Layers.slice(0, 1), plain.Layers);
  assert.equal(whole.Layers.length, 2);
});

it('the image of the sidecar: weir is process 1, Envoy serves, and SIGTERM ends it with 0 when the last request has its answer', async () => {
  const bootstrap = sidecarBootstrap({
    ...{ port: PORT, upstreamPort: UPSTREAM, label: 'main' },
    ...{ adminPath: '/run/weir/main/admin.sock', accessLog: '/run/weir/main/access.log' },
  });
  const main = {
    ...{ user: 1337, outbound: PORT, admin: 'unix:/run/weir/main/admin.sock', drain: '30s', concurrency: 1 },
    ...{ binary: '/usr/local/bin/envoy', bootstrap: '/etc/weir/main.json' },
  };
  const container = new ImageContainer({
    image: `${layout('first')}:${VERSION}-envoy-${ENVOY}`,
    files: {
      '/etc/weir/main.json': put('main.json', JSON.stringify(bootstrap)),
      '/etc/weir/mesh.yaml': put('mesh.yaml', JSON.stringify({ apiVersion: 'weir.dev/v1', sidecars: { main } })),
    },
  });
  const children: ChildProcess[] = [];
  try {
    const status = () => {
      const { code, out } = container.run('weir', 'sidecar', 'status', 'main', '--json');
      return code === 0 ? JSON.parse(out).result.sidecars[0] : { state: out };
    };
    await container.until('the sidecar to be live', () => container.pid > 0 && status().state === 'live');
    assert.match(container.run('cat', '/proc/1/cmdline').out, /\0weir-init\0\/usr\/bin\/weir\0sidecar\0run\0$/);
    assert.equal(status().version.startsWith(ENVOY), true, status().version);

    const said = (child: ChildProcess, text: string) => {
      let all = '';
      child.stdout?.on('data', (chunk) => {
        all += chunk;
      });
      children.push(child);
      return container.until(`"${text}"`, () => all.includes(text));
    };
    const upstream = join(import.meta.dirname, 'programs', 'slow-upstream.ts');
    const server = container.inItsNetwork([process.execPath, upstream, String(UPSTREAM), String(REQUEST_MS)]);
    await said(server, 'listens');
    const asked = said(server, 'asked');
    const ask = `const a = await fetch('http://127.0.0.1:${PORT}/'); console.log(a.status, await a.text())`;
    const client = container.inItsNetwork([process.execPath, '--input-type=module', '-e', ask]);
    const gone = once(client, 'close');
    let answer = '';
    client.stdout?.on('data', (chunk) => {
      answer += chunk;
    });
    children.push(client);
    await asked;
    container.terminate();
    assert.equal(await container.exit, 0, container.log);
    await gone;
    assert.equal(answer, '200 whole\n', container.log);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await container.close();
  }
});

it('the image of the operator leads a region, and SIGTERM ends it with 0', async () => {
  const etcd = await EtcdLab.open();
  const container = new ImageContainer({
    image: `${layout('first')}:${VERSION}`,
    command: ['operator', 'run', '--region', 'east'],
    files: { '/etc/weir/fleet.yaml': etcd.config },
    isOnHostNetwork: true,
  });
  try {
    await container.until('the operator to lead', () => container.log.includes('leads east'));
    assert.equal(JSON.parse(container.run('weir', 'version', '--json').out).result.form, 'package');
    assert.equal(container.run('sh', '-c', 'command -v envoy').code === 0, false);
    container.terminate();
    assert.equal(await container.exit, 0, container.log);
  } finally {
    await container.close();
    await etcd.close();
  }
});
