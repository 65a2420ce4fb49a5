/** Ports and peers of ssh on a host. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readSshFacts } from '../../../../src/interception/adapters/ssh/ssh-facts.ts';
import { ownSshSessions } from '../../../../src/interception/adapters/ssh/ssh-session.ts';
import {
  configuredSshPorts,
  portsOfSocketUnit,
  portsOfSshdConfig,
} from '../../../../src/interception/adapters/ssh/sshd-config.ts';
import type { TcpSocket } from '../../../../src/interception/ports.ts';

const socket = (name: string, port: number, peer = '', state = peer === '' ? 'LISTEN' : 'ESTAB'): TcpSocket => ({
  state,
  local: { address: '10.0.0.1', port },
  peer: { address: peer, port: peer === '' ? 0 : 50_000 },
  uid: 0,
  cgroup: null,
  processes: [{ name, pid: 1 }],
  dualStack: false,
  transparent: null,
  device: null,
});

const facts = (
  sockets: readonly TcpSocket[],
  configured: readonly number[] = [],
  sessions: { peer: string; port: number }[] = [],
) =>
  readSshFacts({
    sockets: async (kind) => sockets.filter(({ state }) => (state === 'LISTEN') === (kind === 'listening')),
    configuredPorts: async () => configured,
    sessions: async () => sessions,
  });

test('port 22 counts on a host without any ssh', async () => {
  assert.deepEqual(await facts([]), { ports: [22], peers: [] });
});

test('listeners of ssh servers, configured ports and the port of this session count, those of others do not', async () => {
  const sockets = [socket('sshd', 2222), socket('dropbear', 2200), socket('nginx', 80), socket('sshd', 2222)];
  const found = await facts(sockets, [2022], [{ peer: '203.0.113.9', port: 443 }]);
  assert.deepEqual(found, { ports: [22, 443, 2022, 2200, 2222], peers: ['203.0.113.9'] });
});

test('peers are those of established connections to an ssh port, not the places that sshd forwards connections to', async () => {
  const sockets = [
    socket('sshd', 2222),
    socket('sshd-session', 2222, '203.0.113.7'),
    socket('sshd', 22, '2001:db8::7'),
    socket('sshd', 2222, '203.0.113.7'),
    socket('sshd', 48_000, '10.0.0.99'),
    socket('sshd', 22, '203.0.113.66', 'FIN-WAIT-1'),
  ];
  assert.deepEqual((await facts(sockets)).peers, ['2001:db8::7', '203.0.113.7']);
});

test('a session that came in at a port it shares with a web server makes no peers of the web clients', async () => {
  const found = await facts([socket('nginx', 443, '203.0.113.50')], [], [{ peer: '203.0.113.9', port: 443 }]);
  assert.deepEqual(found, { ports: [22, 443], peers: ['203.0.113.9'] });
});

test('sshd_config names ports by Port and by ListenAddress', () => {
  const text = `
# Port 1
Port 2222
port=2022
  PORT "2200"   # why not
ListenAddress 10.0.0.1:2300
ListenAddress [2001:db8::1]:2400
ListenAddress 2001:db8::22
ListenAddress 10.0.0.1
GatewayPorts 5
Port 99999
`;
  assert.deepEqual(portsOfSshdConfig(text), [2222, 2022, 2200, 2300, 2400]);
});

test('a socket unit names ports by ListenStream', () => {
  const text =
    '[Socket]\nListenStream=\nListenStream=22\nListenStream = 0.0.0.0:2222\nListenStream=[::]:2223\nListenStream=/run/ssh.sock\n';
  assert.deepEqual(portsOfSocketUnit(text), [22, 2222, 2223]);
});

test('configuration is found in its files and drop-ins, and none at all is no error', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'weir-ssh-'));
  t.after(() => rm(root, { recursive: true }));
  assert.deepEqual(await configuredSshPorts(root), []);
  const files = {
    'etc/ssh/sshd_config': 'Port 2001\n',
    'etc/ssh/sshd_config.d/50-cloud.conf': 'Port 2002\n',
    'etc/ssh/sshd_config.d/old.bak': 'Port 2999\n',
    'usr/lib/systemd/system/ssh.socket': 'ListenStream=2003\n',
    'run/systemd/generator/ssh.socket.d/addresses.conf': 'ListenStream=[::]:2004\n',
    'etc/systemd/system/web.socket': 'ListenStream=80\n',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  assert.deepEqual(await configuredSshPorts(root), [2001, 2002, 2003, 2004]);
});

test('this session is known by its environment, in canonical addresses', async () => {
  const session = (SSH_CONNECTION: string) => ownSshSessions({ SSH_CONNECTION }, 0);
  assert.deepEqual(await session('203.0.113.7 50000 10.0.0.1 2222'), [{ peer: '203.0.113.7', port: 2222 }]);
  assert.deepEqual(await session('fe80::1%eth0 50000 fe80::2%eth0 22'), [{ peer: 'fe80::1', port: 22 }]);
  assert.deepEqual(await session('::ffff:203.0.113.7 5 ::ffff:10.0.0.1 22'), [{ peer: '203.0.113.7', port: 22 }]);
  assert.deepEqual(await session('UNKNOWN 65535 UNKNOWN 65535'), []);
  assert.deepEqual(await session(''), []);
  assert.deepEqual(await ownSshSessions({ SSH_CLIENT: '203.0.113.8 50000 22' }, 0), [
    { peer: '203.0.113.8', port: 22 },
  ]);
});

test('a session that sudo hid is found in the environment of a parent', async (t) => {
  // A shell that has the variable starts a program without it, as sudo does.
  const shell = spawn('sh', ['-c', 'env -u SSH_CONNECTION sleep 20 & echo $!; wait'], {
    env: { PATH: process.env.PATH, SSH_CONNECTION: '203.0.113.9 50000 10.0.0.1 2022' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(shell.stdout, 'data');
  const child = Number(String(text).trim());
  t.after(() => {
    process.kill(child, 'SIGKILL');
    shell.kill('SIGKILL');
  });
  const sessions = await ownSshSessions({}, child);
  assert.ok(sessions.some(({ peer, port }) => peer === '203.0.113.9' && port === 2022));
});

test('a file of the ssh configuration that is there and cannot be read is told, one that is not there is not', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'weir-sshd-'));
  t.after(() => rm(root, { recursive: true }));
  // A folder in the place of the file fails for every user, root too.
  await mkdir(join(root, 'etc/ssh/sshd_config'), { recursive: true });
  const warnings: string[] = [];
  assert.deepEqual(await configuredSshPorts(root, (text) => warnings.push(text)), []);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /sshd_config cannot be read \(EISDIR.*is not left alone$/);
});
