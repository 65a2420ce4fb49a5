/** The policy of one application, split into outbound and inbound. */
import { mergeCidrs } from '../../mesh/cidr.ts';
import type { Cidr, PortRange } from '../../mesh/mesh-config.ts';
import { mergePortRanges } from '../../mesh/port-range.ts';
import { type Direction, encodeMark } from './mark.ts';
import type { InterceptedApp, InterceptPolicy } from './policy.ts';
import { hasherOf } from './policy-hash.ts';

/** The port of ssh (RFC 4251): the one that outbound connections to other hosts' ssh servers go to. */
export const SSH_PORT = 22;

/** The scope and target of one application in one direction, with what is always left alone already added. */
export interface DirectedPolicy {
  readonly app: InterceptedApp;
  readonly direction: Direction;
  readonly mark: number;
  readonly port: number;
  /** Hash of everything that decides about this application's packets but the deadline. */
  readonly hash: string;
  /** Equal for the directions of one policy that differ in nothing but the selected accounts and the slot. */
  readonly shape: string;
  readonly includePorts: readonly PortRange[];
  readonly includeCidrs: readonly Cidr[];
  readonly excludePorts: readonly PortRange[];
  /** Merged: an anonymous set of nft takes no intervals that overlap. */
  readonly excludeCidrs: readonly Cidr[];
}

/** The part of a direction that does not depend on who is selected. */
interface Shape
  extends Pick<DirectedPolicy, 'shape' | 'port' | 'includePorts' | 'includeCidrs' | 'excludePorts' | 'excludeCidrs'> {
  readonly hashOf: (own: { readonly select: unknown; readonly mark: number }) => string;
}

/** Of a thousand applications most have the same shape: lists are merged, and written for the hash, once a shape. */
const shapes = new WeakMap<InterceptPolicy, Map<string, Shape>>();

/** Splits an application's policy by direction; a direction that is not intercepted is left out. */
export function directedPolicies(app: InterceptedApp, policy: InterceptPolicy): DirectedPolicy[] {
  return divertedDirections(app).map((direction) => {
    const { hashOf, ...shape } = shapeOf(app, policy, direction);
    const mark = encodeMark({ slot: app.slot, direction });
    return { app, direction, mark, hash: hashOf({ select: app.select, mark }), ...shape };
  });
}

/** The directions in which an application is intercepted. */
export function divertedDirections(
  app: Pick<InterceptedApp, 'outbound' | 'inbound' | 'outboundPort' | 'inboundPort'>,
): Direction[] {
  return [
    ...(app.outbound !== null && app.outboundPort !== null ? (['outbound'] as const) : []),
    ...(app.inbound !== null && app.inboundPort !== null ? (['inbound'] as const) : []),
  ];
}

function shapeOf(app: InterceptedApp, policy: InterceptPolicy, direction: Direction): Shape {
  const scope = app[direction];
  const port = direction === 'outbound' ? app.outboundPort : app.inboundPort;
  if (scope === null || port === null) throw new TypeError(`${app.name} is not intercepted ${direction}`);
  const { mode, families, leaseSeconds, acceptsSshRisk } = app;
  const key = JSON.stringify([direction, mode, port, families, leaseSeconds, acceptsSshRisk, scope]);
  const known = shapes.get(policy) ?? new Map<string, Shape>();
  shapes.set(policy, known);
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  const ssh = sshLeftAlone(app, policy, direction);
  const reserved = policy.reservedPorts.map((reservedPort) => ({ from: reservedPort, to: reservedPort }));
  const decided = {
    port,
    includePorts: scope.ports,
    includeCidrs: scope.cidrs,
    excludePorts: mergePortRanges([...scope.exclude.ports, ...ssh.ports, ...reserved]),
    excludeCidrs: mergeCidrs([...scope.exclude.cidrs, ...ssh.peers]),
  };
  // The hash of a redirect has no mode: it stays the same as before there were two.
  const more = { families, leased: leaseSeconds ?? false, ...(mode === 'redirect' ? {} : { mode }) };
  const shape = { shape: key, ...decided, hashOf: hasherOf({ ...decided, ...more }, ['select', 'mark']) };
  known.set(key, shape);
  return shape;
}

/**
 * The exclusions that keep ssh sessions alive. Ports of this host's own servers matter to inbound connections alone: a
 * server that also listens on 443 says nothing about the 443 of others. A live session is kept by its peer.
 */
export function sshLeftAlone(
  app: Pick<InterceptedApp, 'acceptsSshRisk'>,
  policy: Pick<InterceptPolicy, 'sshPorts' | 'sshPeers'>,
  direction: Direction,
): { readonly ports: readonly PortRange[]; readonly peers: readonly Cidr[] } {
  if (app.acceptsSshRisk) return { ports: [], peers: [] };
  if (direction === 'inbound') return { ports: policy.sshPorts, peers: policy.sshPeers };
  const usual = policy.sshPorts.filter(({ from, to }) => from <= SSH_PORT && SSH_PORT <= to);
  return { ports: usual.map(() => ({ from: SSH_PORT, to: SSH_PORT })), peers: policy.sshPeers };
}
