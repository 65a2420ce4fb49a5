/** Questions about real namespaces and cgroups. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupMount, cgroupOfProcess, sliceProbe } from '../../../src/platform/cgroups.ts';
import { isInNamespaceOf } from '../../../src/platform/namespace.ts';
import { makeNamespace } from '../lab/network-namespace.ts';
import { WITHOUT_RIGHTS } from '../lab/without-rights.ts';

const MODULE = JSON.stringify(new URL('../../../src/platform/namespace.ts', import.meta.url).href);

/** Runs a script that prints JSON inside a namespace. */
async function factsInside(namespace: Awaited<ReturnType<typeof makeNamespace>>, ...prefix: string[]) {
  const script = `
    import { isInNamespaceOf, readNetworkFacts } from ${MODULE};
    console.log(JSON.stringify({ ...(await readNetworkFacts('')), ofStarter: await isInNamespaceOf(${process.pid}) }));
  `;
  const node = [...prefix, process.execPath, '--input-type=module', '-e', script];
  return JSON.parse((await namespace.tool(['env', ...node], { timeoutMs: 30_000 })).stdout);
}

test('a namespace of its own is not the one of PID 1, also without the right to read the link', async (t) => {
  const namespace = await makeNamespace('facts');
  t.after(() => namespace.remove());
  const { namespace: _identity, ...facts } = await factsInside(namespace);
  assert.deepEqual(facts, {
    isHostNamespace: false,
    hasIpv4: false,
    hasIpv6: true,
    netns: '',
    ofStarter: false,
  });
  await namespace.sh('ip -6 addr flush dev lo');
  assert.equal((await factsInside(namespace)).hasIpv6, false);
  const unprivileged = await factsInside(namespace, ...WITHOUT_RIGHTS);
  assert.equal(unprivileged.isHostNamespace, false);
});

test('the inode of net/dev tells namespaces apart as the link does', async (t) => {
  const namespace = await makeNamespace('inode');
  t.after(() => namespace.remove());
  const inode = async () =>
    (await namespace.tool(['stat', '-c', '%i', '/proc/self/net/dev'], { timeoutMs: 30_000 })).stdout;
  const inside = await inode();
  assert.equal(await inode(), inside);
  const { stdout } = await namespace.tool(['stat', '-c', '%i', `/proc/${process.pid}/net/dev`], { timeoutMs: 30_000 });
  assert.notEqual(stdout, inside);
  assert.equal(await isInNamespaceOf(process.pid), true);
});

test('a slice exists when its cgroup does, and never outside of the hierarchy', async (t) => {
  const mount = await cgroupMount();
  assert.ok(mount, 'this test needs cgroup v2');
  const name = `weir-test-${process.pid}.slice`;
  assert.deepEqual(await sliceProbe.slice(name), { exists: false, mount });
  mkdirSync(join(mount, name));
  t.after(() => rmdirSync(join(mount, name)));
  assert.deepEqual(await sliceProbe.slice(name), { exists: true, mount });
  assert.deepEqual(await sliceProbe.slice(`../${name}`), { exists: false, mount });
  assert.deepEqual(await sliceProbe.slice(`${name}/cgroup.procs`), { exists: false, mount });
  assert.equal(typeof (await cgroupOfProcess(process.pid)), 'string');
  assert.equal(await cgroupOfProcess(4_194_999), null);
});
