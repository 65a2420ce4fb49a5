/** Output, envelopes and exit codes of the base command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEnvelope } from '../contract/envelope-schema.ts';
import { cleanEnvironment, type Environment, KEEP_COMPILED, runNode } from '../run-weir.ts';

const PROBE = fileURLToPath(new URL('./probe-command.ts', import.meta.url));
const probe = (args: readonly string[], env?: Environment) => runNode([PROBE, ...args], { ...KEEP_COMPILED, ...env });

/** Starts the probe, sends the signals once it waits, and tells how it ended. */
async function interrupt(args: readonly string[], ...signals: NodeJS.Signals[]) {
  const child = spawn(process.execPath, [PROBE, ...args], {
    env: cleanEnvironment(KEEP_COMPILED),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([once(child, 'close'), text(child.stdout)]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    // One signal for each line that the probe says: the next one must not overtake it.
    for (const _line of chunk.split('\n').slice(1)) {
      const next = signals.shift();
      if (next !== undefined) child.kill(next);
    }
  });
  const [[code, signal], stdout] = await ended;
  return { code, signal, stdout, stderr };
}

/** Runs the probe, reads one chunk of its stdout, then closes it. */
async function readOnce(args: readonly string[]) {
  const child = spawn(process.execPath, [PROBE, ...args], {
    env: cleanEnvironment(KEEP_COMPILED),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const stderr = text(child.stderr);
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = await closed;
  return { code, stderr: await stderr };
}

function reportFile(hint: string | undefined): string {
  return /\S+report\.txt/.exec(hint ?? '')?.[0] ?? '';
}

test('a result is text on stdout, or one envelope under --json', async () => {
  assert.deepEqual(await probe(['done']), { code: 0, signal: null, stdout: 'done\n', stderr: '' });
  const { stdout } = await probe(['done', '--json']);
  assert.equal(stdout, '{"schemaVersion":1,"ok":true,"result":{"n":1},"warnings":[]}\n');
});

test('an empty text prints nothing', async () => {
  assert.equal((await probe(['silent'])).stdout, '');
});

test('findings end with 1 and are still ok', async () => {
  const { code, stdout } = await probe(['findings', '--json']);
  assert.equal(code, 1);
  assert.equal(parseEnvelope(stdout).ok, true);
});

test('warnings go into the envelope, progress to stderr', async () => {
  const json = await probe(['warned', '--json']);
  assert.deepEqual(parseEnvelope(json.stdout).warnings, ['it is getting late']);
  assert.equal(json.stderr, 'half way\n');
  const human = await probe(['warned']);
  assert.equal(human.stdout, 'done\n');
  assert.equal(human.stderr, 'warning: it is getting late\nhalf way\n');
});

test('an announcement comes on stdout before the text, and not under --json', async () => {
  assert.equal((await probe(['announced'])).stdout, 'direct after 3 ms\ndrained\n');
  const { stdout, stderr } = await probe(['announced', '--json']);
  assert.equal(parseEnvelope(stdout).ok, true);
  assert.equal(stderr, '');
});

test('a WeirError ends with its exit code, location, details and the warnings so far', async () => {
  const { code, stdout, stderr } = await probe(['refused', '--json']);
  assert.equal(code, 3);
  assert.equal(stderr, '');
  assert.deepEqual(parseEnvelope(stdout), {
    schemaVersion: 1,
    ok: false,
    error: {
      code: 'WEIR2004',
      message: 'mesh.yaml:2:5: not now',
      why: 'first reason\nsecond reason',
      hint: 'later',
      docs: 'weir help WEIR2004',
      location: { file: 'mesh.yaml', line: 2, column: 5 },
      details: { outcome: 'refused' },
    },
    warnings: ['before the end'],
  });
});

test('in text an error in a file starts its line with the place', async () => {
  const { stdout, stderr } = await probe(['refused']);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'warning: before the end\n' +
      'mesh.yaml:2:5: not now [WEIR2004]\n  why:  first reason\n        second reason\n  next: later\n',
  );
});

test('an unexpected exception ends with 70 and leaves a report with stack, argv and versions', async () => {
  const { code, stdout } = await probe(['bug', '--json'], { SECRET_OF_TEST: 'must-not-leak' });
  assert.equal(code, 70);
  const { error } = parseEnvelope(stdout);
  assert.equal(error?.code, 'WEIR9001');
  const file = reportFile(error?.hint);
  const report = readFileSync(file, 'utf8');
  rmSync(dirname(file), { recursive: true });
  assert.match(report, /TypeError: cannot read the unreadable\n {4}at .*probe-command\.ts/);
  assert.match(report, /^weir \d+\.\d+\.\d+, node \d+/);
  assert.match(report, /^argv: \["bug","--json"\]$/m);
  assert.doesNotMatch(report, /must-not-leak/);
});

test('a stream is one envelope a line, each with the warnings that are new', async () => {
  const { code, stdout } = await probe(['stream', '--json']);
  assert.equal(code, 0);
  const envelopes = stdout
    .trimEnd()
    .split('\n')
    .map((line) => parseEnvelope(`${line}\n`));
  assert.deepEqual(
    envelopes.map(({ result, warnings }) => ({ result, warnings })),
    [
      { result: { n: 1 }, warnings: ['first'] },
      { result: { n: 2 }, warnings: [] },
    ],
  );
  assert.equal((await probe(['stream'])).stdout, 'line 1\nline 2\n');
});

test('a stream ends quietly when nobody reads it any more', async () => {
  const { code, stderr } = await readOnce(['watch']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a stream that serves goes on when nobody reads it any more', async () => {
  const { code, stderr } = await readOnce(['serve', '--json']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: 'served\n' });
});

/** Starts the probe; nobody reads its stdout until `read`. */
function startUnread(args: readonly string[]) {
  const child = spawn(process.execPath, [PROBE, ...args], {
    env: cleanEnvironment(KEEP_COMPILED),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface(child.stderr)[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value, read: () => text(child.stdout) };
}

test('a stream waits for its reader, however slow', async () => {
  const { child, line, read } = startUnread(['paced']);
  assert.equal(await line(), 'waiting');
  const ended = once(child, 'exit');
  assert.equal((await read()).length, 300_001);
  assert.equal(await line(), 'read');
  assert.deepEqual(await ended, [0, null]);
});

test('a signal ends a command whose output nobody reads', async () => {
  const { child, line } = startUnread(['paced']);
  assert.equal(await line(), 'waiting');
  child.kill('SIGTERM');
  assert.equal(await line(), 'asked to end');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
});

test('an exception in a timer and a forgotten promise are bugs too, not a raw stack', async () => {
  for (const behaviour of ['crash', 'reject']) {
    const { code, stdout, stderr } = await probe([behaviour, '--json']);
    const { error } = parseEnvelope(stdout);
    rmSync(dirname(reportFile(error?.hint)), { recursive: true });
    assert.deepEqual({ code, stderr, kind: error?.code }, { code: 70, stderr: '', kind: 'WEIR9001' });
    assert.match(error?.message ?? '', /RangeError/);
  }
});

test('flags win over variables, variables over defaults', async () => {
  const paths = async (args: string[], env: Environment) => {
    const { result } = parseEnvelope((await probe(['paths', '--json', ...args], env)).stdout);
    const { config, 'run-dir': runDir, 'state-dir': stateDir } = result as Record<string, string>;
    return [config, runDir, stateDir];
  };
  const env = { WEIR_CONFIG: 'c', WEIR_RUN_DIR: 'r', WEIR_STATE_DIR: 's' };
  assert.deepEqual(await paths([], {}), ['/etc/weir/mesh.yaml', '/run/weir', '/var/lib/weir']);
  assert.deepEqual(await paths([], env), ['c', 'r', 's']);
  assert.deepEqual(await paths(['--config=C', '--run-dir=R', '--state-dir', 'S'], env), ['C', 'R', 'S']);
});

test('a duration is milliseconds, and a wrong one names flag, value and form', async () => {
  const { result } = parseEnvelope((await probe(['paths', '--json', '--drain', '2m'])).stdout);
  assert.equal((result as { drain: number }).drain, 120_000);
  assert.equal((result as { interval: number }).interval, 1500);
  for (const wrong of ['15', 'soon', '-1s', '']) {
    const { code, stdout } = await probe(['paths', '--json', `--drain=${wrong}`]);
    const { error } = parseEnvelope(stdout);
    assert.equal(code, 2);
    assert.equal(error?.code, 'WEIR1002');
    assert.equal(error?.message, `--drain got ${JSON.stringify(wrong)}`);
    assert.match(error?.why ?? '', /^--drain takes .*500ms/);
  }
});

test('a duration below the least that a flag takes is refused, and the refusal names the least', async () => {
  for (const short of ['0s', '999ms']) {
    const { code, stdout } = await probe(['paths', '--json', `--confirm=${short}`]);
    const { error } = parseEnvelope(stdout);
    assert.deepEqual([code, error?.code], [2, 'WEIR1002']);
    assert.match(error?.why ?? '', /at least 1s$/);
  }
  assert.equal((await probe(['paths', '--json', '--confirm=1s'])).code, 0);
});

test('a flag with fixed values names them', async () => {
  const { code, stdout } = await probe(['done', '--json', '--backend', 'ebpf']);
  assert.equal(code, 2);
  assert.match(parseEnvelope(stdout).error?.message ?? '', /--backend=ebpf.*nft, auto/);
});

test('a mistyped flag is answered with the nearest one', async () => {
  const { code, stdout } = await probe(['done', '--json', '--bakend', 'nft']);
  assert.equal(code, 2);
  assert.equal(parseEnvelope(stdout).error?.hint, 'did you mean --backend?');
});

test('--verbose shows each child program on stderr', async () => {
  const { stdout, stderr } = await probe(['tool', '--json', '--verbose']);
  assert.equal(parseEnvelope(stdout).ok, true);
  assert.match(stderr, /^\+ true an argument {2}\(0, \d+ ms\)\n$/);
  assert.equal((await probe(['tool', '--json'])).stderr, '');
});

test('a command that knows nothing of signals ends at once with 130, 143 or 129', async () => {
  const int = await interrupt(['wait', '--json'], 'SIGINT');
  assert.equal(int.code, 130);
  assert.equal(parseEnvelope(int.stdout).error?.code, 'WEIR2005');
  assert.equal((await interrupt(['wait'], 'SIGTERM')).code, 143);
  assert.equal((await interrupt(['wait'], 'SIGHUP')).code, 129);
});

test('a command that handles the signal decides how it ends', async () => {
  const { code, stdout } = await interrupt(['tidy', '--json'], 'SIGINT');
  assert.equal(code, 0);
  assert.deepEqual(parseEnvelope(stdout).result, { left: 'as it was' });
});

test('an AbortError that comes from the signal is an interruption, not a bug', async () => {
  const { code, stdout } = await interrupt(['abort', '--json'], 'SIGTERM');
  assert.equal(code, 143);
  assert.equal(parseEnvelope(stdout).error?.code, 'WEIR2005');
});

test('a second signal ends a command whose clean-up hangs', async () => {
  const { code, stdout, stderr } = await interrupt(['hang', '--json'], 'SIGINT', 'SIGINT');
  assert.equal(code, 130);
  assert.equal(stderr, 'waiting\ncleaning\n');
  assert.match(parseEnvelope(stdout).error?.message ?? '', /second signal/);
});

test('a command that computes is ended by a signal in a loop that never waits', async () => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const { code, signal, stdout } = await interrupt(['loop', '--json'], name);
    assert.deepEqual([code, signal, stdout], [null, name, '']);
  }
});

test('a command that computes says how it ended when the signal comes while it waits', async () => {
  const { code, stdout } = await interrupt(['look', '--json'], 'SIGTERM');
  assert.equal(code, 143);
  assert.equal(parseEnvelope(stdout).error?.code, 'WEIR2005');
});

test('a network namespace that does not exist ends with 2 and names the ones there are', async () => {
  const { code, stdout } = await probe(['done', '--json', '--netns', 'no-such-namespace']);
  const { error } = parseEnvelope(stdout);
  assert.equal(code, 2);
  assert.equal(error?.code, 'WEIR1005');
  assert.match(error?.hint ?? '', /named ones are|no named one exists/);
});

test('a file or process that is no network namespace does not exist as one', async () => {
  for (const wrong of ['/etc/passwd', '4194305', './nowhere', '']) {
    const { code, stdout } = await probe(['done', '--json', `--netns=${wrong}`]);
    assert.equal(code, 2, wrong);
    assert.equal(parseEnvelope(stdout).error?.code, 'WEIR1005');
  }
});
