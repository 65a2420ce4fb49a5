/** The end of the keeper, which outlives the last application while a connection is proxied. */
import { reasonOf } from '../errors/message-of.ts';
import { openFlows } from './app-connections.ts';
import { applyPolicy } from './apply-rules.ts';
import type { LockWait } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import { listProxied } from './list-flows.ts';
import { LOCK_WAIT_MS } from './lock-wait.ts';
import { dropMarkRoutes } from './mark-routing.ts';
import type { TrackedFlow } from './ports.ts';
import { decodeMark } from './rules/mark.ts';
import { readSituation, type Situation } from './situation.ts';
import { EMPTY_GUARD, policyOfPlan } from './switch-plan.ts';

/**
 * Removes the keeper when nothing is on and no connection is proxied; the kernel then holds no trace of weir. Resolves
 * to warnings. A keeper that stays does no harm, and without the lock it stays.
 */
export async function releaseKeeper(host: InterceptHost, { report, signal }: LockWait): Promise<string[]> {
  let lock: Awaited<ReturnType<InterceptHost['takeLock']>> | null = null;
  try {
    lock = await host.takeLock('tidy', LOCK_WAIT_MS, (holder) => report({ step: 'waiting', holder }), signal);
    const situation = await readSituation(host, 'remembered');
    if (situation.backend === null || !isAllOff(situation)) return [];
    if (holdsFlows(situation, await listProxied(host, situation.apps))) return [];
    await applyPolicy(host.firewall(situation.backend), policyOfPlan({ guard: EMPTY_GUARD, apps: [] }, false), []);
    await dropMarkRoutes(host, situation);
    return [];
  } catch (error) {
    return [`the keeper stays for now: ${reasonOf(error)}`];
  } finally {
    await lock?.release();
  }
}

function isAllOff({ apps }: Situation): boolean {
  return [...apps.values()].every((known) => known.desired === 'off' && known.kernel === null);
}

/** Whether a connection of any application that is known here is open. */
export function holdsFlows({ apps }: Situation, flows: readonly TrackedFlow[]): boolean {
  // Of the two lists this one is short, and most often empty.
  const slots = new Set(flows.map(({ mark }) => decodeMark(mark)?.slot ?? 0));
  if (slots.size === 0) return false;
  const known = [...apps.values()].flatMap(({ stored, kernel }) => [stored?.slot ?? 0, kernel?.slot ?? 0]);
  return [...new Set(known)].some((slot) => slots.has(slot) && openFlows(flows, slot).length > 0);
}
