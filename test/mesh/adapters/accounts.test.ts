/** Lookup of users and groups. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AccountSources, lookupAccounts } from '../../../src/mesh/adapters/accounts.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment
pay:x:1001:2001::/home/pay:/bin/sh
pay:x:9999:9999:a second line of one name:/:/bin/sh
+@netgroup:::::
broken:x:notanumber:0:::
`;
const GROUP = 'root:x:0:\nstaff:x:50:pay,shop\n';

/** Files of accounts, and a getent that notes its arguments and answers by `script`. */
function sources(
  context: TestContext,
  script: string,
  files: Partial<AccountSources> = {},
): AccountSources & { calls: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-accounts-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [passwdFile, groupFile, getent, log] = ['passwd', 'group', 'getent', 'calls'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(passwdFile, PASSWD);
  writeFileSync(groupFile, GROUP);
  writeFileSync(getent, `#!/bin/sh\necho "$@" >> ${log}\n${script}\n`);
  chmodSync(getent, 0o755);
  const calls = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  return { passwdFile, groupFile, getent, timeoutMs: 2_000, ...files, calls };
}

test('accounts of the files are found without asking anybody', async (context) => {
  const from = sources(context, 'exit 2');
  const lookup = await lookupAccounts({ users: ['root', 'pay'], groups: ['staff'] }, from);
  assert.deepEqual(
    [lookup.user('root'), lookup.user('pay'), lookup.group('staff'), lookup.incomplete],
    [0, 1001, 50, undefined],
  );
  assert.deepEqual(from.calls(), []);
});

test('users and groups are told apart', async (context) => {
  const lookup = await lookupAccounts({ users: ['pay'], groups: ['staff'] }, sources(context, 'exit 2'));
  assert.deepEqual([lookup.user('staff'), lookup.group('pay')], [undefined, undefined]);
});

test('what the files do not have is asked in one call a database', async (context) => {
  const from = sources(
    context,
    'case $1 in passwd) echo "ldap:*:70001:70000::/:/bin/sh"; exit 2;; group) echo "crew:*:70002:";; esac',
  );
  const lookup = await lookupAccounts({ users: ['ldap', 'pay', 'ghost'], groups: ['crew'] }, from);
  assert.deepEqual(
    [lookup.user('ldap'), lookup.user('pay'), lookup.user('ghost'), lookup.group('crew')],
    [70_001, 1001, undefined, 70_002],
  );
  assert.equal(lookup.incomplete, undefined);
  assert.deepEqual(from.calls().toSorted(), ['group crew', 'passwd ldap ghost']);
});

test('a name service that does not answer delays no more than the deadline and costs no local account', async (context) => {
  const from = sources(context, 'exec sleep 30', { timeoutMs: 200 });
  const lookup = await lookupAccounts({ users: ['pay', 'ldap'], groups: [] }, from);
  assert.deepEqual([lookup.user('pay'), lookup.user('ldap')], [1001, undefined]);
  assert.equal(
    lookup.incomplete,
    `${from.passwdFile} does not have it, and the name service did not answer within 0.2 s`,
  );
});

test('a getent that fails otherwise than for a name that is not there has not answered', async (context) => {
  const from = sources(context, 'echo "libc.so.7: cannot open" >&2; exit 127');
  const lookup = await lookupAccounts({ users: ['pay', 'ldap'], groups: [] }, from);
  assert.deepEqual([lookup.user('pay'), lookup.user('ldap')], [1001, undefined]);
  assert.match(lookup.incomplete ?? '', /the name service could not be asked: .*exit code 127$/);
});

test('a host without getent still knows its files', async (context) => {
  const lookup = await lookupAccounts(
    { users: ['pay', 'ldap'], groups: [] },
    sources(context, '', { getent: '/nonexistent/getent' }),
  );
  assert.equal(lookup.user('pay'), 1001);
  assert.match(lookup.incomplete ?? '', /the name service could not be asked: \/nonexistent\/getent is missing$/);
});

test('a host without a passwd file asks the name services', async (context) => {
  const from = sources(context, 'echo "pay:*:70001:70000::/:/bin/sh"', { passwdFile: '/nonexistent/passwd' });
  assert.equal((await lookupAccounts({ users: ['pay'], groups: [] }, from)).user('pay'), 70_001);
});

test("this host's own root is found", async () => {
  const lookup = await lookupAccounts({ users: ['root', 'no-such-user-of-weir'], groups: ['root'] });
  assert.deepEqual([lookup.user('root'), lookup.group('root'), lookup.user('no-such-user-of-weir')], [0, 0, undefined]);
});
