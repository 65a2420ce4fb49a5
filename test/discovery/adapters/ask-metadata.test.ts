/** An instance that is asked over its Dubbo port what it offers. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { EncoderV2 } from 'hessian.js';
import { askMetadata } from '../../../src/discovery/adapters/dubbo/ask-metadata.ts';

/** Asks an instance that does this with what it is sent. */
async function ask(t: TestContext, answer: (socket: Socket, request: Buffer) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (request) => answer(socket, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return await askMetadata({ address: '127.0.0.1', port }, 'stock', 'r1');
}

function message(value: unknown): Buffer {
  const encoder = new EncoderV2();
  encoder.write(1);
  encoder.write(value);
  const body = encoder.get();
  const head = Buffer.from([0xda, 0xbb, 2, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

test('the answer may come in pieces, and is the JSON of the metadata', async (t) => {
  let asked = '';
  const text = await ask(t, (socket, request) => {
    asked += request.toString('latin1');
    const bytes = message({ app: 'stock', revision: 'r1' });
    socket.write(bytes.subarray(0, 9));
    setImmediate(() => socket.write(bytes.subarray(9, 30), () => socket.write(bytes.subarray(30))));
  });
  assert.deepEqual(JSON.parse(text), { app: 'stock', revision: 'r1' });
  assert.match(asked, /getMetadataInfo[\s\S]*r1[\s\S]*stock/);
});

test('an instance that hangs up, speaks something else or is not there is a reason', async (t) => {
  await assert.rejects(
    ask(t, (socket) => socket.end()),
    /closed the connection without an answer/,
  );
  await assert.rejects(
    ask(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    /does not speak Dubbo/,
  );
  await assert.rejects(askMetadata({ address: '127.0.0.1', port: 1 }, 'stock', 'r1'), /ECONNREFUSED/);
});
