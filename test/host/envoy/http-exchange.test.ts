import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { exchangeHttp, parseHttpAnswer } from '../../../src/host/envoy/http-exchange.ts';

test('an answer in chunks is put together, whatever stands in them', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }), (parts) => {
      const chunks = parts.flatMap((part) => [
        Buffer.from(`${part.length.toString(16)}\r\n`),
        part,
        Buffer.from('\r\n'),
      ]);
      const head = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const whole = Buffer.concat([head, ...chunks, Buffer.from('0\r\n\r\n')]);
      assert.equal(parseHttpAnswer(whole)?.body, Buffer.concat(parts).toString('utf8'));
      assert.equal(parseHttpAnswer(whole.subarray(0, whole.length - 5)), null);
    }),
  );
});

test('half an answer is none', () => {
  assert.equal(parseHttpAnswer(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc')), null);
  assert.equal(parseHttpAnswer(Buffer.from('HTTP/1.1 200 OK\r\n')), null);
  assert.equal(parseHttpAnswer(Buffer.from('SSH-2.0-x\r\n\r\n')), null);
});

test('a real server is asked by both methods, and its status and body come back', async () => {
  const server = createServer((asked, answer) => {
    answer.statusCode = asked.method === 'POST' ? 202 : 503;
    answer.write(`${asked.url} `);
    answer.end('ü');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const target = { host: '127.0.0.1', port };
    assert.deepEqual(await exchangeHttp(target, 'GET', '/ready', 2000), { status: 503, body: '/ready ü' });
    assert.deepEqual(await exchangeHttp(target, 'POST', '/x?y', 2000), { status: 202, body: '/x?y ü' });
  } finally {
    server.close();
  }
  assert.equal(await exchangeHttp({ host: '127.0.0.1', port }, 'GET', '/ready', 2000), null);
});

test('a server that trickles is given up at the deadline', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const started = Date.now();
    assert.equal(await exchangeHttp({ host: '127.0.0.1', port }, 'GET', '/', 200), null);
    assert.ok(Date.now() - started < 2000);
  } finally {
    server.close();
  }
});
