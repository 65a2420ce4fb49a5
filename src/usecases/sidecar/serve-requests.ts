import { upgradeHistory } from '../../upgrade/upgrade-history.ts';
import type { UpgradeProgressEvent } from '../../upgrade/upgrade-report.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorRequests, UpgradeAsked } from './supervisor-requests.ts';

/** What a client of the control socket may ask for. The last line of the answer holds `result` or `error`. */
export type ControlRequest =
  | ({ readonly command: 'upgrade' } & UpgradeAsked)
  | { readonly command: 'follow'; readonly id: string }
  | { readonly command: 'abort' | 'status' | 'reopen-logs' }
  | { readonly command: 'stop'; readonly drainMs: number | null };

/** Answers one request of the control socket; throws WeirErrors for what is refused. */
export async function serveRequest(
  supervisor: SidecarSupervisor,
  requests: SupervisorRequests,
  request: ControlRequest,
  send: (message: unknown) => void,
): Promise<void> {
  const tell = (event: UpgradeProgressEvent) => send(event);
  switch (request.command) {
    case 'upgrade': {
      const { binary, bootstrap, dryRun, force, drainMs, initTimeoutMs, rollback } = request;
      let isNamed = false;
      const named = (event: UpgradeProgressEvent) => {
        // The number lets a client follow the upgrade through a restart of the supervisor.
        if (!isNamed) send({ event: 'accepted', id: supervisor.job?.id });
        isNamed = true;
        tell(event);
      };
      const asked = { binary, bootstrap, dryRun, force, drainMs, initTimeoutMs, rollback };
      send({ result: await requests.upgrade(asked, named) });
      return;
    }
    case 'follow': {
      const { job } = supervisor;
      if (job?.id === request.id) {
        job.listen(tell);
        send({ result: await job.done });
        return;
      }
      const entries = await supervisor.host.journal.read();
      send({ result: upgradeHistory(entries).find(({ id }) => id === request.id) ?? null });
      return;
    }
    case 'abort':
      send({ result: await requests.abort() });
      return;
    case 'status':
      send({ result: await requests.status() });
      return;
    case 'reopen-logs':
      send({ result: { told: await requests.reopenLogs() } });
      return;
    case 'stop':
      await requests.stop(request.drainMs);
      send({ result: { stopped: true } });
      return;
  }
}
