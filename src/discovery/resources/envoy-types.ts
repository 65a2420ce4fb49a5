/** The names of Envoy's extension messages that resources are made of, and how one message holds another. */

/** A message as JSON, with its type (google.protobuf.Any). */
export interface TypedConfig {
  readonly '@type': string;
  readonly [field: string]: unknown;
}

/** The prefix of all network filters' messages. */
export const NETWORK = 'envoy.extensions.filters.network';

/** A message in an Any. */
export function typed(name: string, fields: Readonly<Record<string, unknown>> = {}): TypedConfig {
  return { '@type': `type.googleapis.com/${name}`, ...fields };
}

/**
 * The most that a connection holds in memory, in bytes. Dubbo's default limit of a message is 8 MiB and the codec's own
 * 16 MiB; Envoy's default of 1 MiB would close the connection of a larger answer with all its calls.
 */
export const DUBBO_BUFFER_BYTES = 17 * 1_048_576;
