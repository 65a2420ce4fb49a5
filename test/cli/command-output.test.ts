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

/** What a terminal of 80 columns is shown. */
function shown(t: import('node:test').TestContext, columns: number | undefined, isVerbatim?: boolean): string {
  let out = '';
  const terminal = { isTTY: columns === undefined ? undefined : true, columns };
  const before = Object.fromEntries(
    Object.keys(terminal).map((name) => [name, Object.getOwnPropertyDescriptor(process.stdout, name)]),
  );
  for (const [name, value] of Object.entries(terminal)) {
    Object.defineProperty(process.stdout, name, { value, configurable: true });
  }
  t.mock.method(process.stdout, 'write', (text: string) => {
    out += text;
    return true;
  });
  const output = new CommandOutput({ json: false, verbose: false });
  output.announce(LONG);
  output.result({ result: {}, text: () => LONG, ...(isVerbatim === undefined ? {} : { isVerbatim }) });
  output.dispose();
  t.mock.restoreAll();
  for (const [name, descriptor] of Object.entries(before)) {
    if (descriptor === undefined) Reflect.deleteProperty(process.stdout, name);
    else Object.defineProperty(process.stdout, name, descriptor);
  }
  return out;
}

const LONG = `2026-01-01T00:00:00.000Z  settled      ${'a reason of some words '.repeat(8).trim()}`;

test('a terminal gets lines of its width, a program whole ones', (t) => {
  assert.equal(shown(t, undefined), `${LONG}\n${LONG}\n`);
  const lines = shown(t, 80).trimEnd().split('\n');
  assert.ok(lines.length > 4 && lines.every((line) => line.length <= 80), lines.join('\n'));
});

test('what is for a tool is not broken', (t) => {
  assert.ok(shown(t, 80, true).endsWith(`\n${LONG}\n`));
});

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
