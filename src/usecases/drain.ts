import { cutFlows, flowKey, openFlows } from './app-connections.ts';
import type { InterceptHost } from './host.ts';

/** How often the remaining connections are counted while draining. */
const POLL_MS = 200;

/** One application that is draining. */
export interface DrainTarget {
  readonly name: string;
  readonly slot: number;
}

/** What became of the proxied connections of one application. */
export interface DrainCount {
  /** Ended by themselves before the deadline. */
  readonly drained: number;
  /** Cut by weir while they were open. */
  readonly cut: number;
  /** Still proxied. */
  readonly proxied: number;
}

/** What the drain is told, and tells. */
export interface DrainOptions {
  readonly drainMs: number;
  readonly signal: AbortSignal;
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
  const deadline = host.clock.now() + options.drainMs;
  const begun = await countOpen(host, targets);
  const seen = new Map(targets.map((target) => [target.name, new Set(begun.get(target.name)?.map(flowKey))]));
  let open = begun;
  let reported = -1;
  for (;;) {
    const left = [...open.values()].reduce((sum, flows) => sum + flows.length, 0);
    const msLeft = deadline - host.clock.now();
    if (left !== reported) options.onProgress(left, Math.max(0, Math.ceil(msLeft / 1000)));
    reported = left;
    if (left === 0 || msLeft <= 0 || options.signal.aborted) break;
    await host.clock.sleep(Math.min(POLL_MS, msLeft), options.signal).catch(() => undefined);
    open = await countOpen(host, targets);
    // A SYN that was under way when the switch came shows up late, and counts like the others.
    for (const [name, flows] of open) for (const flow of flows) seen.get(name)?.add(flowKey(flow));
  }
  const counts = new Map<string, DrainCount>();
  for (const target of targets) {
    const flows = open.get(target.name) ?? [];
    const cut = options.signal.aborted ? 0 : await cutFlows(host, flows, target.slot);
    const all = seen.get(target.name)?.size ?? 0;
    counts.set(target.name, { drained: all - flows.length, cut, proxied: flows.length - cut });
  }
  return counts;
}

/** Cuts what is open now. */
export async function cutConnections(
  host: InterceptHost,
  targets: readonly DrainTarget[],
): Promise<Map<string, DrainCount>> {
  const open = await countOpen(host, targets);
  const counts = new Map<string, DrainCount>();
  for (const target of targets) {
    counts.set(target.name, {
      drained: 0,
      cut: await cutFlows(host, open.get(target.name) ?? [], target.slot),
      proxied: 0,
    });
  }
  return counts;
}

/** Counts what is open now and leaves it alone. */
export async function keepConnections(
  host: InterceptHost,
  targets: readonly DrainTarget[],
): Promise<Map<string, DrainCount>> {
  const open = await countOpen(host, targets);
  return new Map(targets.map(({ name }) => [name, { drained: 0, cut: 0, proxied: open.get(name)?.length ?? 0 }]));
}

async function countOpen(
  host: InterceptHost,
  targets: readonly DrainTarget[],
): Promise<Map<string, ReturnType<typeof openFlows>>> {
  const flows = await host.connections.tracked();
  return new Map(targets.map((target) => [target.name, openFlows(flows, target.slot)]));
}
