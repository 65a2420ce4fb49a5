import type { PortRange } from '../config/mesh-config.ts';
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
  readonly includeCidrs: readonly { family: 4 | 6; text: string }[];
  readonly excludePorts: readonly PortRange[];
  readonly excludeCidrs: readonly { family: 4 | 6; text: string }[];
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
      leased: app.leased,
      includePorts: scope.ports,
      includeCidrs: scope.cidrs,
      excludePorts: mergePorts([...scope.exclude.ports, ...ssh.ports, ...reserved]),
      excludeCidrs: sortCidrs([...scope.exclude.cidrs, ...ssh.peers]),
    };
    const mark = encodeMark({ slot: app.slot, direction });
    return [{ app, direction, mark, hash: hashPolicy({ ...decided, select: app.select, mark }), ...decided }];
  });
}

/** Sorted port ranges without overlap or touching neighbours, the form in which nft prints them. */
export function mergePorts(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last && range.from <= last.to + 1)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push({ from: range.from, to: range.to });
  }
  return merged;
}

/** Sorted by family and text, without doubles. */
export function sortCidrs<T extends { family: 4 | 6; text: string }>(cidrs: readonly T[]): T[] {
  const byText = new Map(cidrs.map((cidr) => [cidr.text, cidr]));
  return [...byText.values()].sort((a, b) => a.family - b.family || (a.text < b.text ? -1 : 1));
}
