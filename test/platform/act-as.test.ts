/** Acting under the ids of another account, in a process of its own: its groups do not come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actIfAllowed } from '../../src/platform/act-as.ts';
import { runNode } from '../run-weir.ts';

const MODULE = new URL('../../src/platform/act-as.ts', import.meta.url).href;
const IDS = 'const ids = () => [process.geteuid(), process.getegid()].join(" ");';

async function run(body: string): Promise<string[]> {
  const source = `import { actAs } from ${JSON.stringify(MODULE)};\n${IDS}\n${body}`;
  const { stdout, stderr } = await runNode(['--input-type=module', '-e', source]);
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

test('root acts under the ids of an account, and takes its own back', async () => {
  assert.deepEqual(await run('console.log(actAs({ uid: 1001, gid: 1002 }, ids)); console.log(ids());'), [
    '1001 1002',
    '0 0',
  ]);
});

test('an account without a group keeps the own one', async () => {
  assert.deepEqual(await run('console.log(actAs({ uid: 1001, gid: null }, ids));'), ['1001 0']);
});

test('the supplementary groups of root are no part of the account', async () => {
  const body =
    'process.setgroups([4, 27]); console.log(actAs({ uid: 1001, gid: 1002 }, () => process.getgroups().includes(27)));';
  assert.deepEqual(await run(body), ['false']);
});

test('the own ids come back after an exception, which is passed on', async () => {
  const body =
    "try { actAs({ uid: 1001, gid: 1002 }, () => { throw new Error('refused'); }); } catch ({ message }) { console.log(message, ids()); }";
  assert.deepEqual(await run(body), ['refused 0 0']);
});

test('an account that is no root may become nobody else', async () => {
  const body =
    'process.setgid(1002); process.setuid(1001); try { actAs({ uid: 1003, gid: null }, ids); } catch ({ message }) { console.log(message, ids()); }';
  assert.deepEqual(await run(body), ['not allowed to drop the supplementary groups: EPERM 1001 1002']);
});

test('what is forbidden is named with the reason of the system', () => {
  const refuse = (): void => {
    throw Object.assign(new Error('setuid EPERM'), { code: 'EPERM' });
  };
  assert.throws(() => actIfAllowed('act as user 5', refuse), { message: 'not allowed to act as user 5: EPERM' });
});
