/** Walks through the steps of the tour. */
import { messageOf } from '../errors/message-of.ts';
import type { Clock } from '../platform/clock.ts';
import type { TourLab } from './tour-lab.ts';
import type { TourContext, TourFinding } from './tour-step.ts';
import { TOUR_STEPS } from './tour-steps.ts';

/** One step as it came out. */
export interface WalkedStep extends TourFinding {
  readonly title: string;
  readonly ms: number;
}

/** The whole tour as it came out. */
export interface WalkedTour {
  readonly envoy: string;
  readonly steps: readonly WalkedStep[];
  readonly ok: boolean;
  readonly ms: number;
}

/** Told before and after each step; `walked` is null before. */
export type TourWatcher = (index: number, title: string, walked: WalkedStep | null) => void;

/** Walks through all steps; one that fails or throws does not keep the others from being shown. */
export async function walkTour(
  lab: TourLab,
  clock: Clock,
  signal: AbortSignal,
  watch: TourWatcher,
): Promise<WalkedTour> {
  const context: TourContext = { lab, clock, signal, stream: null, untouched: '' };
  const began = clock.now();
  const steps: WalkedStep[] = [];
  for (const [index, step] of TOUR_STEPS.entries()) {
    signal.throwIfAborted();
    watch(index, step.title, null);
    const stepBegan = clock.now();
    const finding = await step.run(context).catch((error: unknown): TourFinding => {
      signal.throwIfAborted();
      return {
        commands: [],
        measured: [`the step broke off: ${messageOf(error)}`],
        ok: false,
      };
    });
    signal.throwIfAborted();
    const walked = { title: step.title, ms: clock.now() - stepBegan, ...finding };
    steps.push(walked);
    watch(index, step.title, walked);
  }
  return { envoy: lab.envoyVersion, steps, ok: steps.every((step) => step.ok), ms: clock.now() - began };
}
