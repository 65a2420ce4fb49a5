/** Discovery of a real ssh server and its session. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnections } from '../../../src/interception/adapters/connections/connections.ts';
import { readSshFacts } from '../../../src/interception/adapters/ssh/ssh-facts.ts';
import { LAB_ADDRESSES, makeLab } from '../lab/lab.ts';

test('a listening server and its live session are found by the name of their process', async (t) => {
  const lab = await makeLab('ssh', { test: t });
  // Any program will do that listens under this name.
  const sshd = join(lab.folder, 'sshd');
  copyFileSync('/usr/bin/perl', sshd);
  const serve =
    '$| = 1; $s = IO::Socket::INET->new(LocalPort => 2222, Listen => 5); print "up\n"; push @c, $s->accept while 1';
  await lab.start(lab.client, [sshd, '-MIO::Socket::INET', '-e', serve]).line(/^up/);
  const visit = `require('node:net').connect(2222, '${LAB_ADDRESSES.client.ipv4}', () => console.log('in')); setInterval(() => {}, 1000)`;
  await lab.start(lab.upstream, [process.execPath, '-e', visit]).line(/^in/);
  const { sockets } = createConnections({ run: lab.client.tool, warn: () => {} });
  assert.deepEqual(await readSshFacts({ sockets, configuredPorts: async () => [], sessions: async () => [] }), {
    ports: [22, 2222],
    peers: [LAB_ADDRESSES.upstream.ipv4],
  });
});
