/** Tools as child processes. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { notStarted, runTool } from '../../src/platform/exec.ts';
import { until } from '../until.ts';

const soon = { timeoutMs: 5000 };

/** The WeirError that a promise must reject with. */
async function weirErrorOf(promise: Promise<unknown>): Promise<WeirError> {
  const error = await promise.then(
    () => assert.fail('it should have been rejected'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WeirError, String(error));
  return error;
}

/** Whether a process lives; one that has ended but was not waited for yet (a zombie) does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a tool gets its arguments without a shell and gives back all it wrote', async () => {
  const { stdout, stderr, exitCode, ms } = await runTool(['printf', '%s\n', '$HOME; echo x'], soon);
  assert.equal(stdout, '$HOME; echo x\n');
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
  assert.ok(ms > 0);
});

test('input goes to stdin, and without it stdin is empty', async () => {
  assert.equal((await runTool(['cat'], { ...soon, input: 'a\nb\n' })).stdout, 'a\nb\n');
  assert.equal((await runTool(['cat'], soon)).stdout, '');
});

test('a tool speaks English whatever the locale, and sees variables that are passed', async () => {
  const { stdout } = await runTool(['sh', '-c', 'echo "$LC_ALL $EXTRA"'], { ...soon, env: { EXTRA: 'yes' } });
  assert.equal(stdout, 'C yes\n');
});

test('a tool that says it may not is an error that says to be root', async () => {
  const argv = ['sh', '-c', 'echo "Operation not permitted (you must be root)" >&2; exit 1'] as const;
  assert.match((await weirErrorOf(runTool([...argv], soon))).hint, /^run weir as root/);
});

test('a failing tool is an error with argv, exit code and stderr', async () => {
  const error = await weirErrorOf(runTool(['sh', '-c', 'echo out; echo no such chain >&2; exit 4'], soon));
  assert.equal(error.code, 'WEIR2003');
  assert.match(error.what, /^sh -c .* failed: exit code 4$/);
  assert.equal(error.why, 'no such chain');
  assert.deepEqual(error.details, {
    argv: ['sh', '-c', 'echo out; echo no such chain >&2; exit 4'],
    exitCode: 4,
    stderr: 'no such chain\n',
  });
});

test('with reject false an exit code is a result', async () => {
  const { exitCode, stdout } = await runTool(['sh', '-c', 'echo found; exit 1'], { ...soon, reject: false });
  assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: 'found\n' });
});

test('a tool killed by a signal is an error even with reject false', async () => {
  const error = await weirErrorOf(runTool(['sh', '-c', 'kill -9 $$'], { ...soon, reject: false }));
  assert.match(error.what, /failed: SIGKILL$/);
});

test('a missing tool names the Debian package', async () => {
  const error = await weirErrorOf(runTool(['conntrack', '-L'], { ...soon, env: { PATH: '/nonexistent' } }));
  assert.equal(error.code, 'WEIR2001');
  assert.equal(error.exit, 3);
  assert.equal(error.what, 'conntrack is missing');
  assert.equal(error.hint, 'install the package conntrack');
});

test('a file that may not be executed is not called missing', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-exec-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tool');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o600);
  const error = await weirErrorOf(runTool([file], soon));
  assert.equal(error.code, 'WEIR2001');
  assert.match(error.what, /may not be executed/);
});

test('a tool past its deadline is ended with its children, even when it ignores SIGTERM', async () => {
  const script = 'trap "" TERM; sleep 300 & echo $! >&2; wait; wait; sleep 300';
  const error = await weirErrorOf(runTool(['sh', '-c', script], { timeoutMs: 100 }));
  assert.equal(error.code, 'WEIR2002');
  assert.equal(error.exit, 6);
  assert.match(error.what, /did not end within 100 ms$/);
  const childPid = Number((error.details as { stderr: string }).stderr);
  // The kernel closes the files of a process that ends, which is what the run waited for, before it is a zombie.
  await until('the child to have ended', async () => !isRunning(childPid));
});

test('an aborted signal ends the tool and comes back as it was given', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const running = runTool(['sleep', '30'], { ...soon, signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(running, (error) => error === reason);
  await assert.rejects(runTool(['true'], { ...soon, signal: controller.signal }), (error) => error === reason);
});

test('a program that the kernel does not start names the limit', () => {
  for (const [code, limit] of [
    ['EAGAIN', /limit of processes/],
    ['EMFILE', /ulimit -n/],
    ['ENOMEM', /memory/],
  ] as const) {
    const error = notStarted(['nft', '-f', '-'], Object.assign(new Error(`spawn nft ${code}`), { code }));
    assert.deepEqual([error.code, error.exit], ['WEIR2010', 3]);
    assert.match(error.why, limit);
  }
});
