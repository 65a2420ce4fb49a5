/** `--netns` on real network namespaces. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseEnvelope } from '../contract/envelope-schema.ts';
import { type Ended, PROJECT_ROOT, runNode } from '../run-weir.ts';
import { until } from '../until.ts';

const NAME = `weir-enter-${process.pid}`;
const FILE = `/run/netns/${NAME}`;
/** Goes through the same entry as bin/run.js, then prints the namespace, pid and argv it ended up with. */
const PROBE = join(PROJECT_ROOT, 'test/e2e/netns-probe.ts');

before(() => execFileSync('ip', ['netns', 'add', NAME]));
after(() => execFileSync('ip', ['netns', 'del', NAME]));

function inode(): string {
  return execFileSync('nsenter', [`--net=${FILE}`, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' }).trim();
}

async function probe(args: readonly string[]): Promise<{ netns: string; argv: string[]; entered: string | null }> {
  const ended: Ended = await runNode([PROBE, ...args]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(ended.stderr, '');
  return JSON.parse(ended.stdout);
}

test('a name, a path and a process number lead into the namespace, with the command line unchanged', async () => {
  const sleeper = spawn('nsenter', [`--net=${FILE}`, 'sleep', '30'], { stdio: 'ignore' });
  try {
    await once(sleeper, 'spawn');
    await until('the namespace to be entered', async () => readlinkSync(`/proc/${sleeper.pid}/ns/net`) === inode());
    for (const target of [NAME, FILE, String(sleeper.pid)]) {
      for (const args of [
        ['--netns', target, 'a b', '$HOME'],
        [`--netns=${target}`, '-x'],
      ]) {
        assert.deepEqual(await probe(args), { netns: inode(), argv: args, entered: target });
      }
    }
  } finally {
    sleeper.kill();
  }
});

test('without --netns, behind a --, or for the own namespace nothing is replaced', async () => {
  const own = readlinkSync('/proc/self/ns/net');
  for (const args of [[], ['--', '--netns', NAME], ['--netns', String(process.pid)], ['--netns', 'no-such-one']]) {
    assert.deepEqual(await probe(args), { netns: own, argv: args, entered: null });
  }
});

test('the exit code and the signal of the entered process are those of the command', async () => {
  assert.equal((await runNode([PROBE, '--netns', NAME, 'exit', '7'])).code, 7);
  assert.equal((await runNode([PROBE, '--netns', NAME, 'kill', 'SIGTERM'])).signal, 'SIGTERM');
});

test('on a Node without execve the command runs as a child, with the same result', async () => {
  const args = ['--netns', NAME, 'exit', '7'];
  const ended = await runNode([PROBE, '--without-execve', ...args]);
  assert.equal(ended.code, 7);
  assert.equal(JSON.parse(ended.stdout).netns, inode());
});

test('without the right to enter it the command ends with 3 and says why', async () => {
  const command = join(PROJECT_ROOT, 'test/cli/probe-command.ts');
  const args = ['--bounding-set=-sys_admin', '--inh-caps=-all', process.execPath, command, 'done', '--json'];
  const child = spawn('setpriv', [...args, '--netns', NAME], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  assert.deepEqual(await once(child, 'close'), [3, null]);
  const { error } = parseEnvelope(stdout);
  assert.equal(error?.code, 'WEIR2004');
  assert.match(error?.why ?? '', /Operation not permitted/);
});

test('without nsenter perl leads there, with the command line, the exit code and the reason of a refusal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-perl-only-'));
  try {
    await symlink(execFileSync('which', ['perl'], { encoding: 'utf8' }).trim(), join(folder, 'perl'));
    await symlink(process.execPath, join(folder, 'node'));
    await symlink('/bin/true', join(folder, 'true'));
    const env = { PATH: folder };
    const args = ['--netns', NAME, 'a b', '$HOME'];
    const entered = await runNode([PROBE, ...args], env);
    assert.deepEqual(JSON.parse(entered.stdout), { netns: inode(), argv: args, entered: NAME }, entered.stderr);
    assert.equal((await runNode([PROBE, '--netns', NAME, 'exit', '7'], env)).code, 7);
    const command = join(PROJECT_ROOT, 'test/cli/probe-command.ts');
    const without = ['--bounding-set=-sys_admin', '--inh-caps=-all', process.execPath, command, 'done', '--json'];
    const setpriv = execFileSync('which', ['setpriv'], { encoding: 'utf8' }).trim();
    const refused = spawnSync(setpriv, [...without, '--netns', NAME], { env: { ...process.env, ...env } });
    assert.equal(refused.error, undefined);
    assert.equal(refused.status, 3, String(refused.stderr));
    assert.match(parseEnvelope(String(refused.stdout)).error?.why ?? '', /setns: Operation not permitted/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('without both the command ends with 3 and names the package', async () => {
  const command = join(PROJECT_ROOT, 'test/cli/probe-command.ts');
  const ended = await runNode([command, 'done', '--json', '--netns', NAME], { PATH: '/nonexistent' });
  assert.equal(ended.code, 3);
  assert.match(parseEnvelope(ended.stdout).error?.hint ?? '', /util-linux/);
});
