/** The parts of a bootstrap that a control plane supplies, and how long Envoy waits for them before it goes live. */
import { AGENT_CLUSTER } from './agent-sources.ts';
import { protoDurationMs, protoField, protoList, protoMessages, protoPath } from './proto-json.ts';

/** The configuration sources of a bootstrap. */
export interface ControlPlaneSources {
  /** The number of sources, watched files included. */
  readonly count: number;
  readonly hasDynamicListeners: boolean;
  /** Its listeners come from weir's discovery agent, or a control plane of `weir discovery serve`. */
  readonly asksDiscovery: boolean;
  /** The shortest time without an answer after which Envoy goes on, in ms; null when it waits for ever. */
  readonly shortestFetchMs: number | null;
}

/** Envoy's own `initial_fetch_timeout` where none is written (config_source.proto). */
const DEFAULT_FETCH_MS = 15_000;

/** The share of that time that a new process gets: its clock starts before weir sees it. */
const PATIENCE = 0.7;

function isConfigSource(message: unknown): boolean {
  return ['ads', 'api_config_source', 'path_config_source'].some((name) => protoField(message, name) !== undefined);
}

/** Finds every configuration source, wherever it stands. A timeout of 0 means that Envoy waits for ever. */
export function readControlPlaneSources(bootstrap: unknown): ControlPlaneSources {
  const sources = [...protoMessages(bootstrap)].filter(isConfigSource);
  const timeouts = sources
    .map((source) => protoDurationMs(protoField(source, 'initial_fetch_timeout')) ?? DEFAULT_FETCH_MS)
    .filter((ms) => ms > 0);
  const dynamic = protoField(bootstrap, 'dynamic_resources');
  const lds = protoPath(dynamic, 'lds_config') ?? protoPath(dynamic, 'lds_resources_locator');
  const clusters = protoList(protoField(bootstrap, 'static_resources'), 'clusters');
  return {
    count: sources.length,
    hasDynamicListeners: lds !== undefined,
    asksDiscovery: lds !== undefined && clusters.some((one) => protoField(one, 'name') === AGENT_CLUSTER),
    shortestFetchMs: timeouts.length === 0 ? null : Math.min(...timeouts),
  };
}

/**
 * How long a new process may stay without progress, in ms. After the full time it would go live without its
 * configuration and take the sockets of the serving one, so weir's limit is shorter. Null: it waits for ever, so
 * waiting loses nothing.
 */
export function controlPlanePatienceMs(sources: ControlPlaneSources, hasBegun: boolean): number | null {
  if (sources.count === 0) return null;
  // Resources of the control plane bring sources of their own, which the bootstrap does not show.
  const nested = hasBegun ? DEFAULT_FETCH_MS : Number.POSITIVE_INFINITY;
  const shortest = Math.min(sources.shortestFetchMs ?? Number.POSITIVE_INFINITY, nested);
  return Number.isFinite(shortest) ? Math.round(shortest * PATIENCE) : null;
}
