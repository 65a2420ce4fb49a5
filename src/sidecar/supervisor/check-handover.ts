/** Looks, after a new Envoy is live, whether it has every listener of the old one. */
import { coversAddress } from '../envoy/listener-addresses.ts';
import type { Generation } from '../machine/sidecar-state.ts';
import { nextTickMs } from '../machine/step-sidecar.ts';
import { BLIND, guardedLook } from './guarded-look.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 20;
/** The answer has to be there before the state's own deadline. */
const SPARE_MS = 100;
/** Nobody listens for so long in the middle of a hand-over only when a control plane has taken the listeners away. */
const GONE_MS = 100;

/** Waits until the old process has given all listeners of the snapshot to the new one, and says which are missing. */
export async function checkHandover(
  sidecar: Supervised,
  {
    old,
    serving,
    snapshot,
  }: { readonly old: Generation; readonly serving: Generation; readonly snapshot: readonly string[] },
): Promise<void> {
  const { host, clock, specs } = sidecar;
  const guarded = guardedLook(sidecar, 'the hand-over cannot be looked at');
  const look = async () => {
    const [left, taken] = await Promise.all([old, serving].map(({ id }) => host.listeners(specs.of(id), id)));
    return { left, taken, named: await host.lookAtListeners(specs.of(serving.id), serving.id) };
  };
  let missing: readonly string[] | null = null;
  let goneSinceMs: number | null = null;
  while (sidecar.machine.state.name === 'handover' && !sidecar.isClosed) {
    const found = await guarded(look);
    if (found !== BLIND) {
      const { left = [], taken = [], named } = found;
      const lost = snapshot.filter((address) => !taken.some((held) => coversAddress(held, address)));
      missing = named === null ? null : [...new Set([...named.missing, ...lost])];
      if (left.length === 0 && missing?.length === 0) break;
      const isGone = left.length === 0 && missing !== null;
      goneSinceMs = isGone ? (goneSinceMs ?? clock.monotonic()) : null;
      // Traffic goes direct until somebody listens again; what becomes of the upgrade is decided at the end of the look.
      if (missing !== null && goneSinceMs !== null && clock.monotonic() - goneSinceMs >= GONE_MS)
        sidecar.dispatch({ type: 'listeners', id: serving.id, missing, isCurable: false, hasLasted: false });
    }
    await clock.sleep(POLL_MS);
    const deadline = nextTickMs(sidecar.machine);
    if (deadline !== null && deadline - clock.monotonic() < SPARE_MS) break;
  }
  // The look failed: the machine's own deadline ends this state.
  if (missing === null) return;
  // An ended process holds no listener; its exit tells the machine more than that.
  if (missing.length > 0 && (await guarded(() => host.isAlive(serving.id))) === false) return;
  sidecar.dispatch({ type: 'handover-checked', id: serving.id, missing });
}
