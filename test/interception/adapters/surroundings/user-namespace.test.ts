/** Who owns the network namespace, as `lsns -J` of util-linux 2.38 says. */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readForeignUserNamespace } from '../../../../src/interception/adapters/surroundings/user-namespace.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

const OWN = Number(/\d+/.exec(readlinkSync('/proc/self/ns/user'))?.[0]);
const ask = (answer: ToolAnswer) => {
  return readForeignUserNamespace(fakeTools({ [`lsns -J -p ${process.pid} -t net -o NS,ONS`]: answer }).run);
};
const owner = (ons: number | string) => JSON.stringify({ namespaces: [{ ns: 4_026_531_833, ons }] });

describe('the owner of the network namespace', () => {
  it('is nobody else where it is the user namespace of this process', async () => {
    assert.deepEqual(await ask(owner(OWN)), { seen: null });
    // Older releases print numbers as text.
    assert.deepEqual(await ask(owner(String(OWN))), { seen: null });
  });

  it('is named when it is another one, with a process in it where one is seen', async () => {
    assert.deepEqual(await ask(owner(7)), { seen: { id: 7, pid: null } });
  });

  it('is an ancestor when lsns may not see it', async () => {
    assert.deepEqual(await ask(owner(0)), { seen: null });
  });

  it('is looked at again when lsns ends without a word, as it does when a process of the host ends meanwhile', async () => {
    const answers: ToolAnswer[] = [{ exitCode: 1 }, { exitCode: 1 }, owner(7)];
    const tools = fakeTools(() => answers.shift());
    assert.deepEqual(await readForeignUserNamespace(tools.run), { seen: { id: 7, pid: null } });
    assert.equal(tools.calls.length, 3);
  });

  it('is unknown when lsns never says a word, after four tries', async () => {
    const tools = fakeTools(() => ({ exitCode: 1 }));
    assert.deepEqual(await readForeignUserNamespace(tools.run), {
      unseen: `lsns -J -p ${process.pid} -t net -o NS,ONS failed: exit code 1: it wrote nothing`,
    });
    assert.equal(tools.calls.length, 4);
  });

  it('is unknown when lsns is missing, too old for the column, or prints no JSON', async () => {
    assert.ok('unseen' in (await readForeignUserNamespace(fakeTools({}).run)));
    const old = await ask({ exitCode: 1, stderr: 'lsns: unknown column: ONS' });
    assert.match('unseen' in old ? old.unseen : '', /unknown column: ONS/);
    assert.ok('unseen' in (await ask('')));
  });
});
