/** Unix sockets that lead to TCP servers, for a process without a way out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { forwardBytes } from '../../../src/sidecar/adapters/byte-forwarder.ts';

it('passes bytes and ends both ways, refuses like the server that is not there, and ends with everything it holds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-forward-'));
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => {});
    socket.end(`heard ${await text(socket)}`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: dead } = gone.address() as { port: number };
  await new Promise((resolve) => gone.close(resolve));
  const [good, bad] = ['good', 'bad'].map((name) => join(folder, name)) as [string, string];
  const stop = await forwardBytes([
    { socket: good, host: '127.0.0.1', port },
    { socket: bad, host: '127.0.0.1', port: dead },
  ]);
  try {
    const client = connect(good);
    client.end('a question');
    assert.equal(await text(client), 'heard a question');
    const refused = connect(bad)
      .on('error', () => {})
      .resume();
    await once(refused, 'close');
    const held = connect(good)
      .on('error', () => {})
      .resume();
    await once(held, 'connect');
    stop();
    await once(held, 'close');
  } finally {
    stop();
    server.close();
    await rm(folder, { recursive: true });
  }
});
