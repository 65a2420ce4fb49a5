/** The drain of proxied connections up to a deadline. */
import { cutFlows, openFlows } from './app-connections.ts';
import type { FlowTally } from './flow-tally.ts';
import type { InterceptHost } from './host.ts';
import { type FlowOwners, listProxied } from './list-flows.ts';
import type { TrackedFlow } from './ports.ts';

/** How often the remaining connections are counted while draining. */
const POLL_MS = 200;

/** One application that is draining. */
export interface DrainTarget {
  readonly name: string;
  readonly slot: number;
}

/** The fate of the proxied connections of one application. */
export interface DrainCount {
  /** Ended by themselves before the deadline; null when that cannot be told. */
  readonly drained: number | null;
  /** Cut by weir while they were open. */
  readonly cut: number;
  /** Still proxied. */
  readonly proxied: number;
}

/** The options of a drain and its progress callback. */
export interface DrainOptions {
  readonly drainMs: number;
  readonly signal: AbortSignal;
  /** The connections that were open after the switch. */
  readonly open: readonly TrackedFlow[];
  /** Knows the listings so far, and is told of each further one. */
  readonly tally: FlowTally;
  /** Whose connections are listed. */
  readonly apps: FlowOwners;
  /** Called at each change: connections that are left, and the seconds until the cut. */
  readonly onProgress: (left: number, secondsLeft: number) => void;
}

/**
 * Waits until the proxied connections of the applications have ended, and cuts the rest at the deadline.
 * An abort leaves them as they are. Needs no lock: it only watches.
 */
export async function drainConnections(
  host: InterceptHost,
  targets: readonly DrainTarget[],
  options: DrainOptions,
): Promise<Map<string, DrainCount>> {
  const deadline = host.clock.monotonic() + options.drainMs;
  const { tally } = options;
  let open = openByName(options.open, targets);
  let reported = -1;
  for (;;) {
    const left = [...open.values()].reduce((sum, flows) => sum + flows.length, 0);
    const msLeft = deadline - host.clock.monotonic();
    if (left !== reported) options.onProgress(left, Math.max(0, Math.ceil(msLeft / 1000)));
    reported = left;
    if (left === 0 || msLeft <= 0 || options.signal.aborted) break;
    await host.clock.sleep(Math.min(POLL_MS, msLeft), options.signal).catch(() => undefined);
    const flows = await listProxied(host, options.apps);
    tally.note(flows);
    open = openByName(flows, targets);
  }
  const counts = new Map<string, DrainCount>();
  for (const target of targets) {
    const flows = open.get(target.name) ?? [];
    const cut = options.signal.aborted ? 0 : await cutFlows(host, flows, target.slot);
    counts.set(target.name, { drained: tally.ended(target.slot, flows.length), cut, proxied: flows.length - cut });
  }
  return counts;
}

function openByName(
  flows: readonly TrackedFlow[],
  targets: readonly DrainTarget[],
): ReadonlyMap<string, readonly TrackedFlow[]> {
  return new Map(targets.map((target) => [target.name, openFlows(flows, target.slot)]));
}
