/** Readiness of an Envoy, asked over HTTP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { failedBy } from '../../src/platform/http-exchange.ts';
import { askReadiness, readinessOfFailure } from '../../src/platform/readiness.ts';

async function makeSocketPath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-ready-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'admin.sock');
}

/** An HTTP server on a unix socket that ends with the test. */
async function serve(t: TestContext, listener: RequestListener): Promise<{ kind: 'unix'; path: string }> {
  const path = await makeSocketPath(t);
  const server = createServer(listener).listen(path);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { kind: 'unix', path };
}

/** A raw server, for those who do not speak HTTP. */
async function serveRaw(t: TestContext, listener: (socket: Socket) => void): Promise<{ kind: 'unix'; path: string }> {
  const path = await makeSocketPath(t);
  const sockets: Socket[] = [];
  const server = createNetServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    listener(socket);
  }).listen(path);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { kind: 'unix', path };
}

test('an answer of 200 is ready, over a unix socket and by HTTP, whatever the body does', async (t) => {
  const paths: string[] = [];
  const admin = await serve(t, (request, response) => {
    paths.push(request.url ?? '');
    // Never ends: the status line is enough.
    response.write('LIVE\n');
  });
  assert.deepEqual(await askReadiness(admin, '/ready', 1000), { state: 'ready' });
  assert.deepEqual(paths, ['/ready']);

  const server = createServer((_request, response) => response.end('LIVE')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await askReadiness({ kind: 'http', host: '127.0.0.1', port }, '/healthz', 1000), { state: 'ready' });
});

test('any other answer is not ready, with its status and the beginning of its body', async (t) => {
  const admin = await serve(t, (_request, response) => response.writeHead(503).end('INITIALIZING\n'));
  assert.deepEqual(await askReadiness(admin, '/ready', 1000), {
    state: 'not-ready',
    detail: `${admin.path} answered 503: INITIALIZING`,
  });
  const endless = await serve(t, (_request, response) => {
    response.writeHead(500);
    const timer = setInterval(() => response.write('x'.repeat(50)), 5);
    response.on('close', () => clearInterval(timer));
  });
  const readiness = await askReadiness(endless, '/ready', 5000);
  assert.equal(readiness.state, 'not-ready');
  assert.ok('detail' in readiness && readiness.detail.length < 400);
});

test('nobody listening is dead: no socket file, a stale one, a closed port', async (t) => {
  const path = await makeSocketPath(t);
  assert.deepEqual(await askReadiness({ kind: 'unix', path }, '/ready', 1000), {
    state: 'dead',
    detail: `nobody listens on ${path} (ENOENT)`,
  });
  // A killed owner leaves its socket file behind.
  const source = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', source]), 'exit');
  assert.equal((await askReadiness({ kind: 'unix', path }, '/ready', 1000)).state, 'dead');
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  assert.deepEqual(await askReadiness({ kind: 'http', host: '127.0.0.1', port }, '/ready', 1000), {
    state: 'dead',
    detail: `nobody listens on http://127.0.0.1:${port} (ECONNREFUSED)`,
  });
  assert.equal((await askReadiness({ kind: 'http', host: '::1', port }, '/ready', 1000)).state, 'dead');
  const file = `${path}.txt`;
  await writeFile(file, '');
  assert.equal((await askReadiness({ kind: 'unix', path: file }, '/ready', 1000)).state, 'dead');
});

test('something that accepts and does not answer in time is frozen', async (t) => {
  const admin = await serveRaw(t, () => {});
  const started = performance.now();
  assert.deepEqual(await askReadiness(admin, '/ready', 100), {
    state: 'frozen',
    detail: `${admin.path} did not answer within 100 ms`,
  });
  const ms = performance.now() - started;
  assert.ok(ms >= 95 && ms < 2000, String(ms));
});

test('a stopped process is frozen, also when its backlog has run full', async (t) => {
  const path = await makeSocketPath(t);
  const source = `require('node:http').createServer((q, r) => r.end()).listen({ path: ${JSON.stringify(path)}, backlog: 2 }, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.equal((await askReadiness({ kind: 'unix', path }, '/ready', 2000)).state, 'ready');
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  t.after(() => {
    for (const socket of waiting) socket.destroy();
  });
  for (let count = 0; count < 6; count += 1) {
    assert.equal((await askReadiness({ kind: 'unix', path }, '/ready', 100)).state, 'frozen', `attempt ${count}`);
    waiting.push(connect(path).on('error', () => {}));
  }
});

test('something that is not a sidecar is not ready', async (t) => {
  const chatty = await serveRaw(t, (socket) => socket.end('220 mail ready\r\n'));
  assert.equal((await askReadiness(chatty, '/ready', 1000)).state, 'not-ready');
  const shut = await serveRaw(t, (socket) => socket.destroy());
  const readiness = await askReadiness(shut, '/ready', 1000);
  assert.equal(readiness.state, 'not-ready');
  assert.match('detail' in readiness ? readiness.detail : '', /closed the connection/);
});

test('a path that no socket can have is not ready, and says why', async () => {
  const readiness = await askReadiness({ kind: 'unix', path: `/${'x'.repeat(200)}` }, '/ready', 1000);
  assert.equal(readiness.state, 'not-ready');
});

test('a connection that this side could not begin says nothing about who listens; one that was answered does', () => {
  const judged = (code: string) => readinessOfFailure('http://[::1]:9901', code, `connect ${code} ::1:9901`);
  for (const code of ['EADDRNOTAVAIL', 'EADDRINUSE', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EAFNOSUPPORT'])
    assert.deepEqual(judged(code), {
      ...{ state: 'unknown', detail: `http://[::1]:9901 could not be asked: connect ${code} ::1:9901` },
    });
  for (const code of ['EACCES', 'EPERM', 'EMFILE', 'ENOBUFS', 'EAI_AGAIN', 'ENOTFOUND', 'ESOMETHINGNEW'])
    assert.equal(judged(code).state, 'unknown', code);
  for (const code of ['ECONNREFUSED', 'ENOENT', 'ENOTDIR', 'ENOTSOCK']) assert.equal(judged(code).state, 'dead', code);
  for (const code of ['EAGAIN', 'ETIMEDOUT']) assert.equal(judged(code).state, 'frozen', code);
  for (const code of ['ECONNRESET', 'EPIPE']) assert.equal(judged(code).state, 'not-ready', code);
});

test('of the addresses of a name, one that refused says more than one that could not be asked', () => {
  const error = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  const all = (...codes: string[]) => {
    const [first = ''] = codes;
    return failedBy(Object.assign(new AggregateError(codes.map(error), ''), { code: first }));
  };
  const message = 'connect EADDRNOTAVAIL; connect ECONNREFUSED';
  assert.deepEqual(all('EADDRNOTAVAIL', 'ECONNREFUSED'), { kind: 'failed', code: 'ECONNREFUSED', message });
  assert.equal((all('EADDRNOTAVAIL', 'ENETUNREACH') as { code: string }).code, 'EADDRNOTAVAIL');
});
