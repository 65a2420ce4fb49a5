import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { it } from 'node:test';
import { trackConnections } from '../../../src/host/envoy/drain-tracker.ts';
import { socketInodes } from '../../../src/host/envoy/process-identity.ts';

it('counts the open connections of a process, and knows nothing of one that has ended', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  await accepted;
  const owned = await socketInodes(process.pid);
  const tracker = await trackConnections(process.pid, owned, new Set([port]));
  assert.equal(tracker.atStart, 1);
  assert.deepEqual(await tracker.sample(), { old: 1, oldAny: 1, new: 0 });

  const ended = spawn('true');
  await once(ended, 'exit');
  // Not zero: a process that drains would then be ended with its requests in flight.
  assert.equal(await (await trackConnections(ended.pid ?? 0, owned, new Set([port]))).sample(), null);
  client.destroy();
  server.close();
});
