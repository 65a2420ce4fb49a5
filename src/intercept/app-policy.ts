import { mergeCidrs } from '../config/cidr.ts';
import type { Cidr, PortRange } from '../config/mesh-config.ts';
import { mergePortRanges } from '../config/port-range.ts';
import { type Direction, encodeMark } from './mark.ts';
import type { InterceptedApp, InterceptPolicy } from './policy.ts';
import { hashPolicy } from './policy-hash.ts';

/** The scope and target of one application in one direction, with what is always left alone already added. */
export interface DirectedPolicy {
  readonly app: InterceptedApp;
  readonly direction: Direction;
  readonly mark: number;
  readonly port: number;
  /** Hash of everything that decides about this application's packets but the deadline. */
  readonly hash: string;
  readonly includePorts: readonly PortRange[];
  readonly includeCidrs: readonly Cidr[];
  readonly excludePorts: readonly PortRange[];
  /** Merged: an anonymous set of nft takes no intervals that overlap. */
  readonly excludeCidrs: readonly Cidr[];
}

/** Splits an application's policy by direction; a direction that is not intercepted is left out. */
export function directedPolicies(app: InterceptedApp, policy: InterceptPolicy): DirectedPolicy[] {
  const directions: Direction[] = ['outbound', 'inbound'];
  return directions.flatMap((direction) => {
    const scope = app[direction];
    const port = direction === 'outbound' ? app.outboundPort : app.inboundPort;
    if (scope === null || port === null) return [];
    const ssh = app.acceptsSshRisk ? { ports: [], peers: [] } : { ports: policy.sshPorts, peers: policy.sshPeers };
    const reserved = policy.reservedPorts.map((reservedPort) => ({ from: reservedPort, to: reservedPort }));
    const decided = {
      port,
      families: app.families,
      leased: app.leaseSeconds ?? false,
      includePorts: scope.ports,
      includeCidrs: scope.cidrs,
      excludePorts: mergePortRanges([...scope.exclude.ports, ...ssh.ports, ...reserved]),
      excludeCidrs: mergeCidrs([...scope.exclude.cidrs, ...ssh.peers]),
    };
    const mark = encodeMark({ slot: app.slot, direction });
    return [{ app, direction, mark, hash: hashPolicy({ ...decided, select: app.select, mark }), ...decided }];
  });
}
