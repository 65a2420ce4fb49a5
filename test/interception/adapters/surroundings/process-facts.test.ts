/** Accounts and namespaces of processes, from a folder in place of /proc. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  processOfUserNamespace,
  readAccounts,
  readProcesses,
} from '../../../../src/interception/adapters/surroundings/process-facts.ts';

const EVERYTHING = { needsCgroup: true, has: () => true };

let proc = '';

interface Made {
  readonly name?: string;
  readonly uids?: string;
  readonly groups?: string;
  readonly kernel?: boolean;
  readonly net?: string;
  readonly cgroup?: string;
  readonly user?: string;
}

function make(pid: number | 'self', made: Made = {}): void {
  const {
    name = 'java',
    uids = '0\t0\t0\t1001',
    groups = '',
    kernel = false,
    net = 'net:[1]',
    cgroup = '0::/',
    user = 'user:[1]',
  } = made;
  mkdirSync(join(proc, String(pid), 'ns'), { recursive: true });
  const size = kernel ? '' : 'VmSize:\t  1000 kB\n';
  const status = `Name:\t${name}\nUid:\t${uids}\nGid:\t0\t0\t0\t1002\nGroups:\t${groups} \n${size}`;
  writeFileSync(join(proc, String(pid), 'status'), status);
  writeFileSync(join(proc, String(pid), 'cgroup'), `4:memory:/elsewhere\n${cgroup}\n`);
  symlinkSync(net, join(proc, String(pid), 'ns/net'));
  symlinkSync(user, join(proc, String(pid), 'ns/user'));
}

describe('processes of the host', () => {
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'weir-proc-'));
    make('self');
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  it('have the ids of the file system, by which netfilter knows their sockets', async () => {
    make(10, { groups: '4 27' });
    assert.deepEqual(await readAccounts([10], proc), new Map([[10, { uid: 1001, gid: 1002, groups: [4, 27] }]]));
  });

  it('are those whose account is wanted, each with its namespace', async () => {
    make(10);
    make(11, { uids: '0\t0\t0\t0' });
    make(12, { name: 'two words', net: 'net:[2]' });
    const found = await readProcesses({ needsCgroup: false, has: ({ uid }) => uid === 1001 }, proc);
    assert.ok('seen' in found);
    assert.deepEqual(
      found.seen.map(({ pid, name, isHere }) => [pid, name, isHere]),
      [
        [10, 'java', true],
        [12, 'two words', false],
      ],
    );
  });

  it('have their cgroup where it is asked for', async () => {
    make(10, { cgroup: '0::/shop.slice/api.service' });
    make(11);
    const inSlice = {
      needsCgroup: true,
      has: (_: unknown, cgroup: string | null) => cgroup?.startsWith('shop') === true,
    };
    const found = await readProcesses(inSlice, proc);
    assert.deepEqual('seen' in found && found.seen.map(({ pid, cgroup }) => [pid, cgroup]), [
      [10, 'shop.slice/api.service'],
    ]);
    const plain = await readProcesses({ ...EVERYTHING, needsCgroup: false }, proc);
    assert.deepEqual('seen' in plain && plain.seen.map(({ cgroup }) => cgroup), [null, null]);
  });

  it('do not include kernel threads and those that have ended', async () => {
    make(10, { kernel: true });
    assert.deepEqual(await readAccounts([10, 11], proc), new Map());
    assert.deepEqual(await readProcesses(EVERYTHING, proc), { seen: [] });
  });

  it('are unseen when the folder cannot be read', async () => {
    const found = await readProcesses(EVERYTHING, join(proc, 'none'));
    assert.match('unseen' in found ? found.unseen : '', /none cannot be read: .*ENOENT/);
  });

  it('are found by the inode of their user namespace, in this network namespace alone', () => {
    make(20, { net: 'net:[2]', user: 'user:[77]' });
    make(21, { user: 'user:[770]' });
    assert.equal(processOfUserNamespace(77, proc), null);
    make(22, { user: 'user:[77]' });
    assert.equal(processOfUserNamespace(77, proc), 22);
  });
});
