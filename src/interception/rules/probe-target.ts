/** The choice of a destination port for a probe. */
import type { DirectedPolicy } from './app-policy.ts';

/** Ports that a probe prefers when the policy covers them: nobody listens there in the documentation networks. */
const PREFERRED_PORTS = [20880, 8080, 80, 443];

/** The lowest port that the policy diverts, preferring well-known ones; null when its exclusions leave none. */
export function probePort(policy: DirectedPolicy): number | null {
  const covered = (port: number): boolean =>
    (policy.includePorts.length === 0 || policy.includePorts.some((range) => port >= range.from && port <= range.to)) &&
    !policy.excludePorts.some((range) => port >= range.from && port <= range.to);
  const preferred = PREFERRED_PORTS.find(covered);
  if (preferred !== undefined) return preferred;
  // A range can only start being covered at its own first port or right after an exclusion.
  const candidates = [
    1,
    ...policy.includePorts.map((range) => range.from),
    ...policy.excludePorts.map((range) => range.to + 1),
  ];
  return candidates.sort((a, b) => a - b).find((port) => port >= 1 && port <= 65535 && covered(port)) ?? null;
}
