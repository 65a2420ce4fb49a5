/** An upgrade seen from outside, over the death of its supervisor. */
import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../machine/upgrade-report.ts';
import type { ControlEvent, ControlRequest } from '../records/control-protocol.ts';
import { noSupervisor } from './ask-supervisor.ts';
import type { SidecarPorts } from './ports.ts';

/**
 * Asks for an upgrade and follows it to its end, even when the supervisor is killed and a new one adopts the processes.
 * Null: `onProgress` needs no more. Throws WEIR4009 (exit 6) when no supervisor is back within `patienceMs`.
 */
export async function followUpgrade(
  ports: Pick<SidecarPorts, 'supervisorOf' | 'clock'>,
  name: string,
  request: ControlRequest<'upgrade'>,
  onProgress: (event: UpgradeProgressEvent) => 'go-on' | 'enough',
  patienceMs: number,
): Promise<UpgradeReport | null> {
  const { clock } = ports;
  const line = ports.supervisorOf(name);
  const enough = new AbortController();
  let id: string | null = null;
  const hear = (event: ControlEvent) => {
    if (event.event === 'accepted') id = event.id;
    else if (onProgress(event) === 'enough') enough.abort();
  };
  const first = await line.ask<'upgrade'>(request, hear, enough.signal);
  if (first.kind === 'nobody') throw noSupervisor(name, line.socket);
  if (first.kind === 'result') return first.result;
  const deadline = clock.monotonic() + patienceMs;
  while (!enough.signal.aborted && id !== null && clock.monotonic() < deadline) {
    await clock.sleep(250);
    const answer = await line.ask<'follow'>({ command: 'follow', id }, hear, enough.signal);
    if (answer.kind === 'result' && answer.result !== null) return answer.result;
  }
  if (enough.signal.aborted) return null;
  if (id === null) {
    throw new WeirError('WEIR4009', {
      what: `the supervisor of ${name} went away before it said that it took the upgrade`,
      why: 'its connection was closed; whether the upgrade has begun cannot be told from here',
      hint: `start it again; \`weir sidecar history ${name}\` shows an upgrade that had begun`,
    });
  }
  throw new WeirError('WEIR4009', {
    what: `the supervisor of ${name} went away during the upgrade`,
    why: `no supervisor has said within ${Math.round(patienceMs / 1000)} s how it ended`,
    hint: `start it again; \`weir sidecar history ${name}\` will show the end`,
  });
}
