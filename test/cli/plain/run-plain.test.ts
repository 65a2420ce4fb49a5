/** Commands that are loaded without oclif. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Args from '../../../src/cli/plain/args.ts';
import { Command } from '../../../src/cli/plain/command.ts';
import * as Flags from '../../../src/cli/plain/flags.ts';
import { type PlainCommandClass, runPlain } from '../../../src/cli/plain/run-plain.ts';

const runs: unknown[] = [];

class EchoCommand extends Command {
  static override baseFlags = { json: Flags.boolean({ summary: 'x' }), 'run-dir': Flags.string({ default: '/run' }) };
  static override flags = {
    way: Flags.option({ options: ['a', 'b'] })(),
    twice: Flags.custom({ parse: async (input: string) => input + input })({ default: 'z' }),
  };
  static override args = { app: Args.string({ description: 'x' }) };
  static override strict = false;

  async run(): Promise<number> {
    runs.push({
      ...(await this.parse()),
      all: this.argv,
      version: this.config.version,
      same: this.ctor === EchoCommand,
    });
    return 7;
  }
}

const echo = EchoCommand as unknown as PlainCommandClass;

test('a plain line runs the command with what was read', async () => {
  runs.length = 0;
  const words = ['one', 'two', '--twice', 'x', '--way=b'];
  assert.equal(await runPlain(echo, { words, version: '1.2.3' }), 7);
  const flags = { 'run-dir': '/run', way: 'b', twice: 'xx' };
  assert.deepEqual(runs, [
    { args: { app: 'one' }, argv: ['one', 'two'], flags, all: words, version: '1.2.3', same: true },
  ]);
});

test('any other line runs nothing', async () => {
  runs.length = 0;
  for (const words of [['--way', 'c'], ['--nosuch'], ['--help'], ['-x'], ['--way'], ['--json', '--json']])
    assert.equal(await runPlain(echo, { words, version: '1.2.3' }), undefined, words.join(' '));
  assert.deepEqual(runs, []);
});
