/** The entry of weir, started as users start it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnvironment, PROJECT_ROOT, runNode, runWeirBin, WEIR_BIN } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

const ESCAPE = '\u001b[';

test('--version prints the version of package.json and nothing else', async () => {
  const { version } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'));
  const ended = await runWeirBin(['--version']);
  assert.deepEqual(ended, { code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
});

test('without words weir prints its help', async () => {
  const [bare, help] = await Promise.all([runWeirBin([]), runWeirBin(['--help'])]);
  assert.equal(bare.code, 0);
  assert.deepEqual(bare, help);
});

test('weir works when started through a link', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-link-'));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(WEIR_BIN, join(folder, 'weir'));
  assert.equal((await runNode([join(folder, 'weir'), 'help', 'exit-codes'])).code, 0);
});

test('a reader that stops after one line makes no noise and no other exit code', async () => {
  const script = `set -o pipefail; "${process.execPath}" "${WEIR_BIN}" --help | head -1`;
  const child = spawn('bash', ['-c', script], { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.resume();
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.equal(stderr, '');
});

test('a full disk under stdout ends no command: the exit code and one line on stderr say that output is lost', async () => {
  for (const words of [['--help'], ['help', 'exit-codes'], ['version'], ['version', '--json'], ['config', 'schema']]) {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [WEIR_BIN, ...words], {
      env: cleanEnvironment(),
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    const [stderr, end] = await Promise.all([text(child.stderr as Readable), once(child, 'close')]);
    assert.deepEqual(end, [1, null], words.join(' '));
    if (words[0] === '--help') assert.equal(stderr, '');
    else assert.match(stderr, /^weir: stdout could not be written, .*ENOSPC.*\n$/, words.join(' '));
  }
});

test('a reader that is gone before the first byte makes no noise either', async () => {
  const child = spawn(process.execPath, [WEIR_BIN, 'help', 'errors'], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.equal(stderr, '');
});

test('a slow reader gets every byte of an output larger than the pipe', async () => {
  // An unknown topic comes back in the message; one word of a command line may hold 128 KiB at most.
  const words = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
  const child = spawn(process.execPath, [WEIR_BIN, 'help', '--json', ...words], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  await sleep(1500);
  const { error } = parseEnvelope(await text(child.stdout));
  assert.deepEqual(await closed, [2, null]);
  assert.ok(error?.message.includes(words.join(' ')));
});

test('NO_COLOR, a pipe, and FORCE_COLOR decide about colour', async () => {
  const stderrOf = async (env: Record<string, string>) => (await runWeirBin(['nope'], env)).stderr;
  assert.equal((await stderrOf({})).includes(ESCAPE), false);
  assert.equal((await stderrOf({ FORCE_COLOR: '1' })).includes(ESCAPE), true);
  assert.equal((await stderrOf({ NO_COLOR: '1' })).includes(ESCAPE), false);
  const both = await stderrOf({ NO_COLOR: '1', FORCE_COLOR: '1' });
  assert.equal(both.includes(ESCAPE), false);
  assert.doesNotMatch(both, /Warning/);
});

test('colour never gets into JSON', async () => {
  const { stdout } = await runWeirBin(['nope', '--json'], { FORCE_COLOR: '1' });
  assert.equal(stdout.includes(ESCAPE), false);
});

test('an old Node gets the reason, what to do, and exit code 2', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-old-node-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const asOld = join(folder, 'as-old.mjs');
  writeFileSync(
    asOld,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
  );
  const { code, stdout, stderr } = await runNode(['--import', asOld, WEIR_BIN, '--version']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^weir needs Node\.js 22 or newer, this is 20\.20\.2 \(.+\)\n.*`npx weir` takes it.* first in PATH\n$/,
  );
});

test("what lies on stdin is no argument: the list of a loop stays the loop's", async () => {
  for (const command of ['off', 'on', 'status', 'confirm']) {
    const script = `printf 'payment\\nreport\\n' | { "${process.execPath}" "${WEIR_BIN}" ${command} --run-dir /dev/null/none --state-dir /dev/null/none --config /dev/null/none --json >/dev/null 2>&1; cat; }`;
    const child = spawn('bash', ['-c', script], { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
    assert.equal(await text(child.stdout), 'payment\nreport\n', command);
  }
});

test('files of weir that may not be opened are refused by name, and after the switch of off never as "nothing was done"', async () => {
  // In the place of the files on disk, as the packaged weir has it.
  const withParts = (switched: string, failure = '{ code: "EMFILE", syscall: "open" }'): readonly string[] => [
    '--import',
    `data:text/javascript,${encodeURIComponent(`
      const tooMany = () => { throw Object.assign(new Error('EMFILE: too many open files'), ${failure}); };
      const begun = { line: {}, first: Promise.resolve(${switched}), begun: Promise.resolve(null), mayGo: null };
      globalThis[Symbol.for('weir.parts')] = {
        quick: (name) => (name === 'begin-off' ? { beginOff: () => begun } : tooMany()),
        ...{ root: '/', command: [], isPackaged: true, json: () => ({ version: '1' }), hasQuick: () => true, late: tooMany, options: {} },
      };`)}`,
    WEIR_BIN,
  ];
  const [status, byNode, none, done] = await Promise.all([
    runNode([...withParts('null'), 'status']),
    // Node's own reader of package.json gives no code.
    runNode([...withParts('null', '{}'), 'sidecar', 'status']),
    runNode([...withParts('null'), 'off', 'payment']),
    runNode([...withParts("{ names: ['payment'], ms: 1 }"), 'off', 'payment']),
  ]);
  for (const { code, stdout, stderr } of [status, byNode, none]) {
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /^error: weir could not be loaded: EMFILE.*\n {2}next: raise the limit of open files/);
  }
  assert.deepEqual([done.code, done.stdout], [1, 'payment: new connections go direct\n']);
  assert.match(done.stderr, /nothing was tidied up/);
});
