/** Follows the start of an Envoy by its admin interface. */
import { BLIND, guardedLook } from './guarded-look.ts';
import { candidateOf } from './machine-view.ts';
import type { Supervised } from './supervised.ts';

/** A start is live after 80 to 210 ms: a longer interval would delay the hand-over. */
const POLL_MS = 15;
/** A start that takes longer than this is asked less often. */
const QUICK_MS = 2000;
const ANSWER_MS = 1000;

/** Asks the admin of a starting process until it is live or nobody waits for it any more. */
export async function watchStart(sidecar: Supervised, id: number): Promise<void> {
  const { host, clock } = sidecar;
  const isAwaited = () => candidateOf(sidecar.machine.state)?.id === id;
  const guarded = guardedLook(sidecar, 'the start cannot be followed');
  let last = '';
  const started = clock.monotonic();
  while (!sidecar.isClosed && isAwaited()) {
    const info = await guarded(() => host.info(sidecar.specs.of(id), id, ANSWER_MS));
    if (!isAwaited()) return;
    if (info !== BLIND && info !== null) {
      const { state } = sidecar.machine;
      // Its admin answers, so it has taken that of the process before it.
      const from = 'serving' in state && state.serving !== null && state.serving.id !== id ? state.serving.id : null;
      sidecar.tookAdmin(id, from);
      const isLive = info.state === 'LIVE';
      if (isLive) await warnOfOther(sidecar, info.version);
      const found = isLive ? await guarded(() => host.lookAtListeners(sidecar.specs.of(id), id)) : null;
      const look = found === BLIND ? null : found;
      const progress = `${info.state} ${info.start?.fingerprint ?? ''}`;
      sidecar.dispatch({
        type: 'admin',
        id,
        live: isLive,
        progressed: progress !== last,
        missing: look?.missing ?? null,
        isCurable: look?.isCurable ?? false,
        patienceMs: info.patienceMs,
        waitsFor: info.start?.waitsFor ?? null,
      });
      last = progress;
    }
    await clock.sleep(clock.monotonic() - started > QUICK_MS ? POLL_MS * 8 : POLL_MS);
  }
}

/** The binary of a pair may be a script; what it starts is told by the process itself. */
async function warnOfOther(sidecar: Supervised, version: string): Promise<void> {
  const candidate = candidateOf(sidecar.machine.state);
  const pair = candidate === null ? null : await sidecar.host.pairs.read(candidate.pair).catch(() => null);
  if (pair === null || pair.version === null || version === '' || pair.version === version) return;
  sidecar.warn(`the process that was started is Envoy ${version}, and its binary had said ${pair.version}`);
}
