/** The call by which Dubbo's consumers ask an instance what it offers: MetadataService.getMetadataInfo, as bytes. */
import { DecoderV2, EncoderV2 } from 'hessian.js';
import { NODE_LIMITS } from '../../world/registry-node.ts';

/** The head of each Dubbo message: magic, flags, status, number, length. */
const HEAD_BYTES = 16;
const MAGIC = 0xdabb;
/** A request that wants an answer, serialized by Hessian2. */
const REQUEST_FLAGS = 0xc2;
const HESSIAN2 = 2;
const STATUS_OK = 20;
/** First value of an answer's body (DubboCodec): a value, the same with attachments. */
const VALUES = new Set([1, 4]);

const SERVICE = 'org.apache.dubbo.metadata.MetadataService';

/** The request for the services of one revision. Each application's own name is the group of its MetadataService. */
export function metadataRequest(app: string, revision: string): Buffer {
  const encoder = new EncoderV2();
  for (const text of ['2.0.2', SERVICE, '1.0.0', 'getMetadataInfo', 'Ljava/lang/String;', revision])
    encoder.write(text);
  const attachments = { path: SERVICE, interface: SERVICE, version: '1.0.0', group: app };
  encoder.write({ $class: 'java.util.HashMap', $: attachments });
  const body = encoder.get();
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(MAGIC, 0);
  head.writeUInt8(REQUEST_FLAGS, 2);
  head.writeBigUInt64BE(1n, 4);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

/** How many bytes the answer has that begins like this: null while its head is not whole. Throws for what is none. */
export function answerLength(bytes: Buffer): number | null {
  if (bytes.length < HEAD_BYTES) return null;
  if (bytes.readUInt16BE(0) !== MAGIC) throw new Error('it does not speak Dubbo');
  const length = bytes.readUInt32BE(12);
  if (length > NODE_LIMITS.metadata)
    throw new Error(`its answer has ${length} bytes, more than ${NODE_LIMITS.metadata}`);
  return HEAD_BYTES + length;
}

/** The services as the JSON text that a metadata centre would hold. Throws with the reason when the answer is no such value. */
export function readMetadataAnswer(bytes: Buffer): string {
  const flags = bytes.readUInt8(2);
  const status = bytes.readUInt8(3);
  if ((flags & 0x1f) !== HESSIAN2) throw new Error(`it answers in serialization ${flags & 0x1f}, not in Hessian2`);
  if (status !== STATUS_OK) throw new Error(`it answers with status ${status}`);
  const decoder = new DecoderV2(bytes.subarray(HEAD_BYTES));
  const kind: unknown = decoder.read();
  if (typeof kind !== 'number' || !VALUES.has(kind)) throw new Error('it answers with an exception or nothing');
  return JSON.stringify(decoder.read());
}
