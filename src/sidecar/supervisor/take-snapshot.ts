/** The snapshot before the hand-over: the addresses of the old process that the new one must hold afterwards. */
import type { Generation, UpgradeInProgress } from '../machine/sidecar-state.ts';
import type { Supervised } from './supervised.ts';

/**
 * Records the addresses. During a rollback the first ones count: the failed process may not even listen. An upgrade
 * that may leave listeners must hold only those that its own bootstrap names.
 */
export async function takeSnapshot(
  { host, specs, job }: Pick<Supervised, 'host' | 'specs' | 'job'>,
  { upgrade, serving }: { readonly upgrade: UpgradeInProgress; readonly serving: Generation },
  before: readonly string[],
): Promise<readonly string[]> {
  if (upgrade.returning !== null) return before;
  if (upgrade.request.bakeMs > 0) {
    const answers = await host.countAnswers(specs.of(serving.id)).catch(() => null);
    job?.note({ fact: 'answers', answers });
  }
  if (upgrade.request.accept.includes('drop-listener')) return [];
  return host.listeners(specs.of(serving.id), serving.id);
}
