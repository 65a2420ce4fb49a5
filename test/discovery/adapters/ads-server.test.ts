/** The sockets of Envoys: who may connect, what is refused, and how one agent takes over from another. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveAds } from '../../../src/discovery/adapters/ads-server.ts';
import { grpcFrame } from '../../../src/discovery/xds/grpc-frames.ts';
import { ProtoWriter } from '../../../src/discovery/xds/proto-writer.ts';
import { freePorts } from '../../free-ports.ts';

const DELTA = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const LIMIT_MS = 90_000;

async function inFolder(act: (socket: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-ads-'));
  try {
    await act(join(folder, 'discovery.sock'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Resolves within a bound; a promise that hangs fails the test instead of the run. */
function bounded<Value>(promise: Promise<Value>): Promise<Value> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`nothing came within ${LIMIT_MS} ms`)), LIMIT_MS).unref();
  });
  return Promise.race([promise, late]);
}

/** A client of one stream: its messages, and its trailers at the end. */
function open(place: string | number, path = DELTA) {
  const createConnection = () => (typeof place === 'string' ? connect(place) : connect(place, '127.0.0.1'));
  const session = connectHttp2('http://weir', { createConnection });
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  const trailers = Promise.withResolvers<Record<string, unknown>>();
  const data = Promise.withResolvers<Buffer>();
  stream.on('trailers', (headers) => trailers.resolve({ ...headers }));
  stream.on('response', (headers, flags) => {
    if (headers['grpc-status'] !== undefined && flags !== 0) trailers.resolve({ ...headers });
  });
  stream.once('data', (bytes: Buffer) => data.resolve(bytes));
  stream.resume();
  const closed = new Promise<void>((resolve) => session.on('close', () => resolve()));
  return { session, stream, trailers: trailers.promise, data: data.promise, closed };
}

const SILENT = { opened: () => {}, request: () => {}, closed: () => {} };
const OWN = { uid: null, gid: null };

test('the socket is for its account alone, and requests and responses cross it', () =>
  inFolder(async (path) => {
    const asked = Promise.withResolvers<string>();
    const server = await serveAds([{ path, ...OWN }], {
      ...SILENT,
      request(stream, request) {
        asked.resolve(request.typeUrl);
        server.write(stream, Buffer.from('hello'));
      },
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = open(path);
    client.stream.write(grpcFrame(new ProtoWriter().string(2, 'T').bytes()));
    assert.equal(await bounded(asked.promise), 'T');
    assert.equal((await bounded(client.data)).subarray(5).toString(), 'hello');
    client.session.destroy();
    await server.close();
    assert.equal(existsSync(path), false);
  }));

test('another method and bytes that are no request end with a status of gRPC', () =>
  inFolder(async (path) => {
    const server = await serveAds([{ path, ...OWN }], SILENT);
    const other = open(path, '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources');
    assert.equal((await bounded(other.trailers))['grpc-status'], '12');
    const rubbish = open(path);
    rubbish.stream.write(Buffer.from([0, 0, 0, 0, 1, 0x80]));
    assert.equal((await bounded(rubbish.trailers))['grpc-status'], '3');
    for (const { session } of [other, rubbish]) session.destroy();
    await server.close();
  }));

test('an address is served in the variants that are named, and a taken one is an error', async () => {
  const [port = 0] = await freePorts(1);
  const asked = Promise.withResolvers<unknown>();
  const listener = { ...SILENT, request: (_stream: number, request: unknown) => asked.resolve(request) };
  const server = await serveAds([{ host: '127.0.0.1', port }], listener, ['sotw']);
  assert.deepEqual(server.places, [`127.0.0.1:${port}`]);
  const delta = open(port);
  assert.equal((await bounded(delta.trailers))['grpc-message'], 'only ADS is served here, as sotw');
  const sotw = open(port, '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources');
  sotw.stream.write(grpcFrame(new ProtoWriter().string(3, 'a').string(4, 'T').bytes()));
  assert.deepEqual(await bounded(asked.promise), { node: null, typeUrl: 'T', names: ['a'], nonce: '', error: null });
  await assert.rejects(serveAds([{ host: '127.0.0.1', port }], SILENT), { code: 'WEIR6008', exit: 3 });
  for (const { session } of [delta, sotw]) session.destroy();
  await server.close();
});

test('a stream that is ended is told why', () =>
  inFolder(async (path) => {
    const server = await serveAds([{ path, ...OWN }], {
      ...SILENT,
      request: (stream) => server.end(stream, 'not you'),
    });
    const client = open(path);
    client.stream.write(grpcFrame(new ProtoWriter().string(2, 'T').bytes()));
    const trailers = await bounded(client.trailers);
    assert.deepEqual([trailers['grpc-status'], trailers['grpc-message']], ['9', 'not%20you']);
    client.session.destroy();
    await server.close();
  }));

test('an agent that takes over has the name at once, and the former one does not take it away', () =>
  inFolder(async (path) => {
    const first = await serveAds([{ path, ...OWN }], SILENT);
    const client = open(path);
    client.stream.write(grpcFrame(new ProtoWriter().string(2, 'T').bytes()));
    const { ino } = statSync(path);
    const second = await serveAds([{ path, ...OWN }], SILENT);
    assert.notEqual(statSync(path).ino, ino);
    await first.close();
    await bounded(client.closed);
    assert.ok(existsSync(path));
    await second.close();
    assert.equal(existsSync(path), false);
  }));

test('a socket that cannot be made is an error with its name', () =>
  inFolder(async (path) => {
    const server = await serveAds([{ path, ...OWN }], SILENT);
    const below = { path: join(path, 'below.sock'), ...OWN };
    await assert.rejects(serveAds([below], SILENT), { code: 'WEIR6008', exit: 3 });
    await server.close();
  }));
