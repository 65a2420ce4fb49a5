/** Open connections of a draining process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { trackConnections } from '../../../src/sidecar/adapters/drain-tracker.ts';
import { socketInodes } from '../../../src/sidecar/adapters/process-identity.ts';

it('counts the open connections of a process, and knows nothing of one that has ended', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  await accepted;
  const owned = await socketInodes(process.pid);
  const tracker = await trackConnections(process.pid, owned, new Set([port]), new Set());
  assert.equal(tracker.atStart, 1);
  assert.deepEqual(await tracker.sample(), { old: 1, oldAny: 1, new: 0 });

  const ended = spawn('true');
  await once(ended, 'exit');
  // Not zero: a process that drains would then be ended with its requests in flight.
  assert.equal(await (await trackConnections(ended.pid ?? 0, owned, new Set([port]), new Set())).sample(), null);
  client.destroy();
  server.close();
});

it('counts the connections of its Unix sockets, those of other paths left out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-drain-'));
  const [mine, other] = ['mine', 'other'].map((name) => join(folder, name)) as [string, string];
  const servers = [mine, other].map((path) => createServer().listen(path));
  try {
    const accepted = servers.map((server) => once(server, 'connection'));
    const clients = [mine, other].map((path) => connect(path));
    await Promise.all(accepted);
    const owned = await socketInodes(process.pid);
    const tracker = await trackConnections(process.pid, owned, new Set(), new Set([mine]));
    assert.deepEqual(await tracker.sample(), { old: 1, oldAny: 1, new: 0 });
    const stranger = await trackConnections(process.pid, new Set(), new Set(), new Set([mine]));
    assert.deepEqual(await stranger.sample(), { old: 0, oldAny: 0, new: 1 });
    for (const client of clients) client.destroy();
  } finally {
    for (const server of servers) server.close();
    await rm(folder, { recursive: true });
  }
});
