/** Which process of a sidecar the kernel is to end first for want of memory. */
import { messageOf } from '../../errors/message-of.ts';
import type { Supervised } from './supervised.ts';

/**
 * A new process is expendable until it serves: without memory for two, the one that serves is to stay. Never rejects;
 * where the kernel does not permit it, that is a warning.
 */
export async function markExpendable(sidecar: Supervised, id: number, isExpendable: boolean): Promise<void> {
  try {
    await sidecar.host.setExpendable(id, isExpendable);
  } catch (error) {
    sidecar.warn(
      `the kernel may end either process for want of memory: oom_score_adj cannot be set: ${messageOf(error)}`,
    );
  }
}
