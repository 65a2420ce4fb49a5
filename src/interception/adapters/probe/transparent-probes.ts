/** The transparently proxied connections of probes: whose rules took them, and which listener. */
import type { runTool } from '../../../platform/exec.ts';
import type { RememberedFlow, TrackedFlow } from '../../ports.ts';
import { createNftFirewall } from '../firewall/nft.ts';
import { probeKey } from './probe-flows.ts';
import type { SentProbe } from './probe-trial.ts';

/**
 * The flows of probes that the kernel remembers, by `probeKey`. The answer is the listener's port where a listener took
 * the first packet, and port 0 where none did.
 */
export async function lookUpTransparent(
  run: typeof runTool,
  probes: readonly SentProbe[],
): Promise<ReadonlyMap<string, TrackedFlow>> {
  if (probes.length === 0) return new Map();
  const wanted = new Set(probes.map(probeKey));
  const remembered = await createNftFirewall(run).flows();
  const own = remembered.filter((flow) => wanted.has(probeKey(flow)));
  return new Map(own.map((flow) => [probeKey(flow), toTracked(flow)]));
}

function toTracked({ mark, source, destination, isTaken, port }: RememberedFlow): TrackedFlow {
  const address = destination.address.includes(':') ? '::1' : '127.0.0.1';
  return {
    mode: 'tproxy',
    mark: mark ?? 0,
    state: 'ESTABLISHED',
    source,
    originalDestination: destination,
    answeredBy: { address, port: isTaken ? (port ?? 0) : 0 },
  };
}
