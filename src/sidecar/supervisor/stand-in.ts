/** Answers on the control socket of a sidecar that could not be started, until the next try. */
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { connectionsSeen } from '../connections-seen.ts';
import { lastUpgrade } from '../machine/upgrade-history.ts';
import type { SidecarSpec } from '../ports.ts';
import type { SupervisorPorts } from '../supervisor-ports.ts';
import type { FailedStart } from './sidecar-group.ts';

/**
 * `status` says `failed` and why, `stop` gives the sidecar up, anything else is refused with the reason. Resolves to what
 * ends it. Throws WEIR4001 when another supervisor holds the socket.
 */
export async function standIn(
  spec: SidecarSpec,
  { host, clock, pid, serveControl, process }: SupervisorPorts,
  { error, tries, retryMs }: FailedStart,
  stop: () => void,
): Promise<() => Promise<void>> {
  const { name } = spec;
  const at = new Date(clock.now()).toISOString();
  const refuse = async (): Promise<never> => {
    throw new WeirError('WEIR4014', {
      what: `${name} is not running: it cannot be started`,
      why: reasonOf(error),
      hint: `mend that; the supervisor tries again every ${Math.ceil(retryMs / 1000)} s, and at once on SIGHUP`,
    });
  };
  const control = await serveControl({
    upgrade: refuse,
    follow: refuse,
    'reopen-logs': refuse,
    'hand-over': refuse,
    supervisor: async () => process.facts(),
    replace: (asked) => process.replace(asked),
    abort: async () => ({ aborted: false, served: null }),
    async stop() {
      stop();
      return { stopped: true };
    },
    async status() {
      // An Envoy of an earlier supervisor may run all the same.
      const [{ entries }, { found }] = await Promise.all([host.journal.read(), host.findProcesses(spec)]);
      const launch = found.at(-1)?.launch ?? null;
      const pair = launch === null ? null : await host.pairs.read(launch.generation.pair);
      const active = launch === null ? 0 : await connectionsSeen(host, spec, launch.generation.id);
      return {
        name,
        state: 'failed',
        detail: null,
        epoch: launch?.generation.epoch ?? null,
        pid: launch?.pid ?? null,
        version: pair?.version ?? null,
        bootstrapSha256: pair?.bootstrapSha256 ?? null,
        managed: true,
        supervisorPid: pid,
        connections: { active },
        upgrade: null,
        crash: { at, detail: reasonOf(error), version: null, inARow: tries },
        last: lastUpgrade(entries),
      };
    },
  });
  const leave = process.join({ name, isUp: false, busy: () => null, close: async () => {} });
  return () => {
    leave();
    return control.close();
  };
}
