/** The text of state.json. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod/mini';
import { STATE_FILE } from '../../../src/interception/adapters/state-schema.ts';
import { ownState, stateText } from '../../../src/interception/adapters/state-text.ts';
import { readText } from '../../../src/platform/record.ts';
import { sampleState } from './stored-state-sample.ts';

const SAMPLE = sampleState();
const [APP] = SAMPLE.apps;
assert.ok(APP);
const STATE = { ...SAMPLE, apps: [APP, { ...APP, name: 'report', slot: 222 }] };

/** Reads as a build does, and says whether the schema was asked. */
function readAs(build: string, text: string) {
  let asked = false;
  const schema = z.pipe(
    z.transform((value) => {
      asked = true;
      return value;
    }),
    STATE_FILE.schema,
  );
  const reading = readText(
    { ...STATE_FILE, schema: schema as typeof STATE_FILE.schema, own: (it) => ownState(it, build) },
    text,
  );
  return { reading, asked };
}

test('a text of this build is read without the schema, that of any other build by it, to the same state', () => {
  for (const [text, asks] of [
    [stateText(STATE, 'one'), false],
    [stateText(STATE, 'two'), true],
    [stateText(STATE, null), true],
    [JSON.stringify(STATE, null, 1), true],
  ] as const) {
    const { reading, asked } = readAs('one', text);
    assert.deepEqual(reading, { state: 'read', value: STATE }, text.slice(0, 80));
    assert.equal(asked, asks, text.slice(0, 80));
  }
  assert.equal(ownState(stateText(STATE, null), null), null);
});

test('a text that somebody changed is checked like any other', () => {
  const text = stateText(STATE, 'one');
  const renumbered = readAs('one', text.replace('"slot":222', '"slot":333'));
  assert.equal(renumbered.asked, true);
  const broken = readAs('one', text.replace('"slot":222', '"slot":"x"'));
  assert.equal(broken.reading.state, 'damaged');
  assert.equal(readAs('one', text.replace('"version":1', '"version":2')).reading.state, 'newer');
  for (let length = 0; length < text.length; length += 11)
    assert.equal(readAs('one', text.slice(0, length)).reading.state, 'damaged', `${length} bytes`);
});

test('an application has a line of its own, and a state without any is JSON too', () => {
  const lines = stateText(STATE, 'one').split('\n');
  assert.equal(lines.filter((line) => line.startsWith('{"name":')).length, 2);
  const empty = { ...STATE, apps: [] };
  assert.deepEqual(ownState(stateText(empty, 'one'), 'one'), empty);
});
