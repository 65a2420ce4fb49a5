/** What `weir fleet explain` says of a host or a pod. */
import type { HostStatus, Rollout } from '../model/records.ts';
import type { HostState } from './fleet-status.ts';

/** Who decides the state of an application on a host. */
export interface DecidedBy {
  readonly kind: 'override' | 'policy' | 'held' | 'none';
  /** The policy; null for others. */
  readonly name: string | null;
  /** The index of the rule, from 0. */
  readonly rule: number | null;
  /** Who wrote it last; null where history does not say. */
  readonly by: string | null;
  readonly reason: string | null;
}

/** An application, explained. */
export interface ExplainedApp {
  readonly name: string;
  readonly desired: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly decidedBy: DecidedBy;
}

/** A host, explained. */
export interface ExplainedHost {
  readonly name: string;
  readonly region: string;
  readonly state: HostState;
  readonly reason: string | null;
  /** Since its last word in the store; null: there is none, or its clock is ahead. */
  readonly ageMs: number | null;
  readonly apps: readonly ExplainedApp[];
  /** As it said last; empty as well for a host without a status, of whose sidecars nothing is known. */
  readonly sidecars: HostStatus['status']['sidecars'];
  /** Rollouts that are for this host. `wave` is the one that moves, `ownWave` the host's. */
  readonly rollouts: readonly (Pick<Rollout, 'release' | 'state' | 'wave' | 'reason'> & {
    readonly ownWave: number | null;
  })[];
  /** What the host could not read of the store, or of itself. */
  readonly errors: HostStatus['status']['errors'];
  readonly next: string | null;
}
