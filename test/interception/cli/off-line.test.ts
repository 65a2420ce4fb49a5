/** The quick reader of `weir off` reads what the command reads, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readOffLine } from '../../../src/interception/cli/off-line.ts';
import { runWeirBin } from '../../run-weir.ts';

const read = (line: string, env: Record<string, string> = {}) => readOffLine(line.split(' '), env);

test('names, --all and spelled-out flags are read, in both forms', () => {
  const usual = { existing: 'drain', drainMs: 15_000, reason: null, json: false, netns: '' };
  assert.deepEqual(read('off payment report payment'), {
    ...{ ...usual, apps: ['payment', 'report'] },
    ...{ config: '/etc/weir/mesh.yaml', runDir: '/run/weir', stateDir: '/var/lib/weir' },
  });
  const all = read(
    'off --all --existing=cut --drain 2m --reason INC-1 --json --netns web --state-dir=/s --run-dir /r',
    {
      WEIR_CONFIG: '/c',
      WEIR_STATE_DIR: '/not',
    },
  );
  assert.deepEqual(all, {
    ...{ apps: 'all', existing: 'cut', drainMs: 120_000, reason: 'INC-1', json: true, netns: 'web' },
    ...{ config: '/c', runDir: '/r', stateDir: '/s' },
  });
});

test('everything else is left to the command: mistakes, help, words behind --', () => {
  const lines = [
    ...['off', 'off -h', 'off --help payment', 'off payment --verbose', 'off -- payment', 'off payment --existing'],
    ...[
      'off payment --existing never',
      'off payment --drain 5',
      'off --al',
      'off payment --existing cut --existing cut',
    ],
    ...['off ../etc', 'off pay*', 'off payment --reason -x', 'off payment --reason=', 'on payment', 'off -all'],
  ];
  for (const line of lines) assert.equal(read(line), null, line);
});

test('no line is read that the command refuses as wrong usage', async () => {
  const word = fc.constantFrom(
    ...[
      'payment',
      '--all',
      '--json',
      '--existing',
      '--existing=keep',
      'cut',
      '--drain',
      '3s',
      '5',
      '--reason',
      '-x',
      '',
    ],
    ...['--al', '--netns', '--verbose', '--', '--existing=never', '--drain=2x', '--all=1', '--json=true'],
  );
  const lines = fc.sample(fc.array(word, { minLength: 1, maxLength: 4 }), { numRuns: 300, seed: 20 });
  const readable = lines.filter((words) => readOffLine(['off', ...words], {}) !== null);
  assert.ok(readable.length > 5, String(readable.length));
  // Where nothing is remembered the command itself is asked, so its own reader judges.
  const seen = new Map(readable.filter((words) => !words.includes('--netns')).map((words) => [words.join(' '), words]));
  for (const words of [...seen.values()].slice(0, 8)) {
    const { code, stdout, stderr } = await runWeirBin(['off', ...words], { WEIR_STATE_DIR: '/nonexistent/state' });
    assert.doesNotMatch(stdout + stderr, /WEIR100[0-9]/, `${words.join(' ')}: ${code}`);
  }
});
