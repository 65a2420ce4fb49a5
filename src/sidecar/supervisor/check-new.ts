/** Asks the operator's check of a new process before anybody is told of it. */
import type { SidecarCheck } from '../../mesh/mesh-config.ts';
import type { Generation } from '../machine/sidecar-state.ts';
import type { Supervised } from './supervised.ts';

// The new process has every connection already, so the pauses are short; all takes 6.5 s at most.
const TRIES = 3;
const PAUSE_MS = 250;
const ANSWER_MS = 2000;

/** Tries three times within a second, or for as long as it gives no answer; one answer that holds is enough. Tells the machine `check-done`. */
export async function checkNew(
  sidecar: Supervised,
  { serving, check }: { readonly serving: Generation; readonly check: SidecarCheck },
): Promise<void> {
  const { host, clock } = sidecar;
  let problem: string | null = null;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await clock.sleep(PAUSE_MS);
    if (sidecar.isClosed || sidecar.machine.state.name !== 'checking') return;
    problem = await host.runCheck(check, ANSWER_MS);
    if (problem === null) break;
  }
  sidecar.dispatch({ type: 'check-done', id: serving.id, problem });
}
