/** Composition of the tour: the laboratory of namespaces and Envoys, as root of this host or of a user namespace. */
import { join } from 'node:path';
import { type Clock, systemClock } from '../platform/clock.ts';
import { programArgv, weirArgv } from '../platform/process/programs.ts';
import { becomeRootOfUserNamespace } from './adapters/become-root.ts';
import { findEnvoys } from './adapters/find-envoy.ts';
import { openRealTourLab } from './adapters/real-tour-lab.ts';
import type { TourLab } from './tour-lab.ts';

/** A tour that is ready to begin. */
export interface PreparedTour {
  readonly clock: Clock;
  /** Makes the namespaces and starts what runs in them; `close` of the laboratory takes all of it away. */
  open(): Promise<TourLab>;
}

/**
 * Becomes root where it is not, and finds the Envoys. `root` is the folder of weir's package, `argv` the words after
 * `weir tour`. Throws WeirError exit 2 or 3 with what is missing.
 */
export function prepareTour(root: string, argv: readonly string[], envoy: string | undefined): PreparedTour {
  const weir = weirArgv([]);
  becomeRootOfUserNamespace([...weir, 'tour', ...argv]);
  const envoys = findEnvoys(envoy, root);
  const actor = programArgv('tourActor');
  const examples = join(root, 'docs/examples/rules');
  return {
    clock: systemClock,
    open: () => openRealTourLab({ envoys, weir, actor, examples }),
  };
}
