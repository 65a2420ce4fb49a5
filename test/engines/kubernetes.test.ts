/**
 * The fleet on a real API server and the real manager of OpenKruise. They listen on every address, so all of it runs in
 * a network namespace of its own: the tests themselves are programs/kubernetes-*.ts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubernetesBinaries } from '../oracle/kubernetes/kubernetes-binaries.ts';

const inner = (name: string) => fileURLToPath(new URL(`programs/kubernetes-${name}.ts`, import.meta.url));

for (const name of ['store', 'gateway', 'pod', 'kruise', 'host-image']) {
  test(`kubernetes: ${name}`, { timeout: 1_800_000 }, () => {
    const binaries = kubernetesBinaries();
    if (name === 'kruise' || name === 'host-image') binaries.kruise();
    const script = 'ip link set lo up && exec "$@"';
    // What node:test tells its children would make the inner run a part of this one.
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const argv = ['--net', 'sh', '-c', script, 'sh', process.execPath, '--test', '--test-isolation=none', inner(name)];
    const run = spawnSync('unshare', argv, { encoding: 'utf8', env, timeout: 900_000 });
    process.stdout.write(run.stdout);
    const failures = run.stdout.split('failing tests:').at(-1);
    assert.equal(run.status, 0, `${failures}${run.stderr}${run.error ?? ''}`);
  });
}
