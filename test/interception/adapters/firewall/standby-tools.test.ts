/** Tools started ahead of their use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { standbyTools } from '../../../../src/interception/adapters/firewall/standby-tools.ts';

/** Says when it began, in nanoseconds since 1970, and what it was given. */
const PROGRAM = ['sh', '-c', 'date +%s%N; cat; echo "to stderr" >&2; exit 7'] as const;
const OPTIONS = { timeoutMs: 5000, reject: false, input: 'given\n' };

test('a program that stands by is used once, by the next run with an input, and another one takes its place', async () => {
  const run = standbyTools();
  run.standBy?.([...PROGRAM]);
  await sleep(100);
  for (const wasThere of [true, false, true]) {
    const asked = BigInt(Date.now()) * 1_000_000n;
    const { stdout, stderr, exitCode } = await run([...PROGRAM], OPTIONS);
    assert.match(stdout, /^\d+\ngiven\n$/);
    assert.deepEqual([stderr, exitCode], ['to stderr\n', 7]);
    assert.equal(BigInt(stdout.split('\n')[0] ?? 0) < asked, wasThere);
    // At once there is none yet: starting it would take time from the run that follows.
    if (!wasThere) await sleep(200);
  }
});

test('one that has ended while it stood by is replaced by an ordinary run', async () => {
  const run = standbyTools();
  const argv = ['sh', '-c', 'read line && echo "$line"'] as const;
  run.standBy?.(['sh', '-c', 'exit 3']);
  run.standBy?.(['no-such-program-of-weir']);
  await sleep(100);
  assert.equal((await run(['sh', '-c', 'exit 3'], OPTIONS)).exitCode, 3);
  assert.equal((await run([...argv], OPTIONS)).stdout, 'given\n');
});

test('a run without input, and one of another program, start their own', async () => {
  const run = standbyTools();
  run.standBy?.([...PROGRAM]);
  const { stdout } = await run([...PROGRAM], { timeoutMs: 5000, reject: false });
  assert.match(stdout, /^\d+\n$/);
  assert.equal((await run(['cat'], OPTIONS)).stdout, 'given\n');
});
