/** The view of a supervisor that its watches and actions get. */
import type { Clock } from '../../platform/clock.ts';
import type { SidecarEvent, SidecarMachine } from '../machine/sidecar-state.ts';
import type { SidecarHost } from '../ports.ts';
import type { GenerationSpecs } from './generation-specs.ts';
import type { UpgradeJob } from './upgrade-job.ts';

/** A supervised sidecar. Nothing here can be set from outside: facts go in by the methods. */
export interface Supervised {
  readonly name: string;
  readonly host: SidecarHost;
  readonly clock: Clock;
  readonly machine: SidecarMachine;
  /** The entry of mesh.yaml by which each process runs. */
  readonly specs: Pick<GenerationSpecs, 'of' | 'settled'>;
  /** The upgrade under way, null when none is. */
  readonly job: UpgradeJob | null;
  /** True once the supervisor gives up its work; loops end then. */
  readonly isClosed: boolean;
  /** Whether a process still answers on its admin address: a hot-restart child closes that of its parent. */
  hasAdmin(id: number): boolean;
  /** The admin of `id` has answered; `from` is the process that had to give its own up for it. */
  tookAdmin(id: number, from: number | null): void;
  /** Gives the machine an event. */
  dispatch(event: SidecarEvent): void;
  /** Notes how a process ended whose end the machine was given without that. */
  learnedEnd(id: number, detail: string): void;
  /** Tells the operator, and the report of the upgrade under way. */
  warn(text: string): void;
}
