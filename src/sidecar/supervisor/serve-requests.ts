/** The handlers of a supervisor's control socket. */
import type { AgentHandlers } from '../../platform/agent/protocol.ts';
import { upgradeHistory } from '../machine/upgrade-history.ts';
import type { UpgradeProgressEvent } from '../machine/upgrade-report.ts';
import type { CONTROL_PROTOCOL } from '../records/control-protocol.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorProcess } from './supervisor-process.ts';
import type { SupervisorRequests } from './supervisor-requests.ts';

/** The handlers of a supervisor; `handOver` lets another container take over. They throw WeirErrors for what is refused. */
export function controlHandlers(
  supervisor: SidecarSupervisor,
  requests: SupervisorRequests,
  handOver: () => Promise<void>,
  process: Pick<SupervisorProcess, 'facts' | 'replace'>,
): AgentHandlers<typeof CONTROL_PROTOCOL> {
  return {
    async upgrade({ command: _, ...asked }, tell, gone) {
      let isNamed = false;
      const onEvent = (event: UpgradeProgressEvent) => {
        // The number lets a client follow the upgrade through a restart of the supervisor.
        if (!isNamed && supervisor.job !== null) tell({ event: 'accepted', id: supervisor.job.id });
        isNamed = true;
        tell(event);
      };
      return requests.upgrade(asked, onEvent, gone);
    },
    async follow({ id }, tell, gone) {
      const { job } = supervisor;
      if (job?.id !== id) {
        const { entries } = await supervisor.host.journal.read();
        return upgradeHistory(entries).find((report) => report.id === id) ?? null;
      }
      job.listen(tell);
      gone.addEventListener('abort', () => job.forget(tell));
      return job.done;
    },
    abort: () => requests.abort(),
    status: () => requests.status(),
    'reopen-logs': async () => ({ told: await requests.reopenLogs() }),
    async stop({ drainMs }) {
      await requests.stop(drainMs);
      return { stopped: true };
    },
    async 'hand-over'() {
      await handOver();
      return { steppedDown: true };
    },
    supervisor: async () => process.facts(),
    replace: (asked) => process.replace(asked),
  };
}
