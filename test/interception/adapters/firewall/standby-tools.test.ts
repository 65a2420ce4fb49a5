/** Tools started ahead of their use. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { standbyTools } from '../../../../src/interception/adapters/firewall/standby-tools.ts';
import { fakePath } from '../../../fakes/fake-path.ts';

/** Says when it began, in nanoseconds since 1970, and what it was given. */
const PROGRAM = ['sh', '-c', 'date +%s%N; cat; echo "to stderr" >&2; exit 7'] as const;
const OPTIONS = { timeoutMs: 5000, reject: false, input: 'given\n' };

test('a program that stands by is used once, by the next run with an input, and another one takes its place', async (t) => {
  const folder = fakePath(t, { begins: `echo $$ >>"$HERE/begun"; echo $$; cat; echo "to stderr" >&2; exit 7` });
  const begun = async () => (await readFile(join(folder, 'begun'), 'utf8').catch(() => '')).split('\n');
  // What takes the place of a used one is started by a timer, and then only.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const untilBegun = async (count: number) => {
    const end = performance.now() + 60_000;
    while ((await begun()).length <= count) assert.ok(performance.now() < end, `${count} began`);
  };
  const run = standbyTools();
  run.standBy?.(['begins']);
  await untilBegun(1);
  for (const wasThere of [true, false, true]) {
    const before = await begun();
    const { stdout, stderr, exitCode } = await run(['begins'], OPTIONS);
    const [id = '', given] = stdout.split('\n');
    assert.deepEqual([given, stderr, exitCode], ['given', 'to stderr\n', 7]);
    assert.equal(before.includes(id), wasThere);
    if (wasThere) continue;
    // At once there is none yet: starting it would take time from the run that follows.
    t.mock.timers.tick(1000);
    await untilBegun(3);
  }
  await run.release?.();
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
