/** The contract between interception and a sidecar's supervisor. Nothing else of interception is for the sidecar. */
import type { AppStatus } from '../report-status.ts';

/** The interception side of a sidecar; every change carries its reason. */
export interface SidecarInterception {
  /** Adds or removes the supervisor's own bypass for all apps of the sidecar. */
  bypass(on: boolean, reason: string): Promise<void>;
  /** Renews leases and mends rules; called again and again, each time after the sidecar answered a readiness request. */
  whileReady(): Promise<void>;
  /** Called again and again while the sidecar should serve and does not answer. */
  whileUnready(why: string): Promise<void>;
  /** Called again and again while the bypass is on. */
  whileBypassed(): Promise<void>;
}

/** An observer of each round of lease renewals. */
export interface LeaseObserver {
  renewed(): void;
  /** `not-ready`: the sidecar gave no readiness answer. `failed`: it did, and the kernel did not take the renewal. */
  missed(cause: 'not-ready' | 'failed'): void;
}

/** One application of the sidecar, as `weir status` shows it. */
export type SupervisedApp = Pick<AppStatus, 'name' | 'state' | 'connections' | 'lease'>;
