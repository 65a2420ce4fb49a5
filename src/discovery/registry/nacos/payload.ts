/** The one message of Nacos's gRPC: a type by name, headers, and a body that is JSON (nacos_grpc_service.proto). */
import { protoFields } from '../../xds/proto-reader.ts';
import { ProtoWriter } from '../../xds/proto-writer.ts';

/** A request, an answer or a push. */
export interface NacosPayload {
  /** The class of the body, such as SubscribeServiceRequest. */
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const METADATA = 2;
const BODY = 3;
const TYPE = 3;
const HEADERS = 7;
const ANY_VALUE = 2;

/** The bytes of a payload. */
export function encodePayload({ type, headers, body }: NacosPayload): Buffer {
  const metadata = new ProtoWriter().string(TYPE, type);
  for (const [key, value] of Object.entries(headers)) {
    metadata.bytesField(HEADERS, new ProtoWriter().string(1, key).string(2, value).bytes());
  }
  const json = new ProtoWriter().bytesField(ANY_VALUE, Buffer.from(JSON.stringify(body))).bytes();
  return new ProtoWriter().bytesField(METADATA, metadata.bytes()).bytesField(BODY, json).bytes();
}

/** Reads a payload. Throws for bytes that are none. */
export function decodePayload(bytes: Buffer): NacosPayload {
  let type = '';
  let body: unknown = {};
  const headers: Record<string, string> = {};
  for (const field of protoFields(bytes)) {
    if (field.id === METADATA) {
      for (const inner of protoFields(field.bytes)) {
        if (inner.id === TYPE) type = inner.bytes.toString();
        if (inner.id !== HEADERS) continue;
        const [key, value] = [...protoFields(inner.bytes)].map((part) => part.bytes.toString());
        if (key !== undefined && value !== undefined) headers[key] = value;
      }
    } else if (field.id === BODY) {
      for (const inner of protoFields(field.bytes)) {
        if (inner.id === ANY_VALUE && inner.bytes.length > 0) body = JSON.parse(inner.bytes.toString());
      }
    }
  }
  if (typeof body !== 'object' || body === null) throw new TypeError(`the body of ${type} is no object`);
  return { type, headers, body: { ...body } };
}
