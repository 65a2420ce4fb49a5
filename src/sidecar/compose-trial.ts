/** Composition of `weir sidecar run --dry-run`: all of a start but the start itself. */
import type { CommandOutput } from '../cli/command-output.ts';
import { hasSupervisor } from '../platform/control-socket.ts';
import { controlSocketPath } from './adapters/control-path.ts';
import { openSidecar } from './adapters/open-sidecar.ts';
import { requireOwnAccount } from './adapters/own-account.ts';
import type { SidecarHost, SidecarSpec } from './ports.ts';
import type { RunFlags } from './records/supervise-task.ts';
import type { SupervisorEvent } from './supervisor/supervisor-event.ts';
import type { SupervisedSidecar } from './usecases/supervised-sidecar.ts';

/**
 * Reads every record by which a supervisor would go on, and says for each sidecar whether its Envoy would be adopted or
 * started. Changes nothing. Throws what would keep the supervisor from going on.
 */
export async function tryStart(
  run: RunFlags,
  sidecars: readonly SupervisedSidecar[],
  output: CommandOutput,
): Promise<0> {
  for (const { spec } of sidecars) {
    requireOwnAccount(spec);
    const plan = await planOf(openSidecar(run, spec), spec, (text) => output.warn(`${spec.name}: ${text}`));
    if (await hasSupervisor(controlSocketPath(run.runDir, spec.name))) {
      output.warn(`${spec.name} has a supervisor: \`weir sidecar handoff ${spec.name}\` takes over from it`);
    }
    output.result({ result: { ...plan, sidecar: spec.name }, text: () => plan.text });
  }
  return 0;
}

async function planOf(host: SidecarHost, spec: SidecarSpec, warn: (text: string) => void): Promise<SupervisorEvent> {
  const [{ found }, pointers, { newer }] = await Promise.all([
    host.findProcesses(spec),
    host.pairs.pointers(),
    host.journal.read(),
  ]);
  if (newer > 0) warn(`${newer} entries of its journal were written by a newer weir and are not read`);
  const serving = found.at(-1)?.launch ?? null;
  const id = serving?.generation.pair ?? pointers.current;
  const version = id === null ? null : ((await host.pairs.read(id))?.version ?? null);
  const { name } = spec;
  if (serving !== null) {
    const pids = found.map(({ launch }) => launch.pid).join(', ');
    const text = `${name}: would adopt Envoy ${version ?? 'of unknown version'}, pid ${pids}`;
    return { event: 'plan', text, plan: 'adopt', pid: serving.pid, version };
  }
  const what =
    id === null
      ? `${spec.binary}, which mesh.yaml names`
      : `the settled pair, Envoy ${version ?? 'of unknown version'}`;
  return { event: 'plan', text: `${name}: would start ${what}`, plan: 'start', pid: null, version };
}
