import { FAULT_CASES, tryFault } from '../../../test/e2e/sidecar/fault-cases.ts';
import { DEATH_STATES, trySupervisorDeath } from '../../../test/e2e/sidecar/supervisor-deaths.ts';
import { textTable } from './text-table.ts';

/** The faults under load as a table: how far the upgrade came, what clients lost, and how an upgrade right after it ends. */
export async function printFaults(): Promise<void> {
  const line = textTable([33, 12, 9, 5, 6, 8, 8]);
  line('fault', 'reached', 'outcome', 'exit', 'lost', 'doubled', 'next');
  for (const one of FAULT_CASES) {
    const row = await tryFault(one);
    // The last state is the outcome itself.
    const reached = row.states.at(-2) ?? '-';
    line(one.fault, reached, row.outcome, String(row.code), row.lost, row.duplicated, row.next);
  }
}

/** SIGKILL of the supervisor in each state of an upgrade, under load. */
export async function printDeaths(): Promise<void> {
  const line = textTable([13, 12, 13, 13, 9, 6, 8, 8]);
  line('killed in', 'listens', 'new one', 'upgrade', 'then runs', 'lost', 'doubled', 'next');
  for (const state of DEATH_STATES) {
    const { serves, adopted, outcome, version, lost, duplicated, next } = await trySupervisorDeath(state);
    line(state, serves, adopted, outcome ?? '-', version, lost, duplicated, next);
  }
}
