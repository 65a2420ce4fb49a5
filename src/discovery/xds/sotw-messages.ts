/** The two messages of state-of-the-world xDS (envoy/service/discovery/v3/discovery.proto), as far as a server needs them. */
import type { DeltaRequest, SentResource } from './delta-messages.ts';
import { protoFields, textOf } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

/** What an Envoy asks or answers. It repeats all names that it wants each time. */
export interface SotwRequest extends Pick<DeltaRequest, 'node' | 'typeUrl' | 'nonce' | 'error'> {
  readonly names: readonly string[];
}

/** Reads a request. Throws a RangeError for bytes that are none. */
export function readSotwRequest(bytes: Buffer): SotwRequest {
  let node: SotwRequest['node'] = null;
  let [typeUrl, nonce] = ['', ''];
  let error: string | null = null;
  const names: string[] = [];
  for (const { id, bytes: value } of protoFields(bytes)) {
    if (id === 2) node = { id: textOf(value, 1), cluster: textOf(value, 2) };
    else if (id === 3) names.push(value.toString());
    else if (id === 4) typeUrl = value.toString();
    else if (id === 5) nonce = value.toString();
    else if (id === 6) error = textOf(value, 2) || 'no reason given';
  }
  return { node, typeUrl, names, nonce, error };
}

/** Writes a response. */
export function sotwResponse(
  typeUrl: string,
  version: string,
  nonce: string,
  resources: readonly SentResource[],
): Buffer {
  const writer = new ProtoWriter().string(1, version);
  for (const { bytes } of resources) writer.message(2, () => writer.string(1, typeUrl).bytesField(2, bytes));
  return writer.string(4, typeUrl).string(5, nonce).bytes();
}
