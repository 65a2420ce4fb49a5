/** Removes a new process, unless the hand-over has just happened: killed after it, nobody would accept. */
import type { Supervised } from './supervised.ts';

const ANSWER_MS = 1000;

/** SIGKILL to `id`, or `admin` live when it is the one that accepts. */
export async function killUnlessServing(
  sidecar: Pick<Supervised, 'host' | 'specs' | 'dispatch'>,
  { id, oldId }: { readonly id: number; readonly oldId: number },
): Promise<void> {
  const { host, specs } = sidecar;
  const listens = async (one: number) => (await host.listeners(specs.of(one), one)).length > 0;
  const isLive = async () => (await host.info(specs.of(id), id, ANSWER_MS))?.state === 'LIVE';
  // The new process holds the old one's sockets before it serves, so the old one's listeners decide first. A dead old
  // process, or one that had lost its listeners before, has handed nothing over. Only the new one can answer then.
  const hasHandedOver = async () => (await host.isAlive(oldId)) && (await listens(id));
  if ((await listens(oldId)) || !((await isLive()) || (await hasHandedOver()))) {
    await host.signal(id, 'SIGKILL');
    return;
  }
  const seen = { missing: null, isCurable: false, patienceMs: null, waitsFor: null };
  sidecar.dispatch({ type: 'admin', id, live: true, progressed: true, ...seen });
}
