/** Another program of weir that a process goes on as. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shedLeanVariables } from '../../../src/platform/process/lean-runtime.ts';
import { programFile } from '../../../src/platform/process/programs.ts';
import { runNode } from '../../run-weir.ts';

const MODULE = JSON.stringify(new URL('../../../src/platform/process/lean-runtime.ts', import.meta.url).href);

describe('a lean process', () => {
  it('is the program with its task, under flags that save memory, the own ones before them', async () => {
    const body = `
      import { becomeLean } from ${MODULE};
      process.execve = (file, args, env) => console.log(JSON.stringify({ file, args, arenas: env.MALLOC_ARENA_MAX }));
      becomeLean('supervisor', { name: 'main' });
      becomeLean('discoveryAgent', {});`;
    const { stdout } = await runNode(['--input-type=module', '-e', body]);
    const [first = '', second = ''] = stdout.trim().split('\n');
    const { file, args, arenas } = JSON.parse(first);
    // An agent does enough for the simplest compiler.
    assert.deepEqual(
      [args.includes('--no-sparkplug'), JSON.parse(second).args.includes('--no-sparkplug')],
      [true, false],
    );
    assert.equal(file, process.execPath);
    assert.deepEqual(args.slice(-2), [programFile('supervisor'), '{"name":"main"}']);
    assert.ok(args.indexOf('--input-type=module') < args.indexOf('--optimize-for-size'));
    assert.ok(args.indexOf('--optimize-for-size') > 0);
    assert.equal(arenas, '1');
  });

  it('gives none of its variables to its children', () => {
    process.env.MALLOC_ARENA_MAX = '1';
    const threads = process.env.UV_THREADPOOL_SIZE;
    try {
      process.env.UV_THREADPOOL_SIZE = '2';
      shedLeanVariables();
      assert.equal(process.env.MALLOC_ARENA_MAX, undefined);
      assert.equal(process.env.UV_THREADPOOL_SIZE, undefined);
    } finally {
      if (threads !== undefined) process.env.UV_THREADPOOL_SIZE = threads;
    }
  });
});
