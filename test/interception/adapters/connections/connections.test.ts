/** Commands of the connection adapter. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  readConnectionPage,
  readFewConnections,
} from '../../../../src/interception/adapters/connections/connection-page.ts';
import { createConnections } from '../../../../src/interception/adapters/connections/connections.ts';
import type { runTool } from '../../../../src/platform/exec.ts';

type Answer = { stdout?: string; stderr?: string; exitCode?: number };

/** Runs no tool: answers by what the command line holds, and keeps all command lines. */
function scripted(answer: (line: string, call: number) => Answer) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const run: typeof runTool = async (argv) => {
    const line = argv.join(' ');
    lines.push(line);
    return { stdout: '', stderr: '', exitCode: 0, ms: 1, ...answer(line, lines.length) };
  };
  return { lines, warnings, connections: createConnections({ run, warn: (text) => warnings.push(text) }) };
}

const FLOW = (port: number) =>
  `tcp 6 9 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=${port} dport=80 src=127.0.0.1 dst=10.0.0.1 sport=15001 dport=${port} [ASSURED] mark=1459618064 use=1\n`;
const NONE_DELETED = { exitCode: 1, stderr: 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.\n' };
const MARK = { mark: 0x57000110, mask: 0xffffff00 };

const pair = (port: number, address = '10.0.0.1') => ({
  local: { address, port },
  peer: { address: address.includes(':') ? 'fd77::2' : '10.0.0.2', port: 80 },
});

test('a mask that does not cover the whole mark takes the bits under it only', async () => {
  const { connections, lines } = scripted(() => NONE_DELETED);
  await connections.forget(MARK);
  assert.deepEqual(lines, [
    'conntrack -D -p tcp -m 0x57000100/0xffffff00 -f ipv4',
    'conntrack -D -p tcp -m 0x57000100/0xffffff00 -f ipv6',
  ]);
});

test('a table that fits into a page is read without a program, and its foreign connections are left out', async () => {
  const { connections, lines } = scripted(() => ({ stdout: FLOW(1) }));
  const foreign = FLOW(2).replace('mark=1459618064', 'mark=7').replace('tcp 6', 'ipv4     2 tcp      6');
  const run: typeof runTool = async () => assert.fail('no program is needed');
  const paged = createConnections({ run, readPage: () => `${FLOW(3)}${foreign}`, warn: () => {} });
  assert.deepEqual(
    (await paged.tracked()).map(({ source }) => source.port),
    [3],
  );
  assert.deepEqual(await paged.tracked({ mark: 0x57000200, mask: 0xffffff00 }), []);
  assert.equal((await connections.tracked()).length, 2, 'a runner in another namespace is asked');
  assert.equal(lines.length, 2);
});

test('a page is taken for the whole table only with room left in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-page-'));
  try {
    const file = join(folder, 'nf_conntrack');
    for (const [bytes, isWhole] of [
      [0, true],
      [3072, true],
      [3073, false],
      [4096, false],
      [9000, false],
    ] as const) {
      writeFileSync(file, 'x'.repeat(bytes));
      assert.equal(readConnectionPage(file)?.length ?? null, isWhole ? bytes : null);
    }
    const count = join(folder, 'nf_conntrack_count');
    for (const [entries, isRead] of [
      ['0\n', true],
      ['256\n', true],
      ['257\n', false],
    ] as const) {
      writeFileSync(count, entries);
      assert.equal(readFewConnections(file, count)?.length ?? null, isRead ? 9000 : null);
    }
    assert.equal(readFewConnections(file, join(folder, 'missing')), null);
    assert.equal(readConnectionPage(join(folder, 'missing')), null);
    assert.equal(readConnectionPage(folder), null);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a filter all flows of weir are listed, by one listing a family', async () => {
  const { connections, lines } = scripted((line) => ({ stdout: line.endsWith('ipv4') ? FLOW(5) : '' }));
  assert.equal((await connections.tracked()).length, 1);
  assert.deepEqual(lines, [
    'conntrack -L -p tcp -m 0x57000000/0xff000000 -f ipv4',
    'conntrack -L -p tcp -m 0x57000000/0xff000000 -f ipv6',
  ]);
});

