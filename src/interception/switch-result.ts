/** The progress and result types of `on`, `off` and `uninstall`. */
import type { AppState } from './app-state.ts';
import type { Backend } from './backend.ts';
import type { AppProof, FamilyProof } from './prove.ts';
import type { InboundProof } from './prove-inbound.ts';

/** Progress of a switch, for the people who watch. */
export type SwitchEvent =
  | { readonly step: 'waiting'; readonly holder: string }
  | { readonly step: 'preflight'; readonly apps: readonly string[] }
  | { readonly step: 'applied'; readonly backend: Backend; readonly ms: number }
  | { readonly step: 'proven'; readonly proofs: readonly AppProof[]; readonly ms: number }
  | { readonly step: 'direct'; readonly apps: readonly string[]; readonly ms: number }
  | { readonly step: 'draining'; readonly left: number; readonly secondsLeft: number }
  | { readonly step: 'rolled-back'; readonly ms: number };

/** One application in the result of `on`, `off` and `uninstall`. */
export interface SwitchedApp {
  readonly name: string;
  readonly before: AppState;
  readonly after: AppState;
  /** Null for what could not be counted; a warning says why. */
  readonly connections: {
    readonly proxied: number | null;
    readonly cut: number | null;
    readonly drained: number | null;
  };
  readonly proof: { readonly ipv4: FamilyProof; readonly ipv6: FamilyProof };
  /** Left out where the application has no inbound connections, or nothing was switched on. */
  readonly inbound?: InboundProof;
}

/** The result of `on`, `off` and `uninstall`. `ms` is in milliseconds; `apply` is the time that the firewall tools ran. */
export interface SwitchResult {
  readonly backend: Backend | null;
  readonly apps: readonly SwitchedApp[];
  readonly ms: { readonly plan: number; readonly apply: number; readonly prove: number; readonly total: number };
  /** The transaction's text; only for a dry run. */
  readonly plan?: string;
}

/** A result with what the operator should know besides. */
export interface Warned<T> {
  readonly result: T;
  readonly warnings: readonly string[];
}

/** The proof of an application that was not probed. */
export const NOT_PROBED: SwitchedApp['proof'] = { ipv4: 'skipped', ipv6: 'skipped' };
