/** Applications for tests of rules. */
import type { InterceptedApp, InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { TrafficScope } from '../../../src/mesh/mesh-config.ts';

/** Every connection of a direction. */
export const ALL_TRAFFIC: TrafficScope = { ports: [], cidrs: [], exclude: { ports: [], cidrs: [] } };

/** An application in slot 1 whose outbound connections as user 1001 go to port 15001; `parts` replaces what it names. */
export function appOf(name: string, parts: Partial<InterceptedApp> = {}): InterceptedApp {
  return {
    name,
    mode: 'redirect',
    slot: 1,
    select: { kind: 'users', uids: [1001] },
    outboundPort: 15_001,
    inboundPort: 15_006,
    outbound: ALL_TRAFFIC,
    inbound: null,
    families: { ipv4: true, ipv6: true },
    acceptsSshRisk: false,
    leaseSeconds: null,
    deadline: null,
    ...parts,
  };
}

/** A policy of these applications, with a sidecar that runs as 1337. */
export function policyOf(...apps: readonly InterceptedApp[]): InterceptPolicy {
  return {
    apps,
    guard: { uids: [1337], gids: [1337] },
    sshPorts: [{ from: 22, to: 22 }],
    sshPeers: [],
    reservedPorts: [15_001, 15_006],
    keeper: true,
  };
}
