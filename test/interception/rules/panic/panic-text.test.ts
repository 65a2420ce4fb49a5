/** The part of off.sh about remembered applications. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { panicText } from '../../../../src/interception/rules/panic/panic-text.ts';
import type { StoredApp } from '../../../../src/interception/stored-state.ts';
import { appOf } from '../apps.ts';

const FACTS = { backend: 'nft', netns: '', namespace: null, path: '/run/weir/off.sh', declared: ['ledger'] } as const;

function stored(name: string, desired: StoredApp['desired'], slot: number): StoredApp {
  const { deadline: _, ...policy } = appOf(name, { slot });
  return { name, slot, desired, policy } as StoredApp;
}

test('applications that are on can be switched off, those that are off or only declared are known', () => {
  const text = panicText(FACTS, [stored('payment', 'on', 1), stored('report', 'off', 2)]);
  const only = panicText(FACTS, [stored('payment', 'on', 1)]);
  assert.match(text, /0x57000[0-9a-f]*1/);
  for (const name of ['payment', 'report', 'ledger']) assert.ok(text.includes(name), name);
  // What is off adds its name, and no command.
  const commands = (script: string) => script.split('\n').filter((line) => line.includes('element'));
  assert.deepEqual(commands(text), commands(only));
  assert.notDeepEqual(commands(panicText(FACTS, [stored('report', 'on', 2)])), commands(only));
});
