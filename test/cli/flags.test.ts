/** Flags that several commands share, as oclif parses them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from '@oclif/core/parser';
import { durationFlag, netnsFlag, wrongFlagValue } from '../../src/cli/flags.ts';

const FLAGS = {
  drain: durationFlag({ default: 15_000, summary: 'How long.' }),
  confirm: durationFlag({ summary: 'Until when.', min: 1000 }),
  netns: netnsFlag(),
};
const flagsOf = async (...argv: string[]) => ({ ...(await parse(argv, { flags: FLAGS, strict: true })).flags });

describe('a flag that takes a duration', () => {
  it('is in milliseconds, with its default or nothing', async () => {
    assert.deepEqual(await flagsOf(), { drain: 15_000 });
    assert.deepEqual(await flagsOf('--drain', '500ms', '--confirm', '2m'), { drain: 500, confirm: 120_000 });
    assert.equal((await flagsOf('--drain', '0s')).drain, 0);
  });

  it('refuses what is no duration, and one below the shortest', async () => {
    await assert.rejects(flagsOf('--drain', 'soon'), { code: 'WEIR1002', exit: 2, what: '--drain got "soon"' });
    await assert.rejects(flagsOf('--confirm', '999ms'), { code: 'WEIR1002', why: /at least 1s$/ });
    assert.equal((await flagsOf('--confirm', '1s')).confirm, 1000);
  });

  const meant: readonly [string, string][] = [
    ['60', '60s'],
    ['5 min', '5m'],
    ['2 Hours', '2h'],
    ['1.5s', '1500ms'],
    ['30sec.', '30s'],
  ];
  for (const [input, form] of meant) {
    it(`says ${form} for ${JSON.stringify(input)}`, async () => {
      await assert.rejects(flagsOf('--drain', input), { hint: `say --drain ${form}` });
    });
  }

  it('guesses nothing that it would refuse, and nothing of other words', async () => {
    await assert.rejects(flagsOf('--confirm', '0.5s'), { hint: 'give --confirm in that form' });
    for (const input of ['3 fortnights', '-5s', '']) {
      await assert.rejects(flagsOf('--drain', input), { hint: 'give --drain in that form' }, input);
    }
  });

  it('shows its default as the shortest duration', async () => {
    const { defaultHelp } = FLAGS.drain;
    assert.equal(typeof defaultHelp === 'function' ? await defaultHelp({} as never) : defaultHelp, '15s');
  });
});

it('a namespace is taken as it is', async () => {
  assert.equal((await flagsOf('--netns', '4242')).netns, '4242');
});

it('a wrong value is told with what the flag takes, and what was meant', () => {
  const error = wrongFlagValue('check', 'x y', 'a URL', 'http://x');
  assert.deepEqual(
    [error.code, error.what, error.why, error.hint],
    ['WEIR1002', '--check got "x y"', '--check takes a URL', 'say --check http://x'],
  );
});
