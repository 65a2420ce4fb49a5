/** Questions to the system that cannot be answered: never folded into no. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exists } from '../../src/platform/exists.ts';
import { nullIfMissing } from '../../src/platform/null-if-missing.ts';
import { isAlive, readProcessStat, signalProcess, socketInodes } from '../../src/sidecar/adapters/process-identity.ts';
import { listeningSockets, readTcpTable } from '../../src/sidecar/adapters/tcp-table.ts';

const PROBE = join(import.meta.dirname, 'probe-blind.ts');

const errno = (code: string) => Object.assign(new Error(code), { code });

test('an error that says that nothing is there is null, every other one is thrown', () => {
  for (const code of ['ENOENT', 'ENOTDIR', 'ESRCH']) assert.equal(nullIfMissing(errno(code)), null, code);
  for (const code of ['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EIO', 'ENOMEM', 'ELOOP', 'EINVAL', 'ENAMETOOLONG']) {
    assert.throws(() => nullIfMissing(errno(code)), { code });
  }
  assert.throws(() => nullIfMissing(new Error('something else')), /something else/);
  assert.throws(() => nullIfMissing('a text'));
});

/** A process with a listener, and a folder with the records of weir about it, among them a store with a pair. */
async function surroundings(t: TestContext): Promise<{ pid: number; startTicks: string; folder: string }> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const { pid = 0 } = child;
  const { startTicks = '' } = (await readProcessStat(pid)) ?? {};
  const folder = mkdtempSync(join(tmpdir(), 'weir-blind-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'g1.pid'), `${pid} ${startTicks} 1\n`);
  writeFileSync(join(folder, 'g1.launch'), JSON.stringify({ generation: { id: 1 }, logOffset: 0 }));
  mkdirSync(join(folder, 'versions/0123456789ab'), { recursive: true });
  writeFileSync(join(folder, 'versions/0123456789ab/pair.json'), '{}');
  symlinkSync('versions/0123456789ab', join(folder, 'current'));
  return { pid, startTicks, folder };
}

test('a process without a free descriptor takes nobody for dead, nothing for closed and no file for missing', async (t) => {
  const { pid, startTicks, folder } = await surroundings(t);
  const script = `ulimit -n 64; exec "$0" "$@"`;
  const argv = ['-c', script, process.execPath, PROBE, String(pid), startTicks, folder, 'EMFILE'];
  const seen = JSON.parse(execFileSync('sh', argv, { encoding: 'utf8' })) as Record<string, string>;
  const { 'pairs.pointers': pointers, exists: found, sharedMemory, askReadiness: ready, ...rest } = seen;
  for (const [look, answer] of Object.entries(rest)) assert.equal(answer, 'EMFILE', look);
  // Neither reading a link nor stat(2) takes a descriptor.
  assert.match(pointers ?? '', /^found .*0123456789ab/);
  assert.equal(found, 'found false');
  assert.equal(ready, 'found "unknown"');
  assert.match(sharedMemory ?? '', /EMFILE/);
});

test('a process of another user says what it may not look at, and takes nothing for closed', async (t) => {
  if (process.getuid?.() !== 0) {
    // Another user's process: the first one belongs to root.
    await assert.rejects(socketInodes(1), { code: 'EACCES' });
    return;
  }
  const { pid, startTicks, folder } = await surroundings(t);
  mkdirSync(join(folder, 'closed'), { mode: 0o700 });
  execFileSync('chmod', ['755', folder]);
  const argv = [PROBE, String(pid), startTicks, folder, 'EACCES'];
  const seen = JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' })) as Record<string, string>;
  assert.equal(seen.isAlive, 'found true');
  assert.equal(seen.signal, 'EPERM');
  assert.equal(seen.socketInodes, 'EACCES');
  assert.equal(seen.exists, 'EACCES');
  assert.equal(seen.hasSupervisor, 'EACCES');
  assert.equal(seen.askReadiness, 'found "unknown"');
});

test('what is not there is told as that', async () => {
  const gone = spawn('true', { stdio: 'ignore' });
  await new Promise((resolve) => gone.on('close', resolve));
  const identity = { pid: gone.pid ?? 0, startTicks: '1' };
  assert.equal(await isAlive(identity), false);
  assert.equal(await signalProcess(identity, 'SIGCONT'), false);
  assert.deepEqual([...(await socketInodes(identity.pid))], []);
  assert.equal(await readTcpTable(identity.pid), null);
  assert.deepEqual(await listeningSockets(identity.pid, new Set(), new Set()), []);
  assert.equal(await exists(`/proc/${identity.pid}`), false);
});
