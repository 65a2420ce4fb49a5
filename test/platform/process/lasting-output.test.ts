/** Output on a disk that is full. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { outliveLostOutput } from '../../../src/platform/process/lasting-output.ts';

test('what a full disk refuses is told, and the stream writes again when there is room', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-output-'));
  const file = join(folder, 'log');
  const [full, open] = [openSync('/dev/full', 'w'), openSync(file, 'w')];
  t.after(() => {
    for (const fd of [full, open]) closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const stream = Object.assign(new Writable(), { fd: full }) as unknown as NodeJS.WriteStream & { fd: number };
  const lost: (string | undefined)[] = [];
  const leave = outliveLostOutput(stream, ({ code }) => lost.push(code));
  const written = (text: string) => new Promise<unknown>((resolve) => stream.write(text, resolve));
  assert.equal(await written('one\n'), null);
  stream.fd = open;
  assert.equal(await written('two\n'), null);
  leave();
  stream.fd = full;
  await written('three\n');
  assert.deepEqual(lost, ['ENOSPC']);
  assert.equal(readFileSync(file, 'utf8'), 'two\n');
  assert.equal(stream.destroyed, false);
});
