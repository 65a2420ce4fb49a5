/** The search for the command of a command line, on this package's manifest, with captured output. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

/** A command line is the last thing that its process does: it never takes its listener of stdout off. */
async function runAlone(argv: readonly string[], root: string): Promise<number> {
  const listening = new Set(process.stdout.listeners('error'));
  try {
    return await runCli(argv, { root });
  } finally {
    for (const listener of process.stdout.listeners('error')) {
      if (!listening.has(listener)) process.stdout.off('error', listener as () => void);
    }
  }
}

/** Runs a line under `--json` and reads its envelope; what others print meanwhile goes its way. */
async function run(...argv: string[]) {
  let printed = '';
  const write = process.stdout.write.bind(process.stdout);
  const caught = mock.method(process.stdout, 'write', (chunk: string | Uint8Array) => {
    if (!String(chunk).startsWith('{"schemaVersion"')) return write(chunk);
    printed += String(chunk);
    return true;
  });
  try {
    const exit = await runAlone([...argv, '--json'], PROJECT_ROOT);
    return { exit, ...JSON.parse(printed) };
  } finally {
    caught.mock.restore();
  }
}

test('the version is that of the package', async () => {
  const { exit, result } = await run('--version');
  assert.equal(exit, 0);
  assert.match(result.version, /^\d+\.\d+\.\d+/);
});

test('without a command the first lines are for somebody in trouble', async () => {
  const { exit, result } = await run();
  assert.equal(exit, 0);
  assert.match(result.help, /^IF SOMETHING IS WRONG NOW\n.*weir status/);
  assert.match(result.help, /\nTO BEGIN\n {2}tour /);
});

test('a command, a topic, and a topic alone show their own help', async () => {
  assert.match((await run('rules', 'convert', '--help')).result.help, /rules convert/);
  const topic = (await run('rules', '--help')).result.help;
  assert.match(topic, /rules lint/);
  assert.doesNotMatch(topic, /IF SOMETHING IS WRONG/);
  assert.equal((await run('rules')).result.help, topic);
});

test('a command that does not exist is refused with the nearest one', async () => {
  const { exit, ok, error } = await run('statsu');
  assert.deepEqual([exit, ok, error.code], [2, false, 'WEIR1003']);
  assert.equal(error.hint, 'did you mean `weir status`?');
  const under = await run('rules', 'cnvert');
  assert.equal(under.error.hint, 'did you mean `weir rules convert`?');
  const far = await run('rules', 'zzzzzzzzzz');
  assert.equal(far.error.hint, 'see all commands with `weir rules --help`');
  assert.equal((await run('zzzzzzzzzz', '--help')).error.code, 'WEIR1003');
});

test('a word too many after a command is refused as that: the command is there', async () => {
  const { exit, error } = await run('config', 'check', 'mesh.yaml');
  assert.deepEqual([exit, error.code, error.message], [2, 'WEIR1001', 'Unexpected argument: mesh.yaml']);
  assert.equal(error.hint, 'see what it takes with `weir help config check`');
  assert.equal((await run('version', 'now')).error.message, 'Unexpected argument: now');
});

test('a flag in place of a command is refused', async () => {
  const { exit, error } = await run('--colour');
  assert.deepEqual([exit, error.code, error.message], [2, 'WEIR1001', 'weir has no flag --colour']);
});

test('a package that cannot be loaded is an error, not an exception', async () => {
  let stderr = '';
  const caught = mock.method(process.stderr, 'write', (chunk: string) => {
    stderr += chunk;
    return true;
  });
  try {
    assert.notEqual(await runAlone(['status'], '/nonexistent'), 0);
  } finally {
    caught.mock.restore();
  }
  assert.match(stderr, /WEIR\d+/);
});
