/** Reading what somebody named: devices without end, pipes with and without a name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readBounded } from '../../../src/rules/adapters/read-bytes.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-read-bytes-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('reading bytes of bounded size', () => {
  it('gives a file as it is, and one byte more than the most of one that is larger', async (t) => {
    const path = join(folder(t), 'a');
    writeFileSync(path, 'abcdef');
    assert.equal((await readBounded(path, statSync(path), 6)).toString(), 'abcdef');
    assert.equal((await readBounded(path, statSync(path), 3)).length, 4);
  });

  it('stops in a device that has no end', async () => {
    assert.equal((await readBounded('/dev/zero', statSync('/dev/zero'), 100_000)).length, 100_001);
  });

  it('refuses a named pipe, where nothing could end the wait for a writer', async (t) => {
    const pipe = join(folder(t), 'pipe');
    execFileSync('mkfifo', [pipe]);
    await assert.rejects(readBounded(pipe, statSync(pipe), 100), /it is a named pipe; use <\(command\)/);
  });

  it('takes what comes out of a pipe without a name, up to its end', () => {
    const module = new URL('../../../src/rules/adapters/read-bytes.ts', import.meta.url).href;
    const read = `
      import { statSync } from 'node:fs';
      const { readBounded } = await import(process.argv[1]);
      const bytes = await readBounded('/dev/stdin', statSync('/dev/stdin'), 1000);
      process.stdout.write(bytes.toString());`;
    const run = ['--input-type=module', '-e', read, module];
    const shell = '{ echo one; echo two; } | "$0" "$@"';
    assert.equal(execFileSync('sh', ['-c', shell, process.execPath, ...run], { encoding: 'utf8' }), 'one\ntwo\n');
  });
});
