/** The port by which interception asks about sidecars; the part that runs them answers it. */
import type { AccountId, SidecarConfig } from '../mesh/mesh-config.ts';

/** A sidecar that weir runs, as the part that runs it tells. */
export interface ManagedSidecar {
  /** `unknown`: neither its supervisor nor its processes or its admin could be asked. */
  readonly state: 'starting' | 'live' | 'upgrading' | 'stopped' | 'failed' | 'unsupervised' | 'frozen' | 'unknown';
  /** What was seen where the state alone does not say it. */
  readonly detail: string | null;
  /** Hot restart epoch, process number and version of the Envoy that serves; null when unknown or when none does. */
  readonly epoch: number | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** The last Envoy that ended unasked or could not be started, and how many of them in a row; null: none on record. */
  readonly crash: { readonly at: string; readonly detail: string; readonly inARow: number } | null;
}

/** The sidecars that weir runs. Interception asks; the part that runs them answers. */
export interface ManagedSidecars {
  /** Whether a supervisor (`weir sidecar run`) answers for this sidecar. */
  isSupervised(sidecar: string): Promise<boolean>;
  /** Also without a supervisor; null for a sidecar that somebody else runs. */
  status(name: string, configured: SidecarConfig<AccountId> | null): Promise<ManagedSidecar | null>;
}
