import type { Generation } from '../../upgrade/sidecar-state.ts';
import { nextTickMs } from '../../upgrade/step-sidecar.ts';
import { pause } from './pause.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 20;
/** The answer has to be there before the state's own deadline. */
const SPARE_MS = 100;

/** Waits until the old process has given all listeners of the snapshot to the new one, and says which are missing. */
export async function checkHandover(
  sidecar: Supervised,
  {
    old,
    serving,
    snapshot,
  }: { readonly old: Generation; readonly serving: Generation; readonly snapshot: readonly string[] },
): Promise<void> {
  const { host, spec } = sidecar;
  let missing: readonly string[] = [];
  while (sidecar.machine.state.name === 'handover' && !sidecar.isClosed) {
    const [left, taken] = await Promise.all([host.listeners(spec, old.id), host.listeners(spec, serving.id)]);
    missing = snapshot.filter((address) => !taken.includes(address));
    if (left.length === 0 && missing.length === 0) break;
    await pause(POLL_MS);
    const deadline = nextTickMs(sidecar.machine);
    if (deadline !== null && deadline - host.nowMs() < SPARE_MS) break;
  }
  // One that has ended holds no listener; its exit tells the machine more than that.
  if (missing.length > 0 && !(await host.isAlive(serving.id))) return;
  sidecar.dispatch({ type: 'handover-checked', id: serving.id, missing });
}
