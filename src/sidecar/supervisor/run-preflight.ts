/** The checks before an upgrade, as an event for the machine. */
import { messageOf } from '../../errors/message-of.ts';
import { judgePreflight, preflightWarnings } from '../machine/judge-preflight.ts';
import type { Generation, SidecarEvent, UpgradeInProgress } from '../machine/sidecar-state.ts';
import { rehearse } from './rehearse.ts';
import type { Supervised } from './supervised.ts';
import { upgradeSide } from './upgrade-job.ts';

/** Collects the facts, judges them, and tells the machine; a check that cannot be made is a refusal. */
export async function runPreflight(
  sidecar: Supervised,
  upgrade: UpgradeInProgress,
  serving: Generation,
): Promise<void> {
  sidecar.dispatch(await judge(sidecar, upgrade, serving));
}

async function judge(sidecar: Supervised, upgrade: UpgradeInProgress, serving: Generation): Promise<SidecarEvent> {
  const { host, job, specs } = sidecar;
  const requestId = upgrade.request.id;
  const refused = (reason: string) =>
    ({ type: 'preflight-refused', requestId, reason, outcome: 'refused' }) as const satisfies SidecarEvent;
  try {
    const pair = await host.pairs.read(upgrade.request.pair);
    if (pair === null) throw new Error('the versions store has lost the pair');
    const servingPair = await host.pairs.read(serving.pair);
    if (upgrade.returning === null) {
      const from = upgradeSide(servingPair, serving);
      job?.note({ fact: 'sides', from, to: upgradeSide(pair, { epoch: serving.epoch + 1 }) });
    }
    // The hand-over is a conversation of both processes: a stopped one says nothing, and the new one waits in vain.
    if (upgrade.returning === null && (await host.isStopped(serving.id)))
      return refused(
        'the process that serves is stopped (SIGSTOP) and cannot hand over: let it go on (SIGCONT), or end it, and the supervisor starts another one',
      );
    const spec = upgrade.returning === null ? (job?.spec ?? specs.settled) : specs.settled;
    const facts = await host.preflightFacts({ ...spec, drainMs: upgrade.request.drainMs }, pair, serving);
    const reasons = judgePreflight(facts, upgrade.request.accept);
    if (reasons.length > 0) return refused(reasons.join('; '));
    for (const warning of preflightWarnings(facts)) sidecar.warn(warning);
    const bad = await rehearse(sidecar, upgrade, {
      next: { pair, spec },
      serving: { pair: servingPair, spec: specs.of(serving.id), id: serving.id },
      hasDynamicListeners: facts.bootstrap?.sources.hasDynamicListeners === true,
    });
    if (bad !== null) return { ...refused(bad), outcome: upgrade.request.dryRun ? 'refused' : 'aborted' };
    const mayEndEarly = facts.earlyEndProblems.length === 0;
    const isCountable = facts.unseenListeners.length === 0;
    return { type: 'preflight-passed', requestId, mayEndEarly, isCountable };
  } catch (error) {
    return refused(`the checks failed: ${messageOf(error)}`);
  }
}
