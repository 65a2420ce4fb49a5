/** The streams of all Envoys: which sidecar each is of, what goes to it, and whether all have what is published. */
import type { SidecarResources } from '../resources/sidecar-resources.ts';
import type { DeltaRequest } from '../xds/delta-messages.ts';
import { DeltaStream } from '../xds/delta-stream.ts';
import type { ResourceStore } from '../xds/resource-store.ts';
import type { SotwRequest } from '../xds/sotw-messages.ts';
import { SotwStream } from '../xds/sotw-stream.ts';
import type { ResourceChanges, StreamStep, XdsStream } from '../xds/xds-stream.ts';
import type { AgentAction, AgentEvent, AgentNews } from './discovery-event.ts';

/** Envoys at once on one host: two of each sidecar during a hot restart, and some that are going. */
export const HOST_STREAMS = 64;

/** One stream. Node and sidecar are null before its first request. */
export interface EnvoyStream {
  readonly node: string | null;
  readonly sidecar: string | null;
  readonly xds: OpenStream | null;
}

/** A stream with the messages that it reads. */
type OpenStream =
  | { readonly kind: 'delta'; readonly stream: DeltaStream }
  | { readonly kind: 'sotw'; readonly stream: SotwStream };

/** All streams by their numbers. */
export class EnvoyStreams {
  readonly #most: number;
  readonly #streams = new Map<number, EnvoyStream>();
  /** When the first change came that not all Envoys have yet. */
  #convergingSinceMs: number | null = null;

  /** `most`: how many Envoys may be connected at once. */
  constructor(most: number) {
    this.#most = most;
  }

  get all(): ReadonlyMap<number, EnvoyStream> {
    return this.#streams;
  }

  opened(stream: number): readonly AgentAction[] {
    this.#streams.set(stream, { node: null, sidecar: null, xds: null });
    if (this.#streams.size <= this.#most) return [];
    return [{ type: 'end', stream, why: `more than ${this.#most} streams at once` }];
  }

  closed(stream: number, nowMs: number): readonly AgentAction[] {
    this.#streams.delete(stream);
    return this.converged(nowMs);
  }

  /** Takes a request. `isServing`: whether anything may be answered yet. */
  request(
    { stream, request }: Extract<AgentEvent, { type: 'request' }>,
    sidecars: ReadonlyMap<string, SidecarResources>,
    isServing: boolean,
    nowMs: number,
  ): readonly AgentAction[] {
    const open = this.#streams.get(stream);
    if (open === undefined) return [];
    const node = open.node ?? request.node?.id ?? '';
    const sidecar = open.sidecar ?? request.node?.cluster ?? '';
    const resources = sidecars.get(sidecar);
    if (resources === undefined) {
      const text = `an Envoy asked for the sidecar ${JSON.stringify(sidecar.slice(0, 100))}, which consumes nothing here`;
      return [{ type: 'end', stream, why: text }, tell({ event: 'refused', node, text })];
    }
    const xds = open.xds ?? openStream(request, resources.store, isServing);
    if (open.xds === null) this.#streams.set(stream, { node, sidecar, xds });
    let step: StreamStep;
    try {
      step = receive(xds, request);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [{ type: 'end', stream, why: error.message }];
    }
    const news = step.rejected.map(({ type, name, error }) => {
      const text = `${node} refuses the ${type} ${name}: ${error}`;
      return tell({ event: 'nack', node, type, name, error, text });
    });
    return [...writes(stream, step), ...news, ...this.converged(nowMs)];
  }

  /** The first state is complete: what was asked before is answered. */
  openAll(): readonly AgentAction[] {
    return [...this.#streams].flatMap(([stream, { xds }]) => (xds === null ? [] : writes(stream, xds.stream.open())));
  }

  /** Hands changes to the Envoys of a sidecar. */
  publish(name: string, changes: ResourceChanges, nowMs: number): readonly AgentAction[] {
    this.#convergingSinceMs ??= nowMs;
    return [...this.#streams].flatMap(([stream, { sidecar, xds }]) =>
      sidecar === name && xds !== null ? writes(stream, xds.stream.publish(changes)) : [],
    );
  }

  /** Whether every Envoy of a sidecar has all that it asked for, and refuses nothing. */
  haveTaken(name: string): boolean {
    return [...this.#streams.values()].every(
      ({ sidecar, xds }) => sidecar !== name || (xds?.stream.isSettled === true && xds.stream.rejected.length === 0),
    );
  }

  /** Tells once that all Envoys have what changed. */
  converged(nowMs: number): readonly AgentAction[] {
    if (this.#convergingSinceMs === null) return [];
    const streams = [...this.#streams.values()].flatMap(({ xds }): readonly XdsStream[] =>
      xds === null ? [] : [xds.stream],
    );
    if (!streams.every(({ isSettled }) => isSettled)) return [];
    const ms = nowMs - this.#convergingSinceMs;
    this.#convergingSinceMs = null;
    if (streams.length === 0) return [];
    return [tell({ event: 'converged', ms, text: `all Envoys have it after ${Math.round(ms)} ms` })];
  }
}

function openStream(request: DeltaRequest | SotwRequest, store: ResourceStore, isServing: boolean): OpenStream {
  if ('names' in request) return { kind: 'sotw', stream: new SotwStream(store, isServing) };
  return { kind: 'delta', stream: new DeltaStream(store, isServing) };
}

/** Throws a RangeError for a request that its stream cannot have. */
function receive(xds: OpenStream, request: DeltaRequest | SotwRequest): StreamStep {
  if (xds.kind === 'delta' && !('names' in request)) return xds.stream.receive(request);
  if (xds.kind === 'sotw' && 'names' in request) return xds.stream.receive(request);
  throw new RangeError('a stream speaks one variant of xDS');
}

function writes(stream: number, { responses }: StreamStep): readonly AgentAction[] {
  return responses.map((bytes) => ({ type: 'write', stream, bytes }));
}

function tell(told: AgentNews): AgentAction {
  return { type: 'tell', told };
}
