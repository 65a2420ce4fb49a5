/** The lock between commands. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WeirError } from '../../src/errors/weir-error.ts';
import { commandLock } from '../../src/platform/command-lock.ts';
import { until } from '../until.ts';

async function makeRunDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'run');
}

const unexpectedWait = (holder: string) => assert.fail(`waited for ${holder}`);

/** Another process that takes the lock, says so, and keeps it until it is killed or told to end. */
async function startHolder(t: TestContext, runDir: string): Promise<ChildProcess> {
  const source = `
    import { commandLock } from ${JSON.stringify(new URL('../../src/platform/command-lock.ts', import.meta.url).href)};
    const lock = await commandLock(${JSON.stringify(runDir)})('on payment', 0, () => {});
    process.stdout.write('held');
    process.stdin.once('data', () => lock.release()).on('end', () => {});
    setInterval(() => {}, 1000).unref();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said), 'held');
  return child;
}

/** How many wait for the lock: /proc/locks has them behind it, with an arrow. */
async function waitersOf(runDir: string): Promise<number> {
  const { ino } = await stat(join(runDir, 'lock'));
  const lines = (await readFile('/proc/locks', 'utf8')).split('\n');
  return lines.filter((line) => line.includes('-> FLOCK') && line.includes(`:${ino} `)).length;
}

test('a free lock is taken without waiting, names its holder, and leaves no file behind', async (t) => {
  const runDir = await makeRunDir(t);
  const lock = await commandLock(runDir)('on  payment', 0, unexpectedWait);
  const line = await readFile(join(runDir, 'lock'), 'utf8');
  assert.match(line, new RegExp(`^${process.pid} on payment \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\n$`));
  await lock.release();
  await assert.rejects(readFile(join(runDir, 'lock')), { code: 'ENOENT' });
  await (await commandLock(runDir)('off payment', 0, unexpectedWait)).release();
});

test('a second command is told once whom it waits for, and gets the lock when that one is done', async (t) => {
  const runDir = await makeRunDir(t);
  const takeLock = commandLock(runDir);
  const first = await takeLock('on payment', 0, unexpectedWait);
  const waits: string[] = [];
  const second = takeLock('off payment', 5000, (holder) => {
    waits.push(holder);
    setTimeout(() => first.release(), 50);
  });
  await (await second).release();
  assert.equal(waits.length, 1);
  assert.match(waits[0] ?? '', new RegExp(`^weir on payment \\(process ${process.pid}, since `));
});

test('many commands at once have the lock one after another', async (t) => {
  const runDir = await makeRunDir(t);
  const takeLock = commandLock(runDir);
  let holders = 0;
  let turns = 0;
  const work = async (index: number) => {
    const lock = await takeLock(`on app${index}`, 20_000, () => {});
    holders += 1;
    assert.equal(holders, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    holders -= 1;
    turns += 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => work(index)));
  assert.equal(turns, 8);
});

test('without waiting a held lock refuses with exit 3, after waiting it gives up with exit 6', async (t) => {
  const runDir = await makeRunDir(t);
  const takeLock = commandLock(runDir);
  const first = await takeLock('uninstall', 0, unexpectedWait);
  await assert.rejects(takeLock('on a', 0, unexpectedWait), { code: 'WEIR2021', exit: 3 });
  const started = Date.now();
  await assert.rejects(
    takeLock('on a', 150, () => {}),
    (error: Error & { code?: string; exit?: number }) =>
      error.code === 'WEIR2021' && error.exit === 6 && /^weir uninstall \(process \d+/.test(error.message),
  );
  assert.ok(Date.now() - started >= 150);
  await first.release();
});

test('a holder that was killed holds nothing', async (t) => {
  const runDir = await makeRunDir(t);
  const holder = await startHolder(t, runDir);
  await assert.rejects(commandLock(runDir)('off a', 0, unexpectedWait), { code: 'WEIR2021' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = await commandLock(runDir)('off a', 0, unexpectedWait);
  assert.match(await readFile(join(runDir, 'lock'), 'utf8'), /^\d+ off a /);
  await lock.release();
});

test('a signal ends the wait for the lock, and takes nothing from who has it or comes next', async (t) => {
  const runDir = await makeRunDir(t);
  const holder = await startHolder(t, runDir);
  holder.kill('SIGSTOP');
  const takeLock = commandLock(runDir);
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  const waiting = takeLock('on a', 600_000, () => interruption.abort(reason), interruption.signal);
  await assert.rejects(waiting, reason);
  const later = new AbortController();
  const waits: string[] = [];
  const asked = takeLock('on b', 600_000, (who) => void waits.push(who), later.signal);
  await until('a flock that waits', async () => (await waitersOf(runDir)) > 0);
  later.abort(reason);
  await assert.rejects(asked, reason);
  assert.equal(waits.length, 1);
  assert.equal(await waitersOf(runDir), 0);
  await assert.rejects(takeLock('on c', 0, unexpectedWait), { code: 'WEIR2021' });
  assert.match(await readFile(join(runDir, 'lock'), 'utf8'), new RegExp(`^${holder.pid} on payment `));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  // After the signal a lock that is free is taken all the same: what is left to do needs no wait.
  await (await takeLock('on d', 600_000, unexpectedWait, later.signal)).release();
});

test('a lock whose file somebody removed does not let two commands in', async (t) => {
  const runDir = await makeRunDir(t);
  const takeLock = commandLock(runDir);
  const first = await takeLock('on a', 0, unexpectedWait);
  const second = takeLock('on b', 5000, () => {
    setTimeout(async () => {
      await rm(join(runDir, 'lock'));
      await first.release();
    }, 30);
  });
  const lock = await second;
  // The file that `second` waited on is gone: it must hold the one that is found under the name now.
  await assert.rejects(takeLock('on c', 0, unexpectedWait), { code: 'WEIR2021' });
  await lock.release();
});

test('a run directory that cannot be written is told apart from a held lock', async (t) => {
  const runDir = await makeRunDir(t);
  await writeFile(runDir, 'a file where the directory should be');
  await assert.rejects(commandLock(runDir)('on a', 0, unexpectedWait), { code: 'WEIR2022', exit: 3 });
});

test('a lock file that is a symbolic link is not followed', async (t) => {
  const runDir = await makeRunDir(t);
  await mkdir(runDir);
  const target = join(runDir, 'target');
  await writeFile(target, 'precious');
  await symlink(target, join(runDir, 'lock'));
  await assert.rejects(commandLock(runDir)('on a', 0, unexpectedWait), { code: 'WEIR2022' });
  assert.equal(await readFile(target, 'utf8'), 'precious');
});

test('a flock that fails is an error of its own', async (t) => {
  const runDir = await makeRunDir(t);
  const tools = join(runDir, '..', 'tools');
  await mkdir(tools);
  await writeFile(join(tools, 'flock'), '#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 66\n');
  await chmod(join(tools, 'flock'), 0o755);
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = `${tools}:${path}`;
  await assert.rejects(commandLock(runDir)('on a', 0, unexpectedWait), { code: 'WEIR2003', why: /No locks available/ });
  process.env.PATH = tools;
  await chmod(join(tools, 'flock'), 0o644);
  await assert.rejects(commandLock(runDir)('on a', 0, unexpectedWait), {
    code: 'WEIR2001',
    what: 'flock may not be executed',
    hint: 'install the package util-linux',
  });
  process.env.PATH = join(runDir, 'nothing-here');
  await assert.rejects(commandLock(runDir)('on a', 0, unexpectedWait), { code: 'WEIR2001' });
});

test('a tool that outlives its killed command keeps the lock until it has done what it was told', async (t) => {
  const runDir = await makeRunDir(t);
  const folder = join(runDir, '..');
  const url = (name: string) => JSON.stringify(new URL(`../../src/platform/${name}.ts`, import.meta.url).href);
  const source = `
    import { commandLock } from ${url('command-lock')};
    import { runTool } from ${url('exec')};
    await commandLock(${JSON.stringify(runDir)})('on payment', 0, () => {});
    const tool = 'mkfifo ../go && touch ../started && read word < ../go && touch ../done';
    await runTool(['sh', '-c', tool], { timeoutMs: 60_000, input: 'rules', holdsLocks: true });
  `;
  await mkdir(runDir);
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: runDir, stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const isThere = (name: string) =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    );
  await until('the tool', () => isThere('started'));
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  const takeLock = commandLock(runDir);
  await assert.rejects(takeLock('on payment', 0, unexpectedWait), (error: WeirError) => {
    assert.match(error.what, new RegExp(`^weir on payment or a tool that it started \\(process ${child.pid}, since `));
    return error.code === 'WEIR2021';
  });
  await writeFile(join(folder, 'go'), 'go\n');
  const lock = await takeLock('on payment', 30_000, () => {});
  assert.equal(await isThere('done'), true);
  await lock.release();
});
