/** Leases: their data and the operations that renew them. */
import { divertedDirections } from './app-policy.ts';
import { encodeMark } from './mark.ts';
import { LEASE_SET } from './nft/table-maps.ts';
import { nftTableOf } from './nft/table-of-mode.ts';
import type { Operation } from './operations.ts';
import type { DivertMode, InterceptedApp } from './policy.ts';

/** The lease of one application: the kernel diverts it only while the lease lasts. */
export interface Lease {
  readonly app: string;
  readonly mode: DivertMode;
  readonly slot: number;
  /** Conntrack marks of its directions, as the set of leases holds them. */
  readonly marks: readonly number[];
  readonly seconds: number;
}

/** The lease of an application by its policy, null when the kernel diverts it without one. */
export function leaseOf(app: Omit<InterceptedApp, 'deadline'>): Lease | null {
  if (app.leaseSeconds === null) return null;
  const marks = divertedDirections(app).map((direction) => encodeMark({ slot: app.slot, direction }));
  return { app: app.name, mode: app.mode, slot: app.slot, marks, seconds: app.leaseSeconds };
}

/**
 * Renews leases in nft, by one transaction. Each element is added, deleted and added again. Kernels before 6.12 do not
 * renew an existing element, and deleting a lapsed one would fail. No packet sees the element missing in between.
 */
export function renewalOperations(leases: readonly Lease[]): Operation[] {
  const elements = leases.flatMap(({ app, mode, marks, seconds }) =>
    marks.map((key) => {
      const element = { key, value: null, timeoutMs: seconds * 1000, tag: { app, hash: null, by: null } };
      return { table: nftTableOf(mode), element };
    }),
  );
  const add = elements.map(({ table, element }): Operation => ({ op: 'add-element', table, map: LEASE_SET, element }));
  const remove = elements.map(
    ({ table, element }): Operation => ({ op: 'delete-element', table, map: LEASE_SET, key: element.key }),
  );
  return [...add, ...remove, ...add];
}
