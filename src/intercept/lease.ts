import { LEASE_SET, NFT_TABLE } from './compile-nft.ts';
import { encodeMark } from './mark.ts';
import type { Operation } from './operations.ts';
import type { InterceptedApp } from './policy.ts';

/** The lease of one application: what lets the kernel divert it for some time. */
export interface Lease {
  readonly app: string;
  readonly slot: number;
  /** Conntrack marks of its directions, as the set of leases holds them. */
  readonly marks: readonly number[];
  readonly seconds: number;
}

/** The lease of an application by its policy, null when the kernel diverts it without one. */
export function leaseOf(app: Omit<InterceptedApp, 'deadline'>): Lease | null {
  if (app.leaseSeconds === null) return null;
  const directions = [
    ...(app.outbound !== null && app.outboundPort !== null ? (['outbound'] as const) : []),
    ...(app.inbound !== null && app.inboundPort !== null ? (['inbound'] as const) : []),
  ];
  const marks = directions.map((direction) => encodeMark({ slot: app.slot, direction }));
  return { app: app.name, slot: app.slot, marks, seconds: app.leaseSeconds };
}

/**
 * Renews leases in nft, by one transaction. An element is added, deleted and added: kernels before 6.12 do not renew one
 * that is there, and deleting one that has lapsed would fail. No packet sees it missing in between.
 */
export function renewalOperations(leases: readonly Lease[]): Operation[] {
  const elements = leases.flatMap(({ app, marks, seconds }) =>
    marks.map((key) => ({ key, value: null, timeoutMs: seconds * 1000, tag: { app, hash: null, by: null } })),
  );
  const add = elements.map((element): Operation => ({ op: 'add-element', table: NFT_TABLE, map: LEASE_SET, element }));
  const remove = elements.map(
    ({ key }): Operation => ({ op: 'delete-element', table: NFT_TABLE, map: LEASE_SET, key }),
  );
  return [...add, ...remove, ...add];
}
