/** Uncaught exceptions, in a process of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNode } from '../run-weir.ts';

const MODULE = new URL('../../src/platform/crash-watch.ts', import.meta.url).href;
const run = (body: string) =>
  runNode(['--input-type=module', '-e', `import { watchForCrash } from ${JSON.stringify(MODULE)};\n${body}`]);
const WATCH = "const watch = watchForCrash(); watch.crashed.catch(({ message }) => console.log('crashed:', message));";

test('an exception of a timer and a promise that nobody awaits are noticed, and the process goes on', async () => {
  for (const crash of ["setTimeout(() => { throw new Error('late'); }, 1);", "Promise.reject(new Error('late'));"]) {
    const { code, stdout } = await run(`${WATCH}\n${crash}\nsetTimeout(() => console.log('on'), 20);`);
    assert.deepEqual([code, stdout], [0, 'crashed: late\non\n'], crash);
  }
});

test('after its end such an exception ends the process again', async () => {
  const { code, stdout } = await run(`${WATCH}\nwatch.dispose();\nsetTimeout(() => { throw new Error('late'); }, 1);`);
  assert.deepEqual([code, stdout], [1, '']);
});

test('a watch that saw nothing lets the process end', async () => {
  assert.equal((await run(`${WATCH}\nwatch.dispose();`)).code, 0);
});
