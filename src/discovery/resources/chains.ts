/** The chains of the outbound listener that read calls, and the protocols of registries that each of them reads. */

/** `dubbo` is Dubbo's own protocol; `http` is Triple and gRPC, which are HTTP. */
export type ChainName = 'dubbo' | 'http';

/** Protocols by the names that Dubbo registers. */
const CHAIN_OF: ReadonlyMap<string, ChainName> = new Map([
  ['dubbo', 'dubbo'],
  ['tri', 'http'],
  ['grpc', 'http'],
]);

/** The chain that reads a protocol; null for one whose connections pass as they are. */
export function chainOf(protocol: string): ChainName | null {
  return CHAIN_OF.get(protocol) ?? null;
}
