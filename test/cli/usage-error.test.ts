/** What a user reads of a command line that oclif refuses, from oclif's own parser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Args, Flags, Parser } from '@oclif/core';
import { usageError } from '../../src/cli/usage-error.ts';

const NAME = Args.string({ required: true, description: 'A sidecar of mesh.yaml.' });
const LONG = Args.string({ required: true, description: `Files ${'and folders '.repeat(20)}of rules.` });

async function told(input: Parameters<typeof Parser.parse>[1], ...argv: readonly string[]): Promise<string> {
  const thrown = await Parser.parse([...argv], input).then(
    () => assert.fail('oclif takes it'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof Error);
  const { code, what } = usageError(thrown, { command: 'x', flags: [], argv });
  return `${code} ${what}`;
}

test('arguments that are missing are named, with what they are', async () => {
  assert.match(await told({ args: { name: NAME } }), /NAME is missing: A sidecar of mesh\.yaml(?!\.)/);
  const repeated = { args: { name: NAME }, flags: { risk: Flags.string({ multiple: true }) } };
  assert.doesNotMatch(await told(repeated), /Note|multiple values|Alternatively/);
  const both = await told({ args: { name: NAME, paths: LONG } });
  assert.match(both, /NAME is missing: A sidecar of mesh\.yaml; PATHS is missing: Files and folders/);
  assert.match(both, /of rules/);
});

test('flags that are missing are named, each by itself', async () => {
  const flags = { from: Flags.string({ required: true }), stage: Flags.string({ required: true }) };
  const text = await told({ flags });
  assert.match(text, /--from is missing/);
  assert.match(text, /--stage is missing/);
  assert.doesNotMatch(text, /occurred|required flag/);
});

test('a mistyped --help is taken for it, though no command lists it', () => {
  const thrown = new Error('Nonexistent flag: --hlp\nSee more help with --help');
  const { hint } = usageError(thrown, { command: 'on', flags: ['all', 'json'], argv: ['--hlp'] });
  assert.equal(hint, 'did you mean --help?');
});

test('flags that exclude each other are told in their own words', async () => {
  const flags = { all: Flags.boolean(), app: Flags.string({ exclusive: ['all'] }) };
  const text = await told({ flags }, '--all', '--app', 'pay');
  assert.match(text, /--all=true cannot also be provided when using --app/);
  assert.doesNotMatch(text, /occurred/);
});
