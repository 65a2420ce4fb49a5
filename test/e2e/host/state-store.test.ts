/** The state store on a full and on a read-only disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withOwnMountsShell } from '../lab/own-mounts.ts';

const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs a script in a private mount namespace with a small tmpfs at `dir`; `prepare` is shell text. Resolves to what it printed. */
function runOnSmallDisk(t: TestContext, options: { mount: string; prepare?: string; script: string }): unknown {
  const dir = mkdtempSync(join(tmpdir(), 'weir-disk-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const script = `
    import { createStateStore } from ${module('../../../src/interception/adapters/state-store.ts')};
    import { openEventLog } from ${module('../../../src/interception/adapters/event-log.ts')};
    import { sampleState } from ${module('../../interception/adapters/stored-state-sample.ts')};
    import { execFileSync } from 'node:child_process';
    import { readdirSync, writeFileSync } from 'node:fs';
    const dir = ${JSON.stringify(dir)};
    const store = createStateStore(dir);
    const codeOf = (promise) => promise.then(() => 'written', (error) => error.code + ' ' + error.exit);
    ${options.script}
  `;
  const shell = `mount -t tmpfs -o ${options.mount} none "$1" && ${options.prepare ?? 'true'} && exec "$2" --input-type=module -e "$3"`;
  const [file, ...args] = withOwnMountsShell(shell, 'sh', dir, process.execPath, script);
  const output = execFileSync(file, args, { encoding: 'utf8' });
  return JSON.parse(output);
}

test('a full disk is an error, and the old state stays whole', (t) => {
  const result = runOnSmallDisk(t, {
    mount: 'size=64k',
    script: `
      await store.write(sampleState('old'));
      try { writeFileSync(dir + '/ballast', Buffer.alloc(1 << 20)); } catch {}
      const code = await codeOf(store.write(sampleState('x'.repeat(20_000))));
      const journal = await openEventLog(dir).append({ at: '', app: 'y'.repeat(9000), from: '', to: '', by: '', reason: null }).then(() => 'written', (error) => error.code);
      const { state, problem } = await store.read();
      console.log(JSON.stringify({ code, journal, reason: state?.apps[0].reason, problem, files: readdirSync(dir).filter((name) => !name.startsWith('journal')) }));
    `,
  });
  assert.deepEqual(result, {
    code: 'WEIR2023 3',
    journal: 'ENOSPC',
    reason: 'old',
    problem: null,
    files: ['ballast', 'state.json'],
  });
});

test('a directory that became read-only is an error, and what it holds is still read', (t) => {
  const result = runOnSmallDisk(t, {
    mount: 'size=64k',
    script: `
      await store.write(sampleState('old'));
      execFileSync('mount', ['-o', 'remount,ro', dir]);
      const code = await codeOf(store.write(sampleState('new')));
      const removed = await codeOf(store.remove());
      console.log(JSON.stringify({ code, removed, reason: (await store.read()).state?.apps[0].reason }));
    `,
  });
  assert.deepEqual(result, { code: 'WEIR2023 3', removed: 'WEIR2023 3', reason: 'old' });
});
