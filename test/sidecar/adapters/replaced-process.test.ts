/** Shells that a container's weir goes on as: an idle one, and one that reaps. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { cleanEnvironment } from '../../run-weir.ts';
import { until } from '../../until.ts';

const moduleOf = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

function start(body: string) {
  return spawn(process.execPath, ['--input-type=module', '-e', body], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ReturnType<typeof start>) {
  const [[code], stdout] = await Promise.all([once(child, 'close'), text(child.stdout)]);
  return { code, stdout };
}

/** Whether the shell has taken over and set its traps: TERM (15) is caught, HUP (1) is ignored. */
function isIdle(pid: number | undefined): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const has = (mask: string, signal: number) => {
    const [, hex = '0'] = new RegExp(`^${mask}:\\t([0-9a-f]+)$`, 'm').exec(status) ?? [];
    return ((BigInt(`0x${hex}`) >> BigInt(signal - 1)) & 1n) === 1n;
  };
  const isShell = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0weir-idle\0');
  return isShell && has('SigCgt', 15) && has('SigIgn', 1) && isAsleep(pid);
}

/** Whether its `sleep` has begun: a signal that comes between fork and exec of it is lost on it. */
function isAsleep(pid: number | undefined): boolean {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child !== undefined && child !== '' && readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n';
}

describe('an idle process', () => {
  it('is a shell under the same number that ends with 0 when it is told to', async () => {
    const child = start(
      `import { becomeIdle } from ${moduleOf('../../../src/sidecar/adapters/idle-process.ts')}; becomeIdle();`,
    );
    await until('the idle shell', async () => isIdle(child.pid));
    child.kill('SIGHUP');
    child.kill('SIGUSR1');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

describe('a process that is not the first of its namespace', () => {
  const reaping = `import { becomeReapingInit } from ${moduleOf('../../../src/sidecar/adapters/reaping-init.ts')}; becomeReapingInit();`;
  it('is left as it is', async () => {
    const { code, stdout } = await ended(
      start(`const own = process.pid; ${reaping} console.log(process.pid === own);`),
    );
    assert.deepEqual([code, stdout], [0, 'true\n']);
  });
});

describe('a process that is the first of its namespace', () => {
  /** The shell that such a process becomes, with another command in the place of its own. */
  async function shellAround(...command: string[]) {
    const body = `
      import { becomeReapingInit } from ${moduleOf('../../../src/sidecar/adapters/reaping-init.ts')};
      Object.defineProperty(process, 'pid', { value: 1 });
      process.execve = (file, args) => console.log(JSON.stringify([file, args]));
      becomeReapingInit();`;
    const [file, args] = JSON.parse((await ended(start(body))).stdout);
    assert.deepEqual([file, args.slice(3, 5)], ['/bin/sh', ['weir-init', process.execPath]]);
    return spawn(file, [...args.slice(1, 4), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  it('goes on as the child of a shell that ends with its exit code', async () => {
    const { code } = await ended(await shellAround('sh', '-c', 'exit 7'));
    assert.equal(code, 7);
  });

  it('gets the signals that the shell is sent, and decides how to end', async () => {
    // What it started would hold the pipe for its whole minute.
    const child = await shellAround('sh', '-c', 'sleep 60 & trap "kill $!; exit 9" TERM; echo up; wait');
    child.stdout.once('data', () => child.kill('SIGTERM'));
    assert.deepEqual(await once(child, 'close'), [9, null]);
  });
});
