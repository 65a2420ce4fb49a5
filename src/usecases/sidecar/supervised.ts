import type { SidecarEvent, SidecarMachine } from '../../upgrade/sidecar-state.ts';
import type { SidecarHost, SidecarSpec } from '../ports/sidecar.ts';
import type { UpgradeJob } from './upgrade-job.ts';

/** What the parts of a supervisor see of it, and the two ways in which they answer. */
export interface Supervised {
  readonly host: SidecarHost;
  readonly spec: SidecarSpec;
  readonly machine: SidecarMachine;
  /** The upgrade under way, null when none is. */
  readonly job: UpgradeJob | null;
  /** True once the supervisor gives up its work; loops end then. */
  readonly isClosed: boolean;
  /** Processes whose admin was closed by a hot-restart child. */
  readonly withoutAdmin: Set<number>;
  /** Gives the machine an event. */
  dispatch(event: SidecarEvent): void;
  /** Tells the operator, and the report of the upgrade under way. */
  warn(text: string): void;
}
