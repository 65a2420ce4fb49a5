/** The types of one step of the tour. */
import type { Clock } from '../platform/clock.ts';
import type { TourLab, TourStream } from './tour-lab.ts';

/** One thing that the tour shows. */
export interface TourStep {
  readonly title: string;
  readonly run: (tour: TourContext) => Promise<TourFinding>;
}

/** What a step did, measured, and whether it is as promised. */
export interface TourFinding {
  /** The commands as a person would type them. */
  readonly commands: readonly string[];
  readonly measured: readonly string[];
  readonly ok: boolean;
}

/** What the steps share. */
export interface TourContext {
  readonly lab: TourLab;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Set by the step that opens it. */
  stream: TourStream | null;
  /** The listing before weir touched anything. */
  untouched: string;
}
