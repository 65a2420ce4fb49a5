/** What both variants of xDS have in common: one Envoy's stream as a pure state machine. */
import type { TypeUrl } from './resource-types.ts';

/** Names that have changed, by type. */
export type ResourceChanges = ReadonlyMap<TypeUrl, ReadonlySet<string>>;

/** A resource that this Envoy refuses. */
export interface RejectedResource {
  readonly type: string;
  readonly name: string;
  readonly error: string;
}

/** What a step of the stream gives: bytes to write, and what became known of earlier ones. */
export interface StreamStep {
  readonly responses: readonly Buffer[];
  /** Resources that this request has refused for good. */
  readonly rejected: readonly RejectedResource[];
}

/** One stream. */
export interface XdsStream {
  /** How many responses this Envoy has taken. */
  readonly acked: number;
  /** What this Envoy refuses of what is published now. */
  readonly rejected: readonly RejectedResource[];
  /** Whether all that this Envoy asked for is with it, and answered. */
  readonly isSettled: boolean;
  /** Notes what has changed in the store, and sends what may be sent. */
  publish(changes: ResourceChanges): StreamStep;
  /** The first state is complete: what was asked before is answered now. */
  open(): StreamStep;
}
