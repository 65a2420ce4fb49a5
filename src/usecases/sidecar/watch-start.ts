import { candidateOf } from './machine-view.ts';
import { pause } from './pause.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 15;
/** A start that takes longer than this is asked less often. */
const QUICK_MS = 2000;
const ANSWER_MS = 1000;

/** Asks the admin of a process that starts until it is live, or no longer waited for. */
export async function watchStart(sidecar: Supervised, id: number): Promise<void> {
  const { host, withoutAdmin } = sidecar;
  const isAwaited = () => candidateOf(sidecar.machine.state)?.id === id;
  let last = '';
  const started = host.nowMs();
  while (!sidecar.isClosed && isAwaited()) {
    const info = await host.info(sidecar.spec, id, ANSWER_MS);
    if (!isAwaited()) return;
    if (info !== null) {
      withoutAdmin.delete(id);
      const { state } = sidecar.machine;
      // Its admin answers, so it has taken that of the process before it.
      if ('serving' in state && state.serving !== null && state.serving.id !== id) withoutAdmin.add(state.serving.id);
      sidecar.dispatch({ type: 'admin', id, live: info.state === 'LIVE', progressed: info.state !== last });
      last = info.state;
    }
    await pause(host.nowMs() - started > QUICK_MS ? POLL_MS * 8 : POLL_MS);
  }
}
