// The gate runs it after every other file.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runTool } from '../../src/platform/exec.ts';

/** Namespaces of tests and of the tour; the number is the process that made them. */
const OURS = /^weir-\S*?-(\d+)(?:-\S*)?$/;

/** Those that were there when the gate began, which names them. */
const BEFORE = (process.env.WEIR_TEST_NETNS_BEFORE ?? '').split(' ');

test('no network namespace of a test that is over is left', async () => {
  const { stdout } = await runTool(['ip', 'netns', 'list'], { timeoutMs: 10_000 });
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  const left = names.filter((name) => {
    const pid = OURS.exec(name)?.[1];
    return pid !== undefined && !BEFORE.includes(name) && !isAlive(Number(pid));
  });
  assert.deepEqual(left, [], 'remove them by `ip netns del NAME`');
});

function isAlive(pid: number): boolean {
  return readdirSync('/proc').includes(String(pid));
}
