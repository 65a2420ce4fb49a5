/** Comparison of network namespaces. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isInNamespaceOf, readNetworkFacts } from '../../src/platform/namespace.ts';

/** A /proc with the processes given: the namespace link (or none) and whether net/dev is there. */
async function makeProc(t: TestContext, processes: Record<string, { ns?: string; dev?: boolean }>): Promise<string> {
  const proc = await mkdtemp(join(tmpdir(), 'weir-proc-'));
  t.after(() => rm(proc, { recursive: true }));
  for (const [pid, { ns, dev }] of Object.entries(processes)) {
    await mkdir(join(proc, pid, 'ns'), { recursive: true });
    await mkdir(join(proc, pid, 'net'));
    if (ns) await symlink(ns, join(proc, pid, 'ns', 'net'));
    if (dev) await writeFile(join(proc, pid, 'net', 'dev'), '');
  }
  return proc;
}

test('two processes are in one namespace when their namespace links agree', async (t) => {
  const proc = await makeProc(t, { self: { ns: 'net:[1]' }, 1: { ns: 'net:[1]' }, 7: { ns: 'net:[2]' } });
  assert.equal(await isInNamespaceOf(1, proc), true);
  assert.equal(await isInNamespaceOf(7, proc), false);
});

test('an unreadable link is replaced by the inode of net/dev, and without that it is unknown', async (t) => {
  const proc = await makeProc(t, { self: { ns: 'net:[1]', dev: true }, 1: { dev: true }, 7: {} });
  assert.equal(await isInNamespaceOf(1, proc), false);
  assert.equal(await isInNamespaceOf(7, proc), null);
});

test('this process is in its own namespace, and is told the name it was entered by', async () => {
  assert.equal(await isInNamespaceOf(process.pid), true);
  assert.equal((await readNetworkFacts('blue')).netns, 'blue');
});
