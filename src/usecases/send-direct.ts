import { switchOffOperations } from '../intercept/switch-off.ts';
import { cutConnections, type DrainCount, type DrainTarget, drainConnections, keepConnections } from './drain.ts';
import type { InterceptHost } from './host.ts';
import type { Situation } from './situation.ts';
import type { SwitchEvent } from './switch-result.ts';

/** What is to become of the connections that are proxied when an application is switched off. */
export type ExistingConnections = 'drain' | 'keep' | 'cut';

/** How the connections that are still proxied are to be settled. */
export interface SettleOptions {
  readonly existing: ExistingConnections;
  readonly drainMs: number;
  /** Aborted by Ctrl-C: the drain ends, connections stay as they are. */
  readonly signal: AbortSignal;
  readonly report: (event: SwitchEvent) => void;
}

/**
 * The fast path of every switch-off: adds a switch to each back end that still diverts one of the applications.
 * Adding needs no lock and no grace period of the kernel. Resolves to the milliseconds that the tools ran.
 */
export async function sendDirect(host: InterceptHost, situation: Situation, names: readonly string[]): Promise<number> {
  let total = 0;
  for (const [backend, { rulesets }] of situation.installed) {
    const changes = rulesets
      .map((ruleset) => ({
        scope: ruleset.scope,
        operations: switchOffOperations(ruleset, names, 'operator'),
        undo: [],
      }))
      .filter((change) => change.operations.length > 0);
    if (changes.length > 0) total += (await host.firewall(backend).commit(changes)).ms;
  }
  return total;
}

/** Deals with the connections that are still proxied after new ones go direct. */
export async function settleConnections(
  host: InterceptHost,
  options: SettleOptions,
  targets: readonly DrainTarget[],
): Promise<Map<string, DrainCount>> {
  if (targets.length === 0) return new Map();
  if (options.existing === 'keep') return keepConnections(host, targets);
  if (options.existing === 'cut') return cutConnections(host, targets);
  const onProgress = (left: number, secondsLeft: number): void =>
    options.report({ step: 'draining', left, secondsLeft });
  return drainConnections(host, targets, { drainMs: options.drainMs, signal: options.signal, onProgress });
}
