/** Requests to a control socket that nobody waits for any more, as after Ctrl-C beside a process that was stopped. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exchangeLines, serveControlSocket } from '../../src/platform/control-socket.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-control-'));
});
after(() => rm(folder, { recursive: true }));

/** Asks and goes away while this process does nothing else, as one that is stopped. */
function askAndGo(path: string, line: string): void {
  const asker =
    'const [path, line] = process.argv.slice(1); const socket = require("net").connect(path, () => socket.write(line + String.fromCharCode(10), () => process.exit()));';
  assert.equal(spawnSync(process.execPath, ['-e', asker, '--', path, line]).status, 0);
}

test('what somebody asked for who has gone since is not carried out, and what others wait for is', async () => {
  const path = join(folder, 'control.sock');
  const carriedOut: string[] = [];
  const served = await serveControlSocket(path, async (line, write) => {
    carriedOut.push(line);
    write('done');
  });
  try {
    for (let asker = 0; asker < 20; asker++) askAndGo(path, `given up ${asker}`);
    const heard: string[] = [];
    assert.equal(await exchangeLines(path, 'waited for', (line) => heard.push(line)), true);
    assert.deepEqual([carriedOut, heard], [['waited for'], ['done']]);
  } finally {
    await served.close();
  }
});

test('an asker that goes away later is told of to whoever answers', async () => {
  const path = join(folder, 'later.sock');
  const seen = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const served = await serveControlSocket(path, async (_line, _write, gone) => {
    gone.addEventListener('abort', () => seen.resolve());
    begun.resolve();
    await seen.promise;
  });
  try {
    const waiting = new AbortController();
    const asked = exchangeLines(path, 'slow', () => {}, waiting.signal);
    await begun.promise;
    waiting.abort();
    await asked;
    await seen.promise;
  } finally {
    await served.close();
  }
});
