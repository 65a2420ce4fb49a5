/** The `Surroundings` port on a real host. */
import type { Surroundings } from '../../surroundings/ports.ts';
import { openNeighbour } from '../neighbour/neighbour.ts';
import { readForeignRules } from './foreign-rules.ts';
import { readKernelLimits } from './kernel-limits.ts';
import { readAccounts, readProcesses } from './process-facts.ts';
import { readRouting } from './routing-facts.ts';
import { readForeignUserNamespace } from './user-namespace.ts';

/** Looks at the network namespace of this process. */
export function createSurroundings(): Surroundings {
  return {
    foreignRules: () => readForeignRules(),
    processes: (wanted) => readProcesses(wanted),
    accountsOf: (pids) => readAccounts(pids),
    routing: () => readRouting(),
    foreignUserNamespace: () => readForeignUserNamespace(),
    openNeighbour: () => openNeighbour(),
    limits: () => readKernelLimits(),
  };
}
