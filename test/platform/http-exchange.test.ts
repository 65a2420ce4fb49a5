/** The HTTP client. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { exchangeHttp, parseHttpAnswer } from '../../src/platform/http-exchange.ts';

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
      assert.equal(parseHttpAnswer(whole, true)?.body, Buffer.concat(parts).toString('utf8'));
      assert.equal(parseHttpAnswer(whole.subarray(0, whole.length - 5), true)?.isWhole, false);
    }),
  );
});

test('half an answer is not whole, and half a head or other words are none', () => {
  const half = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc');
  assert.deepEqual(parseHttpAnswer(half, true), { status: 200, body: 'abc', isWhole: false });
  assert.equal(parseHttpAnswer(Buffer.from('HTTP/1.1 200 OK\r\n'), true), null);
  assert.equal(parseHttpAnswer(Buffer.from('SSH-2.0-x\r\n\r\n'), true), null);
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
    const target = { kind: 'http', host: '127.0.0.1', port } as const;
    assert.deepEqual(await exchangeHttp(target, { method: 'GET', path: '/ready', timeoutMs: 2000 }), {
      kind: 'answered',
      status: 503,
      body: '/ready ü',
      isWhole: true,
    });
    assert.deepEqual(await exchangeHttp(target, { method: 'POST', path: '/x?y', timeoutMs: 2000, json: { a: 'ß' } }), {
      kind: 'answered',
      status: 202,
      body: '/x?y ü',
      isWhole: true,
    });
  } finally {
    server.close();
  }
  const nobody = await exchangeHttp(
    { kind: 'http', host: '127.0.0.1', port },
    { method: 'GET', path: '/', timeoutMs: 2000 },
  );
  assert.equal(nobody.kind === 'failed' && nobody.code, 'ECONNREFUSED');
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
    const trickled = await exchangeHttp(
      { kind: 'http', host: '127.0.0.1', port },
      { method: 'GET', path: '/', timeoutMs: 200 },
    );
    assert.deepEqual(trickled, { kind: 'silent' });
    assert.ok(Date.now() - started < 2000);
  } finally {
    server.close();
  }
});

test('an answer that is not as long as it may be, or is enough, ends the exchange', async () => {
  const server = createServer((_asked, answer) => {
    answer.writeHead(500);
    const timer = setInterval(() => answer.write('x'.repeat(500)), 5);
    answer.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place = { kind: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port } as const;
  try {
    const endless = { method: 'GET', path: '/', timeoutMs: 5000 } as const;
    const limited = await exchangeHttp(place, { ...endless, maxBytes: 2000 });
    assert.ok(limited.kind === 'answered' && limited.status === 500 && !limited.isWhole && limited.body.length < 4000);
    const enough = await exchangeHttp(place, { ...endless, isEnough: ({ status }) => status === 500 });
    assert.equal(enough.kind, 'answered');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