test('a deletion that stops at an entry that had just ended is begun again and counts both parts', async () => {
  const { connections } = scripted((line, call) => {
    if (line.endsWith('ipv6')) return NONE_DELETED;
    if (call > 2) return { stdout: FLOW(2) };
    return {
      stdout: FLOW(1),
      exitCode: 1,
      stderr: "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist\n",
    };
  });
  assert.equal(await connections.forget(MARK), 2);
});

test('any other failure of conntrack is an error that holds what it said', async () => {
  const { connections } = scripted(() => ({ exitCode: 1, stderr: 'sorry, you must be root' }));
  await assert.rejects(connections.tracked(), { code: 'WEIR2003', why: 'sorry, you must be root' });
});

test('an ss that knows no cgroups lists sockets without them', async () => {
  const { connections } = scripted((line) =>
    line.includes('--cgroup')
      ? { exitCode: 255, stderr: 'ss: unrecognized option --cgroup' }
      : { stdout: 'ESTAB 0 0 10.0.0.1:5 10.0.0.2:80 users:(("a",pid=1,fd=3)) uid:7 ino:1 sk:1\n' },
  );
  const [socket] = await connections.sockets('connected');
  assert.equal(socket?.uid, 7);
  assert.equal(socket?.cgroup, null);
});

test('an ss that fails is an error', async () => {
  const { connections } = scripted(() => ({ exitCode: 255, stderr: 'Cannot open netlink socket' }));
  await assert.rejects(connections.sockets('listening'), { code: 'WEIR2003', why: 'Cannot open netlink socket' });
});

test('a kernel that cannot abort sockets is found out by what is left, and said once', async () => {
  const { connections, warnings, lines } = scripted((line) =>
    line.includes(' -K ') ? {} : { stdout: 'ESTAB 0 0 10.0.0.1:1000 10.0.0.2:80\n' },
  );
  assert.equal(await connections.abort(Array.from({ length: 900 }, (_, index) => pair(1000 + index))), 0);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /INET_DIAG_DESTROY/);
  assert.equal(lines.length, 2);
});

test('a connection counts once, whichever of its ends the kernel aborted', async () => {
  const { connections } = scripted(() => ({
    stdout:
      'ESTAB 0 0 10.0.0.1:1 10.0.0.2:80\nESTAB 0 0 [::ffff:10.0.0.2]:80 [::ffff:10.0.0.1]:1\nESTAB 0 0 10.0.0.2:80 10.0.0.1:2\n',
  }));
  assert.equal(await connections.abort([pair(1), pair(2), pair(3)]), 2);
});

test('20,000 connections are aborted by filters that the kernel takes, each with a narrow range of ports', async () => {
  const { connections, lines } = scripted(() => ({ stdout: 'ESTAB 0 0 10.0.0.1:1 10.0.0.2:80\n' }));
  const both = Array.from({ length: 10_000 }, (_, index) => [
    pair(20_000 + index),
    { local: { address: '127.0.0.1', port: 15_001 }, peer: { address: '10.0.0.1', port: 20_000 + index } },
  ]);
  await connections.abort([...both.flat(), pair(1), pair(7, 'fd77::1')]);
  assert.equal(lines.length, Math.ceil(20_003 / 400));
  for (const line of lines) {
    assert.ok((line.match(/ src /g)?.length ?? 0) <= 800);
    const [, from, to] = /sport >= :(\d+) and sport <= :(\d+)/.exec(line) ?? [];
    // 400 pairs are 200 connections; only the first range holds the strays.
    assert.ok(line === lines[0] || Number(to) - Number(from) <= 201, line.slice(0, 200));
  }
  assert.match(lines[0] ?? '', /src \[fd77::1\]:7 and dst \[fd77::2\]:80/);
});
