/** The primary group of an account, as getent tells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primaryGroup } from '../../../src/sidecar/adapters/run-as.ts';
import { fakeTools, type ToolAnswer } from '../../fakes/fake-tools.ts';

const ask = (answer: ToolAnswer) => primaryGroup(1337, fakeTools({ 'getent passwd 1337': answer }).run);

test('an account without an entry has no primary group, and one that nobody could look up is not such a one', async () => {
  assert.equal(await ask('envoy:x:1337:2000::/:/bin/false\n'), 2000);
  assert.equal(await ask({ exitCode: 2 }), null);
  // Envoy would run with the group of the same number.
  for (const answer of [{ exitCode: 127, stderr: 'libc.so.7: cannot open' }, { exitCode: 1 }, { stdout: '' }])
    await assert.rejects(ask(answer), { code: 'WEIR2003', exit: 3 }, JSON.stringify(answer));
});
