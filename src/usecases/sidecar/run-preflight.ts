import { judgePreflight, preflightWarnings } from '../../upgrade/judge-preflight.ts';
import type { Generation, SidecarEvent, UpgradeInProgress } from '../../upgrade/sidecar-state.ts';
import type { SidecarHost, SidecarSpec } from '../ports/sidecar.ts';
import { type UpgradeJob, upgradeSide } from './upgrade-job.ts';

/** Collects the facts, judges them, and gives the event for the machine; a check that cannot be made is a refusal. */
export async function runPreflight(
  host: SidecarHost,
  spec: SidecarSpec,
  upgrade: UpgradeInProgress,
  serving: Generation,
  job: UpgradeJob | null,
): Promise<{ readonly event: SidecarEvent; readonly warnings: readonly string[] }> {
  const requestId = upgrade.request.id;
  try {
    const pair = await host.pairs.read(upgrade.request.pair);
    if (pair === null) throw new Error('the versions store has lost the pair');
    if (job !== null && !upgrade.returning) {
      job.from = upgradeSide(await host.pairs.read(serving.pair), serving);
      job.to = upgradeSide(pair, { epoch: serving.epoch + 1 });
    }
    const facts = await host.preflightFacts(spec, pair, serving);
    const reasons = judgePreflight(facts);
    if (reasons.length === 0) {
      return { event: { type: 'preflight-passed', requestId }, warnings: preflightWarnings(facts) };
    }
    return { event: { type: 'preflight-refused', requestId, reason: reasons.join('; ') }, warnings: [] };
  } catch (error) {
    const reason = `the checks failed: ${error instanceof Error ? error.message : String(error)}`;
    return { event: { type: 'preflight-refused', requestId, reason }, warnings: [] };
  }
}
