/** Repeated warnings of one command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandOutput } from '../../src/cli/command-output.ts';

/** The warnings that come out when some are said at these seconds. */
function said(t: import('node:test').TestContext, ...warnings: readonly (readonly [number, string])[]): string[] {
  let nowMs = 0;
  const lines: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => lines.push(text.trim()));
  const output = new CommandOutput({ json: false, verbose: false, nowMs: () => nowMs });
  for (const [second, text] of warnings) {
    nowMs = second * 1000;
    output.warn(text);
  }
  output.dispose();
  t.mock.restoreAll();
  return lines.map((line) => line.replace(/^.*warning:\S* /, ''));
}

test('a fault that several parts find is said once, another one beside it as well', (t) => {
  assert.deepEqual(said(t, [0, 'disk full'], [0, 'disk full'], [1, 'no lock'], [2, 'disk full']), [
    'disk full',
    'no lock',
  ]);
});

test('a fault that lasts is said once, and one that comes back after a quiet minute again', (t) => {
  const lasting = Array.from({ length: 10 }, (_, index) => [index * 30, 'disk full'] as const);
  assert.deepEqual(said(t, ...lasting), ['disk full']);
  assert.deepEqual(said(t, [0, 'disk full'], [59, 'disk full'], [119, 'disk full'], [120, 'disk full']), [
    'disk full',
    'disk full',
  ]);
});
