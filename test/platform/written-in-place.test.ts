/** Outputs that are written into: a file never takes the place of a device, a pipe or a link of /dev. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isWrittenInPlace } from '../../src/platform/written-in-place.ts';
import { localRuleFiles } from '../../src/rules/adapters/rule-files.ts';
import { writeBootstrap } from '../../src/sidecar/adapters/write-bootstrap.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-in-place-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A pipe with somebody at its end, so that writing to it does not wait. */
async function readPipe(t: TestContext): Promise<{ path: string; text(): Promise<string> }> {
  const path = join(folder(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const end = await open(path, 'r+');
  t.after(() => end.close());
  return {
    path,
    text: async () => {
      const { bytesRead, buffer } = await end.read(Buffer.alloc(4096), 0, 4096);
      return buffer.toString('utf8', 0, bytesRead);
    },
  };
}

describe('outputs that are written into', () => {
  it('are devices, pipes and links to them; files, folders and what is not there are replaced', async (t) => {
    const dir = folder(t);
    writeFileSync(join(dir, 'file'), '');
    symlinkSync('file', join(dir, 'to-file'));
    symlinkSync('nothing', join(dir, 'to-nothing'));
    symlinkSync('/dev/null', join(dir, 'to-device'));
    const { path: pipe } = await readPipe(t);
    for (const one of ['/dev/null', '/dev/stdout', join(dir, 'to-device'), pipe]) {
      assert.equal(await isWrittenInPlace(one), true, one);
    }
    for (const name of ['', 'file', 'to-file', 'to-nothing', 'absent', 'file/below']) {
      assert.equal(await isWrittenInPlace(join(dir, name)), false, name);
    }
  });

  it('keep their kind when a report is written to them', async (t) => {
    const pipe = await readPipe(t);
    await localRuleFiles.requireWritable(pipe.path);
    await localRuleFiles.write(pipe.path, 'report\n');
    assert.ok(lstatSync(pipe.path).isFIFO());
    assert.equal(await pipe.text(), 'report\n');
  });

  it('keep their kind when a bootstrap is written over them', async (t) => {
    const pipe = await readPipe(t);
    const accessLog = join(folder(t), 'access.log');
    await writeBootstrap(pipe.path, { node: { id: 'a' } }, null, { accessLog, force: true });
    assert.ok(lstatSync(pipe.path).isFIFO());
    assert.match(await pipe.text(), /id: a/);
  });

  it('do not include a report that is there: it is replaced', async (t) => {
    const path = join(folder(t), 'report.json');
    writeFileSync(path, 'a longer text than the new one');
    await localRuleFiles.write(path, 'new');
    assert.equal(readFileSync(path, 'utf8'), 'new');
  });
});
