/** Tries a new version apart from the traffic before the process that serves is touched. */
import type { UpgradeInProgress } from '../machine/sidecar-state.ts';
import type { Rehearsal, SidecarSpec, StoredPair } from '../ports.ts';
import type { Supervised } from './supervised.ts';

/** The two pairs of an upgrade, each with the entry of mesh.yaml by which it is started. */
export interface RehearsedPairs {
  readonly next: { readonly pair: StoredPair; readonly spec: SidecarSpec };
  readonly serving: { readonly pair: StoredPair | null; readonly spec: SidecarSpec; readonly id: number };
  /** Whether a control plane sends the listeners of the next pair. */
  readonly hasDynamicListeners: boolean;
}

/** Whether a rehearsal can find what the preflight cannot: an answer of the check, or listeners that are not sent. */
function isWorthIt({ request, returning }: UpgradeInProgress, { hasDynamicListeners }: RehearsedPairs): boolean {
  return returning === null && (request.check !== null || hasDynamicListeners);
}

/**
 * Null: nothing speaks against the upgrade; else why the new version is no good. What cannot be told is a warning, and
 * the new process is looked at after the hand-over in any case.
 */
export async function rehearse(
  sidecar: Supervised,
  upgrade: UpgradeInProgress,
  pairs: RehearsedPairs,
): Promise<string | null> {
  if (!isWorthIt(upgrade, pairs)) return null;
  const { next, serving } = pairs;
  const { request } = upgrade;
  const { host } = sidecar;
  const mayDrop = request.accept.includes('drop-listener');
  const plan = {
    check: request.check,
    expected: mayDrop ? [] : await host.listeners(serving.spec, serving.id),
    initTimeoutMs: request.initTimeoutMs,
    watchMs: 0,
    isWanted: () => isWanted(sidecar, request.id),
  };
  const found = await host.rehearse(next.spec, next.pair, plan);
  if (!isWanted(sidecar, request.id)) return null;
  const verdict = await judge(sidecar, found, pairs, plan);
  if (verdict.kind === 'failed') return `${verdict.reason} (in a rehearsal apart from the traffic)`;
  if (verdict.kind === 'impossible') sidecar.warn(`the new version could not be rehearsed: ${verdict.reason}`);
  return null;
}

/** The pair that serves is the control: what fails for both comes from the rehearsal, and not from the new version. */
async function judge(
  { host }: Supervised,
  found: Rehearsal,
  { serving }: RehearsedPairs,
  plan: Parameters<Supervised['host']['rehearse']>[2],
): Promise<Rehearsal> {
  // Listeners that were not sent are a fact of the control plane, whose answer to the serving process is an old one.
  if (found.kind !== 'failed' || found.part === 'listeners') return found;
  if (serving.pair === null) return { kind: 'impossible', reason: `${found.reason}; nothing to compare it with` };
  const control = await host.rehearse(serving.spec, serving.pair, plan);
  if (control.kind === 'held') return found;
  return { kind: 'impossible', reason: `${found.reason}; the version that serves fails there as well` };
}

function isWanted({ machine, isClosed }: Supervised, requestId: string): boolean {
  const { state } = machine;
  return !isClosed && state.name === 'preflight' && state.upgrade.request.id === requestId;
}
