/** The Dubbo call that asks an instance for its metadata. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EncoderV2 } from 'hessian.js';
import {
  answerLength,
  metadataRequest,
  readMetadataAnswer,
} from '../../../../src/discovery/registry/dubbo/metadata-call.ts';

/** A message of a provider: head and a body of these values. */
function answer(values: readonly unknown[], { flags = 0x02, status = 20 } = {}): Buffer {
  const encoder = new EncoderV2();
  for (const value of values) encoder.write(value);
  const body = encoder.get();
  const head = Buffer.alloc(16);
  head.writeUInt16BE(0xdabb, 0);
  head.writeUInt8(flags, 2);
  head.writeUInt8(status, 3);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

test('a request names its own length, and asks for a revision of the application', () => {
  const request = metadataRequest('orders', 'abc');
  assert.equal(answerLength(request), request.length);
  for (const text of ['getMetadataInfo', 'abc', 'orders']) assert.ok(request.includes(text), text);
});

test('a value is the answer, with attachments or without', () => {
  const services = { 'A:dubbo': { name: 'A', protocol: 'dubbo' } };
  for (const kind of [1, 4]) {
    const info = { $class: 'org.apache.dubbo.metadata.MetadataInfo', $: { app: 'orders', services } };
    assert.deepEqual(JSON.parse(readMetadataAnswer(answer([kind, info]))).services, services);
  }
});

test('what is no answer has a reason', () => {
  assert.equal(answerLength(Buffer.alloc(15)), null);
  assert.throws(() => answerLength(Buffer.from('HTTP/1.1 400 Bad')), /does not speak Dubbo/);
  const huge = answer([1]);
  huge.writeUInt32BE(0xffffffff, 12);
  assert.throws(() => answerLength(huge), /bytes, more than/);
  assert.throws(() => readMetadataAnswer(answer([1], { flags: 0x17 })), /serialization 23/);
  assert.throws(() => readMetadataAnswer(answer(['no such service'], { status: 40 })), /status 40/);
  assert.throws(() => readMetadataAnswer(answer([0, 'an exception'])), /an exception or nothing/);
  assert.throws(() => readMetadataAnswer(answer([])));
});
