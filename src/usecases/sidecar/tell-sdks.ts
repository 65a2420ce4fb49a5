import type { Generation } from '../../upgrade/sidecar-state.ts';
import type { Supervised } from './supervised.ts';

/** Notices run side by side within this time. */
const BUDGET_MS = 1800;

/** Tells the RPC SDKs to use the old process's connections no more. What fails is a warning. */
export async function tellSdks(
  sidecar: Supervised,
  { old, serving, drainEndMs }: { readonly old: Generation; readonly serving: Generation; readonly drainEndMs: number },
): Promise<void> {
  const { host, spec } = sidecar;
  const deadlineMs = Math.max(0, Math.round(drainEndMs - host.nowMs()));
  const body = { sidecar: spec.name, event: 'drain', epoch: old.epoch, newEpoch: serving.epoch, deadlineMs };
  const notices = await host.notify(spec, body, BUDGET_MS);
  if (sidecar.job !== null) sidecar.job.notices = notices;
  const failed = notices.filter(({ ok }) => !ok);
  for (const { role, adapter, detail } of failed) sidecar.warn(`the ${role} notice (${adapter}) failed: ${detail}`);
  sidecar.dispatch({ type: 'notices-done', id: old.id });
}
