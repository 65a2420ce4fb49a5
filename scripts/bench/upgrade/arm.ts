import type { JournallingUpstream } from '../../../test/e2e/sidecar/open-loop.ts';
import type { TrafficKind } from './counted-load.ts';

/** What one upgrade of an arm came to. `cut` is what the arm itself says that it cut; null when it says nothing. */
export interface UpgradeEnd {
  readonly cut: number | null;
}

/** A way to replace a proxy, started and ready to be loaded. */
export interface RunningArm {
  readonly port: number;
  readonly upstream: JournallingUpstream;
  /** Goes to the other version (or reloads), and resolves when that is over as far as the arm can tell. */
  upgrade(): Promise<UpgradeEnd>;
  /** Ends every process that the arm started and removes its files. */
  close(): Promise<void>;
}

/** A way to replace a proxy, by name. */
export interface Arm {
  readonly name: string;
  /** Why it cannot run here; null when it can. */
  missing(): Promise<string | null>;
  start(kind: TrafficKind): Promise<RunningArm>;
}
