/** What goes into the agent and what comes out of it. */
import type { RuledCaller } from '../resources/sidecar-rules.ts';
import type { RegistryEvent, RegistryState } from '../world/registry-event.ts';
import type { DeltaRequest } from '../xds/delta-messages.ts';
import type { SotwRequest } from '../xds/sotw-messages.ts';

/** What happened. Numbers of streams are given by whoever opened them. */
export type AgentEvent =
  /** `atMs`: milliseconds since 1970, for people and metrics. */
  | { readonly type: 'registry'; readonly event: RegistryEvent; readonly atMs: number }
  | { readonly type: 'opened'; readonly stream: number }
  | { readonly type: 'request'; readonly stream: number; readonly request: DeltaRequest | SotwRequest }
  | { readonly type: 'closed'; readonly stream: number }
  /** The second look at a held application; null when a registry could not be asked. */
  | { readonly type: 'looked'; readonly app: string; readonly size: number | null }
  | { readonly type: 'saved'; readonly problem: string | null }
  /** Calls of a sidecar's applications went to these addresses as they were, `IP:PORT`. */
  | { readonly type: 'direct'; readonly sidecar: string; readonly addresses: readonly string[] }
  /** The rules of a consumer were read, or read again. */
  | { readonly type: 'rules'; readonly caller: RuledCaller }
  | { readonly type: 'tick' };

/** What is to be done. */
export type AgentAction =
  | { readonly type: 'write'; readonly stream: number; readonly bytes: Buffer }
  | { readonly type: 'end'; readonly stream: number; readonly why: string }
  /** Lists an application once more, on registries that answer. */
  | { readonly type: 'look'; readonly app: string }
  | { readonly type: 'save' }
  | { readonly type: 'tell'; readonly told: AgentNews };

/** What people are told. `text` is a sentence. */
export type AgentNews = { readonly text: string } & (
  | { readonly event: 'sync'; readonly endpoints: number; readonly apps: number }
  | { readonly event: 'serving'; readonly from: 'registry' | 'snapshot' }
  | { readonly event: 'held'; readonly app: string; readonly reason: string; readonly wouldRemove: number }
  | { readonly event: 'believed' | 'back'; readonly app: string }
  | {
      readonly event: 'nack';
      readonly node: string;
      readonly type: string;
      readonly name: string;
      readonly error: string;
    }
  | { readonly event: 'registry'; readonly registry: string; readonly state: RegistryState }
  | { readonly event: 'converged'; readonly ms: number }
  | { readonly event: 'refused'; readonly node: string }
  | { readonly event: 'warning' }
  | { readonly event: 'snapshot'; readonly problem: string | null }
);
