/** The hand codec: bytes as protobuf's own documents give them, and whatever somebody sends. A real Envoy judges it in test/e2e. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deltaResponse, readDeltaRequest } from '../../../src/discovery/xds/delta-messages.ts';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { GrpcFrames, grpcFrame } from '../../../src/discovery/xds/grpc-frames.ts';
import { protoFields } from '../../../src/discovery/xds/proto-reader.ts';
import { ProtoWriter } from '../../../src/discovery/xds/proto-writer.ts';
import { readResponse } from './envoy-double.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');

test('numbers, texts and messages have the bytes of the wire format', () => {
  assert.equal(hex(new ProtoWriter().number(1, 150).bytes()), '089601');
  assert.equal(hex(new ProtoWriter().string(2, 'testing').bytes()), '120774657374696e67');
  assert.equal(hex(new ProtoWriter().number(1, 0xffff_ffff).bytes()), '08ffffffff0f');
  assert.equal(
    hex(encodeMessage('SocketAddress', { address: '10.0.0.1', port_value: 20_880 })),
    '120831302e302e302e311890a301',
  );
  assert.equal(
    hex(encodeMessage('ConfigSource', { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' })),
    '1a0030022200',
  );
  assert.equal(hex(encodeMessage('Thresholds', { max_requests: 0 })), '2200');
  assert.equal(
    hex(encodeMessage('envoy.config.cluster.v3.Cluster', { connect_timeout: '1.25s' })),
    '220708011080e59a77',
  );
});

test('a message, a field or a value that the table does not have is an error, not a gap', () => {
  assert.throws(() => encodeMessage('Nobody', {}), /no message Nobody/);
  assert.throws(() => encodeMessage('SocketAddress', { protocol: 'UDP' }), /no field protocol/);
  assert.throws(() => encodeMessage('SocketAddress', { toString: 'x' }), /no field toString/);
  assert.throws(() => encodeMessage('SocketAddress', { port_value: -1 }), /no number of 32 bits/);
  assert.throws(() => encodeMessage('envoy.config.cluster.v3.Cluster', { lb_policy: 'BEST' }), /lb_policy/);
  assert.throws(() => encodeMessage('envoy.config.cluster.v3.Cluster', { connect_timeout: 'soon' }), /no duration/);
  const unknown = { name: 'x', typed_config: { '@type': 'type.googleapis.com/envoy.Unknown' } };
  assert.throws(() => encodeMessage('Filter', unknown), /no message envoy.Unknown/);
});

test('a map has the same bytes in whatever order it was made', () => {
  const on = (entries: readonly string[]) =>
    encodeMessage('MatchMap', { map: Object.fromEntries(entries.map((name) => [name, {}])) });
  assert.equal(hex(on(['b', 'a'])), hex(on(['a', 'b'])));
});

test('a response is read back as it was written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.string(), fc.uint8Array())),
      fc.array(fc.string()),
      (sent, removed) => {
        const resources = sent.map(([name, version, bytes]) => ({ name, version, bytes: Buffer.from(bytes) }));
        const read = readResponse(deltaResponse('t', { nonce: 'n', resources, removed }));
        assert.deepEqual(read.removed, removed);
        assert.deepEqual(
          read.resources.map(({ name, version, content }) => [name, version, content]),
          resources.map(({ name, version, bytes }) => [name, version, bytes.toString('latin1')]),
        );
      },
    ),
  );
});

test('whatever bytes come, they are read or refused by a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readDeltaRequest(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
});

test('a request is read with its node, names, versions and refusal', () => {
  const entry = (name: string, version: string) => new ProtoWriter().string(1, name).string(2, version).bytes();
  const bytes = new ProtoWriter()
    .bytesField(1, new ProtoWriter().string(1, 'weir-main').string(2, 'main').bytes())
    .string(2, 'T')
    .string(3, 'a')
    .string(4, 'b')
    .bytesField(5, entry('c', 'v'))
    .string(6, '7')
    .bytesField(7, new ProtoWriter().number(1, 13).string(2, 'bad port').bytes())
    .bytes();
  assert.deepEqual(readDeltaRequest(bytes), {
    ...{ node: { id: 'weir-main', cluster: 'main' }, typeUrl: 'T', subscribe: ['a'], unsubscribe: ['b'] },
    ...{ initialVersions: new Map([['c', 'v']]), nonce: '7', error: 'bad port' },
  });
});

test('frames are cut wherever the bytes are, and a compressed or endless one is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), fc.integer({ min: 1, max: 9 }), (messages, size) => {
      const all = Buffer.concat(messages.map((message) => grpcFrame(Buffer.from(message))));
      const frames = new GrpcFrames();
      const found: string[] = [];
      for (let at = 0; at < all.length; at += size)
        for (const message of frames.take(all.subarray(at, at + size))) found.push(hex(message));
      assert.deepEqual(
        found,
        messages.map((message) => hex(Buffer.from(message))),
      );
    }),
  );
  assert.throws(() => [...new GrpcFrames().take(Buffer.from([1, 0, 0, 0, 0]))], RangeError);
  assert.throws(() => [...new GrpcFrames().take(Buffer.from([0, 255, 0, 0, 0]))], RangeError);
});

test('a number of more than ten bytes is no number', () => {
  assert.throws(() => [...protoFields(Buffer.alloc(12, 0x80))], RangeError);
});
