/** The text of state.json. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATE_SCHEMA } from '../../../src/interception/adapters/state-schema.ts';
import { STATE_FILE } from '../../../src/interception/adapters/state-store.ts';
import { ownState, stateText } from '../../../src/interception/adapters/state-text.ts';
import { readOwnText } from '../../../src/platform/record.ts';
import { sampleState } from './stored-state-sample.ts';

const SAMPLE = sampleState();
const [APP] = SAMPLE.apps;
assert.ok(APP);
const STATE = { ...SAMPLE, apps: [APP, { ...APP, name: 'report', slot: 222 }] };

/** Reads as a build does, and says whether the schema was asked for. */
async function readAs(build: string, text: string) {
  let asked = false;
  const schema = async () => {
    asked = true;
    return STATE_SCHEMA;
  };
  const reading = await readOwnText({ ...STATE_FILE, schema, own: (it) => ownState(it, build) }, text);
  return { reading, asked };
}

test('a text of this build is read without the schema, that of any other build by it, to the same state', async () => {
  for (const [text, asks] of [
    [stateText(STATE, 'one'), false],
    [stateText(STATE, 'two'), true],
    [stateText(STATE, null), true],
    [JSON.stringify(STATE, null, 1), true],
  ] as const) {
    const { reading, asked } = await readAs('one', text);
    assert.deepEqual(reading, { state: 'read', value: STATE }, text.slice(0, 80));
    assert.equal(asked, asks, text.slice(0, 80));
  }
  assert.equal(ownState(stateText(STATE, null), null), null);
});

test('a text that somebody changed is checked like any other', async () => {
  const text = stateText(STATE, 'one');
  const renumbered = await readAs('one', text.replace('"slot":222', '"slot":333'));
  assert.equal(renumbered.asked, true);
  const broken = await readAs('one', text.replace('"slot":222', '"slot":"x"'));
  assert.equal(broken.reading.state, 'damaged');
  assert.equal((await readAs('one', text.replace('"version":1', '"version":2'))).reading.state, 'newer');
  // Without its last line break it is whole.
  for (let length = 0; length < text.length - 1; length += 11)
    assert.equal((await readAs('one', text.slice(0, length))).reading.state, 'damaged', `${length} bytes`);
});

test('an application has a line of its own, and a state without any is JSON too', () => {
  const lines = stateText(STATE, 'one').split('\n');
  assert.equal(lines.filter((line) => line.startsWith('{"name":')).length, 2);
  const empty = { ...STATE, apps: [] };
  assert.deepEqual(ownState(stateText(empty, 'one'), 'one'), empty);
});

test('what was parsed before is taken for exactly its text', () => {
  const [text, other] = [stateText(STATE, 'one'), stateText({ ...STATE, netns: 'other' }, 'one')];
  const seen = { text, state: { ...JSON.parse(text), netns: 'from memory' } };
  assert.deepEqual(ownState(text, 'one', seen), { ...STATE, netns: 'from memory' });
  assert.deepEqual(ownState(other, 'one', seen), { ...STATE, netns: 'other' });
  assert.equal(ownState(text, 'two', seen), null);
});
