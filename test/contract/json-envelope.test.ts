/** Errors of usage, as an envelope and as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runWeirBin } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

const FAILURES = [
  { name: 'an unknown command', args: ['nope'], code: 'WEIR1003' },
  { name: 'an unknown subcommand of a topic', args: ['config', 'nope'], code: 'WEIR1003' },
  { name: 'an unknown flag', args: ['help', '--nope'], code: 'WEIR1001' },
  { name: 'an unknown flag without a command', args: ['--nope'], code: 'WEIR1001' },
  { name: 'the help of an unknown command', args: ['nope', '--help'], code: 'WEIR1003' },
  { name: 'a missing argument', args: ['completion'], code: 'WEIR1001' },
  { name: 'a surplus argument', args: ['completion', 'bash', 'more'], code: 'WEIR1001' },
  { name: 'an argument outside its fixed values', args: ['completion', 'ksh'], code: 'WEIR1001' },
  { name: 'a flag without its value', args: ['help', '--config'], code: 'WEIR1001' },
  { name: 'an unknown help topic', args: ['help', 'no-such-topic'], code: 'WEIR1004' },
] as const;

for (const { name, args, code } of FAILURES) {
  test(`${name} ends with 2 and one error envelope under --json`, async () => {
    const ended = await runWeirBin(['--json', ...args]);
    const { ok, error } = parseEnvelope(ended.stdout);
    assert.deepEqual(
      { exit: ended.code, ok, code: error?.code, stderr: ended.stderr },
      { exit: 2, ok: false, code, stderr: '' },
    );
  });

  test(`${name} ends with 2 and tells what, why and what next on stderr`, async () => {
    const { code: exit, stdout, stderr } = await runWeirBin(args);
    assert.equal(exit, 2);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^error: .+ \\[${code}\\]\\n {2}why: {2}.+\\n {2}next: .+\\n$`));
  });
}

test('a mistyped command of a topic is compared with those of the topic', async () => {
  for (const [word, hint] of [
    ['chek', 'did you mean `weir config check`?'],
    ['bogus', 'see all commands with `weir config --help`'],
  ] as const) {
    const { stdout } = await runWeirBin(['config', word, '--json']);
    assert.equal(parseEnvelope(stdout).error?.hint, hint);
  }
});

test('--json after the command means the same as before it', async () => {
  const [before, after] = await Promise.all([
    runWeirBin(['--json', 'help', 'exit-codes']),
    runWeirBin(['help', 'exit-codes', '--json']),
  ]);
  assert.equal(parseEnvelope(before.stdout).ok, true);
  assert.deepEqual(before, after);
});

test('a --json behind -- is a word, not a flag', async () => {
  const { code, stdout } = await runWeirBin(['help', '--', '--json']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
});

test('help under --json is an envelope too', async () => {
  for (const args of [['--json'], ['--help', '--json'], ['help', '--help', '--json'], ['config', '--json']]) {
    const { code, stdout } = await runWeirBin(args);
    assert.equal(code, 0);
    const { result } = parseEnvelope(stdout);
    assert.match((result as { help: string }).help, /USAGE|TO SWITCH APPLICATIONS/);
  }
});

test('a mistyped command is answered with the nearest one', async () => {
  const { stdout } = await runWeirBin(['hepl', '--json']);
  assert.match(parseEnvelope(stdout).error?.hint ?? '', /weir help/);
});

test('--version under --json is an envelope', async () => {
  const { code, stdout } = await runWeirBin(['--version', '--json']);
  assert.equal(code, 0);
  assert.match((parseEnvelope(stdout).result as { version: string }).version, /^\d+\.\d+\.\d+$/);
});

test('a file that cannot be read beside one that can is one error, with what came of the other', async () => {
  const good = fileURLToPath(import.meta.url);
  for (const command of ['inspect', 'lint']) {
    const { code, stdout } = await runWeirBin(['rules', command, good, '/no/such/file', '--json']);
    const { error } = parseEnvelope(stdout);
    assert.deepEqual({ command, code, error: error?.code }, { command, code: 2, error: 'WEIR5025' });
    const details = error?.details as Record<string, { path: string }[]> | undefined;
    assert.deepEqual(
      [(details?.files ?? details?.scripts)?.length, details?.errors?.map(({ path }) => path)],
      [1, ['/no/such/file']],
    );
  }
});
