/** The reasons against ending a draining process before Envoy's own timer. */
import type { AdminAddress } from '../../mesh/mesh-config.ts';
import { runTool } from '../../platform/exec.ts';
import type { BootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { readListeners } from '../envoy/bootstrap-listeners.ts';
import { protoField, protoList, protoPath } from '../envoy/proto-json.ts';
import { askAdmin } from './envoy-admin.ts';

/** What stands against weir's ending of an old process, and against its count of that one's connections. */
export interface OldProcess {
  readonly earlyEndProblems: readonly string[];
  readonly unseenListeners: readonly string[];
}

/**
 * The reasons to leave the old process to Envoy; empty when there is none. weir counts its connections on the ports of
 * TCP listeners, so every other kind of listener is a reason. The old process also forwards datagrams until the new
 * one's own timer.
 */
export async function judgeOldProcess(admin: AdminAddress, serving: BootstrapFacts | null): Promise<OldProcess> {
  const sink = await sinkProblem();
  const unread = ['its bootstrap could not be read'];
  if (serving === null) return { earlyEndProblems: [...sink, ...unread], unseenListeners: unread };
  const { uncountable, unseen } = serving.listeners;
  const dynamic = serving.sources.hasDynamicListeners ? await dynamicProblems(admin) : [];
  return { earlyEndProblems: [...sink, ...uncountable, ...dynamic], unseenListeners: [...unseen, ...dynamic] };
}

/** Why the sink that stands in for a dead parent cannot be started; empty when it can. */
export async function sinkProblem(): Promise<readonly string[]> {
  try {
    await runTool(['perl', '-MSocket', '-e', '1'], { timeoutMs: 5000 });
    return [];
  } catch (error) {
    return [`perl, which stands in for the old process, does not run: ${(error as Error).message}`];
  }
}

async function dynamicProblems(admin: AdminAddress): Promise<readonly string[]> {
  const answer = await askAdmin(admin, '/config_dump?resource=dynamic_listeners', { timeoutMs: 3000 });
  const unknown = ['the listeners that its control plane has sent could not be read'];
  if (answer === null || answer.status !== 200) return unknown;
  try {
    const dump: unknown = JSON.parse(answer.body);
    const states = protoList(dump, 'configs').flatMap((one) =>
      ['active_state', 'warming_state', 'draining_state'].map((state) => protoPath(one, state, 'listener')),
    );
    return readListeners(states.filter((one) => protoField(one, 'address') !== undefined)).uncountable;
  } catch {
    return unknown;
  }
}
