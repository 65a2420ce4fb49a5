/** The two messages of delta xDS (envoy/service/discovery/v3/discovery.proto), as far as a server needs them. */
import { protoFields, textOf } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

/** What an Envoy asks or answers. */
export interface DeltaRequest {
  /** Only in the first message of a stream. */
  readonly node: { readonly id: string; readonly cluster: string } | null;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** After a reconnect: what it has, by name, and the version of each. */
  readonly initialVersions: ReadonlyMap<string, string>;
  /** The response that this answers; '' when it answers none. */
  readonly nonce: string;
  /** Why the response was not accepted; null when it was. */
  readonly error: string | null;
}

/** One resource as it is sent. */
export interface SentResource {
  readonly name: string;
  readonly version: string;
  readonly bytes: Buffer;
}

/** One response before it is written. */
export interface StreamResponse {
  readonly nonce: string;
  readonly resources: readonly SentResource[];
  readonly removed: readonly string[];
}

/** Reads a request. Throws a RangeError for bytes that are none. */
export function readDeltaRequest(bytes: Buffer): DeltaRequest {
  let node: DeltaRequest['node'] = null;
  let [typeUrl, nonce] = ['', ''];
  let error: string | null = null;
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const initialVersions = new Map<string, string>();
  for (const { id, bytes: value } of protoFields(bytes)) {
    if (id === 1) node = { id: textOf(value, 1), cluster: textOf(value, 2) };
    else if (id === 2) typeUrl = value.toString();
    else if (id === 3) subscribe.push(value.toString());
    else if (id === 4) unsubscribe.push(value.toString());
    else if (id === 5) initialVersions.set(textOf(value, 1), textOf(value, 2));
    else if (id === 6) nonce = value.toString();
    else if (id === 7) error = textOf(value, 2) || 'no reason given';
  }
  return { node, typeUrl, subscribe, unsubscribe, initialVersions, nonce, error };
}

/** Writes a response. */
export function deltaResponse(typeUrl: string, { nonce, resources, removed }: StreamResponse): Buffer {
  const writer = new ProtoWriter();
  for (const { name, version, bytes } of resources) {
    writer.message(2, () => {
      writer.string(1, version);
      writer.message(2, () => writer.string(1, typeUrl).bytesField(2, bytes));
      writer.string(3, name);
    });
  }
  writer.string(4, typeUrl).string(5, nonce);
  for (const name of removed) writer.entry(6, name);
  return writer.bytes();
}
