/** Plain command lines mean to weir's own reader what they mean to oclif's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '@oclif/core/parser';
import fc from 'fast-check';
import { type PlainDefinitions, readPlainLine } from '../../../src/cli/plain/read-plain-line.ts';
import ConfirmCommand from '../../../src/commands/confirm.ts';
import OnCommand from '../../../src/commands/on.ts';
import PlanCommand from '../../../src/commands/plan.ts';
import StatusCommand from '../../../src/commands/status.ts';
import UninstallCommand from '../../../src/commands/uninstall.ts';
import VerifyCommand from '../../../src/commands/verify.ts';
import { GATE_SEED } from '../../seed.ts';

const COMMANDS = [ConfirmCommand, OnCommand, PlanCommand, StatusCommand, UninstallCommand, VerifyCommand];

function definitionsOf(command: (typeof COMMANDS)[number]): PlainDefinitions {
  const { args = {}, baseFlags, strict } = command;
  return { args, baseFlags, flags: command.flags ?? {}, strict } as unknown as PlainDefinitions;
}

/** The same line by oclif; null when it refuses it. */
async function readByOclif({ args, baseFlags, flags, strict }: PlainDefinitions, words: readonly string[]) {
  const quiet = Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, { ...arg, ignoreStdin: true }]));
  // What oclif does to a command before its parser gets it.
  const named = Object.entries({ ...baseFlags, ...flags }).map(([name, flag]) => [name, { ...flag, name }]);
  const options = { args: quiet, flags: Object.fromEntries(named), strict, context: {} };
  try {
    const { args: read, argv, flags: set } = await parse([...words], options as never);
    return { args: { ...(read as object) }, argv, flags: { ...(set as object) } };
  } catch {
    return null;
  }
}

const word = fc.oneof(
  fc.constantFrom('payment', 'report', 'a.b', '7', 'nft', 'auto', 'keep', 'cut', '500ms', '15s', '60', 'x=y', ''),
  fc.constantFrom('--json', '--all', '--watch', '--verbose', '--dry-run', '--help', '--', '-', '-h', '--no-json'),
  fc.constantFrom('--config', '--run-dir', '--state-dir', '--netns', '--backend', '--existing', '--drain', '--confirm'),
  fc.constantFrom('--backend=nft', '--existing=drain', '--drain=2s', '--interval=200ms', '--config=/a=b', '--netns='),
  fc.constantFrom('--accept-risk', 'lose-ssh', '--json=1', '--constructor', '--backend=', '--jsonx', '--confrim=1s'),
);

test('each line that is read here is read so by oclif', async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...COMMANDS), fc.array(word, { maxLength: 6 }), async (command, words) => {
      const definitions = definitionsOf(command);
      const plain = await readPlainLine(definitions, words, process.env);
      if (plain === null) return;
      read += 1;
      assert.deepEqual(plain, await readByOclif(definitions, words), words.join(' '));
    }),
    { numRuns: 1500, seed: GATE_SEED },
  );
  assert.ok(read > 200, `${read} lines were read`);
});

test('what people type at night is read here', async () => {
  const on = definitionsOf(OnCommand);
  const line = await readPlainLine(on, ['payment', '--confirm', '60s', '--backend=nft', '--json'], {});
  assert.equal(line?.flags.confirm, 60_000);
  assert.equal(line?.flags.backend, 'nft');
  assert.equal(line?.flags.config, '/etc/weir/mesh.yaml');
  assert.deepEqual([line?.argv, line?.args], [['payment'], { app: 'payment' }]);
  for (const command of COMMANDS) {
    assert.notEqual(await readPlainLine(definitionsOf(command), [], {}), null, command.summary);
    assert.notEqual(await readPlainLine(definitionsOf(command), ['--json', '--netns', 'web'], {}), null);
  }
});

test('the environment stands in for a flag, and an empty variable for none', async () => {
  const status = definitionsOf(StatusCommand);
  const flags = async (words: readonly string[], env: Record<string, string>) =>
    (await readPlainLine(status, words, env))?.flags.config;
  assert.equal(await flags([], { WEIR_CONFIG: '/a' }), '/a');
  assert.equal(await flags(['--config', '/b'], { WEIR_CONFIG: '/a' }), '/b');
  assert.equal(await flags([], { WEIR_CONFIG: '' }), '/etc/weir/mesh.yaml');
});

test('a definition that says more than is understood here is left to oclif', async () => {
  const base = definitionsOf(StatusCommand);
  for (const more of [{ exclusive: ['json'] }, { required: true }, { dependsOn: ['json'] }, { allowNo: true }]) {
    const flags = { ...base.flags, extra: { type: 'boolean' as const, ...more } };
    assert.equal(await readPlainLine({ ...base, flags }, [], {}), null);
  }
  const lazy = { ...base.flags, extra: { type: 'option' as const, default: async () => 'x' } };
  assert.equal(await readPlainLine({ ...base, flags: lazy }, [], {}), null);
  assert.equal(await readPlainLine({ ...base, args: { app: { required: true } as object } }, ['payment'], {}), null);
});
