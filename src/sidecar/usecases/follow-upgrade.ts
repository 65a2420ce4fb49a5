/** An upgrade seen from outside, over the death of its supervisor. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../machine/upgrade-report.ts';
import type { ControlEvent, ControlRequest } from '../records/control-protocol.ts';
import { noSupervisor } from './ask-supervisor.ts';
import type { SidecarPorts } from './ports.ts';

/**
 * Asks for an upgrade and follows it to its end, even when the supervisor is killed and a new one adopts the processes.
 * Null: `onProgress` needs no more. Throws WEIR4009 (exit 6) when no supervisor is back within `patienceMs`, and WEIR2005
 * when `signal` aborts, which ends the following and not the upgrade.
 */
export async function followUpgrade(
  ports: Pick<SidecarPorts, 'supervisorOf' | 'clock'>,
  name: string,
  request: ControlRequest<'upgrade'>,
  onProgress: (event: UpgradeProgressEvent) => 'go-on' | 'enough',
  patienceMs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<UpgradeReport | null> {
  const { clock } = ports;
  const line = ports.supervisorOf(name);
  const enough = new AbortController();
  const end = AbortSignal.any([enough.signal, signal]);
  let last: UpgradeProgressEvent | null = null;
  let id: string | null = null;
  const hear = (event: ControlEvent) => {
    if (event.event === 'accepted') id = event.id;
    else {
      last = event;
      if (onProgress(event) === 'enough') enough.abort();
    }
  };
  const first = await line.ask<'upgrade'>(request, hear, end);
  if (first.kind === 'result') return first.result;
  if (first.kind === 'nobody' && !end.aborted) throw noSupervisor(name, line.socket);
  const deadline = clock.monotonic() + patienceMs;
  while (!end.aborted && id !== null && clock.monotonic() < deadline) {
    await clock.sleep(250, end).catch(() => undefined);
    const answer = await line.ask<'follow'>({ command: 'follow', id }, hear, end);
    if (answer.kind === 'result' && answer.result !== null) return answer.result;
  }
  if (enough.signal.aborted) return null;
  if (signal.aborted) throw interrupted(signal, name, { isTaken: id !== null, last });
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

function interrupted(
  signal: AbortSignal,
  name: string,
  { isTaken, last }: { readonly isTaken: boolean; readonly last: UpgradeProgressEvent | null },
): WeirError {
  if (!isTaken) {
    return interruptedBy(signal, `whether the supervisor of ${name} has begun the upgrade cannot be told`, {
      why: 'it had not said that it took the upgrade, and begins none for somebody who went away before',
      hint: `\`weir sidecar status ${name}\` shows an upgrade that goes on, \`weir sidecar history ${name}\` one that has ended`,
    });
  }
  const state = last === null ? '' : ` (${last.state})`;
  return interruptedBy(signal, `the supervisor of ${name} goes on with the upgrade${state}`, {
    why: 'an upgrade needs nobody who watches it',
    hint: `\`weir sidecar status ${name}\` shows how far it is, \`weir sidecar abort ${name}\` ends it, \`weir sidecar history ${name}\` has its end`,
  });
}
